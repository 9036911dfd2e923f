"""Large calls are done in slices: others are served between them, and what comes of it is what one piece gave."""

import asyncio
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from driver import CONSOLE, DEFAULT, PHONE, STRANGER, Driver
from spaces import PATH, contents, control, copied, create, rows, swept
from sqlalchemy import func, select

from sandbox.server.answers import pieces
from sandbox.store import Query, Store, Tx
from sandbox.store.slices import Slices, in_one
from sandbox.store.tables import COUNTERS, WORKSPACES
from sandbox.world import clones, commands, limits
from sandbox.world.messages import remove as messages_removed
from sandbox.world.seed import batch, people
from sandbox.world.snapshots import take
from sandbox.world.workspaces import remove

OpenDriver = Callable[..., Driver]
FROZEN = {"fixture": "clinic", "start_at": "2026-05-06T09:00:00Z", "clock": "frozen"}


@pytest.fixture
def tiny(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices so small that the plain world's calls take several."""
    for module, name in (
        (clones, "ROWS"),
        (take, "ROWS"),
        (commands, "SLICE"),
        (messages_removed, "BATCH_SIZE"),
        (batch, "BATCH_SIZE"),
        (people, "PEOPLE_AT_ONCE"),
        (remove, "SLICE"),
    ):
        monkeypatch.setattr(module, name, 2)


def numbers(count: int) -> list[str]:
    return [f"1415{n:07d}" for n in range(2_000_000, 2_000_000 + count)]


def later(sandbox: Driver, seconds: int, text: str, **fields: Any) -> None:
    at = sandbox.control("GET", "/clock")["now"].replace("09:00:00", f"09:00:{seconds:02d}")
    sandbox.send(text, at=at, **fields)


async def in_order(sandbox: Driver, *calls: tuple[str, str, Any]) -> list[int]:
    """Begin calls together; return their numbers as they are answered."""
    done: list[int] = []

    async def call(n: int, method: str, path: str, body: Any) -> None:
        answer = await sandbox.client.request(method, path, **({} if body is None else {"json": body}))
        assert answer.is_success, answer.text
        done.append(n)

    await asyncio.gather(*(call(n, *each) for n, each in enumerate(calls)))
    return done


# Others --------------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tiny")
@pytest.mark.inline
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", PATH, {"fixture": "clinic", "seed": 77}),
        ("POST", f"{DEFAULT}/reset", None),
        ("PUT", f"{DEFAULT}/snapshots/another", None),
        ("POST", f"{DEFAULT}/snapshots/before/restore", None),
        ("POST", f"{DEFAULT}/reset", {"to": "snapshot", "name": "before"}),
        ("DELETE", f"{DEFAULT}/messages", None),
        ("DELETE", f"{DEFAULT}/messages?limit=13", None),
        ("POST", f"{DEFAULT}/broadcasts", {"name": "All", "text": "Come.", "to": numbers(7), "console": CONSOLE}),
        ("POST", f"{DEFAULT}/clock", {"action": "advance", "seconds": 60}),
    ],
)
def test_others_are_answered_meanwhile(sandbox: Driver, method: str, path: str, body: Any) -> None:
    other = create(sandbox)
    for n in range(14):
        sandbox.sid()
        later(sandbox, n, f"Number {n}.")
    sandbox.control("PUT", "/snapshots/before")
    swept(sandbox)
    done = sandbox.run(in_order(sandbox, (method, path, body), ("GET", f"{PATH}/{other['id']}/clock", None)))
    assert done == [1, 0]


@pytest.mark.usefixtures("tiny")
def test_no_more_rows_than_a_slice_has_are_deleted_together(sandbox: Driver) -> None:
    store = sandbox.app.store
    before = rows(sandbox, with_calls=True)
    other = create(sandbox)
    swept(sandbox)
    sandbox.app.ticker.close()
    store.write_now(lambda tx: remove.mark_gone(tx, _number(tx, other["id"])))
    counts = [sum(_counts(store).values())]
    while store.write_now(remove.sweep):
        counts.append(sum(_counts(store).values()))
    assert len(counts) > 3
    assert all(0 <= was - now <= 3 for was, now in pairwise(counts))
    assert {**before, "counter": 0} == {**_counts(store), "counter": 0}


def _number(tx: Tx, key: str) -> int:
    return tx.one(Query(int, select(WORKSPACES.c.id).where(WORKSPACES.c.key == key))) or 0


