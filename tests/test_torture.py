"""`make torture` in a few rounds: it finds nothing in a server that is well, and each defect that is planted."""

import json
import shutil
import socketserver
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest

from bench import pages
from bench.servers import Broken, Server
from torture import __main__ as command
from torture import crashes, cut_off, full_disk, hostile, recovery, report, soak
from torture.corpus import CONSOLE, GOOD_READ, SUBMIT
from torture.figures import Budget, Figures, Growth
from torture.ledger import DEFAULT, Acknowledged, Ledger
from torture.load import Call, Load, opt_out, submit
from torture.requests import WAYS
from torture.shapes import Defect, Misshapen, check
from torture.wire import Answer

pytestmark = pytest.mark.sqlite
SEED = 1
FAILSAFE_S = 600.0
"""Rounds are counted; one that hangs ends with it."""

# A server that is well ------------------------------------------------------------------------------------------------

ROUNDS = {"crash loop": 1, "disk full": 2, "store cut off": 2, "hostile inputs": 6 * len(WAYS), "soak": 2}


@pytest.mark.parametrize("part", command.PARTS, ids=lambda part: part.name)
def test_a_server_that_is_well_withstands_each_part(part: command.Part, tmp_path: Path) -> None:
    figures = part.run(Budget(FAILSAFE_S, ROUNDS[part.name]), SEED, tmp_path)
    assert (figures.sentences, figures.is_good, figures.part) == ([], True, part.name)
    assert (figures.kills, figures.outages) == {"crash loop": (1, 0), "disk full": (1, 2), "store cut off": (0, 2)}.get(
        part.name, (0, 0)
    )
    assert figures.inputs >= ROUNDS[part.name]
    assert (figures.acknowledged > 0) == (part.name != "hostile inputs")
    assert (figures.growth is None) == (part.name != "soak")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_hostile_requests_are_the_same_for_a_seed_and_others_for_another(way: Callable[..., Any]) -> None:
    def sent(seed: int) -> list[Any]:
        chance = Random(seed)
        return [way(chance) for _ in range(50)]

    assert sent(1) == sent(1)
    assert sent(1) != sent(2)
    assert len({each.raw for each in sent(1)}) > 10


# What was acknowledged and is lost ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with crashes.serve(tmp_path_factory.mktemp("served") / "kept.db") as server:
        yield server


def done(server: Server, call: Call) -> Acknowledged:
    """A call that succeeds, and what it acknowledges."""
    with closing(HTTPConnection(*server.address)) as connection:
        connection.request(call.method, call.target, call.body or None, dict(call.headers))
        answer = connection.getresponse()
        found = call.found(json.loads(answer.read()), answer.headers["X-Sandbox-Exchange"] or "")
    assert found is not None
    return found


def undo(server: Server, method: str, path: str, body: Any = None) -> None:
    with closing(HTTPConnection(*server.address)) as connection:
        content = None if body is None else json.dumps(body)
        connection.request(method, DEFAULT + path, content, {"Content-Type": "application/json"})
        assert connection.getresponse().status < 300


def losses(server: Server, *acknowledged: Acknowledged) -> tuple[int, int]:
    """How many are found to be lost one by one, and in the lists."""
    ledger, at_once, in_the_end = Ledger(), Figures("at once"), Figures("in the end")
    for each in acknowledged:
        ledger.add(each)
    ledger.check_fresh(server, at_once)
    ledger.check_all(server, in_the_end)
    return at_once.lost, in_the_end.lost


def test_what_is_there_is_not_lost(served: Server) -> None:
    assert losses(served, done(served, submit(1)), done(served, opt_out(1))) == (0, 0)


def test_a_message_that_nobody_has_is_lost(served: Server) -> None:
    kept = done(served, submit(2))
    assert losses(served, kept, Acknowledged("msg_99999999", "x")) == (1, 1)
    assert losses(served, Acknowledged(kept.key, "another text", kept.exchange)) == (1, 1)


def test_an_opt_out_that_is_undone_is_lost(served: Server) -> None:
    done(served, submit(3))
    out = done(served, opt_out(3))
    undo(served, "PUT", f"/consents/{out.key}", {"state": "opted_in", "console": CONSOLE, "silent": True})
    assert losses(served, out) == (1, 1)


def test_an_exchange_that_is_in_no_journal_is_lost(served: Server) -> None:
    kept = done(served, submit(4))
    undo(served, "DELETE", "/journal")
    assert losses(served, kept) == (1, 0)


def test_an_id_that_is_given_twice_is_told(served: Server) -> None:
    kept = done(served, submit(5))
    ledger, figures = Ledger(), Figures("twice")
    ledger.add(kept)
    ledger.add(kept)
    ledger.check_all(served, figures)
    assert figures.sentences == [f"the id {kept.key} was given twice"]


