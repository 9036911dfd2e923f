"""How far does one request go through our code before it is answered? `make trace` prints it for the usual ones.

    make trace                          calls, distinct functions, files and switches between files, a line per request
    make trace ARGS="--list submit"     the calls of one request in order, indented

Counted is what is called inside `sandbox/` and `client/` from the moment at which the app is given the request until it
has sent the last byte of the answer, on the loop's thread and on any other; what goes on behind the answer is counted
apart. The process is warm: each request was answered a few times before. A generator is called for each value, a
coroutine once, however often it waits. Only numbers of one version of Python compare: from 3.12 on comprehensions are
no calls. The app is asked what any ASGI server asks it and no more, so its inside may look as it likes.
"""

import argparse
import asyncio
import inspect
import json
import sys
import threading
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from dis import opmap
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.parse import quote, urlencode

from sandbox import create_app
from sandbox.settings import Settings

ROOT = Path(__file__).resolve().parent.parent
OURS = ("sandbox", "client")
WARM_UP = 5
BEHIND_S = 0.3
"""How long the loop runs on after an answer, for what is done behind it."""

USUAL = {
    "host": "127.0.0.1:8080",
    "accept": "*/*",
    "accept-encoding": "gzip, deflate",
    "connection": "keep-alive",
    "user-agent": "python-httpx/0.28.1",
}
"""What most HTTP clients send without being told."""
JSON = {"content-type": "application/json"}
FORM = {"content-type": "application/x-www-form-urlencoded"}
PHONE = "16295550101"
SIMPLEPAY = "/dialoghealth-simplepay-api"
WRITEBACK = "/dialoghealth-writeback-api/api/responses"
WORKSPACES = "/_sandbox/workspaces"
DAY = "2026-05-06"
FROZEN = {"fixture": "clinic", "seed": 1, "start_at": f"{DAY}T15:00:00Z", "clock": "frozen"}
"""When the clock stands still, each run goes the same way."""

RESUME, WHERE, AT_THE_START = opmap["RESUME"], 3, 0
"""The instruction at which every call begins and goes on; the low bits of its argument say which of the two."""
WAITS = inspect.CO_COROUTINE | inspect.CO_ASYNC_GENERATOR

Message = MutableMapping[str, Any]
App = Callable[
    [dict[str, Any], Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]], Awaitable[None]
]


@dataclass(frozen=True)
class Call:
    """One function that began to run."""

    path: str
    line: int
    function: str
    depth: int
    """How many functions of ours it was called through."""


@dataclass
class Trace:
    """What ran for one request, in order."""

    answering: list[Call] = field(default_factory=list)
    behind: list[Call] = field(default_factory=list)

    @property
    def row(self) -> tuple[int, int, int, int, int, int]:
        """The numbers of the table, under `HEADER`."""
        return (
            len(self.answering),
            len({(call.path, call.line, call.function) for call in self.answering}),
            files_of(self.answering),
            sum(one.path != other.path for one, other in zip(self.answering, self.answering[1:], strict=False)),
            len(self.behind),
            files_of(self.behind),
        )


HEADER = ("request", "calls", "functions", "files", "switches", "calls behind", "files behind")


def files_of(calls: Sequence[Call]) -> int:
    return len({call.path for call in calls})


class Tracer:
    """Writes down which functions of these folders begin to run, in every thread that starts after it."""

    def __init__(self, root: Path, folders: Sequence[str]) -> None:
        self._root = f"{root}/"
        self._folders = tuple(f"{root}/{folder}/" for folder in folders)
        self.calls: list[Call] | None = None
        """Where they are written to; nowhere while nothing is traced."""

    @contextmanager
    def installed(self) -> Iterator[None]:
        threading.setprofile(self._on_event)
        sys.setprofile(self._on_event)
        try:
            yield
        finally:
            sys.setprofile(None)
            threading.setprofile(None)

    def _on_event(self, frame: FrameType, event: str, _: object) -> None:
        calls = self.calls
        if calls is not None and event == "call" and self._is_ours(frame) and is_call(frame):
            code = frame.f_code
            path = code.co_filename.removeprefix(self._root)
            calls.append(Call(path, code.co_firstlineno, code.co_qualname, self._depth(frame)))

    def _is_ours(self, frame: FrameType) -> bool:
        return frame.f_code.co_filename.startswith(self._folders)

    def _depth(self, frame: FrameType) -> int:
        depth = 0
        caller = frame.f_back
        while caller is not None:
            depth += self._is_ours(caller)
            caller = caller.f_back
        return depth


def is_call(frame: FrameType) -> bool:
    """Whether a function was called: a coroutine that goes on after waiting was called before."""
    code = frame.f_code
    starts = code.co_code[frame.f_lasti] == RESUME and code.co_code[frame.f_lasti + 1] & WHERE == AT_THE_START
    return starts or not code.co_flags & WAITS


@dataclass(frozen=True)
class Request:
    """What is sent."""

    method: str
    target: str
    headers: MutableMapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def scope(self) -> dict[str, Any]:
        """Return what an ASGI server would make of it."""
        path, _, query = self.target.partition("?")
        headers = USUAL | dict(self.headers) | ({"content-length": str(len(self.body))} if self.body else {})
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path, safe="/%").encode(),
            "query_string": query.encode(),
            "root_path": "",
            "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8080),
            "state": {},
        }


