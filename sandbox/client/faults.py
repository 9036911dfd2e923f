"""Vendor calls that go wrong on purpose."""

from collections.abc import Mapping, Sequence
from typing import Any, Generic, Self, TypedDict, TypeVar

from sandbox.client.bound import Bound, segment
from sandbox.client.reading import LEFT_OUT, Seconds, filtered, given, read
from sandbox.client.shapes import FaultInfo
from sandbox.client.steps import Awaiting, Blocking, Call, Session, Steps, ask, checked, verb

__tracebackhide__ = True
FaultT = TypeVar("FaultT", bound="FaultVerbs")


class Between(TypedDict):
    """Milliseconds from `min` to `max`."""

    min: float
    max: float


class Drip(TypedDict):
    """So many bytes of the body together, and so many milliseconds between one lot and the next."""

    bytes: int
    ms: float


class RateLimit(TypedDict):
    """So many requests may pass in so many seconds of the workspace's clock."""

    requests: int
    seconds: float


class FaultVerbs(Bound):
    """A fault. As a context manager it is removed in the end."""

    def __init__(self, session: Session, path: str, info: FaultInfo) -> None:
        super().__init__(session, path)
        self.id = info.id
        self.info = info

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.info.effect} of {self.info.match or 'every call'}>"

    @verb
    def read(self) -> Steps[FaultInfo]:
        """How far it has got: calls that it matched, and that it was applied to."""
        answer = yield from ask(Call("GET", self._path))
        return next(read(FaultInfo, each) for each in answer["items"] if each["id"] == self.id)

    @verb
    def remove(self) -> Steps[None]:
        """Ends it; one that is gone already stays so."""
        reply = yield Call("DELETE", f"{self._path}/{segment(self.id)}")
        if reply.status != 404:
            checked(reply)


class Fault(FaultVerbs, Blocking):
    """`ws.fault(...)`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()


class AsyncFault(FaultVerbs, Awaiting):
    """`await ws.fault(...)`."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.remove()


class WithFaults(Bound, Generic[FaultT]):
    """The faults of a workspace."""

    _fault_kind: type[FaultT]

    @verb
    def fault(
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
        drip: Drip | None = None,
        rate_limit: RateLimit | None = None,
        timeout: bool | Seconds = False,
        latency_ms: float | Between | None = None,
        before: bool = False,
        probability: float | None = None,
        seed: int | None = None,
        skip: int | None = None,
        times: int | None = None,
        expires_in: Seconds | None = None,
    ) -> Steps[FaultT]:
        """Lets calls of an operation go wrong that are about what is given, or all; as a context manager, for a while.

        The effect is one of `status` (with its `body`), `rate_limit`, `reset`, `close`, `truncate`, `malformed`, `drip`
        and `timeout`, or `latency_ms`, or both. Of the calls that match, `skip` pass first, and it happens at most
        `times`.
        """
        match = filtered(
            operation=operation, to=to, from_=from_, text=text, console=console, account=account, number=number
        )
        effect = given(
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
        how = given(probability=probability, seed=seed, skip=skip, times=times, expires_in=expires_in)
        info = yield from self._ask(FaultInfo, "POST", "/faults", {"match": match, "effect": effect, **how})
        return self._bound(info)

    @verb
    def faults(self) -> Steps[list[FaultT]]:
        """Those there are, in the order in which they are asked."""
        infos = yield from self._whole_list(FaultInfo, "/faults")
        return [self._bound(info) for info in infos]

    @verb
    def set_faults(self, faults: Sequence[Mapping[str, Any]]) -> Steps[list[FaultT]]:
        """These instead of those there are, each as the control API has it: `{"match": ..., "effect": ...}`."""
        answer = yield from ask(Call("PUT", f"{self._path}/faults", body=list(faults)))
        return [self._bound(read(FaultInfo, each)) for each in answer["items"]]

    @verb
    def clear_faults(self) -> Steps[int]:
        """Ends all of them, and says how many."""
        return self._deleted("/faults")

    def _bound(self, info: FaultInfo) -> FaultT:
        return self._fault_kind(self._session, f"{self._path}/faults", info)
