"""What is done when, and who is sent what first: no timer without need, and nobody waits for another's receiver."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from counter import Counts, counted
from driver import CONSOLE, DEFAULT, DEMO, LINE, PHONE, SIMPLEPAY, START, STRANGER, Driver, Wall
from spaces import PATH, control, create
from sqlalchemy import select, update

from sandbox.clock import HOUR, MINUTE, NEVER, SECOND
from sandbox.server.callback_scheduler import PER_RECEIVER, CallbackScheduler, QueuedCallback
from sandbox.server.callback_sender import CallbackSender
from sandbox.server.http_client import HttpClient
from sandbox.server.origins import OwnNames
from sandbox.server.targets import TargetPolicy
from sandbox.server.ticker import LOOK_EVERY, Ticker
from sandbox.server.visit import LEASE
from sandbox.settings import Settings
from sandbox.store import Store, StoreUnavailable, Tx
from sandbox.store.tables import CALLBACKS, SCHEDULED
from sandbox.vendors import VENDORS
from sandbox.world import sinks
from sandbox.world.callbacks import attempts, claims
from sandbox.world.clock_moves import move_clock
from sandbox.world.commands import execute, send
from sandbox.world.messages.search import MessageFilters, list_messages
from sandbox.world.workspaces import find

pytestmark = pytest.mark.usefixtures("untimed")

SLOW, OTHER = "http://slow.example:9000/x", "http://other.example/y"
PATIENT_S = 60
"""Nothing waits for it to pass; a wait that hangs ends with it."""


# Who is sent what first ----------------------------------------------------------------------------------------------


def callbacks(url: str, count: int, workspace_id: int = 1, epoch: int = 0) -> list[QueuedCallback]:
    return [QueuedCallback(workspace_id, epoch, n, url) for n in range(count)]


class Hanging:
    """Attempts that end when they are let go, if they go to the slow one."""

    def __init__(self) -> None:
        self.begun: list[QueuedCallback] = []
        self.ended = 0
        self.gate = asyncio.Event()

    async def attempt(self, callback: QueuedCallback) -> None:
        self.begun.append(callback)
        if callback.url == SLOW:
            await self.gate.wait()

    def end(self) -> None:
        self.ended += 1

    def scheduler(self, rate: int, *queued: QueuedCallback) -> CallbackScheduler:
        made = CallbackScheduler(self.attempt, self.end, rate=rate)
        for callback in queued:
            made.put(callback)
        return made


async def let_others_go_on() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def test_a_slow_receiver_holds_up_nobody_else() -> None:
    async def play() -> None:
        hanging = Hanging()
        scheduler = hanging.scheduler(100_000, *callbacks(SLOW, 20_000), *callbacks(OTHER, 100, workspace_id=2))
        scheduler.start()
        while len(hanging.begun) < PER_RECEIVER + 100:
            await let_others_go_on()
        assert Counter(each.url for each in hanging.begun) == {SLOW: PER_RECEIVER, OTHER: 100}
        assert (scheduler.in_hand(1), scheduler.in_hand(2)) == (20_000, 0)
        scheduler.close()
        await let_others_go_on()

    asyncio.run(play())


def test_one_receiver_is_one_whatever_is_written_before_and_after_it() -> None:
    urls = ("http://slow.example/x", "http://a:b@slow.example/y?z", "http://SLOW.example#f", "https://slow.example")
    assert {QueuedCallback(1, 0, 1, url).receiver for url in urls} == {"slow.example"}
    assert QueuedCallback(1, 0, 1, SLOW).receiver == "slow.example:9000"


def test_what_is_no_url_is_a_receiver_of_its_own() -> None:
    assert QueuedCallback(1, 0, 1, "http://[127.0.0.1:9/cb").receiver == "http://[127.0.0.1:9/cb"


def test_receivers_are_served_by_turns() -> None:
    async def play() -> None:
        hanging = Hanging()
        scheduler = hanging.scheduler(6, *callbacks(SLOW, 100), *callbacks(OTHER, 100, workspace_id=2))
        scheduler.start()
        await let_others_go_on()
        assert [each.url for each in hanging.begun] == [SLOW, OTHER] * 3
        scheduler.close()
        await let_others_go_on()

    asyncio.run(play())


def test_no_more_attempts_begin_in_a_second_than_the_rate_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def play() -> None:
        now = 1000.0
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: now)
        hanging = Hanging()
        hanging.scheduler(5, *callbacks(OTHER, 12)).start()
        begun = []
        for _ in range(5):
            await let_others_go_on()
            begun.append(len(hanging.begun))
            now += 0.5
        assert begun == [5, 5, 10, 10, 12]

    asyncio.run(play())


def test_what_is_dropped_is_broken_off_and_the_others_go_on() -> None:
    async def play() -> None:
        hanging = Hanging()
        scheduler = hanging.scheduler(1000, *callbacks(SLOW, 20, workspace_id=1), *callbacks(SLOW, 3, workspace_id=2))
        scheduler.start()
        await let_others_go_on()
        scheduler.drop(1)
        await let_others_go_on()
        assert (scheduler.in_hand(1), scheduler.in_hand(2), hanging.ended) == (0, 3, PER_RECEIVER)
        hanging.gate.set()
        await let_others_go_on()
        assert [each.workspace_id for each in hanging.begun] == [1] * PER_RECEIVER + [2] * 3
        assert not scheduler.is_busy

    asyncio.run(play())


def test_what_comes_after_a_drop_is_another_one_though_it_has_the_same_number() -> None:
    """The attempts that are broken off end when the next ones are there already."""

    async def play() -> None:
        hanging = Hanging()
        scheduler = hanging.scheduler(1000, *callbacks(SLOW, 3))
        scheduler.start()
        await let_others_go_on()
        scheduler.drop(1)
        for callback in callbacks(SLOW, 3, epoch=1):
            scheduler.put(callback)
        scheduler.start()
        await let_others_go_on()
        assert scheduler.in_hand(1) == 3
        assert [each.epoch for each in hanging.begun] == [0] * 3 + [1] * 3
        hanging.gate.set()
        await let_others_go_on()
        assert scheduler.in_hand(1) == 0

    asyncio.run(play())


def test_what_is_claimed_again_while_its_last_attempt_ends_is_sent_again() -> None:
    async def play() -> None:
        hanging = Hanging()
        scheduler = hanging.scheduler(1000, *callbacks(SLOW, 1))
        scheduler.start()
        await let_others_go_on()
        hanging.gate.set()
        scheduler.put(*callbacks(SLOW, 1))
        scheduler.start()
        await let_others_go_on()
        assert (len(hanging.begun), scheduler.in_hand(1)) == (2, 0)

    asyncio.run(play())


def test_an_attempt_that_fails_by_a_defect_is_logged_and_lets_the_next_go(caplog: pytest.LogCaptureFixture) -> None:
    async def play() -> None:
        begun = []

        async def attempt(callback: QueuedCallback) -> None:
            begun.append(callback.id)
            raise ZeroDivisionError

        scheduler = CallbackScheduler(attempt, lambda: None, rate=1000)
        for callback in callbacks(OTHER, PER_RECEIVER + 1):
            scheduler.put(callback)
        scheduler.start()
        await let_others_go_on()
        assert begun == list(range(PER_RECEIVER + 1))

    asyncio.run(play())
    assert "A callback could not be sent." in caplog.text


# When it wakes -------------------------------------------------------------------------------------------------------


async def settle(sandbox: Driver) -> None:
    """Lets the ticker do what is due, and go to sleep."""
    assert await sandbox.app.ticker.settled(1, PATIENT_S)
    await let_others_go_on()


def wakes_at(sandbox: Driver) -> int:
    sandbox.run(settle(sandbox))
    return int(sandbox.app.ticker.wakes_at)


@pytest.mark.sqlite
def test_no_timer_is_set_while_nothing_is_due(sandbox: Driver) -> None:
    sandbox.sid()
    sandbox.records()
    sandbox.send()
    assert wakes_at(sandbox) == NEVER


@pytest.mark.inline
def test_no_timer_is_set_for_a_clock_that_stands(sandbox: Driver) -> None:
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.inbound("Hello", phone=STRANGER, at="2026-05-06T09:10:00Z")
    assert wakes_at(sandbox) == NEVER
    sandbox.control("POST", "/clock", {"action": "run"})
    assert wakes_at(sandbox) == START + 10 * MINUTE
    sandbox.control("POST", "/clock", {"action": "freeze"})
    assert wakes_at(sandbox) == NEVER


@pytest.mark.sqlite
def test_one_timer_is_set_for_what_comes_first(sandbox: Driver) -> None:
    sandbox.inbound("Late", phone=STRANGER, at="2026-05-06T10:00:00Z")
    assert wakes_at(sandbox) == START + 60 * MINUTE
    sandbox.inbound("Soon", phone=STRANGER, at="2026-05-06T09:30:00Z")
    assert wakes_at(sandbox) == START + 30 * MINUTE
    sandbox.wall.advance(1800)
    sandbox.control("GET", "/clock")
    assert wakes_at(sandbox) == START + 60 * MINUTE
    sandbox.wall.advance(1800)
    sandbox.control("GET", "/clock")
    assert wakes_at(sandbox) == NEVER


@pytest.mark.sqlite
def test_what_is_sent_keeps_no_timer(sandbox: Driver) -> None:
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    sandbox.sid(callback=url)
    assert wakes_at(sandbox) == NEVER
    assert len(sandbox.control("GET", "/sinks/mine")["received"]) == 2


@pytest.mark.sqlite
def test_what_comes_later_than_what_is_known_asks_the_store_nothing(sandbox: Driver) -> None:
    sandbox.delivery("timed")
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    sandbox.sid(callback=url)
    sandbox.run(settle(sandbox))
    with counted(sandbox.app.store) as asked:
        for _ in range(50):
            sandbox.sid(callback=url)
    assert not [text for text in asked.texts if "min(callback.next_at)" in text]
    sandbox.wall.advance(1)
    with counted(sandbox.app.store) as asked:
        sandbox.sid(callback=url)
    assert [text for text in asked.texts if "min(callback.next_at)" in text]


@pytest.mark.inline
def test_it_wakes_when_something_falls_due(open_driver: Callable[..., Driver]) -> None:
    class Ticking(Wall):
        """Goes on by itself from when it is started."""

        started: float | None = None

        def __call__(self) -> int:
            since = 0.0 if self.started is None else asyncio.get_running_loop().time() - self.started
            return self.at + int(since * 1000)

    wall = Ticking()
    sandbox = open_driver(wall=wall)

    def in_a_moment(tx: Tx) -> None:
        tx.enter(find.find_workspace(tx, "default"))
        execute(tx, send, tx.now + 30, line=LINE, to=STRANGER, text="Hello")

    async def play() -> None:
        wall.started = asyncio.get_running_loop().time()
        sandbox.app.ticker.start()
        await sandbox.app.store.write(in_a_moment)
        while not sandbox.app.store.read_now(texts):
            await asyncio.sleep(0.001)

    sandbox.run(asyncio.wait_for(play(), PATIENT_S))
    wall.at, wall.started = START + SECOND, None
    (sent,) = sandbox.control("GET", "/messages")["items"]
    assert sent["timeline"][0]["at"] == "2026-05-06T09:00:00.030Z"


def texts(tx: Tx) -> list[str]:
    tx.enter(find.find_workspace(tx, "default"))
    return [message.text for message in list_messages(tx, MessageFilters(), after=0, limit=100)]


def test_what_is_due_all_at_once_is_claimed_in_portions(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    claimed = []
    claim = claims.claim

    def noting(*args: Any) -> Any:
        found = claim(*args)
        claimed.append(len(found))
        return found

    monkeypatch.setattr(claims, "claim", noting)
    monkeypatch.setattr("sandbox.server.visit.BATCH_SIZE", 5)
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.delivery("timed", outcome="rejected", sent_after=1, settled_after=1)
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    for _ in range(12):
        sandbox.sid(callback=url)
    turned = sandbox.control("POST", "/clock", {"action": "advance", "seconds": 1, "settle": PATIENT_S})
    assert turned["settled"] is True
    assert max(claimed) == 5
    assert sum(claimed) == 24


def cost_of_attempts(sandbox: Driver, messages: int) -> Counts:
    """What the store is asked while so many messages are told of twice."""
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.delivery("timed")
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    for _ in range(messages):
        sandbox.sid(callback=url)
    with counted(sandbox.app.store) as asked:
        turned = sandbox.control("POST", "/clock", {"action": "advance", "seconds": 3, "settle": PATIENT_S})
    assert turned["settled"] is True
    assert {len(each["attempts"]) for each in sandbox.control("GET", "/callbacks?limit=1000")["items"]} == {1}
    return asked


@pytest.mark.sqlite
def test_attempts_cost_as_much_as_there_are(open_driver: Callable[..., Driver]) -> None:
    few, many = (cost_of_attempts(open_driver(callback_rate=10_000), messages) for messages in (50, 200))
    assert many.statements < 4.1 * few.statements
    assert many.steps < 8 * few.steps  # half of what it were if each attempt looked through all of them


@pytest.mark.sqlite
def test_the_clock_of_a_workspace_that_is_gone_wakes_nobody(sandbox: Driver) -> None:
    made = create(sandbox)
    text = {"from": STRANGER, "to": made["consoles"][0]["line"], "text": "Late", "at": "2026-05-06T10:00:00Z"}
    control(sandbox, made, "POST", "/inbound", text)
    assert wakes_at(sandbox) == START + 60 * MINUTE
    assert sandbox.call("DELETE", f"{PATH}/{made['id']}").status_code == 204
    assert wakes_at(sandbox) == NEVER


def test_what_many_wait_for_at_once_is_noticed_by_all(sandbox: Driver) -> None:
    sandbox.control("POST", "/clock", {"action": "freeze"})
    url = sandbox.control("PUT", "/sinks/mine", {"delay": 0.05})["url"]
    sandbox.sid(callback=url)

    async def wait() -> list[bool]:
        return await asyncio.gather(*(sandbox.app.ticker.settled(1, PATIENT_S) for _ in range(20)))

    assert sandbox.run(wait()) == [True] * 20


def test_a_wait_that_is_given_up_breaks_nothing_off(sandbox: Driver) -> None:
    sandbox.control("POST", "/clock", {"action": "freeze"})
    url = sandbox.control("PUT", "/sinks/mine", {"delay": 0.05})["url"]
    sandbox.sid(callback=url)
    assert sandbox.run(sandbox.app.ticker.settled(1, 0)) is False
    assert sandbox.run(sandbox.app.ticker.settled(1, PATIENT_S)) is True
    assert len(sandbox.control("GET", "/sinks/mine")["received"]) == 2


# What goes wrong -----------------------------------------------------------------------------------------------------


@pytest.mark.inline
def test_a_workspace_where_nothing_can_be_done_holds_up_no_other_one(
    sandbox: Driver, caplog: pytest.LogCaptureFixture
) -> None:
    other = create(sandbox)
    late = {"from": STRANGER, "text": "Late", "at": "2026-05-06T10:00:00Z"}
    sandbox.control("POST", "/inbound", {**late, "to": LINE})
    control(sandbox, other, "POST", "/inbound", {**late, "to": other["consoles"][0]["line"]})
    explode = update(SCHEDULED).where(SCHEDULED.c.workspace_id == 1).values(command="explode")
    sandbox.app.store.write_now(lambda tx: tx.execute(explode))
    sandbox.wall.advance(3600)
    sandbox.run(settle_all(sandbox))
    assert caplog.text.count("What is due in the workspace 1 could not be done.") == 1
    assert sandbox.app.ticker.wakes_at == NEVER
    with counted(sandbox.app.store) as asked:
        assert control(sandbox, other, "GET", "/messages?text=Late")["items"]
    assert not [text for text in asked.texts if text.startswith("INSERT")]  # it was there before the call


async def settle_all(sandbox: Driver) -> None:
    """As when a call comes to whatever workspace."""
    await sandbox.client.get("/_sandbox/health/live")
    await let_others_go_on()


@contextmanager
def failing_once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, error: Exception) -> Iterator[None]:
    """In it the first call of that function fails."""
    failures = iter([error])
    answering = getattr(owner, name)

    def failing(*args: Any, **options: Any) -> Any:
        for failure in failures:
            raise failure
        return answering(*args, **options)

    monkeypatch.setattr(owner, name, failing)
    yield
    assert next(failures, None) is None, "it was not called"


def callback_states(sandbox: Driver) -> list[tuple[str, str, int]]:
    listed = sandbox.control("GET", "/callbacks")["items"]
    return [(each["status"], each["state"], len(each["attempts"])) for each in listed]


@pytest.mark.parametrize("name", ["by_token", "receive"])
def test_a_sink_of_a_store_that_fails_once_is_told_when_it_answers_again(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    sandbox.delivery("timed")
    sandbox.control("POST", "/clock", {"action": "freeze"})
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    monkeypatch.setattr("sandbox.server.callback_sender.STORE_RETRY_S", 0.01)
    sandbox.sid(callback=url)
    with failing_once(monkeypatch, sinks, name, StoreUnavailable("database is locked")):
        turned = sandbox.control("POST", "/clock", {"action": "advance", "seconds": 3, "settle": PATIENT_S})
    assert turned["settled"] is True
    assert callback_states(sandbox) == [("sent", "delivered", 1), ("delivered", "delivered", 1)]
    assert len(sandbox.control("GET", "/sinks/mine")["received"]) == 2


@pytest.mark.parametrize("error", [StoreUnavailable("disk I/O error"), ZeroDivisionError()], ids=["store", "defect"])
@pytest.mark.sqlite
def test_the_task_outlives_whatever_fails(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, error: Exception
) -> None:
    monkeypatch.setattr("sandbox.server.ticker.STORE_RETRY_S", 0.01)
    with failing_once(monkeypatch, find, "by_id", error):
        sandbox.inbound("Late", phone=STRANGER, at="2026-05-06T10:00:00Z")
        sandbox.run(asyncio.sleep(0.02))
    sandbox.inbound("Soon", phone=STRANGER, at="2026-05-06T09:30:00Z")
    assert wakes_at(sandbox) == START + 30 * MINUTE
    assert len(caplog.records) == 1


def test_a_callback_that_cannot_be_made_is_given_up_with_the_reason(
    sandbox: Driver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.control("POST", "/clock", {"action": "freeze"})
    url = sandbox.control("PUT", "/sinks/mine", {})["url"]
    monkeypatch.setattr("sandbox.server.callback_sender.urlencode", lambda _: 1 / 0)
    sandbox.sid(callback=url)
    turned = sandbox.control("POST", "/clock", {"action": "advance", "seconds": 0, "settle": PATIENT_S})
    assert turned["settled"] is True
    first, _ = sandbox.control("GET", "/callbacks")["items"]
    assert (first["state"], first["reason"]) == (
        "given_up",
        "it could not be made: ZeroDivisionError: division by zero",
    )
    assert "A callback could not be made." in caplog.text


# Several processes, and one that is killed ---------------------------------------------------------------------------


class Process:
    """A store, a sender and a ticker of its own on a file that others have open too; its sinks hang while they are
    told to.
    """

    def __init__(self, database: str, wall: Wall, owner: str) -> None:
        formats = [each for vendor in VENDORS for each in vendor.id_formats]
        self.store = Store(database, wall, formats)
        client = HttpClient(TargetPolicy((), bound_to_loopback=True), timeout_s=PATIENT_S)
        vendors = {vendor.name: vendor for vendor in VENDORS}
        sender = CallbackSender(self.store, client, vendors, OwnNames(Settings()), owner=owner, rate=1000)
        self.ticker = Ticker(self.store, sender)

    async def look(self) -> None:
        """Have the ticker do what is due by now, and go to sleep."""
        self.ticker.start()
        for _ in range(2):  # the first one that ends may have begun before now
            turned = self.ticker._turned
            self.ticker._run_soon()
            await asyncio.wait_for(turned.wait(), PATIENT_S)
        await let_others_go_on()

    def claims(self) -> list[tuple[str, str | None]]:
        """Each callback's state, and whose claim it is."""
        columns = select(CALLBACKS.c.state, CALLBACKS.c.claimed_by).order_by(CALLBACKS.c.id)
        return self.store.read_now(lambda tx: [tuple(row) for row in tx.connection.execute(columns)])

    def kill(self) -> None:
        """As when the process is killed: nothing is written any more."""
        self.ticker._is_closed = True
        self.ticker._scheduler.close()
        if self.ticker._task is not None:
            self.ticker._task.cancel()

    def close(self) -> None:
        self.ticker.close()
        self.store.close()


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def shared(
    open_driver: Callable[..., Driver], database_for: Callable[[str | None], str | None], tmp_path: Path, wall: Wall
) -> Iterator[Callable[[str], Process]]:
    """Opens processes on one database, in which a callback to a sink that hangs is due."""
    path = str(tmp_path / "shared.db")
    sandbox = open_driver(wall, database=path)
    database = str(database_for(path))
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.delivery("timed", sent_after=1, settled_after=3600)
    url = sandbox.control("PUT", "/sinks/mine", {"delay": 60})["url"]
    sandbox.sid(callback=url)
    sandbox.run(settle(sandbox))
    sandbox.app.ticker.close()  # so that it claims nothing
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 1})
    opened: list[Process] = []

    def open_one(owner: str) -> Process:
        process = Process(database, wall, owner)
        opened.append(process)
        return process

    yield open_one
    for process in opened:
        process.close()