def _counts(store: Store) -> dict[str, int]:
    from sandbox.store.tables import Row

    tables = Row.metadata.tables.values()
    return store.read_now(
        lambda tx: {t.name: tx.one(Query(int, select(func.count()).select_from(t))) or 0 for t in tables}
    )


# The same as in one piece --------------------------------------------------------------------------------------------


def test_a_seed_in_slices_is_row_for_row_that_in_one(sandbox: Driver, request: pytest.FixtureRequest) -> None:
    whole = create(sandbox, seed=5, **FROZEN)
    sandbox.app.store.write_now(drop_seeds)
    request.getfixturevalue("tiny")
    played = create(sandbox, seed=5, **FROZEN)
    cloned = create(sandbox, seed=5, **FROZEN)
    assert contents(sandbox, played) == contents(sandbox, whole) == contents(sandbox, cloned)


def drop_seeds(tx: Tx) -> None:
    for seed in tx.all(SEEDS):
        remove.mark_gone(tx, seed)


SEEDS = Query(int, select(WORKSPACES.c.id).where(WORKSPACES.c.hidden == remove.SEED))


@pytest.mark.usefixtures("tiny")
def test_a_restored_workspace_has_what_the_snapshot_had(sandbox: Driver) -> None:
    workspace = create(sandbox, seed=5, **FROZEN)
    before = copied(sandbox, workspace)
    control(sandbox, workspace, "PUT", "/snapshots/one")
    sent = {"console": workspace["consoles"][0]["code"], "to": STRANGER, "text": "Hello."}
    control(sandbox, workspace, "POST", "/messages", sent)
    control(sandbox, workspace, "POST", "/snapshots/one/restore")
    assert copied(sandbox, workspace) == before


def set_slices(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """So much is done, and so many items of a long list are written, together."""
    monkeypatch.setattr(commands, "SLICE", size)
    monkeypatch.setattr(pieces, "PIECE", size)


def test_a_broadcast_in_slices_is_that_in_one(open_driver: OpenDriver, monkeypatch: pytest.MonkeyPatch) -> None:
    answers = []
    for slice_ in (50, 2):
        set_slices(monkeypatch, slice_)
        sandbox = open_driver()
        answer = sandbox.broadcast(to=[*numbers(6), PHONE], campaign="Autumn")
        listed = sandbox.control("GET", "/messages")["items"]
        assert [each["id"] for each in answer["messages"]] == [each["id"] for each in listed]
        answers.append((answer, listed, sandbox.records()))
    assert answers[0] == answers[1]
    assert len(answers[0][1]) == 7


def test_what_comes_due_in_slices_comes_in_the_same_order(
    open_driver: OpenDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = []
    for slice_ in (50, 1):
        set_slices(monkeypatch, slice_)
        sandbox = open_driver()
        sandbox.control("POST", "/clock", {"action": "freeze"})
        at = "2026-05-06T09:00:30Z"
        sandbox.send("Before.", at=at)
        sandbox.broadcast("To some.", to=[*numbers(5), PHONE], at=at)
        sandbox.send("After.", at=at)
        sandbox.inbound("STOP", at="2026-05-06T09:00:20Z")
        sandbox.send("Between.", at="2026-05-06T09:00:10Z")
        moved = sandbox.control("POST", "/clock", {"action": "advance", "seconds": 60})
        found.append((moved, sandbox.control("GET", "/messages")["items"]))
    assert found[0] == found[1]
    assert [each["text"] for each in found[0][1]][-8:] == ["Before.", *["To some."] * 6, "After."]


@pytest.mark.usefixtures("tiny")
def test_a_call_sees_all_that_is_due_done(sandbox: Driver) -> None:
    sandbox.control("POST", "/clock", {"action": "freeze"})
    for n in range(5):
        later(sandbox, 10 + n, f"Number {n}.")
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 60})
    assert len(sandbox.records()) == 5
    assert [each["text"] for each in sandbox.control("GET", "/messages")["items"]] == [f"Number {n}." for n in range(5)]


@pytest.mark.usefixtures("tiny")
@pytest.mark.inline
def test_messages_that_come_while_others_are_deleted_stay(sandbox: Driver) -> None:
    for _ in range(7):
        sandbox.sid()
    form = {"console": CONSOLE, "to": PHONE, "text": "Just now."}
    calls = (("DELETE", f"{DEFAULT}/messages", None), ("POST", f"{DEFAULT}/messages", form))
    assert sorted(sandbox.run(in_order(sandbox, *calls))) == [0, 1]
    assert [each["text"] for each in sandbox.control("GET", "/messages")["items"]] == ["Just now."]


