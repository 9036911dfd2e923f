"""What the vendors were asked and what they answered, and whether that is as a test expects."""

from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from sandbox.client.bound import Bound, segment
from sandbox.client.errors import NotAsExpected
from sandbox.client.reading import given, read
from sandbox.client.shapes import Exchange, Expectation, Failure, Message, Where
from sandbox.client.steps import Call, Reply, Steps, accepted, verb

__tracebackhide__ = True


class ExchangeFilters(TypedDict, total=False):
    """Which exchanges: all of them must hold. `status` is HTTP's, `findings` a level that one of them has."""

    operation: str
    outcome: Literal["accepted", "refused", "faulted"]
    status: int
    findings: Literal["error", "note"]
    since: datetime
    until: datetime
    order: Literal["oldest", "newest"]


class JournalVerbs(Bound):
    """A workspace's journal."""

    @verb
    def journal(
        self, limit: int | None = None, *, message: Message | str | None = None, **filters: Unpack[ExchangeFilters]
    ) -> Steps[list[Exchange]]:
        """Each vendor exchange, refused ones too, the oldest first unless `order` says otherwise."""
        about = message.id if isinstance(message, Message) else message
        return self._list(Exchange, "/journal", given(message=about, **filters), limit)

    @verb
    def exchange(self, exchange_id: str) -> Steps[Exchange]:
        """The exchange of an answer's `X-Sandbox-Exchange`."""
        return self._ask(Exchange, "GET", f"/journal/{segment(exchange_id)}")

    @verb
    def clear_journal(self) -> Steps[int]:
        """Forgets all exchanges, and says how many."""
        return self._deleted("/journal")

    @verb
    def verify(
        self,
        operation: str | None = None,
        *,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        no_findings: bool = False,
        **where: Unpack[Where],
    ) -> Steps[int]:
        """How many exchanges of an operation match: so many as expected, at least one if nothing is said.

        Else it raises `NotAsExpected`, an AssertionError. With `no_findings` it does so too when any exchange of the
        workspace has an error among its findings.
        """
        bounds = given(min=at_least, max=at_most)
        times = given(count=count if count is not None else bounds or None)
        expect = [] if operation is None else [{"operation": operation, "where": given(**where), **times}]
        return sum((yield from self._verify(expect, no_findings=no_findings)))

    @verb
    def verify_all(self, *expectations: Expectation, no_findings: bool = False) -> Steps[list[int]]:
        """Several expectations at once: how many exchanges each one found."""
        expect = [{**each, "where": given(**each.get("where", {}))} for each in expectations]
        return self._verify(expect, no_findings=no_findings)

    def _verify(self, expect: list[dict[str, Any]], *, no_findings: bool) -> Steps[list[int]]:
        reply: Reply = yield Call("POST", f"{self._path}/verify", body={"expect": expect, "no_findings": no_findings})
        if reply.status == 417:
            raise NotAsExpected(read(list[Failure], reply.json["failures"]))
        found: list[int] = accepted(reply)["found"]
        return found