@pytest.mark.parametrize("part", [crashes, full_disk], ids=lambda part: part.__name__)
def test_a_server_that_comes_back_without_what_it_took_is_noticed(
    part: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve, copy = crashes.serve, tmp_path / "copy.db"

    def serve_what_was_at_first(database: Path) -> Server:
        if copy.exists():
            for suffix in ("-wal", "-shm"):
                Path(f"{database}{suffix}").unlink(missing_ok=True)
            shutil.copyfile(copy, database)
            return serve(database)
        server = serve(database)
        with closing(sqlite3.connect(database)) as driver:
            driver.execute("VACUUM INTO ?", (str(copy),))
        return server

    monkeypatch.setattr(part, "serve", serve_what_was_at_first)
    figures = part.run(Budget(FAILSAFE_S, 2), SEED, tmp_path)
    assert figures.lost > 0
    assert not figures.is_good


def test_a_store_that_comes_back_empty_or_not_at_all_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def empty(server: Server, *_: object) -> None:
        undo(server, "DELETE", "/messages")

    def move_away(_: Server, database: Path, *__: object) -> None:
        database.rename(database.with_suffix(".away"))

    monkeypatch.setattr(cut_off, "OUTAGES", (empty,))
    assert cut_off.run(Budget(FAILSAFE_S, 1), SEED, tmp_path).lost > 0
    monkeypatch.setattr(cut_off, "OUTAGES", (move_away,))
    monkeypatch.setattr(cut_off, "wait_until_ready", partial(recovery.wait_until_ready, longest_s=0))
    database = tmp_path / "cut_off.db"
    database.unlink()
    assert "not ready" in cut_off.run(Budget(FAILSAFE_S, 1), SEED, tmp_path).sentences[0]


def test_a_broken_file_is_noticed(tmp_path: Path) -> None:
    figures = Figures("file")
    with closing(sqlite3.connect(tmp_path / "x.db")) as driver:
        driver.executescript(
            "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a REFERENCES a); INSERT INTO b VALUES (1)"
        )
    crashes.check_file(tmp_path / "x.db", figures)
    assert figures.sentences == ["foreign_key_check of the file: [('b', 1, 'a', 0)]"]


# Answers that nobody may get ------------------------------------------------------------------------------------------

JSON = {"content-type": "application/json", "x-sandbox-exchange": "ex_1"}
XML = {"content-type": "text/xml; charset=UTF-8", "x-sandbox-exchange": "ex_1"}
PROBLEM = {"content-type": "application/problem+json"}
MESSAGE = b'{"message":"x"}'
FAILED = b"<response><result>failed</result></response>"
GET_MESSAGES = b"/ibp_api.php?action=sms.get_messages"
CONTROL = b"/_sandbox/workspaces"
RIGHT = [
    (GOOD_READ, 400, JSON, MESSAGE),
    (GOOD_READ, 200, JSON, b'{"requestId":"x","response":[]}'),
    (GET_MESSAGES, 200, XML, FAILED),
    (CONTROL, 404, PROBLEM, b'{"type":"x","title":"x","status":404,"detail":"x"}'),
    (None, 400, JSON, MESSAGE),
]
WRONG = [
    (GOOD_READ, 404, JSON, b'{"detail":"Not Found"}', Misshapen),
    (None, 404, JSON, b'{"detail":"Not Found"}', Misshapen),
    (GOOD_READ, 400, JSON, b'{"message":"x","more":1}', Misshapen),
    (GOOD_READ, 400, {"content-type": "application/json"}, MESSAGE, Misshapen),
    (GOOD_READ, 400, JSON, b'{"message":', Misshapen),
    (SUBMIT, 400, JSON, MESSAGE, Misshapen),
    (GET_MESSAGES, 200, XML, FAILED[:-1], Misshapen),
    (GET_MESSAGES, 200, XML, FAILED.replace(b"failed", b"failed\x0b"), Misshapen),
    (GET_MESSAGES, 200, JSON, MESSAGE, Misshapen),
    (GET_MESSAGES, 422, XML, FAILED, Misshapen),
    (GET_MESSAGES, 200, XML, FAILED.replace(b"</res", b"<d>by a defect of its own</d></res", 1), Defect),
    (CONTROL, 422, JSON, b'{"detail":[]}', Misshapen),
    (CONTROL, 404, PROBLEM, b'{"detail":"x"}', Misshapen),
    (CONTROL, 200, {"content-type": "text/plain"}, b"Traceback (most recent call last)", Misshapen),
    (GOOD_READ, 500, JSON, MESSAGE, Defect),
    (GOOD_READ, 503, JSON, MESSAGE, Defect),
    (GOOD_READ, 502, JSON, MESSAGE, Defect),
]


@pytest.mark.parametrize(("target", "status", "headers", "body"), RIGHT)
def test_a_right_answer_is_none_of_them(
    target: bytes | None, status: int, headers: dict[str, str], body: bytes
) -> None:
    check(Answer(status, headers, body), target)


@pytest.mark.parametrize(("target", "status", "headers", "body", "error"), WRONG)
def test_a_wrong_answer_is_noticed(
    target: bytes | None, status: int, headers: dict[str, str], body: bytes, error: type[AssertionError]
) -> None:
    with pytest.raises(error):
        check(Answer(status, headers, body), target)


def test_while_the_store_is_out_only_503_is_borne() -> None:
    check(Answer(503, JSON, MESSAGE), GOOD_READ, may_be_out=True)
    check(Answer(200, XML, FAILED), GET_MESSAGES, may_be_out=True)
    for status, body, error in ((500, MESSAGE, Defect), (503, b'{"detail":"x"}', Misshapen)):
        with pytest.raises(error):
            check(Answer(status, JSON, body), GOOD_READ, may_be_out=True)


class Stub(socketserver.ThreadingTCPServer):
    """Answers whatever it gets with the same bytes."""

    daemon_threads = True

    def __init__(self, answer: bytes) -> None:
        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.settimeout(FAILSAFE_S)
                self.request.recv(1 << 20)
                self.request.sendall(answer)

        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()
        return host, port


@contextmanager
def stub(status: str, body: bytes = b'{"detail":"Not Found"}', raw: bytes | None = None) -> Iterator[Stub]:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    with Stub(head + body if raw is None else raw) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    ("status", "raw", "name"),
    [
        ("404 Not Found", None, "misshapen"),
        ("500 Oops", None, "defects"),
        ("", b"oops", "misshapen"),
        ("", b"", "other"),
    ],
)
def test_a_server_that_answers_hostile_inputs_so_is_noticed(status: str, raw: bytes | None, name: str) -> None:
    figures, ways = Figures("hostile inputs"), (WAYS[2], WAYS[4])
    with stub(status, raw=raw) as server:
        hostile.attack(server, Budget(FAILSAFE_S, 10), SEED, figures, ways)
    assert getattr(figures, name) >= 10
    assert figures.inputs == 10
    assert not figures.is_good


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [("200 OK", b'{"x":1}', "nothing is acknowledged at /"), ("404 No", b'{"detail":"Not Found"}', "not in shape at ")],
)
def test_a_server_that_answers_a_load_so_is_noticed(
    status: str, body: bytes, sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torture.figures.FEW", 1_000)
    figures = Figures("load")
    with stub(status, body) as server, Load(cast(Server, server), Ledger(), figures, SEED, count()) as load:
        load.wait_for("answered", 20)
    assert figures.misshapen > 0
    assert figures.acknowledged == 0
    assert [each for each in figures.sentences if each.startswith(sentence)]


# What is ready, and what grows ----------------------------------------------------------------------------------------


def test_who_is_not_ready_after_an_outage_or_is_during_one_is_noticed() -> None:
    figures = Figures("recovery")
    with stub("503 Service Unavailable") as server:
        recovery.expect_not_ready(server, figures)
        assert figures.is_good
        recovery.wait_until_ready(server, figures, 0)
    with stub("200 OK") as server:
        recovery.wait_until_ready(server, figures, 0)
        recovery.expect_not_ready(server, figures)
    assert figures.sentences == [
        "0 s after the outage it is not ready: it answers 503",
        "it does not say that it is without its store: it answers 200",
    ]


@pytest.mark.parametrize(
    ("after", "sentences"),
    [
        (soak.Size(115, 30), []),
        (soak.Size(115.1, 30), ["its memory has grown by 15.1 MB; 15 MB is the most"]),
        (soak.Size(90, 30.1), ["its file has grown by 20.1 MB; 20 MB is the most"]),
    ],
)
def test_what_grows_without_end_is_noticed(after: soak.Size, sentences: list[str]) -> None:
    sizes = iter([soak.Size(100, 10), after])
    figures = Figures("soak", growth=soak.growth_in(lambda _: next(sizes)))
    soak.judge(figures)
    assert figures.sentences == sentences


# What is told ---------------------------------------------------------------------------------------------------------


def parts_that_find(monkeypatch: pytest.MonkeyPatch, *found: Figures | Exception) -> None:
    def run_of(each: Figures | Exception) -> Callable[..., Figures]:
        def run(*_: object) -> Figures:
            if isinstance(each, Exception):
                raise each
            return each

        return run

    parts = [command.Part(f"part {n}", 0.5, run_of(each)) for n, each in enumerate(found)]
    monkeypatch.setattr(command, "PARTS", parts)


GOOD = Figures("good", kills=20, acknowledged=1_500, inputs=9_000, growth=Growth(1.25, -0.5))


def test_the_command_prints_a_table_and_exits_with_0(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts_that_find(monkeypatch, GOOD, Figures("quiet", outages=3))
    assert command.main(["--seed", "7"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[2:5] == [
        "| good | 20 | 0 | 1,500 | 0 | 9,000 | 0 | 0 | 0 | +1.2 MB | -0.5 MB |",
        "| quiet | 0 | 3 | 0 | 0 | 0 | 0 | 0 | 0 |  |  |",
        "| together | 20 | 3 | 1,500 | 0 | 9,000 | 0 | 0 | 0 |  |  |",
    ]
    assert lines[6].startswith("seed 7, ")


@pytest.mark.parametrize("name", ["lost", "defects", "misshapen", "other"])
def test_one_thing_that_is_wrong_is_told_and_exits_with_1(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = Figures("bad")
    bad.count(name, "a sentence")
    parts_that_find(monkeypatch, GOOD, bad)
    assert command.main([]) == 1
    assert capsys.readouterr().out.splitlines()[-1] == "bad: a sentence"


def test_a_part_that_hangs_is_told_with_what_the_others_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts_that_find(monkeypatch, GOOD, command.TooLong(), GOOD)
    assert command.main([]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:5]] == ["good", "part 1", "together"]
    assert lines[-1] == "part 1: it was not over when 300 s had passed since the first part began"


def test_a_server_that_does_not_start_again_is_told_and_exits_with_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    parts_that_find(monkeypatch, Broken("the server did not start: x"), GOOD)
    assert command.main([]) == 1
    assert "part 0: the server did not start: x" in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize("arguments", [["--seconds", "241"], ["--seconds", "0"], ["--write", "--only", "soak"]])
def test_no_run_is_longer_than_five_minutes_and_no_half_one_is_written(arguments: Sequence[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(arguments)
    assert sum(part.share for part in command.PARTS) == pytest.approx(1)
    assert command.SECONDS < command.MOST_SECONDS <= 300


def test_what_a_part_leaves_of_the_seconds_the_others_have(monkeypatch: pytest.MonkeyPatch) -> None:
    had: list[float] = []

    def run(budget: Budget, *_: object) -> Figures:
        had.append(round(budget.seconds, -1))
        return GOOD

    monkeypatch.setattr(
        command, "PARTS", [command.Part(f"part {n}", share, run) for n, share in enumerate((0.25, 0.75))]
    )
    assert command.main(["--seconds", "200"]) == 0
    assert command.main(["--seconds", "200", "--only", "part 1"]) == 0
    assert had == [50, 200, 150]


def test_rounds_are_counted_or_timed_and_there_is_one_at_least() -> None:
    assert [*Budget(FAILSAFE_S, 3)] == [0, 1, 2]
    assert [*Budget(0)] == [0]
    assert [*Budget(FAILSAFE_S, 6).share(1 / 3)] == [0, 1]
    assert [*Budget(FAILSAFE_S, 1).share(1 / 3)] == [0]


# The page -------------------------------------------------------------------------------------------------------------


def test_what_is_written_stands_between_its_marks_and_the_rest_stays(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- torture -->\nold\n<!-- end of torture -->\nb\n")
    report.write([GOOD], "make torture", 12.4, page)
    before, _, rest = page.read_text().partition("<!-- torture -->\n")
    written, _, after = rest.partition("<!-- end of torture -->\n")
    assert (before, after) == ("a\n", "b\n")
    assert ", `make torture`, 12 s. " in written
    assert written.endswith(f"\n\n{report.table([GOOD])}\n")
    with pytest.raises(LookupError, match=r"page\.md has no marks of stalls"):
        pages.write_between_marks(page, "stalls", "x")


def test_the_documentation_has_the_figures_of_a_run_in_which_nothing_was_wrong() -> None:
    text = report.PAGE.read_text()
    begin, end = pages.marks(report.NAME)
    written = text.partition(begin)[2].partition(end)[0]
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in written.splitlines() if line.startswith("| ")
    ]
    assert rows[0] == list(report.HEADER)
    assert [row[0] for row in rows[2:]] == [*(part.name for part in command.PARTS), "together"]
    for column in ("lost", "500s", "not vendor-shaped", "other faults"):
        assert {row[report.HEADER.index(column)] for row in rows[2:]} == {"0"}
    assert "`make torture ARGS=" in written