@pytest.mark.usefixtures("tiny")
@pytest.mark.inline
def test_a_deletion_whose_server_ends_in_its_midst_goes_on_when_it_starts_again(
    open_driver: OpenDriver, tmp_path: Path
) -> None:
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    for n in range(9):
        sandbox.sid(text=f"Number {n}.")
    sandbox.send("Stay.")
    left: list[int] = []

    async def begin() -> None:
        deleting = asyncio.ensure_future(sandbox.client.delete(f"{DEFAULT}/messages", params={"text": "Number"}))
        while _counts(sandbox.app.store)["message"] > 8:
            await asyncio.sleep(0)
        sandbox.app.ticker.close()
        deleting.cancel()
        left.append(_counts(sandbox.app.store)["message"])

    sandbox.run(begin())
    assert left[0] > 1
    sandbox.restart()
    assert [each["text"] for each in sandbox.control("GET", "/messages")["items"]] == ["Stay."]
    assert rows(sandbox)["scheduled"] == 0


@pytest.mark.usefixtures("tiny")
@pytest.mark.inline
def test_nobody_finds_half_of_what_is_deleted(sandbox: Driver) -> None:
    for _ in range(7):
        sandbox.sid()

    async def look() -> list[int]:
        deleting = asyncio.ensure_future(sandbox.client.delete(f"{DEFAULT}/messages"))
        seen = []
        while not deleting.done():
            answer = await sandbox.client.get(f"{DEFAULT}/messages")
            seen.append(len(answer.json()["items"]))
            await asyncio.sleep(0)
        assert deleting.result().json() == {"deleted": 7}
        return seen

    assert set(sandbox.run(look())) <= {0, 7}


@pytest.mark.usefixtures("tiny")
def test_what_counts_a_deletion_is_gone_behind_it(sandbox: Driver) -> None:
    for _ in range(7):
        sandbox.sid()
    assert sandbox.call("DELETE", f"{DEFAULT}/messages").json() == {"deleted": 7}
    kinds = sandbox.app.store.read_now(lambda tx: tx.all(Query(str, select(COUNTERS.c.kind))))
    assert limits.REMOVED in kinds
    assert not [kind for kind in kinds if kind.startswith("deleted")]
    assert rows(sandbox)["scheduled"] == 0


# What happens meanwhile ----------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("tiny")
@pytest.mark.inline
def test_a_workspace_is_called_by_nobody_before_it_is_whole(sandbox: Driver) -> None:
    wanted = {"fixture": sandbox.control("GET", "")["fixture"], "name": "new", "seed": 3}

    async def look() -> list[list[str]]:
        making = asyncio.ensure_future(sandbox.client.post(PATH, json=wanted))
        seen = []
        while not making.done():
            answer = await sandbox.client.get(PATH)
            seen.append([each["name"] for each in answer.json()["items"]])
            await asyncio.sleep(0)
        return seen

    seen = sandbox.run(look())
    assert len(seen) > 2
    assert all(names == ["default"] for names in seen[:-1])
    assert create(sandbox, 409, name="new")["title"]


@pytest.mark.usefixtures("tiny")
@pytest.mark.inline
def test_the_old_world_is_there_until_the_new_one_is_whole(sandbox: Driver) -> None:
    sid = sandbox.sid()

    async def look() -> list[int]:
        resetting = asyncio.ensure_future(sandbox.client.post(f"{DEFAULT}/reset"))
        seen = []
        while not resetting.done():
            answer = await sandbox.client.get(f"{DEFAULT}/messages/{sid}")
            seen.append(answer.status_code)
            await asyncio.sleep(0)
        assert resetting.result().status_code == 200
        return seen

    seen = sandbox.run(look())
    assert seen == sorted(seen)
    assert seen[0] == 200
    assert sandbox.control("GET", f"/messages/{sid}", status=404)


@pytest.mark.usefixtures("tiny")
@pytest.mark.inline
def test_a_workspace_that_is_deleted_while_it_is_reset_stays_deleted(sandbox: Driver) -> None:
    other = create(sandbox, fixture=sandbox.control("GET", "")["fixture"], seed=3)
    path = f"{PATH}/{other['id']}"

    async def both() -> tuple[int, int]:
        resetting = asyncio.ensure_future(sandbox.client.post(f"{path}/reset"))
        await asyncio.sleep(0)
        deleted = await sandbox.client.delete(path)
        return deleted.status_code, (await resetting).status_code

    assert sandbox.run(both()) == (204, 404)
    assert sandbox.call("GET", path).status_code == 404


