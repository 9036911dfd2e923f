"""How one description of a call serves a blocking and an awaiting caller alike.

A verb is written once, as steps: a generator that yields each `Call`, is given the `Reply` to it, and returns what the
verb is worth. `Blocking` and `Awaiting` owners only differ in how they take such steps.
"""

import json
from collections.abc import Callable, Coroutine, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, Self, TypeAlias, TypeVar, cast, overload
from weakref import finalize

from sandbox.client.errors import Unreachable, refused

if TYPE_CHECKING:
    import httpx

__tracebackhide__ = True
"""A test that fails shows its own line, and not how we came to know: so in each of our modules."""
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
P = ParamSpec("P")

TIMEOUT_S = 30.0
KEEP_ALIVE_S = 2.0
"""Shorter than the server's, so that no connection is used again that it is about to close."""


@dataclass(frozen=True)
class Call:
    """One request. `body` goes out as JSON, or as it stands when it is bytes; `wait` is how long the answer may take
    beyond the usual, in seconds.
    """

    method: str
    path: str
    query: Mapping[str, Any] | None = None
    body: Any = None
    wait: float = 0

    def options(self) -> dict[str, Any]:
        """For httpx."""
        return {"params": self.query, "timeout": TIMEOUT_S + self.wait, **self._content()}

    def _content(self) -> dict[str, Any]:
        if self.body is None:
            return {}
        if isinstance(self.body, bytes):
            return {"content": self.body, "headers": FILE}
        return {"content": json.dumps(self.body).encode(), "headers": JSON}


JSON = {"Content-Type": "application/json"}
FILE = {"Content-Type": "application/octet-stream"}


@dataclass(frozen=True)
class Reply:
    """The answer to a call of `url`."""

    status: int
    content: bytes
    url: str

    @property
    def json(self) -> Any:
        """Raises `Refused` when it is no JSON, and so not of a sandbox."""
        try:
            return json.loads(self.content) if self.content else None
        except ValueError:
            raise refused(self.status, self.content, self.url) from None


Steps: TypeAlias = Generator[Call, Reply, T]


def ask(call: Call) -> Steps[Any]:
    """The JSON of an answer that is no refusal; raises `Refused`."""
    return accepted((yield call))


def accepted(reply: Reply) -> Any:
    """The JSON of a reply; raises `Refused` when it is a refusal."""
    return checked(reply).json


def checked(reply: Reply) -> Reply:
    """The reply; raises `Refused` when it is a refusal."""
    if reply.status >= 400:
        raise refused(reply.status, reply.content, reply.url)
    return reply


class Answer(Coroutine[Any, Any, T_co]):
    """What an awaiting verb gives: to be awaited, or to be entered when its worth is a context manager.

    `async with ws.fault(...)` is `async with await ws.fault(...)`.
    """

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


class Session:
    """Connections to one server, at `url`.

    `take` takes steps to their end, one request after the other; `stream` is an answer that is read as it comes.
    """

    def __init__(self, url: str) -> None:
        if not str(url).startswith(("http://", "https://")):
            raise ValueError(f"The URL of a sandbox is written like http://127.0.0.1:8080, not {url!r}.")
        self.url = url.rstrip("/")

    def take(self, steps: Steps[T]) -> Any:
        raise NotImplementedError

    def stream(self, path: str, query: Mapping[str, Any]) -> Any:
        raise NotImplementedError

    def close(self) -> Any:
        raise NotImplementedError


class Blocking:
    """Who has its answers at once."""

    _session: Session

    def _take(self, steps: Steps[T]) -> T:
        return cast(T, self._session.take(steps))


class Awaiting:
    """Who has its answers when they are awaited."""

    _session: Session

    def _take(self, steps: Steps[T]) -> Answer[T]:
        return Answer(self._session.take(steps))


