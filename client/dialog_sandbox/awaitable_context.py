"""What an awaiting verb gives that makes something to be entered."""

from collections.abc import Callable, Coroutine, Generator
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

__tracebackhide__ = True
T_co = TypeVar("T_co", covariant=True)
T = TypeVar("T")
P = ParamSpec("P")


class AwaitableContext(Coroutine[Any, Any, T_co]):
    """A coroutine whose worth is a context manager: `async with ws.fault(...)` is `async with await ws.fault(...)`."""

    def __init__(self, coming: Coroutine[Any, Any, T_co]) -> None:
        self._coming = coming
        self._entered: Any = None

    def __await__(self) -> Generator[Any, Any, T_co]:
        return self._coming.__await__()

    def send(self, value: Any) -> Any:
        return self._coming.send(value)

    def throw(self, *error: Any) -> Any:
        return self._coming.throw(*error)

    def close(self) -> None:
        self._coming.close()

    async def __aenter__(self) -> T_co:
        self._entered = await self
        await self._entered.__aenter__()
        return cast(T_co, self._entered)

    async def __aexit__(self, *raised: Any) -> None:
        await self._entered.__aexit__(*raised)


def awaitable_context(verb: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, AwaitableContext[T]]:
    """Let what a verb makes be entered without awaiting it first."""

    @wraps(verb)
    def call(*args: P.args, **kwargs: P.kwargs) -> AwaitableContext[T]:
        return AwaitableContext(verb(*args, **kwargs))

    return call