def test_work_that_fails_in_a_later_slice_keeps_what_came_before(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "kept.db"))

    def work(tx: Tx) -> Slices[None]:
        tx.next_id("first", 0)
        tx = yield
        tx.next_id("second", 0)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        asyncio.run(store.write_in_slices(work))
    assert [store.write_now(lambda tx: tx.next_id(kind, 0)) for kind in ("first", "second")] == [2, 1]  # noqa: B023  (it is run at once)
    store.close()


def test_slices_in_one_transaction_are_one_piece(tmp_path: Path) -> None:
    store = Store(str(tmp_path / "kept.db"))

    def work(tx: Tx) -> Slices[list[bool]]:
        following = yield
        again = yield
        return [following is tx, again is tx]

    assert store.write_now(lambda tx: in_one(tx, work(tx))) == [True, True]
    store.close()


# A server that ends in the midst -------------------------------------------------------------------------------------


async def cut_off(sandbox: Driver, method: str, path: str, body: Any = None, turns: int = 12) -> None:
    """Begin a call of which no more is done after so many turns of the loop."""
    call = asyncio.ensure_future(sandbox.client.request(method, path, json=body))
    for _ in range(turns):
        await asyncio.sleep(0)
    assert not call.done(), "it was too short"
    call.cancel()
    await asyncio.wait([call])


@pytest.fixture
def kept(open_driver: OpenDriver, tmp_path: Path) -> Driver:
    """A sandbox whose database is there when it is started again."""
    return open_driver(database=str(tmp_path / "kept.db"))


@pytest.mark.usefixtures("tiny")
@pytest.mark.inline
def test_a_reset_that_was_cut_off_leaves_the_old_world_and_no_row(kept: Driver) -> None:
    kept.sid()
    swept(kept)
    counts, before = rows(kept), contents(kept, {"id": "default"})
    kept.run(cut_off(kept, "POST", f"{DEFAULT}/reset"))
    assert rows(kept) != counts
    kept.restart()
    assert contents(kept, {"id": "default"}) == before
    kept.wall.advance(remove.LONGEST_PAUSE / 1000 + 1)
    assert {**rows(kept), "counter": 0} == {**counts, "counter": 0}


@pytest.mark.usefixtures("tiny")
@pytest.mark.inline
def test_a_leap_that_was_cut_off_goes_on(kept: Driver) -> None:
    kept.control("POST", "/clock", {"action": "freeze"})
    for n in range(20):
        later(kept, 10 + n, f"Number {n}.")
    kept.run(cut_off(kept, "POST", f"{DEFAULT}/clock", {"action": "advance", "seconds": 60}, turns=2))
    assert 0 < _counts(kept.app.store)["message"] < 20
    kept.restart()
    assert kept.control("GET", "/clock")["now"] == "2026-05-06T09:01:00.000Z"
    assert len(kept.records()) == 20


@pytest.mark.usefixtures("tiny")
@pytest.mark.inline
def test_a_broadcast_that_was_cut_off_goes_on(kept: Driver) -> None:
    body = {"name": "All", "text": "Come.", "to": numbers(40), "console": CONSOLE}
    kept.run(cut_off(kept, "POST", f"{DEFAULT}/broadcasts", body, turns=2))
    assert 0 < _counts(kept.app.store)["message"] < 40
    kept.restart()
    assert [each["phone"] for each in kept.control("GET", "/phones")["items"]].count(numbers(1)[0]) == 1
    assert len(kept.control("GET", "/messages")["items"]) == 40


@pytest.mark.usefixtures("tiny")
def test_what_was_deleted_is_swept_by_the_next_server(kept: Driver) -> None:
    swept(kept)
    counts = rows(kept)
    other = create(kept, fixture="clinic", seed=3)
    assert kept.call("DELETE", f"{PATH}/{other['id']}").status_code == 204
    kept.restart()
    assert kept.call("GET", f"{PATH}/{other['id']}").status_code == 404
    left = rows(kept)
    assert {name: left[name] - counts[name] for name in ("message", "vendor_id", "account", "line")} == dict.fromkeys(
        ("message", "vendor_id", "account", "line"), 0
    )