class Verb(Generic[P, T]):
    """A method described by steps: a blocking owner returns their worth, an awaiting one an `Answer`."""

    def __init__(self, describe: Callable[Concatenate[Any, P], Steps[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> Callable[..., Steps[T]]: ...
    @overload
    def __get__(self, owner: Blocking, kind: type) -> Callable[P, T]: ...
    @overload
    def __get__(self, owner: Awaiting, kind: type) -> Callable[P, Answer[T]]: ...
    def __get__(self, owner: Any, kind: type) -> Any:
        if owner is None:
            return self._describe

        def take(*args: P.args, **kwargs: P.kwargs) -> Any:
            return owner._take(self._describe(owner, *args, **kwargs))

        return update_wrapper(take, self._describe)


class Reading(Generic[T]):
    """A property described by steps: each look asks the server."""

    def __init__(self, describe: Callable[[Any], Steps[T]]) -> None:
        self._describe = describe
        self.__doc__ = describe.__doc__

    @overload
    def __get__(self, owner: None, kind: type) -> Self: ...
    @overload
    def __get__(self, owner: Blocking, kind: type) -> T: ...
    @overload
    def __get__(self, owner: Awaiting, kind: type) -> Answer[T]: ...
    def __get__(self, owner: Any, kind: type) -> Any:
        return self if owner is None else owner._take(self._describe(owner))


def verb(describe: Callable[Concatenate[Any, P], Steps[T]]) -> Verb[P, T]:
    return Verb(describe)


def reading(describe: Callable[[Any], Steps[T]]) -> Reading[T]:
    return Reading(describe)


class BlockingSession(Session):
    """Answers when it is asked."""

    def __init__(self, url: str, token: str | None, transport: "httpx.BaseTransport | None") -> None:
        import httpx  # noqa: PLC0415  (nothing is sent before there is a session)

        super().__init__(url)
        limits = httpx.Limits(keepalive_expiry=KEEP_ALIVE_S)
        self.http = httpx.Client(**_options(self.url, token, transport), limits=limits)
        finalize(self, self.http.close)

    def take(self, steps: Steps[T]) -> T:
        try:
            call = next(steps)
            while True:
                call = steps.send(self._reply(call))
        except StopIteration as done:
            return cast(T, done.value)

    def _reply(self, call: Call) -> Reply:
        with answering(self.url):
            answer = self.http.request(call.method, call.path, **call.options())
        return Reply(answer.status_code, answer.content, self.url)

    def stream(self, path: str, query: Mapping[str, Any]) -> Any:
        return self.http.stream("GET", path, params=query, timeout=endless())

    def close(self) -> None:
        self.http.close()


class AwaitingSession(Session):
    """Answers in an event loop."""

    def __init__(
        self, url: str, token: str | None, transport: "httpx.AsyncBaseTransport | None", *, keep_alive: bool
    ) -> None:
        import httpx  # noqa: PLC0415  (nothing is sent before there is a session)

        super().__init__(url)
        kept = None if keep_alive else 0
        limits = httpx.Limits(max_keepalive_connections=kept, keepalive_expiry=KEEP_ALIVE_S)
        self.http = httpx.AsyncClient(**_options(self.url, token, transport), limits=limits)

    async def take(self, steps: Steps[T]) -> T:
        try:
            call = next(steps)
            while True:
                call = steps.send(await self._reply(call))
        except StopIteration as done:
            return cast(T, done.value)

    async def _reply(self, call: Call) -> Reply:
        with answering(self.url):
            answer = await self.http.request(call.method, call.path, **call.options())
        return Reply(answer.status_code, answer.content, self.url)

    def stream(self, path: str, query: Mapping[str, Any]) -> Any:
        return self.http.stream("GET", path, params=query, timeout=endless())

    async def close(self) -> None:
        await self.http.aclose()


@contextmanager
def answering(url: str) -> Iterator[None]:
    """Raises `Unreachable` when the connection fails."""
    import httpx  # noqa: PLC0415

    try:
        yield
    except httpx.TransportError as error:
        raise Unreachable(url, error) from None


def endless() -> "httpx.Timeout":
    """For an answer that goes on; the server sends something from time to time."""
    import httpx  # noqa: PLC0415

    return httpx.Timeout(TIMEOUT_S, read=None)


def _options(url: str, token: str | None, transport: Any) -> dict[str, Any]:
    """A sandbox is called directly, whatever proxies the environment names for the world outside."""
    return {
        "base_url": url,
        "headers": {"Authorization": f"Bearer {token}"} if token else {},
        "transport": transport,
        "trust_env": False,
        "verify": url.startswith("https:"),  # reading the certificates takes longer than most tests
    }
