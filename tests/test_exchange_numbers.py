"""The ids of exchanges and of Writeback's requests: none comes twice, over the end of a process and beside another."""

import re
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from driver import CONSOLE, DEMO, DIALOGTECH, WRITEBACK, Driver
from masks import exchange_id
from server_process import Serve, Served

PATH = f"{WRITEBACK}/{CONSOLE}/2026-05-06%2000:00:00/2026-05-06%2000:00:01"
UUID7 = re.compile(r"ex_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
OpenDriver = Callable[..., Driver]


def reads(served: Served, count: int) -> list[tuple[str, str]]:
    """The exchange's id and the requestId of each answer."""
    with httpx.Client(base_url=served.url, auth=DEMO) as client:
        answers = [client.get(PATH) for _ in range(count)]
    return [(exchange_id(answer), answer.json()["requestId"]) for answer in answers]


def listed(sandbox: Driver) -> list[str]:
    """The ids in the default workspace's journal."""
    return [entry["id"] for entry in sandbox.control("GET", "/journal?limit=1000")["items"]]


def all_listed(first: Driver, second: Driver) -> list[str]:
    """The same as both servers show it, once each has written down what it answered; in the order of time."""
    listed(first)
    assert listed(second) == listed(first)
    return sorted(listed(first))


def exchanges(sandbox: Driver, count: int) -> list[str]:
    """The ids of so many reads."""
    return [exchange_id(sandbox.writeback()) for _ in range(count)]


@pytest.mark.rule("WB-envelope")
def test_ids_are_uuids_and_each_exchanges_is_greater_than_the_one_before(sandbox: Driver) -> None:
    answers = [sandbox.writeback() for _ in range(200)]
    ids = [exchange_id(answer) for answer in answers]
    assert all(UUID7.fullmatch(each) for each in ids)
    assert ids == sorted(set(ids))
    requests = [answer.json()["requestId"] for answer in answers]
    assert all(UUID4.fullmatch(each) for each in requests)
    assert len(set(requests)) == len(requests)


def test_ids_of_all_vendors_and_of_nobody_are_of_one_kind(sandbox: Driver) -> None:
    answers = [
        sandbox.submit(),
        sandbox.writeback(auth=None),
        sandbox.get_messages(),
        sandbox.call("GET", DIALOGTECH),
        sandbox.call("GET", f"{WRITEBACK}/nowhere"),
    ]
    ids = [exchange_id(answer) for answer in answers]
    assert ids == sorted(set(ids))


def test_after_a_kill_no_exchange_has_the_id_of_another(serve: Serve) -> None:
    served = serve()
    before = reads(served, 20)
    served.kill()
    after = reads(serve(), 20)
    for ids in zip(*before, *after, strict=False):
        assert len(set(ids)) == len(ids)


def test_after_a_stop_the_journal_goes_on_where_it_ended(open_driver: OpenDriver, tmp_path: Path) -> None:
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    ids = exchanges(sandbox, 3)
    sandbox.restart()
    ids += exchanges(sandbox, 2)
    assert listed(sandbox) == ids == sorted(ids)


# Two servers on one store ------------------------------------------------------------------------------------------


def test_two_servers_give_no_id_twice_and_keep_every_exchange(open_driver: OpenDriver, tmp_path: Path) -> None:
    database = str(tmp_path / "kept.db")
    first, second = open_driver(database=database), open_driver(database=database)
    given = []
    for count in (2, 40, 40):
        given += exchanges(first, count) + exchanges(second, count)
    assert len(set(given)) == len(given)
    assert all_listed(first, second) == given


def test_a_snapshot_leaves_the_exchanges_alone(open_driver: OpenDriver, tmp_path: Path) -> None:
    database = str(tmp_path / "kept.db")
    first, second = open_driver(database=database), open_driver(database=database)
    given = exchanges(first, 2)
    first.control("PUT", "/snapshots/mine")
    given += exchanges(second, 2) + exchanges(first, 2)
    assert all_listed(first, second) == given


def test_after_a_reset_by_another_server_the_journal_begins_again_for_both(
    open_driver: OpenDriver, tmp_path: Path
) -> None:
    database = str(tmp_path / "kept.db")
    first, second = open_driver(database=database), open_driver(database=database)
    before = exchanges(second, 2)  # still waiting there, to be written
    first.control("POST", "/reset")
    after = exchanges(first, 2) + exchanges(second, 2)
    assert all_listed(first, second) == after
    assert not set(before) & set(after)
