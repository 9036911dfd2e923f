"""The numbers of exchanges, and so the ids of answers, over the end of a process."""

from collections.abc import Callable
from pathlib import Path

import httpx
from driver import CONSOLE, DEMO, WRITEBACK, Driver
from served import Serve, Served

from sandbox.world import AHEAD

PATH = f"{WRITEBACK}/{CONSOLE}/2026-05-06%2000:00:00/2026-05-06%2000:00:01"


def reads(served: Served, count: int) -> list[tuple[int, str]]:
    """The number and the requestId of each answer."""
    with httpx.Client(base_url=served.url, auth=DEMO) as client:
        answers = [client.get(PATH) for _ in range(count)]
    return [
        (int(answer.headers["x-sandbox-exchange"].removeprefix("ex_")), answer.json()["requestId"])
        for answer in answers
    ]


def test_after_a_kill_no_exchange_has_the_id_of_another(serve: Serve) -> None:
    served = serve()
    before = reads(served, AHEAD + 2)
    served.kill()
    after = reads(serve(), 2)
    assert [number for number, _ in before + after] == [*range(1, AHEAD + 3), 2 * AHEAD + 1, 2 * AHEAD + 2]
    assert len({request_id for _, request_id in before + after}) == len(before + after)


def test_after_a_stop_the_numbers_go_on_where_they_ended(serve: Serve) -> None:
    served = serve()
    before = reads(served, 3)
    served.process.terminate()
    served.process.wait()
    after = reads(serve(), 2)
    assert [number for number, _ in before + after] == [1, 2, 3, 4, 5]


# Two servers on one store ------------------------------------------------------------------------------------------

OpenDriver = Callable[..., Driver]


def numbers(sandbox: Driver, count: int) -> list[int]:
    """Those of so many reads."""
    answers = [sandbox.writeback() for _ in range(count)]
    return [int(answer.headers["x-sandbox-exchange"].removeprefix("ex_")) for answer in answers]


def test_two_servers_give_no_number_twice_and_keep_every_exchange(open_driver: OpenDriver, tmp_path: Path) -> None:
    database = str(tmp_path / "kept.db")
    first, second = open_driver(database=database), open_driver(database=database)
    given = []
    for count in (2, AHEAD, AHEAD):
        given += numbers(first, count) + numbers(second, count)
    assert len(set(given)) == len(given)
    first.app.journal.write()
    second.app.journal.write()
    (kept,) = first.app.world.store.exchanges.execute("SELECT count(*) FROM journalentry").fetchone()
    assert kept == len(given)


def test_who_stops_gives_no_number_back_that_another_may_have(open_driver: OpenDriver, tmp_path: Path) -> None:
    database = str(tmp_path / "kept.db")
    first, second = open_driver(database=database), open_driver(database=database)
    given = numbers(first, 2) + numbers(second, 3)
    first.restart()
    given += numbers(second, AHEAD) + numbers(first, 2)
    assert len(set(given)) == len(given)


def test_a_snapshot_leaves_the_numbers_that_follow_alone(open_driver: OpenDriver, tmp_path: Path) -> None:
    """It is taken of a count that is written down, from which the server itself and another go on."""
    database = str(tmp_path / "kept.db")
    first, second = open_driver(database=database), open_driver(database=database)
    given = numbers(first, 2)
    first.control("PUT", "/snapshots/mine")
    given += numbers(second, 2) + numbers(first, 2)
    assert given[:4] == [1, 2, 3, 4]
    assert len(set(given)) == len(given)


def test_after_a_reset_by_another_server_the_numbers_begin_anew_for_both(
    open_driver: OpenDriver, tmp_path: Path
) -> None:
    database = str(tmp_path / "kept.db")
    first, second = open_driver(database=database), open_driver(database=database)
    numbers(second, 2)
    first.control("POST", "/reset")
    given = numbers(first, 2) + numbers(second, 2) + numbers(first, AHEAD)
    assert given[0] == 1
    assert len(set(given)) == len(given)


def test_who_stops_gives_nothing_back_of_what_began_anew(open_driver: OpenDriver, tmp_path: Path) -> None:
    database = str(tmp_path / "kept.db")
    first, second = open_driver(database=database), open_driver(database=database)
    numbers(second, 2)
    first.control("POST", "/reset")
    given = numbers(first, 5)
    second.restart()
    given += numbers(second, 5)
    assert len(set(given)) == len(given)
