"""The calls that are measured, and how one knows that an answer is right."""

import json
import sqlite3
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from statistics import mean
from urllib.parse import quote, urlencode

from bench.fill import ACCESS_KEY, CONSOLES, PASSWORD, QUIET_DAY, QUIET_NUMBER, SECRET_KEY, USERNAME
from bench.load import Request
from bench.servers import Broken, Server
from sandbox.vendors import dialogtech, writeback
from sandbox.vendors.simplepay import answers as simplepay
from sandbox.clock import DAY, SECOND, utc

CONSOLE = CONSOLES[0]
MANY = 1_000
TARGETS = 64
"""Windows that are read in turn."""
IDS = 5_000
RECIPIENTS = 5_000
CHECKED = 8
"""Of the requests, how many are asked before and after each run, and their answers read."""
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


def rows(path: Path, sql: str, *values: object) -> list[tuple[int | str, ...]]:
    """What a store's file holds, read from beside the server."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as driver:
        return driver.execute(sql, values).fetchall()


def messages_in(path: Path) -> int:
    """How many messages are stored: they are numbered from 1."""
    ((n,),) = rows(path, "SELECT max(id) FROM message WHERE workspace_id = 1")
    return int(n)


def windows(path: Path, records: int) -> list[tuple[int, int]]:
    """Ranges of time, start and end in ms, that hold exactly so many records of the console; over the whole store."""
    with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as driver:
        where = "FROM message WHERE workspace_id = 1 AND console_id = 1 AND record_at >= ?"
        first, last = driver.execute(f"SELECT min(record_at), max(record_at) {where}", (0,)).fetchone()
        found = []
        for start in range(first // SECOND * SECOND, last, max(SECOND, (last - first) // 5_000 // SECOND * SECOND)):
            sql = f"SELECT record_at / 1000 {where} ORDER BY record_at, id LIMIT ?"
            seconds = [row[0] for row in driver.execute(sql, (start, records + 1))]
            is_exact = len(seconds) > records and seconds[records] > seconds[records - 1]
            if is_exact and seconds[records - 1] * SECOND - start <= writeback.LONGEST:
                found.append((start, seconds[records - 1] * SECOND))
    if not found:
        raise Broken(f"the store has no window of {records} records")
    return found[:: max(1, len(found) // TARGETS)][:TARGETS]


def reads(records: int) -> Callable[[Path], Sequence[Request]]:
    """Writeback reads of so many records each."""

    def requests(path: Path) -> list[Request]:
        prefix = writeback.DOCUMENTED_PATH.partition("{")[0]
        spans = [tuple(quote(f"{utc(at):%Y-%m-%d %H:%M:%S}") for at in span) for span in windows(path, records)]
        return [Request("GET", f"{prefix}{CONSOLE}/{start}/{end}") for start, end in spans]

    return requests


def submits(path: Path) -> list[Request]:
    """Messages to people whom the store knows."""
    phones = [str(row[0]) for row in rows(path, "SELECT phone FROM person WHERE workspace_id = 1 ORDER BY id")]
    ((line,),) = rows(path, "SELECT line FROM console WHERE workspace_id = 1 AND id = 1")
    return [
        Request(
            "POST",
            f"{simplepay.PREFIX}/submit/{CONSOLE}",
            urlencode({"Body": TEXT, "From": line, "To": phone}),
        )
        for phone in sample_of(phones, RECIPIENTS)
    ]


def looks_up(path: Path) -> list[Request]:
    """Messages of the console, of any age."""
    last = messages_in(path)
    wanted = sorted({1 + n * last // (4 * IDS) for n in range(4 * IDS)})
    sids = [
        str(sid)
        for sid, console in rows(
            path,
            "SELECT sid, console_id FROM json_each(?) CROSS JOIN message ON workspace_id = 1 AND message.id = value"
            " WHERE sid IS NOT NULL",
            json.dumps(wanted),
        )
        if console == 1
    ]
    return [Request("GET", f"{simplepay.PREFIX}/messages/{CONSOLE}/{sid}") for sid in sample_of(sids, IDS)]


def days(path: Path) -> list[Request]:
    """Days on which the quiet account has its few messages."""
    found = rows(
        path,
        "SELECT accepted_at / ? FROM message WHERE workspace_id = 1 AND line = ? GROUP BY 1 HAVING count(*) = ?",
        DAY,
        QUIET_NUMBER,
        QUIET_DAY,
    )
    keys = {"action": dialogtech.ACTION, "access_key": ACCESS_KEY, "secret_access_key": SECRET_KEY}
    dates = [f"{utc(int(day) * DAY):%Y%m%d}" for (day,) in found]
    return [
        Request("GET", f"{dialogtech.PATH}?{urlencode(keys | {'start_date': date, 'end_date': date})}")
        for date in dates
    ]


def sample_of(values: Sequence[str], n: int) -> list[str]:
    """`n` of them, or all if they are fewer, in an order that is not theirs."""
    return Random(1).sample(values, min(n, len(values)))


def count_records(body: bytes) -> int:
    found = json.loads(body)["response"]
    return len([record for record in found if len(record) == len(writeback.FIELDS)])


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
    Call("message details", "details", 1, count_found, looks_up, BASIC),
    Call("get_messages, 3 messages", "get_messages", QUIET_DAY, count_messages, days),
)


@dataclass(frozen=True)
class Right:
    """Answers that were checked: the body of the first, and the mean size of all, head and body."""

    body: bytes
    mean_bytes: float


def verify(server: Server, call: Call, requests: Sequence[Request]) -> Right:
    """Asks some of the requests as any client would; an answer that is not right ends the benchmark."""
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
    return Right(bodies[0], mean(sizes))
