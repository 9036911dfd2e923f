"""What the vendors were asked and what they answered, and whether that is as a test expects."""

from datetime import datetime
from typing import Any, Literal, TypedDict, Unpack

from sandbox.client.bound import Bound, segment
from sandbox.client.errors import NotAsExpected
from sandbox.client.reading import LEFT_OUT, filtered, given, read
from sandbox.client.shapes import Exchange, Expectation, Failure, Message, Operation, Where
from sandbox.client.steps import Call, Reply, Steps, accepted, verb

__tracebackhide__ = True


class ExchangeFilters(TypedDict, total=False):
    """Which exchanges: all of them must hold. `status` is HTTP's, `findings` a level that one of them has."""

    operation: Operation
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
        self, limit: int | None = None, *, message: Message | str = LEFT_OUT, **filters: Unpack[ExchangeFilters]
    ) -> Steps[list[Exchange]]:
        """Each vendor exchange, refused ones too, the oldest first unless `order` says otherwise."""
        about = message.id if isinstance(message, Message) else message
        return self._list(Exchange, "/journal", filtered(message=about, **filters), limit)

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
        operation: Operation = LEFT_OUT,
        *,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        no_findings: bool = False,
        **where: Unpack[Where],
    ) -> Steps[int]:
        """How many exchanges of an operation match: so many as expected, at least one if nothing is said.

        Else it raises `NotAsExpected`, an AssertionError. With `no_findings` it does so too when any exchange of the
        workspace has an error among its findings; that alone needs no operation, and finds 0. Raises TypeError on
        conditions without an operation, on `count` beside `at_least` or `at_most`, and when nothing is asked.
        """
        named = filtered(operation=operation)
        times = _times(count, at_least, at_most)
        _check_asked(named, {**times, **where}, no_findings=no_findings)
        expect = [{**named, "where": filtered(**where), **times}] if named else []
        return sum((yield from self._verify(expect, no_findings=no_findings)))

    @verb
    def verify_all(self, *expectations: Expectation, no_findings: bool = False) -> Steps[list[int]]:
        """Several expectations at once: how many exchanges each one found."""
        expect = [{**each, "where": filtered(**each.get("where", {}))} for each in expectations]
        return self._verify(expect, no_findings=no_findings)

    def _verify(self, expect: list[dict[str, Any]], *, no_findings: bool) -> Steps[list[int]]:
        reply: Reply = yield Call("POST", f"{self._path}/verify", body={"expect": expect, "no_findings": no_findings})
        if reply.status == 417:
            raise NotAsExpected(read(list[Failure], reply.json["failures"]))
        found: list[int] = accepted(reply)["found"]
        return found


def _times(count: int | None, at_least: int | None, at_most: int | None) -> dict[str, Any]:
    bounds = given(min=at_least, max=at_most)
    if count is not None and bounds:
        raise TypeError("count says exactly how many: give it, or at_least and at_most, not both.")
    return given(count=count if count is not None else bounds or None)


def _check_asked(operation: dict[str, Any], conditions: dict[str, Any], *, no_findings: bool) -> None:
    """Conditions that no operation goes with would be passed over."""
    if operation:
        return
    if conditions:
        told = ", ".join(conditions)
        raise TypeError(f"The operation is missing: verify('simplepay.submit', ...), since {told} must be true of one.")
    if not no_findings:
        raise TypeError("The operation is missing: verify('simplepay.submit', ...), or no_findings=True.")
