"""What the vendors were asked and what they answered."""

from datetime import datetime
from typing import Literal, TypedDict, Unpack

from sandbox.client.bound import Bound, segment
from sandbox.client.reading import given
from sandbox.client.shapes import Exchange, Message
from sandbox.client.steps import Steps, verb

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
        answer: dict[str, int] = yield from self._ask(dict, "DELETE", "/journal")
        return answer["deleted"]
