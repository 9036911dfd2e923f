"""docs/control-api.md: its commands do what it says."""

import re
from collections.abc import Callable
from pathlib import Path

from driver import DEFAULT, Driver

DOCUMENT = (Path(__file__).parent.parent / "docs" / "control-api.md").read_text()
CALL = re.compile(r"curl(?: -s)?(?: -X (\w+))? \"?\$ws([^\s\"]*)\"?(?: -H \"\$json\" -d '([^']*)')?")


def test_every_call_of_the_document_succeeds(open_driver: Callable[..., Driver]) -> None:
    sandbox = open_driver(fixture="clinic")
    latest = ""
    calls = CALL.findall(DOCUMENT)
    assert len(calls) >= 18
    for method, path, body in calls:
        options = {"content": body, "headers": {"content-type": "application/json"}} if body else {}
        verb = method or ("POST" if body else "GET")
        answer = sandbox.call(verb, DEFAULT + path.replace("$id", latest), **options)
        assert answer.is_success, (verb, path, answer.text)
        if path == "/messages" and verb == "POST":
            latest = answer.json()["id"]
