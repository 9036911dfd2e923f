"""What goes by itself: messages and callbacks that are too many or too old by the wall, a few at a time."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from driver import CONSOLE, DEFAULT, PHONE, STRANGER, Driver
from spaces import PATH, control, create, rows
from sqlalchemy import select

from sandbox.clock import DAY, MINUTE, NEVER, SECOND
from sandbox.server.upkeep import LOOK_EVERY
from sandbox.store import Query, Tx
from sandbox.store.tables import AGE_MARKS, AgeMarkRow
from sandbox.world.retention import BATCH_SIZE

OpenDriver = Callable[..., Driver]
A_DAY_S = DAY / SECOND


async def _turns(sandbox: Driver) -> None:
    """Let the ticker do all that it has to do now."""
    ticker, is_idle = sandbox.app.ticker, False
    ticker.start()
    for _ in range(1000):
        turned = ticker._turned
        ticker._run_soon()
        await turned.wait()
        was_idle, is_idle = is_idle, ticker._upkeep.next_wall > sandbox.wall.at
        if was_idle and is_idle:  # once alone may be while a step is under way
            return
    raise AssertionError("there is always more to do")


def pass_time(sandbox: Driver, seconds: float = LOOK_EVERY / SECOND) -> None:
    """So much wall time, and what is done by itself in the end of it."""
    sandbox.wall.advance(seconds)
    sandbox.run(_turns(sandbox))


def opened(open_driver: OpenDriver, **settings: Any) -> Driver:
    """A sandbox that has looked once for what is to go."""
    sandbox = open_driver(**settings)
    pass_time(sandbox)
    return sandbox


def pass_days(sandbox: Driver, days: int) -> None:
    for _ in range(days):
        pass_time(sandbox, A_DAY_S)


def texts(sandbox: Driver, path: str = DEFAULT) -> list[str]:
    return [each["text"] for each in sandbox.call("GET", f"{path}/messages").json()["items"]]


def broadcast(sandbox: Driver, count: int, text: str = "Flu shots") -> Any:
    return sandbox.broadcast(text, to=[f"1415556{n:04d}" for n in range(count)])


def marks(sandbox: Driver) -> list[tuple[str, int]]:
    found = sandbox.app.store.read_now(lambda tx: tx.all(Query(AgeMarkRow, select(AGE_MARKS))))
    return [(each.kind, each.n) for each in found]


# Messages ------------------------------------------------------------------------------------------------------------


def test_nothing_goes_and_no_timer_is_set_unless_it_was_asked_for(sandbox: Driver) -> None:
    sandbox.send("Old")
    pass_days(sandbox, 400)
    assert texts(sandbox) == ["Old"]
    assert marks(sandbox) == []
    assert sandbox.app.ticker._upkeep.next_wall == NEVER


def test_only_the_last_messages_are_kept(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_messages=3)
    for n in range(5):
        sandbox.send(str(n))
    assert texts(sandbox) == ["0", "1", "2", "3", "4"]
    pass_time(sandbox)
    assert texts(sandbox) == ["2", "3", "4"]
    sandbox.send("5")
    pass_time(sandbox)
    assert texts(sandbox) == ["3", "4", "5"]


def test_each_workspace_keeps_its_own_last_ones_and_snapshots_keep_all(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_messages=1)
    for n in range(3):
        sandbox.send(str(n))
    sandbox.control("PUT", "/snapshots/all")
    other = create(sandbox, fixture=sandbox.settings.fixture)
    control(sandbox, other, "POST", "/messages", {"console": CONSOLE, "to": PHONE, "text": "Theirs"})
    pass_time(sandbox)
    assert (texts(sandbox), texts(sandbox, f"{PATH}/{other['id']}")) == (["2"], ["Theirs"])
    sandbox.control("POST", "/snapshots/all/restore")
    assert texts(sandbox) == ["0", "1", "2"]
    pass_time(sandbox)
    assert texts(sandbox) == ["2"]


@pytest.mark.inline
def test_they_go_a_few_at_a_time(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_messages=10)
    broadcast(sandbox, 2 * BATCH_SIZE + 50)
    left: list[int] = []

    def note(tx: Tx) -> None:
        if tx.deleted:
            left.append(tx.deleted)

    sandbox.app.store.after_commit.append(note)
    pass_time(sandbox)
    assert left == [BATCH_SIZE, BATCH_SIZE, 40]
    assert len(texts(sandbox)) == 10


def test_messages_go_when_they_came_too_many_days_ago(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_messages_days=3)
    sandbox.send("First")
    pass_time(sandbox)
    pass_days(sandbox, 1)
    sandbox.send("Second")
    pass_time(sandbox)
    pass_days(sandbox, 1)
    assert texts(sandbox) == ["First", "Second"]
    pass_days(sandbox, 1)
    assert texts(sandbox) == ["Second"]
    pass_days(sandbox, 1)
    assert texts(sandbox) == []


def test_a_day_is_one_of_the_wall_whatever_the_clock_of_the_workspace_reads(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_messages_days=2)
    sandbox.send("Long ago")
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 1000 * A_DAY_S})
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.send("A thousand days later")
    pass_days(sandbox, 1)
    assert texts(sandbox) == ["Long ago", "A thousand days later"]
    pass_days(sandbox, 2)
    assert texts(sandbox) == []


def test_what_was_seeded_or_restored_is_as_old_as_that(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, fixture="clinic", keep_messages_days=3)
    history = texts(sandbox)
    sandbox.control("PUT", "/snapshots/first")
    pass_days(sandbox, 2)
    for again in ("/reset", "/snapshots/first/restore"):
        sandbox.control("POST", again)
        pass_days(sandbox, 2)
        assert texts(sandbox) == history != []
        pass_days(sandbox, 2)
        assert texts(sandbox) == []


def test_a_restart_makes_nothing_younger(open_driver: OpenDriver, tmp_path: Path) -> None:
    sandbox = opened(open_driver, database=str(tmp_path / "kept.db"), keep_messages_days=3)
    sandbox.send("First")
    for _ in range(4):
        pass_days(sandbox, 1)
        sandbox.restart()
    pass_time(sandbox)
    assert texts(sandbox) == []


def test_few_marks_are_kept_however_long_it_goes(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_messages_days=1)
    for _ in range(150):
        sandbox.send("One more")
        pass_time(sandbox, 1000)
    assert 80 <= len(marks(sandbox)) <= 90
    assert 80 <= len(texts(sandbox)) <= 90
    assert {kind for kind, _ in marks(sandbox)} == {"message"}


def test_what_hangs_on_a_message_goes_with_it(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_messages=1)
    sandbox.delivery("timed")
    before = rows(sandbox)
    sink = sandbox.control("PUT", "/sinks/mine", {})["url"]
    sid = sandbox.sid(callback=sink)
    sandbox.status(sid, "undelivered", force=True)
    sandbox.reply(sid, "Thanks")
    kept = sandbox.send("Kept", to=STRANGER)
    pass_time(sandbox)
    assert texts(sandbox) == ["Kept"]
    after = rows(sandbox)
    gone = ("step", "callback", "attempt")
    assert [after[name] for name in gone] == [before[name] for name in gone]
    assert (after["message"], after["vendor_id"]) == (before["message"] + 1, before["vendor_id"] + len(kept["ids"]) - 1)
    assert sandbox.details(sid)["status"] == "UNKNOWN"
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 600})


def test_pages_go_on_behind_a_message_that_is_gone(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_messages=3)
    for n in range(4):
        sandbox.send(str(n))
    page = sandbox.call("GET", f"{DEFAULT}/messages", params={"limit": "2"}).json()
    for n in range(4, 6):
        sandbox.send(str(n))
    pass_time(sandbox)
    rest = sandbox.call("GET", f"{DEFAULT}/messages", params={"after": page["next"]}).json()
    assert [each["text"] for each in rest["items"]] == ["3", "4", "5"]


def test_events_go_on_behind_a_message_that_is_gone(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_messages=1)
    cursor = sandbox.call("HEAD", f"{DEFAULT}/events").headers["last-event-id"]
    sandbox.send("Gone")
    sandbox.send("Kept")
    pass_time(sandbox)
    events = sandbox.call("GET", f"{DEFAULT}/events", params={"last_event_id": cursor, "limit": "1"}).text
    assert '"text":"Kept"' in events
    assert "Gone" not in events


# Callbacks -----------------------------------------------------------------------------------------------------------


def called_back(sandbox: Driver) -> list[str]:
    """The messages of which callbacks are listed, each once."""
    listed = sandbox.control("GET", "/callbacks")["items"]
    return list(dict.fromkeys(each["message"] for each in listed))


def submitted(sandbox: Driver) -> str:
    """A message whose callbacks were delivered."""
    sink = sandbox.control("PUT", "/sinks/mine", {})["url"]
    return str(sandbox.message(sandbox.sid(callback=sink))["id"])


def test_only_the_last_callbacks_are_kept_and_their_messages_stay(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_callbacks=2)
    ids = [submitted(sandbox) for _ in range(3)]  # each has two
    assert called_back(sandbox) == ids
    pass_time(sandbox)
    assert called_back(sandbox) == ids[-1:]
    assert sandbox.message(ids[0])["callbacks"] == []
    assert len(texts(sandbox)) == 3
    sandbox.status(ids[0], "undelivered", force=True)
    assert [each["status"] for each in sandbox.message(ids[0])["callbacks"]] == ["undelivered"]


def test_callbacks_go_when_their_message_came_too_many_days_ago(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_callbacks_days=2)
    first = submitted(sandbox)
    pass_days(sandbox, 1)
    second = submitted(sandbox)
    assert called_back(sandbox) == [first, second]
    pass_days(sandbox, 2)
    assert called_back(sandbox) == [second]
    pass_days(sandbox, 1)
    assert (called_back(sandbox), len(texts(sandbox))) == ([], 2)


def test_callbacks_that_are_still_to_be_sent_stay(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_callbacks=1)
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.delivery("timed", sent_after=60, settled_after=120)
    first, second = submitted(sandbox), submitted(sandbox)
    pass_time(sandbox)
    moved = sandbox.control("POST", "/clock", {"action": "advance", "seconds": 600, "settle": 60})
    assert moved["settled"]
    assert len(sandbox.control("GET", "/sinks/mine")["received"]) == 4
    assert called_back(sandbox) == [first, second]
    pass_time(sandbox)
    assert called_back(sandbox) == [second]


def test_one_that_is_lost_is_told_before_it_goes(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_callbacks=1)
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.delivery("timed", sent_after=60, settled_after=120)
    sandbox.control("PUT", "/callbacks/profile", {"lose": 1.0})
    cursor = sandbox.call("HEAD", f"{DEFAULT}/events").headers["last-event-id"]
    submitted(sandbox)
    pass_time(sandbox)
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 600})
    events = sandbox.call("GET", f"{DEFAULT}/events", params={"last_event_id": cursor, "limit": "7"}).text
    assert events.count("event: callback") == 2
    pass_time(sandbox)
    assert len(sandbox.control("GET", "/callbacks")["items"]) == 1


# Exchanges -----------------------------------------------------------------------------------------------------------


def test_a_journal_whose_limit_was_lowered_shrinks_a_few_at_a_time(
    open_driver: OpenDriver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sandbox.server.journal.queries.BATCH_SIZE", 5)
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    for _ in range(40):
        sandbox.records()
    sandbox.settings = sandbox.settings.model_copy(update={"journal_limit": 3})
    sandbox.restart()
    left: list[int] = []
    while not left or left[-1] > 3:
        sandbox.records()
        left.append(len(sandbox.control("GET", "/journal")["items"]))
        assert len(left) < 10
    assert left == [30, 20, 10, 3]


# When ----------------------------------------------------------------------------------------------------------------


@pytest.mark.inline
def test_it_is_looked_for_once_a_minute(open_driver: OpenDriver) -> None:
    sandbox = opened(open_driver, keep_messages=1)
    sandbox.send()
    assert sandbox.app.ticker.wakes_at == sandbox.wall.at + MINUTE
    sandbox.send()
    sandbox.send()
    sandbox.wall.advance(59)
    sandbox.control("GET", "/clock")
    assert len(texts(sandbox)) == 3
    pass_time(sandbox, 1)
    assert len(texts(sandbox)) == 1


def test_what_goes_wrong_is_told_and_tried_again(
    open_driver: OpenDriver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox = opened(open_driver, keep_messages=1)
    sandbox.send()
    sandbox.send()
    with monkeypatch.context() as broken:
        broken.setattr("sandbox.world.limits.note_removed", lambda *_, **__: 1 / 0)
        pass_time(sandbox)
    assert "What is old could not be removed; it is tried again." in caplog.text
    assert len(texts(sandbox)) == 2
    sandbox.inbound("The callers notice nothing", at="2026-05-06T09:02:00Z")
    pass_time(sandbox)
    assert len(texts(sandbox)) == 1


def test_two_servers_of_one_database_take_nothing_twice(open_driver: OpenDriver, tmp_path: Path) -> None:
    path = str(tmp_path / "shared.db")
    first = open_driver(database=path, keep_messages=2, keep_messages_days=2)
    second = open_driver(first.wall, database=path, keep_messages=2, keep_messages_days=2)
    for n in range(6):
        first.send(str(n))
    first.wall.advance(60)
    first.run(_turns(first))
    second.run(_turns(second))
    assert texts(second) == ["4", "5"]
    assert second.call("GET", f"{DEFAULT}/limits").json()["messages"]["used"] == 2
