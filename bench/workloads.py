"""What is asked of two servers that may have nothing but their HTTP in common.

Everything is found out over HTTP, in a workspace that each server fills from a fixture: windows that hold exactly so
many records, ids of messages, phones that take one. Each answer is known to be right by what it holds.
"""

import json
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from bench.load import Request
from bench.servers import Broken, Server

START_AT = "2026-05-06T15:00:00Z"
TODAY = "20260506"
READ_FROM, READ_TO = datetime(2026, 5, 4), datetime(2026, 5, 6)
"""Two days of a fixture's past, in which the windows lie."""
SEED = 1
FEW = 3
"""Messages of the new account."""
WINDOWS = 64
"""Windows that are read in turn."""
CHECKED = 8
"""Requests of a workload whose answers are read."""
PEOPLE = 500
PAGE = 1_000
TIMEOUT_S = 300.0
WORKSPACES = "/_sandbox/workspaces"
WRITEBACK = "/dialoghealth-writeback-api/api/responses"
SIMPLEPAY = "/dialoghealth-simplepay-api"
DIALOGTECH = "/ibp_api.php"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = "Your appointment is on Monday at 9:15 AM. Reply C to confirm, or call us to change it."


@dataclass(frozen=True)
class Workload:
    """Requests that are sent in turn. `holds`: how many records each answer holds, as `count` counts them."""

    title: str
    requests: Sequence[Request]
    headers: Mapping[str, str]
    holds: int
    count: Callable[[bytes], int]