def test_a_live_claim_is_nobody_elses_however_long_the_attempt_lasts(
    shared: Callable[[str], Process], wall: Wall
) -> None:
    async def play() -> None:
        first, second = shared("first"), shared("second")
        await first.look()
        assert first.claims() == [("sending", "first"), ("waiting", None)]
        for _ in range(10):
            await second.look()
            wall.at += LEASE // 2
            await first.look()
            wall.at += LEASE // 4
        assert second.claims() == [("sending", "first"), ("waiting", None)]
        assert not await second.ticker.settled(1, 0)

    asyncio.run(play())


def test_the_claim_of_a_killed_process_is_taken_over_when_its_lease_is_over(
    shared: Callable[[str], Process], wall: Wall
) -> None:
    async def play() -> None:
        first, second = shared("first"), shared("second")
        await first.look()
        await second.look()
        first.kill()
        wall.at += LEASE - 1
        await second.look()
        assert second.claims() == [("sending", "first"), ("waiting", None)]
        wall.at += LOOK_EVERY
        await second.look()
        assert second.claims() == [("sending", "second"), ("waiting", None)]

    asyncio.run(play())


def test_a_killed_process_is_replaced_within_five_seconds_by_one_that_looks_when_its_leases_end(
    shared: Callable[[str], Process], wall: Wall
) -> None:
    async def play() -> None:
        first, second = shared("first"), shared("second")
        await first.look()
        wall.at += 700
        await second.look()
        wall.at += LEASE // 2 - 700
        await first.look()  # which renews it
        first.kill()
        killed_at = wall.at
        while second.claims()[0] != ("sending", "second"):
            assert second.ticker.wakes_at < NEVER
            wall.at = max(wall.at, second.ticker.wakes_at)
            await second.look()
        assert killed_at < wall.at <= killed_at + LEASE + 1

    asyncio.run(play())


