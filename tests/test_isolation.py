"""Isolation: many callers at once on one server process, each in workspaces of its own, and nobody sees another's."""

import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from typing import Any, Self
from urllib.parse import quote, urlencode

import pytest
from conftest import DatabaseFor
from driver import CONSOLE, DIALOGTECH, LINE, PHONE, SIMPLEPAY, TRACKING_NUMBER, WRITEBACK
from server_process import Served
from spaces import PATH as WORKSPACES
from spaces import basic, keys

THREADS = 16
IN_A_ROW = {"sqlite": 50, "postgresql": 5}
"""Of each caller's workspaces, which PostgreSQL takes ten times as long to make and to delete."""
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
NONE: Mapping[str, str] = {}


@pytest.fixture(scope="module")
def served(module_database_for: DatabaseFor, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("isolation")
    server = Served(folder / "errors.txt", "--database", str(module_database_for(str(folder / "kept.db"))))
    yield server
    server.stop()
    assert server.errors.read_text() == ""


class Caller:
    """One connection, and calls on it that succeed."""

    def __init__(self, port: int) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def call(
        self, method: str, path: str, body: Any = None, status: int = 200, headers: Mapping[str, str] = NONE
    ) -> bytes:
        self._connection.request(method, path, body, dict(headers))
        answer = self._connection.getresponse()
        content = answer.read()
        assert answer.status == status, (method, path, answer.status, content)
        return content

    def control(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        sent = None if body is None else json.dumps(body)
        content = self.call(method, WORKSPACES + path, sent, status, JSON)
        return json.loads(content) if content else None


class Tenant:
    """A caller in a workspace of its own, which it finds to hold what it did itself and nothing else."""

    def __init__(self, caller: Caller, mark: str, fixture: str) -> None:
        self.caller = caller
        self.mark = mark
        self.workspace = caller.control("POST", "", {"name": mark, "fixture": fixture}, 201)
        self.here = f"/{self.workspace['id']}"
        username, password = basic(self.workspace)
        self.auth = {"Authorization": f"Basic {b64encode(f'{username}:{password}'.encode()).decode()}"}
        today = datetime.now(UTC)
        window = [f"{day:%Y-%m-%d %H:%M:%S}" for day in (today - timedelta(days=1), today + timedelta(days=1))]
        self.reading = f"{WRITEBACK}/{CONSOLE}/{quote(window[0])}/{quote(window[1])}"
        days = {"start_date": f"{today - timedelta(days=1):%Y%m%d}", "end_date": f"{today + timedelta(days=1):%Y%m%d}"}
        query = {"action": "sms.get_messages", **keys(self.workspace["accounts"][0]), **days}
        self.getting = f"{DIALOGTECH}?{urlencode(query)}"

    def submit(self, status: int = 200) -> Any:
        form = urlencode({"To": PHONE, "From": LINE, "Body": self.mark})
        path = f"{SIMPLEPAY}/submit/{CONSOLE}"
        return json.loads(self.caller.call("POST", path, form, status, FORM | self.auth))

    def control(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        return self.caller.control(method, self.here + path, body, status)

    def holds(self, messages: int) -> None:
        """So many messages of mine are in it, and no other."""
        read = json.loads(self.caller.call("GET", self.reading, headers=self.auth))["response"]
        texts = [record["outgoingMessage"] or record["incomingMessage"] for record in read]
        assert texts == [self.mark] * messages

    def live(self) -> None:
        first = self.submit()["sid"]
        self.control("POST", f"/messages/{first}/status", {"status": "undelivered", "force": True})
        self.control("POST", f"/messages/{first}/reply", {"text": "HELP"}, 201)
        self.control("POST", "/messages", {"tracking_number": TRACKING_NUMBER, "to": PHONE, "text": self.mark}, 201)
        xml = self.caller.call("GET", self.getting).decode()
        assert (xml.count("<msg_id>"), xml.count(self.mark)) == (1, 1)
        self.control("PUT", "/snapshots/before")
        self.control("POST", "/faults", {"effect": {"status": 503}, "times": 1}, 201)
        self.submit(503)
        self.submit()
        assert [each["status"] for each in self.control("GET", "/messages?limit=1")["items"]] == ["undelivered"]
        self.control("POST", "/snapshots/before/restore")
        assert len(self.control("GET", "/messages")["items"]) == 4
        self.control("POST", "/reset")
        self.submit()
        self.holds(1)
        seen = self.control("GET", "/journal")["items"]
        assert [each["operation"] for each in seen] == ["simplepay.submit", "writeback.responses"]
        only_mine = {"operation": "simplepay.submit", "where": {"text": self.mark}, "count": 1}
        nobody_elses = {"operation": "simplepay.submit", "where": {"text": "tenant-"}, "count": 1}
        verified = self.control("POST", "/verify", {"expect": [only_mine, nobody_elses], "no_findings": True})
        assert verified["found"] == [1, 1]

    def leave(self) -> None:
        self.control("DELETE", "", status=204)
        self.submit(401)


def test_nothing_of_one_workspace_is_seen_by_another_and_no_request_fails(
    served: Served, pytestconfig: pytest.Config
) -> None:
    def live_in_many(n: int) -> None:
        with Caller(served.port) as caller:
            for i in range(IN_A_ROW[engine]):
                tenant = Tenant(caller, f"tenant-{n}-{i}", fixture)
                tenant.live()
                tenant.leave()

    engine = "postgresql" if pytestconfig.getoption("--postgresql") else "sqlite"
    with Caller(served.port) as caller:
        fixture = caller.control("GET", "/default")["fixture"]
    with ThreadPoolExecutor(THREADS) as threads:
        for done in [threads.submit(live_in_many, n) for n in range(THREADS)]:
            done.result()
    with Caller(served.port) as caller:
        assert [each["name"] for each in caller.control("GET", "")["items"]] == ["default"]
