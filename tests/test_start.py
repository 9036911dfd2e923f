"""What a start costs: nothing is loaded or built before the first vendor answer that the answer does not need.

Nor by the commands that only look.
"""

import subprocess
import sys

import pytest

FIRST_ANSWERS = """
import asyncio, sys
import sandbox.cli, sandbox.web_server
from sandbox.app import create_app

async def ask(app, path, headers, query=b""):
    scope = {"type": "http", "asgi": {}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": path,
             "raw_path": path.encode(), "root_path": "", "query_string": query, "headers": headers,
             "client": None, "server": None}
    sent = []
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    async def send(message):
        sent.append(message)
    await app(scope, receive, send)
    assert sent[0]["status"] == 200, sent

async def main():
    app = create_app()
    basic = [(b"host", b"localhost"), (b"authorization", b"Basic ZGVtbzpkZW1v")]
    days = "2026-01-01 00:00:00/2026-01-02 00:00:00"
    await ask(app, "/dialoghealth-writeback-api/api/responses/HARBOR1001/" + days, basic)
    await ask(app, "/dialoghealth-simplepay-api/messages/HARBOR1001/unknown", basic)
    keys = b"access_key=demo-access-key&secret_access_key=demo-secret-key"
    days = b"&start_date=20260101&end_date=20260102"
    await ask(app, "/ibp_api.php", basic[:1], b"action=sms.get_messages&" + keys + days)
    app.close()

asyncio.run(main())
print(*sys.modules)
"""


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules of a process on `clinic` that has answered once for each vendor."""
    done = subprocess.run([sys.executable, "-c", FIRST_ANSWERS], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


@pytest.mark.parametrize(
    "module",
    [
        "httpcore",
        "httpx",
        "phonenumbers",
        "dialog_sandbox.session",
        "sandbox.server.openapi",
        "sandbox.server.control.health",
        "sandbox.server.control.messages",
    ],
)
def test_a_first_answer_needs_no(module: str, loaded: set[str]) -> None:
    assert module not in loaded


MODULES_AFTER = """
import sys
from sandbox.cli import main

try:
    main()
except SystemExit:
    print(*sys.modules)
"""


@pytest.mark.parametrize(
    ("arguments", "spared"),
    [
        (("readyz", "--port", "0"), {"fastapi", "starlette", "sqlalchemy", "sqlmodel", "uvicorn", "httpx", "rich"}),
        (("--version",), {"fastapi", "starlette", "sqlalchemy", "sqlmodel", "uvicorn", "httpx", "rich", "pydantic"}),
    ],
)
def test_a_command_that_only_looks_needs_no_server(arguments: tuple[str, ...], spared: set[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MODULES_AFTER, *arguments], capture_output=True, text=True, check=True, timeout=60
    )
    assert not spared & set(done.stdout.split())