def test_a_claim_from_before_the_machines_clock_stepped_back_is_over_no_later(
    shared: Callable[[str], Process], wall: Wall
) -> None:
    async def play() -> None:
        first, second = shared("first"), shared("second")
        await second.look()
        wall.at += HOUR
        await first.look()
        assert first.claims() == [("sending", "first"), ("waiting", None)]
        first.kill()
        wall.at -= HOUR
        for _ in range(3):  # it learns of the later time with its next look, and then the lease has its time
            wall.at += LOOK_EVERY
            await second.look()
        assert second.claims() == [("sending", "second"), ("waiting", None)]

    asyncio.run(play())


def test_a_step_back_of_the_machines_clock_takes_no_live_claim_away(
    shared: Callable[[str], Process], wall: Wall
) -> None:
    async def play() -> None:
        first, second = shared("first"), shared("second")
        await first.look()
        await second.look()
        wall.at -= HOUR
        for _ in range(10):
            wall.at += LEASE // 2
            await first.look()
            await second.look()
        assert second.claims() == [("sending", "first"), ("waiting", None)]

    asyncio.run(play())


def test_a_claim_that_was_taken_over_is_not_written_by_the_one_who_had_it(
    shared: Callable[[str], Process], wall: Wall
) -> None:
    """A process that was not scheduled for long, and goes on."""
    outcome = attempts.AttemptOutcome(200, None, 1)

    def note(tx: Tx, owner: str) -> bool:
        tx.enter(find.find_workspace(tx, "default"))
        return attempts.note_attempt(tx, owner, 1, tx.now, outcome)

    async def play() -> None:
        first, second = shared("first"), shared("second")
        await first.look()
        wall.at += LEASE
        await second.look()
        assert second.claims() == [("sending", "second"), ("waiting", None)]
        assert await first.store.write(lambda tx: note(tx, "first")) is False
        assert await second.store.write(lambda tx: note(tx, "second")) is True

    asyncio.run(play())


