"""The calls that are measured, and how one knows that an answer is right."""

import json
from base64 import b64encode
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from statistics import mean
from urllib.parse import quote, urlencode

from bench import contents
from bench.fill import ACCESS_KEY, CONSOLES, PASSWORD, QUIET_DAY, QUIET_NUMBER, SECRET_KEY, USERNAME
from bench.load import Request
from bench.servers import Broken, Server
from sandbox.clock import DAY, SECOND, utc
from sandbox.vendors.dialogtech import messages as dialogtech
from sandbox.vendors.simplepay import shapes as simplepay
from sandbox.vendors.simplepay.ids import VENDOR
from sandbox.vendors.writeback import api as writeback
from sandbox.vendors.writeback.shapes import MessageResult

CONSOLE = CONSOLES[0]
MANY = 1_000
WINDOWS, STARTS = 64, 5_000
"""Windows that are read in turn, and how many beginnings are tried for them."""
IDS = 5_000
RECIPIENTS = 5_000
CHECKED = 8
"""Of the requests, how many are sent before and after each run, and their answers read."""
BASIC = {"Authorization": "Basic " + b64encode(f"{USERNAME}:{PASSWORD}".encode()).decode()}
FORM = BASIC | {"Content-Type": "application/x-www-form-urlencoded"}
TEXT = "Harbor Clinic: your appointment is on Monday at 9:15 AM. Reply C to confirm, or call us to change it."


@dataclass(frozen=True)
class Call:
    """One line of the results.

    `route`: the bare route that stands for it. `records`: how many each answer holds, as `count` counts them.
    `requests`: what is sent in turn, of a store's file. `fills`: each request adds a message to the store.
    """

    title: str
    route: str
    records: int
    count: Callable[[bytes], int]
    requests: Callable[[Path], Sequence[Request]]
    headers: Mapping[str, str] = field(default_factory=dict)
    fills: bool = False


def windows(times: Sequence[int], records: int) -> list[tuple[int, int]]:
    """Return ranges of time, start and end in ms, that hold exactly so many of the times; over all of them."""
    seconds = [at // SECOND for at in times]
    step = max(1, (seconds[-1] - seconds[0]) // STARTS)
    found = []
    for start in range(seconds[0], seconds[-1], step):
        after = bisect_left(seconds, start) + records
        is_exact = after < len(seconds) and seconds[after] > seconds[after - 1]
        if is_exact and (seconds[after - 1] - start) * SECOND <= writeback.LONGEST:
            found.append((start * SECOND, seconds[after - 1] * SECOND))
    if not found:
        raise Broken(f"the store has no window of {records} records")
    return found[:: max(1, len(found) // WINDOWS)][:WINDOWS]


def reads(records: int) -> Callable[[Path], Sequence[Request]]:
    """Writeback reads of so many records each."""

    def requests(path: Path) -> list[Request]:
        prefix = writeback.DOCUMENTED_PATH.partition("{")[0]
        found = windows(contents.record_times(path), records)
        spans = [tuple(quote(f"{utc(at):%Y-%m-%d %H:%M:%S}") for at in span) for span in found]
        return [Request("GET", f"{prefix}{CONSOLE}/{start}/{end}") for start, end in spans]

    return requests


def submits(path: Path) -> list[Request]:
    """Messages to people whom the store knows."""
    line = contents.line_of_console(path)
    return [
        Request(
            "POST",
            f"{simplepay.PREFIX}/submit/{CONSOLE}",
            urlencode({"Body": TEXT, "From": line, "To": phone}),
        )
        for phone in sample_of(contents.phones(path), RECIPIENTS)
    ]


def details(path: Path) -> list[Request]:
    """Reads of messages of the console, of any age."""
    sids = contents.ids_of(path, VENDOR, 4 * IDS)
    return [Request("GET", f"{simplepay.PREFIX}/messages/{CONSOLE}/{sid}") for sid in sample_of(sids, IDS)]


def days(path: Path) -> list[Request]:
    """Reads of the days on which the quiet account has its few messages."""
    per_day = Counter(at // DAY for at in contents.times_on_line(path, QUIET_NUMBER))
    keys = {"action": dialogtech.ACTION, "access_key": ACCESS_KEY, "secret_access_key": SECRET_KEY}
    dates = [f"{utc(day * DAY):%Y%m%d}" for day, n in sorted(per_day.items()) if n == QUIET_DAY]
    return [
        Request("GET", f"{dialogtech.PATH}?{urlencode(keys | {'start_date': date, 'end_date': date})}")
        for date in dates
    ]


def sample_of(values: Sequence[str], n: int) -> list[str]:
    """`n` of them, or all if they are fewer, in an order that is not theirs."""
    return Random(1).sample(values, min(n, len(values)))


def count_records(body: bytes) -> int:
    found = json.loads(body)["response"]
    return len([record for record in found if len(record) == len(MessageResult.model_fields)])


def count_submitted(body: bytes) -> int:
    answer = json.loads(body)
    return int(answer["status"] == "queued" and answer["body"] == TEXT and answer["error_message"] is None)


def count_found(body: bytes) -> int:
    return int(json.loads(body)["status"] != simplepay.UNKNOWN)


def count_messages(body: bytes) -> int:
    return body.count(b"<msg_id>") if b"<result>success</result>" in body else 0


CALLS = (
    Call("writeback, 3 records", "responses", 3, count_records, reads(3), BASIC),
    Call("writeback, 1,000 records", "responses", MANY, count_records, reads(MANY), BASIC),
    Call("submit", "submit", 1, count_submitted, submits, FORM, fills=True),
    Call("message details", "details", 1, count_found, details, BASIC),
    Call("get_messages, 3 messages", "get_messages", QUIET_DAY, count_messages, days),
)


@dataclass(frozen=True)
class CheckedAnswers:
    """Answers that were checked: the body of the first, and the mean size of all, head and body."""

    body: bytes
    mean_bytes: float


def verify(server: Server, call: Call, requests: Sequence[Request]) -> CheckedAnswers:
    """Send some of the requests as any client would; an answer that is not right ends the benchmark."""
    connection = HTTPConnection(*server.address, timeout=10)
    bodies, sizes = [], []
    try:
        for request in requests[:: max(1, len(requests) // CHECKED)]:
            connection.request(request.method, request.target, request.body or None, dict(call.headers))
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or call.count(body) != call.records:
                raise Broken(f"{call.title}: a wrong answer to {request}: {answer.status} {body[:300]!r}")
            bodies.append(body)
            head = len("HTTP/1.1 200 OK\r\n\r\n") + sum(len(f"{k}: {v}\r\n") for k, v in answer.getheaders())
            sizes.append(head + len(body))
    finally:
        connection.close()
    return CheckedAnswers(bodies[0], mean(sizes))