class Workspace:
    """A workspace of a running server, and calls to it."""

    def __init__(self, server: Server, answer: Mapping[str, Any]) -> None:
        self.server = server
        self.console: dict[str, str] = answer["consoles"][0]
        self.path = f"{WORKSPACES}/{answer['id']}"
        credentials = f"{answer['basic']['username']}:{answer['basic']['password']}"
        self.basic = {"Authorization": "Basic " + b64encode(credentials.encode()).decode()}

    @classmethod
    def seeded(cls, server: Server, fixture: str) -> "Workspace":
        """Make one from a fixture."""
        body = {"fixture": fixture, "seed": SEED, "start_at": START_AT}
        return cls(server, ask(server, "POST", WORKSPACES, json=body).json())

    def control(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer of the control API."""
        answer = ask(self.server, method, self.path + path, json=body)
        return answer.json() if answer.content else None

    def call(self, request: Request, headers: Mapping[str, str]) -> bytes:
        """The body of an answer to what a workload sends."""
        return ask(self.server, request.method, request.target, headers=headers, content=request.body).content


def ask(server: Server, method: str, target: str, **options: Any) -> httpx.Response:
    """An answer, which has to be a success."""
    # To verify is to load every known certificate each time, for a connection that has none.
    url = server.url + target
    answer = httpx.request(method, url, timeout=TIMEOUT_S, trust_env=False, verify=False, **options)
    if not answer.is_success:
        raise Broken(f"{method} {target}: {answer.status_code} {answer.text[:300]}")
    return answer


def workloads(workspace: Workspace, sizes: Sequence[int]) -> list[Workload]:
    """Those of this workspace, with reads of so many records. The last fills it."""
    found = [reads(workspace, size) for size in sizes]
    return [*found, details(workspace), get_messages(workspace), submits(workspace)]


def check(workspace: Workspace, workload: Workload) -> None:
    """Ask some of the requests; an answer that is not right ends the benchmark."""
    for request in workload.requests[:: max(1, len(workload.requests) // CHECKED)]:
        body = workspace.call(request, workload.headers)
        if workload.count(body) != workload.holds:
            raise Broken(f"{workload.title}: a wrong answer to {request}: {body[:300]!r}")


def reads(workspace: Workspace, n: int) -> Workload:
    """Writeback reads of `n` records each."""
    minutes = [
        minute_of(record) for record in records(workspace.call(read(workspace, READ_FROM, READ_TO), workspace.basic))
    ]
    found = windows(Counter(minutes), n)
    if not found:
        raise Broken(f"no window holds {n} records")
    targets = found[:: max(1, len(found) // WINDOWS)][:WINDOWS]
    requests = [read(workspace, start, end) for start, end in targets]
    return Workload(f"read of {n:,} records", requests, workspace.basic, n, lambda body: len(records(body)))


def read(workspace: Workspace, start: datetime, end: datetime) -> Request:
    """A read up to the last second before `end`."""
    span = "/".join(quote(f"{at:%Y-%m-%d %H:%M:%S}") for at in (start, end - timedelta(seconds=1)))
    return Request("GET", f"{WRITEBACK}/{workspace.console['code']}/{span}")


def records(body: bytes) -> list[dict[str, str]]:
    found: list[dict[str, str]] = json.loads(body)["response"]
    return found


def minute_of(record: Mapping[str, str]) -> datetime:
    written = f"{record['outgoingMessageSentDate']} {record['outgoingMessageSentTime']}"
    return datetime.strptime(written, "%m/%d/%Y %H:%M")


def windows(per_minute: Mapping[datetime, int], n: int) -> list[tuple[datetime, datetime]]:
    """The ranges of whole minutes that hold exactly `n`, each from a minute with a record; the end is outside."""
    minutes = sorted(per_minute)
    up_to = list(accumulate((per_minute[minute] for minute in minutes), initial=0))
    place = {total: index for index, total in enumerate(up_to)}
    ends = ((start, place.get(up_to[index] + n)) for index, start in enumerate(minutes))
    return [(start, minutes[end - 1] + timedelta(minutes=1)) for start, end in ends if end is not None]


def details(workspace: Workspace) -> Workload:
    """SimplePay's message details of a console's messages."""
    code = workspace.console["code"]
    listed = workspace.control("GET", f"/messages?console={code}&direction=outbound&limit={PAGE}")["items"]
    requests = [Request("GET", f"{SIMPLEPAY}/messages/{code}/{message['ids']['sid']}") for message in listed]
    return Workload("message details", requests, workspace.basic, 1, is_known)


def is_known(body: bytes) -> bool:
    return json.loads(body)["body"] is not None


def get_messages(workspace: Workspace) -> Workload:
    """DialogTech's `sms.get_messages`, for a new account that has a few messages today."""
    account = workspace.control("POST", "/accounts", {})
    number = account["tracking_numbers"][0]
    phone = phones(workspace, 1)[0]
    for _ in range(FEW - 1):
        workspace.control("POST", "/messages", {"tracking_number": number, "to": phone, "text": TEXT})
    workspace.control("POST", "/inbound", {"from": phone, "to": number, "text": "Thank you!"})
    query = urlencode(
        {
            "action": "sms.get_messages",
            "access_key": account["access_key"],
            "secret_access_key": account["secret_access_key"],
            "start_date": TODAY,
            "end_date": TODAY,
        }
    )
    return Workload(
        "get_messages", [Request("GET", f"{DIALOGTECH}?{query}")], {}, FEW, lambda body: body.count(b"<msg_id>")
    )


def submits(workspace: Workspace) -> Workload:
    """SimplePay submits to people who take them: not all have opted in."""
    headers = workspace.basic | FORM
    requests = [submit(workspace, phone) for phone in phones(workspace, PEOPLE)]
    taken = [request for request in requests if is_queued(workspace.call(request, headers))]
    return Workload("submit", taken, headers, 1, is_queued)


def submit(workspace: Workspace, phone: str) -> Request:
    form = urlencode({"Body": TEXT, "From": workspace.console["line"], "To": phone})
    return Request("POST", f"{SIMPLEPAY}/submit/{workspace.console['code']}", form)


def is_queued(body: bytes) -> bool:
    return bool(json.loads(body)["status"] == "queued")


def phones(workspace: Workspace, n: int) -> list[str]:
    """Phones of people of the fixture."""
    return [str(person["phone"]) for person in workspace.control("GET", f"/people?limit={n}")["items"]]
