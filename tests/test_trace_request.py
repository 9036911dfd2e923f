"""What `make trace` counts, on a toy in place of the sandbox."""

import asyncio
import sys
from importlib import import_module
from pathlib import Path

import pytest

from tools import trace_request
from tools.trace_request import Call, Request, Trace, Tracer

TOY = """
import asyncio

def leaf():
    return 1

def numbers():
    yield leaf()

async def wait():
    await asyncio.sleep(0)
    return leaf()

async def app(scope, receive, send):
    body = (await receive())["body"]
    await wait()
    list(numbers())
    await asyncio.to_thread(leaf)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body", "body": b"!"})
    await wait()
"""


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a module in a folder of its own."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "toy_to_trace.py").write_text(TOY)
    monkeypatch.syspath_prepend(str(tmp_path / "ours"))
    return "toy_to_trace"


def traced(root: Path, name: str) -> Trace:
    tracer, trace = Tracer(root, ("ours",)), Trace()

    def answered() -> None:
        tracer.calls = trace.behind

    async def ask() -> bytes:
        tracer.calls = trace.answering
        return await trace_request.ask(app, Request("POST", "/", body=b"hello"), answered)

    before = sys.getprofile()
    with tracer.installed():
        app = import_module(name).app
        assert asyncio.run(ask()) == b"hello!"
        tracer.calls = None
    sys.setprofile(before)
    return trace


def test_what_is_called_until_the_last_byte_is_counted_and_what_is_called_behind_it_apart(
    tmp_path: Path, toy: str
) -> None:
    trace = traced(tmp_path, toy)
    assert [(call.function, call.depth) for call in trace.answering] == [
        ("app", 0),
        ("wait", 1),
        ("leaf", 2),
        ("numbers", 1),
        ("leaf", 2),
        ("numbers", 1),
        ("leaf", 0),
    ]
    assert [(call.function, call.depth) for call in trace.behind] == [("wait", 1), ("leaf", 2)]
    assert trace.row == (7, 4, 1, 0, 2, 1)


def test_a_switch_is_a_call_in_another_file_than_the_one_before() -> None:
    calls = [Call(path, 1, "f", 0) for path in ("a.py", "a.py", "b.py", "a.py")]
    assert Trace(calls).row == (4, 2, 2, 2, 0, 0)


def test_a_listing_is_indented() -> None:
    calls = [Call("a.py", 1, "f", 0), Call("b.py", 2, "g", 1)]
    assert trace_request.listing(calls) == "f  (a.py:1)\n  g  (b.py:2)"


def test_an_answer_that_is_no_success_ends_it() -> None:
    async def app(_scope: object, _receive: object, send: object) -> None:
        assert callable(send)
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})

    with pytest.raises(SystemExit, match="a wrong answer to GET /: 404 b'no'"):
        asyncio.run(trace_request.ask(app, Request("GET", "/")))
