"""A schema-driven tester (schemathesis) against a real server: nothing that it can think of gets an answer that the
OpenAPI documents do not tell of, or a 500."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from conftest import WORLDS

from sandbox import create_app
from sandbox.app import Sandbox
from sandbox.server.events.stream import EventStream
from sandbox.settings import Settings

TOKEN = "control-token"
BASIC = ("--auth", "demo:demo")
BEARER = ("--header", f"Authorization: Bearer {TOKEN}")

# What a schema cannot say, so that a request which keeps to it may still be refused: whether a date is real and a range
# within a week, whether digits are a telephone number, whether one of two members is there, and which names exist.
UNSAID = ("positive_data_acceptance",)
# DialogTech refuses by an XML element, and HTTP knows nothing of it: 200, whatever was sent and by which method
# (rules DT-refused, DT-endpoint).
ALWAYS_200 = ("negative_data_rejection", "unsupported_method", "allow_header_conformance")
# The reference's sample reads a message by DELETE, which deletes nothing (rule SP-details).
READ_BY_DELETE = ("use_after_free",)
ALL_PHASES = "examples,coverage,fuzzing,stateful"


@pytest.fixture
def address() -> Iterator[str]:
    """Of a served sandbox that thinks it is bound to every address, so that it wants its token.

    Each document has one of its own: what the tester does to the control API would have the vendors' calls fail.
    """
    settings = Settings(fixture=str(WORLDS / "plain.yaml"), host="0.0.0.0", control_token=TOKEN)
    app = create_app(settings)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(EventStream, "_send_events", ended_at_once)
        yield from served(app)


async def ended_at_once(*_: object) -> None:
    """Instead of a stream of events, which has no end."""


def served(app: Sandbox) -> Iterator[str]:
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http="httptools", ws="none", log_config=None, access_log=False))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.mark.parametrize(
    ("document", "credentials", "excluded", "phases", "examples"),
    [
        ("openapi/writeback.json", BASIC, UNSAID, "examples,coverage,fuzzing", 40),
        ("openapi/simplepay.json", BASIC, UNSAID + READ_BY_DELETE, ALL_PHASES, 20),
        ("openapi/dialogtech.json", (), UNSAID + ALWAYS_200, "examples,coverage,fuzzing", 40),
        ("openapi.json", BEARER, UNSAID, ALL_PHASES, 12),
    ],
    ids=["writeback", "simplepay", "dialogtech", "control"],
)
def test_every_answer_is_one_that_is_documented(
    address: str,
    tmp_path: Path,
    document: str,
    credentials: tuple[str, ...],
    excluded: tuple[str, ...],
    phases: str,
    examples: int,
) -> None:
    command = [str(Path(sys.executable).parent / "schemathesis"), "run", f"{address}/_sandbox/{document}", *credentials]
    command += ["--exclude-checks", ",".join(excluded), "--phases", phases, "--max-examples", str(examples)]
    command += ["--generation-deterministic", "--no-color", "--continue-on-failure"]
    hooks = {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(Path(__file__).parent)}
    environment = {**os.environ, "PYTHONWARNINGS": "default", **hooks}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
