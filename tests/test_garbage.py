"""Full collections are put off while large work goes on, and by nobody else."""

import gc
from collections.abc import Iterator

import pytest
from driver import DEFAULT, Driver

from sandbox.server.garbage import NEVER, full_collections_put_off


@pytest.fixture(autouse=True)
def _thresholds() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)


def test_no_full_collection_comes_meanwhile_and_all_is_as_before_afterwards() -> None:
    gc.set_threshold(500, 5, 7)
    with full_collections_put_off():
        assert gc.get_threshold() == (500, 5, NEVER)
    assert gc.get_threshold() == (500, 5, 7)


def test_work_that_overlaps_puts_them_off_until_the_last_is_done() -> None:
    gc.set_threshold(500, 5, 7)
    first, second = full_collections_put_off(), full_collections_put_off()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() == (500, 5, NEVER)
    second.__exit__(None, None, None)
    assert gc.get_threshold() == (500, 5, 7)


def test_work_that_fails_leaves_all_as_before() -> None:
    gc.set_threshold(500, 5, 7)
    with pytest.raises(ValueError, match="a defect"), full_collections_put_off():
        raise ValueError("a defect")
    assert gc.get_threshold() == (500, 5, 7)


@pytest.mark.parametrize("path", ["report", "pollers"])
def test_a_report_leaves_the_thresholds_as_they_were(sandbox: Driver, path: str) -> None:
    gc.set_threshold(500, 5, 7)
    sandbox.submit()
    assert sandbox.call("GET", f"{DEFAULT}/{path}").status_code == 200
    assert gc.get_threshold() == (500, 5, 7)