def test_a_claim_that_a_killed_process_left_is_found_at_the_next_start(
    shared: Callable[[str], Process], wall: Wall
) -> None:
    async def play() -> None:
        first = shared("first")
        await first.look()
        first.kill()
        wall.at += LEASE
        second = shared("second")
        await second.look()
        assert second.claims() == [("sending", "second"), ("waiting", None)]

    asyncio.run(play())


def test_what_a_process_that_ended_left_due_is_done_by_another(shared: Callable[[str], Process], wall: Wall) -> None:
    def make_more(tx: Tx) -> None:
        tx.enter(find.find_workspace(tx, "default"))
        move_clock(tx, by=2 * 3600 * SECOND)
        execute(tx, send, None, line=LINE, to=STRANGER, text="Now")

    async def play() -> None:
        second = shared("second")
        await second.look()
        second.ticker.close()
        first = shared("first")
        third = shared("third")
        await third.look()
        assert third.claims()[0] == ("sending", "third")
        await first.store.write(make_more)  # and ends before its ticker has looked
        wall.at += LOOK_EVERY
        await third.look()

    asyncio.run(play())


def test_an_orderly_end_leaves_what_is_under_way_to_the_next_at_once(shared: Callable[[str], Process]) -> None:
    async def play() -> None:
        first = shared("first")
        await first.look()
        first.ticker.close()
        assert first.claims() == [("pending", None), ("waiting", None)]
        second = shared("second")
        await second.look()
        assert second.claims() == [("sending", "second"), ("waiting", None)]

    asyncio.run(play())


@pytest.mark.inline
def test_an_app_may_be_used_from_one_loop_after_another(open_driver: Callable[..., Driver]) -> None:
    """As tests do that run each in a loop of their own; what was under way in the last one is sent again."""
    sandbox = open_driver()

    def call(method: str, path: str, **options: Any) -> Any:
        async def once() -> Any:
            transport = httpx.ASGITransport(sandbox.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
                answer = await client.request(method, path, **options)
                assert answer.is_success, answer.text
                await let_others_go_on()
                return answer.json()

        return asyncio.run(once())

    call("POST", f"{DEFAULT}/clock", json={"action": "freeze"})
    url = call("PUT", f"{DEFAULT}/sinks/mine", json={"delay": 60})["url"]
    form = {"To": PHONE, "From": LINE, "Body": "Hello", "StatusCallback": url}
    call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, data=form)
    call("PUT", f"{DEFAULT}/sinks/mine", json={"delay": 0})
    turned = call("POST", f"{DEFAULT}/clock", json={"action": "advance", "seconds": 3, "settle": PATIENT_S})
    assert turned["settled"] is True
    assert len(call("GET", f"{DEFAULT}/sinks/mine")["received"]) == 3