async def ask(app: App, request: Request, on_answer: Callable[[], None] = lambda: None) -> bytes:
    """The body of an answer, which has to be a success. `on_answer` is called when its last byte has been sent."""
    status, pieces = 0, []
    body: list[Message] = [{"type": "http.request", "body": request.body, "more_body": False}]

    async def receive() -> Message:
        return body.pop() if body else await asyncio.Future[Message]()  # the caller stays on the line

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        if message["type"] == "http.response.body":
            pieces.append(bytes(message.get("body", b"")))
            if not message.get("more_body", False):
                on_answer()

    await app(request.scope(), receive, send)
    answer = b"".join(pieces)
    if not 200 <= status < 300:
        raise SystemExit(f"a wrong answer to {request.method} {request.target}: {status} {answer[:300]!r}")
    return answer


@asynccontextmanager
async def running(app: App) -> AsyncIterator[None]:
    """The app between the start and the end of its lifespan."""
    inbox: asyncio.Queue[Message] = asyncio.Queue()
    outbox: asyncio.Queue[Message] = asyncio.Queue()
    scope = {"type": "lifespan", "asgi": {"version": "3.0", "spec_version": "2.0"}, "state": {}}
    life = asyncio.ensure_future(app(scope, inbox.get, outbox.put))
    inbox.put_nowait({"type": "lifespan.startup"})
    started = await outbox.get()
    if started["type"] != "lifespan.startup.complete":
        raise SystemExit(f"the app did not start: {started}")
    try:
        yield
    finally:
        inbox.put_nowait({"type": "lifespan.shutdown"})
        await outbox.get()
        await life


async def traced(app: App, tracer: Tracer, request: Request) -> Trace:
    """One request that was answered before, traced."""
    for _ in range(WARM_UP):
        await ask(app, request)
    await asyncio.sleep(BEHIND_S)  # what they left to be done
    trace = Trace()

    def answered() -> None:
        tracer.calls = trace.behind

    tracer.calls = trace.answering
    await ask(app, request, answered)
    await asyncio.sleep(BEHIND_S)
    tracer.calls = None
    return trace


def post(path: str, body: Any) -> Request:
    return Request("POST", WORKSPACES + path, JSON, json.dumps(body).encode())


async def requests(app: App) -> dict[str, Request]:
    """What is traced, by name, in a workspace whose clock stands still."""
    workspace = json.loads(await ask(app, post("", FROZEN)))
    basic = {"authorization": "Basic " + b64encode(":".join(workspace["basic"].values()).encode()).decode()}
    console, account = workspace["consoles"][0], workspace["accounts"][0]
    form = urlencode({"To": PHONE, "From": console["line"], "Body": "Your results are in."})
    submit = Request("POST", f"{SIMPLEPAY}/submit/{console['code']}", basic | FORM, form.encode())
    sid = json.loads(await ask(app, submit))["sid"]
    keys = {name: account[name] for name in ("access_key", "secret_access_key")}
    days = dict.fromkeys(("start_date", "end_date"), DAY.replace("-", ""))
    query = urlencode({"action": "sms.get_messages", **keys, **days})
    return {
        "submit": submit,
        "reply": post(f"/{workspace['id']}/messages/{sid}/reply", {"text": "Thank you!"}),
        "details": Request("GET", f"{SIMPLEPAY}/messages/{console['code']}/{sid}", basic),
        "writeback": Request("GET", f"{WRITEBACK}/{console['code']}/{DAY} 00:00:00/{DAY} 23:59:59", basic),
        "get_messages": Request("GET", f"/ibp_api.php?{query}"),
    }


async def traces(names: Sequence[str]) -> dict[str, Trace]:
    """The traces of the named requests, or of all."""
    tracer = Tracer(ROOT, OURS)
    with tracer.installed():
        app = create_app(Settings())
        async with running(app):
            known = await requests(app)
            return {name: await traced(app, tracer, known[name]) for name in names or known if name in known}


def table(rows: Sequence[tuple[object, ...]]) -> str:
    """Columns as wide as they need to be, numbers to the right."""
    widths = [max(len(str(cell)) for cell in column) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            str(cell).rjust(width) if column else str(cell).ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def listing(calls: Sequence[Call]) -> str:
    return "\n".join(f"{'  ' * call.depth}{call.function}  ({call.path}:{call.line})" for call in calls)


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="trace_request.py", description="How far a request goes through our code.")
    parser.add_argument("--list", metavar="NAME", help="the calls of one request in order: submit, reply, details, ...")
    options = parser.parse_args()
    found = asyncio.run(traces([options.list] if options.list else []))
    if options.list:
        if options.list not in found:
            parser.error(f"there is no request {options.list!r}")
        print(listing(found[options.list].answering), "", "behind the answer:", sep="\n")
        print(listing(found[options.list].behind))
        print()
    print(table([HEADER, *((name, *trace.row) for name, trace in found.items())]))


if __name__ == "__main__":
    main()
