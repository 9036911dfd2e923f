"""Vendor calls that go wrong on purpose."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Self

from dialog_sandbox._async.resource import AsyncResource, segment
from dialog_sandbox.arguments import LEFT_OUT, DripOf, LatencyBetween, RateLimitOf, Seconds, filtered, present
from dialog_sandbox.awaitable_context import awaitable_context
from dialog_sandbox.errors import Refused, SandboxError
from dialog_sandbox.models.faults import FaultInfo
from dialog_sandbox.session import AsyncSession

__tracebackhide__ = True
GONE = {
    "title": "Unknown fault",
    "detail": "It is gone: it expired, or was cleared, replaced or reset. The journal has the calls that it met.",
}


class AsyncFault(AsyncResource):
    """`ws.fault(...)`. As a context manager it is removed in the end."""

    def __init__(self, session: AsyncSession, path: str, info: FaultInfo) -> None:
        super().__init__(session, path)
        self.id = info.id
        self.info = info
        self._is_removed = False

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.info.effect} of {self.info.match or 'every call'}>"

    async def read(self) -> FaultInfo:
        """Return how far it has got: calls that it matched, and that it was applied to.

        Of one that was removed through this object, how far it had got by then. Raises `Refused` if it is gone
        otherwise: what it had done by then is in the journal.
        """
        if not self._is_removed:
            infos = [info for info in await self._whole_list(FaultInfo, "") if info.id == self.id]
            if not infos:
                raise Refused(404, GONE)
            self.info = infos[0]
        return self.info

    async def remove(self) -> None:
        """End it; one that is gone already stays so."""
        with suppress(SandboxError):  # what stands in the way of ending it says so itself
            await self.read()
            self._is_removed = True
        answer = await self._session.send("DELETE", f"{self._path}/{segment(self.id)}")
        if answer.status_code != 404:
            self._accepted(answer)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.remove()


class AsyncFaultVerbs(AsyncResource):
    """The faults of a workspace."""

    @awaitable_context
    async def fault(
        self,
        operation: str = LEFT_OUT,
        *,
        to: str = LEFT_OUT,
        from_: str = LEFT_OUT,
        text: str = LEFT_OUT,
        console: str = LEFT_OUT,
        account: str = LEFT_OUT,
        number: str = LEFT_OUT,
        status: int | None = None,
        body: str | None = None,
        reset: bool = False,
        close: bool = False,
        truncate: int | None = None,
        malformed: bool = False,
        drip: DripOf | None = None,
        rate_limit: RateLimitOf | None = None,
        timeout: bool | Seconds = False,
        latency_ms: float | LatencyBetween | None = None,
        before: bool = False,
        probability: float | None = None,
        seed: int | None = None,
        skip: int | None = None,
        times: int | None = None,
        expires_in: Seconds | None = None,
    ) -> AsyncFault:
        """Let calls of an operation go wrong that are about what is given, or all; as a context manager, for a while.

        The effect is one of `status` (with its `body`), `rate_limit`, `reset`, `close`, `truncate`, `malformed`, `drip`
        and `timeout`, or `latency_ms`, or both. Of the calls that match, `skip` pass first, and it happens at most
        `times`.
        """
        match = filtered(
            operation=operation, to=to, from_=from_, text=text, console=console, account=account, number=number
        )
        effect = present(
            status=status,
            body=body,
            reset=reset or None,
            close=close or None,
            truncate=truncate,
            malformed=malformed or None,
            drip=drip,
            rate_limit=rate_limit,
            timeout=timeout or None,
            latency_ms=latency_ms,
            before=before or None,
        )
        how = present(probability=probability, seed=seed, skip=skip, times=times, expires_in=expires_in)
        return self._fault(
            await self._read(FaultInfo, "POST", "/faults", body={"match": match, "effect": effect, **how})
        )

    async def faults(self) -> list[AsyncFault]:
        """Return those there are, in the order in which they are asked."""
        return [self._fault(info) for info in await self._whole_list(FaultInfo, "/faults")]

    async def set_faults(self, faults: Sequence[Mapping[str, Any]]) -> list[AsyncFault]:
        """Put these instead of those there are, each as the control API has it: `{"match": ..., "effect": ...}`."""
        page = await self._page(FaultInfo, "PUT", "/faults", body=list(faults))
        return [self._fault(info) for info in page.items]

    async def clear_faults(self) -> int:
        """End all of them, and return how many."""
        return await self._delete_counted("/faults")

    def _fault(self, info: FaultInfo) -> AsyncFault:
        return AsyncFault(self._session, f"{self._path}/faults", info)
