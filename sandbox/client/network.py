"""How the network behaves: delivery, callbacks, and the sinks that receive them."""

from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from sandbox.client.bound import Bound, segment
from sandbox.client.reading import LEFT_OUT, Seconds, filtered, given, read
from sandbox.client.shapes import (
    Callback,
    CallbackProfile,
    Delivery,
    Message,
    Mode,
    Outcome,
    SinkInfo,
    SinkRequest,
)
from sandbox.client.steps import (
    Awaiting,
    Blocking,
    Call,
    Session,
    Steps,
    accepted,
    ask,
    verb,
)

__tracebackhide__ = True
SinkT = TypeVar("SinkT", bound="SinkVerbs")


class SinkVerbs(Bound):
    """A receiver of the sandbox's own, to point a StatusCallback at."""

    def __init__(self, session: Session, path: str, name: str, url: str) -> None:
        super().__init__(session, path)
        self.name = name
        self.url = url

    @verb
    def received(self) -> Steps[list[SinkRequest]]:
        """What it got, the oldest first; it keeps the last 1,000, 16 MB of them, and 64 KB of a body."""
        return (yield from self._ask(SinkInfo, "GET")).received

    @verb
    def clear(self) -> Steps[int]:
        """Forgets what it got, and says how many; it goes on receiving."""
        return self._deleted()


class Sink(SinkVerbs, Blocking):
    """`ws.sink("mine")`."""


class AsyncSink(SinkVerbs, Awaiting):
    """`await ws.sink("mine")`."""


class NetworkVerbs(Bound, Generic[SinkT]):
    """Delivery, callbacks and sinks of a workspace."""

    _sink_kind: type[SinkT]

    @verb
    def delivery(
        self,
        mode: Mode | None = None,
        *,
        sent_after: Seconds | None = None,
        settled_after: Seconds | None = None,
        outcome: Outcome | None = None,
        numbers: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Steps[Delivery]:
        """Says what becomes of messages that are accepted from now on; without a mode it only shows that.

        `numbers` gives single phones a policy of their own, or `{"handset": "60"}`, a handset's behaviour.
        """
        if mode is None:
            return self._ask(Delivery, "GET", "/delivery")
        body = given(mode=mode, sent_after=sent_after, settled_after=settled_after, outcome=outcome, numbers=numbers)
        return self._ask(Delivery, "PUT", "/delivery", body)

    @verb
    def callbacks(self, message: Message | str = LEFT_OUT, limit: int | None = None) -> Steps[list[Callback]]:
        """What clients were told so far, of one message or of all."""
        of = message.id if isinstance(message, Message) else message
        return self._list(Callback, "/callbacks", filtered(message=of), limit)

    @verb
    def redeliver(self, callback: Callback | str) -> Steps[None]:
        """Sends a callback once more, with all its retries."""
        name = callback if isinstance(callback, str) else callback.id
        yield from self._ask(dict, "POST", f"/callbacks/{segment(name)}/redeliver")

    @verb
    def callback_profile(
        self,
        *,
        duplicate: float | None = None,
        lose: float | None = None,
        reorder: float | None = None,
        delay: Seconds | None = None,
        contradict: float | None = None,
        before_response: float | None = None,
        seed: int | None = None,
    ) -> Steps[CallbackProfile]:
        """Says how callbacks misbehave, each a probability but `delay`; what is left out does not happen.

        With nothing given it only shows that; `lose=0` alone ends all of it.
        """
        profile = given(
            duplicate=duplicate,
            lose=lose,
            reorder=reorder,
            delay=delay,
            contradict=contradict,
            before_response=before_response,
            seed=seed,
        )
        return self._ask(CallbackProfile, "PUT" if profile else "GET", "/callbacks/profile", profile or None)

    @verb
    def sink(self, name: str, *, status: int | None = None, delay: Seconds | None = None) -> Steps[SinkT]:
        """A receiver of that name, made when there is none; `status` and `delay` are how it answers from now on."""
        path = f"{self._path}/sinks/{segment(name)}"
        how = given(status=status, delay=delay)
        url = None if how else (yield from self._url_of_sink(path))
        if url is None:
            url = (yield from ask(Call("PUT", path, body=how)))["url"]
        return self._sink_kind(self._session, path, name, url)

    def _url_of_sink(self, path: str) -> Steps[str | None]:
        """None when there is no such sink yet."""
        reply = yield Call("GET", path)
        if reply.status == 404:
            return None
        return read(SinkInfo, accepted(reply)).url
