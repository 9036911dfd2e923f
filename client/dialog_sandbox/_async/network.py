"""How the network behaves: delivery, callbacks, and the sinks that receive them."""

from collections.abc import Mapping
from typing import Any

from dialog_sandbox._async.resource import AsyncResource, segment
from dialog_sandbox.arguments import LEFT_OUT, Seconds, filtered, present
from dialog_sandbox.models.callbacks import Callback, CallbackProfile, SinkInfo, SinkRequest, SinkUrl
from dialog_sandbox.models.delivery import Delivery
from dialog_sandbox.models.messages import Message
from dialog_sandbox.models.values import Mode, Outcome
from dialog_sandbox.session import AsyncSession

__tracebackhide__ = True


class AsyncSink(AsyncResource):
    """`ws.sink("mine")`: a receiver of the sandbox's own, to point a StatusCallback at."""

    def __init__(self, session: AsyncSession, path: str, name: str, url: str) -> None:
        super().__init__(session, path)
        self.name = name
        self.url = url

    async def received(self) -> list[SinkRequest]:
        """Return what it got, the oldest first; it keeps the last 1,000, 16 MB of them, and 64 KB of a body."""
        return (await self._read(SinkInfo, "GET")).received

    async def clear(self) -> int:
        """Forget what it got, and return how many; it goes on receiving."""
        return await self._delete_counted()


class AsyncNetworkVerbs(AsyncResource):
    """Delivery, callbacks and sinks of a workspace."""

    async def delivery(
        self,
        mode: Mode | None = None,
        *,
        sent_after: Seconds | None = None,
        settled_after: Seconds | None = None,
        outcome: Outcome | None = None,
        numbers: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> Delivery:
        """Say what becomes of messages that are accepted from now on; without a mode it only shows that.

        `numbers` gives single phones a policy of their own, or `{"handset": "60"}`, a handset's behaviour.
        """
        if mode is None:
            return await self._read(Delivery, "GET", "/delivery")
        body = present(mode=mode, sent_after=sent_after, settled_after=settled_after, outcome=outcome, numbers=numbers)
        return await self._read(Delivery, "PUT", "/delivery", body=body)

    async def callbacks(self, message: Message | str = LEFT_OUT, limit: int | None = None) -> list[Callback]:
        """Return what clients were told so far, of one message or of all."""
        of = message.id if isinstance(message, Message) else message
        return await self._list(Callback, "/callbacks", filtered(message=of), limit)

    async def redeliver(self, callback: Callback | str) -> None:
        """Send a callback once more, with all its retries."""
        name = callback if isinstance(callback, str) else callback.id
        await self._call("POST", f"/callbacks/{segment(name)}/redeliver")

    async def callback_profile(
        self,
        *,
        duplicate: float | None = None,
        lose: float | None = None,
        reorder: float | None = None,
        delay: Seconds | None = None,
        contradict: float | None = None,
        before_response: float | None = None,
        seed: int | None = None,
    ) -> CallbackProfile:
        """Say how callbacks misbehave, each a probability but `delay`; what is left out does not happen.

        With nothing given it only shows that; `lose=0` alone ends all of it.
        """
        profile = present(
            duplicate=duplicate,
            lose=lose,
            reorder=reorder,
            delay=delay,
            contradict=contradict,
            before_response=before_response,
            seed=seed,
        )
        method = "PUT" if profile else "GET"
        return await self._read(CallbackProfile, method, "/callbacks/profile", body=profile or None)

    async def sink(self, name: str, *, status: int | None = None, delay: Seconds | None = None) -> AsyncSink:
        """Return a receiver of that name, made when there is none.

        `status` and `delay` are how it answers from now on.
        """
        path = f"/sinks/{segment(name)}"
        how = present(status=status, delay=delay)
        url = None if how else await self._url_of_sink(path)
        if url is None:
            url = (await self._read(SinkUrl, "PUT", path, body=how)).url
        return AsyncSink(self._session, self._path + path, name, url)

    async def _url_of_sink(self, path: str) -> str | None:
        """Return None when there is no such sink yet."""
        answer = await self._session.send("GET", self._path + path)
        return None if answer.status_code == 404 else self._as(SinkInfo, self._accepted(answer)).url
