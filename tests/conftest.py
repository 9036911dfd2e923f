"""What most tests ask for."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from driver import Driver, Wall
from hypothesis import HealthCheck, settings

from sandbox.settings import Settings

if TYPE_CHECKING:
    from bench.databases import DatabaseServer

pytest_plugins = ["browser", "commands", "proxies", "server_process", "wheels"]

LEFT_OUT = {"--postgresql": ("inline", "sqlite"), "--store-in-threads": ("inline", "postgresql")}
"""Marks of the tests that a run with an option leaves out."""
DatabaseFor = Callable[[str | None], str | None]
WORLDS = Path(__file__).parent / "worlds"
collect_ignore = ["partner"]
"""A project of its own, whose tests test_partner.py runs."""

# The same examples every time, and no clock that fails a test on a busy machine. Examples share their test's sandbox.
settings.register_profile(
    "bounded",
    derandomize=True,
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
settings.load_profile("bounded")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--store-in-threads", action="store_true", help="run each transaction in a thread of a pool")
    parser.addoption("--postgresql", action="store_true", help="keep what tests open in a PostgreSQL server")


def pytest_configure(config: pytest.Config) -> None:
    # Settings read the environment: a test has those that it gives, and not those of the one who runs it.
    for name in [name for name in os.environ if name.startswith("SANDBOX_")]:
        del os.environ[name]
    if config.getoption("--store-in-threads"):
        os.environ["SANDBOX_STORE_IN_THREADS"] = "1"
    config.addinivalue_line("markers", "rule(*ids): the rules of which this test fails when they are broken")
    config.addinivalue_line("markers", "inline: counts turns of the loop or the work of one thread; not for threads")
    config.addinivalue_line("markers", "postgresql: is about PostgreSQL itself")
    config.addinivalue_line(
        "markers", "sqlite: is about SQLite itself, its file or its counts, or a store that no other process may open"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Otherwise than in one thread on SQLite, only what opens a store in this process is run once more."""
    options = [option for option in LEFT_OUT if config.getoption(option)]
    marks = LEFT_OUT[options[0]] if options else ("postgresql",)
    kept = [
        item for item in items if (_opens_store(item) or not options) and not any(map(item.get_closest_marker, marks))
    ]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


def _opens_store(item: pytest.Item) -> bool:
    return not {"database_for", "module_database_for"}.isdisjoint(getattr(item, "fixturenames", ()))


@pytest.fixture(scope="session")
def postgresql(pytestconfig: pytest.Config) -> Iterator["DatabaseServer | None"]:
    """The PostgreSQL server of this run, if it has one."""
    if not pytestconfig.getoption("--postgresql"):
        yield None
        return
    from databases import started

    server = started()
    yield server
    server.close()


def _databases_of(server: "DatabaseServer | None") -> Iterator[DatabaseFor]:
    if server is None:
        yield lambda path: path
        return
    from databases import Databases

    databases = Databases(server)
    yield databases.url_for
    databases.drop_all()


@pytest.fixture
def database_for(postgresql: "DatabaseServer | None") -> Iterator[DatabaseFor]:
    """Gives the database that a test means by a path, or by none: that file, or one of PostgreSQL's."""
    yield from _databases_of(postgresql)


@pytest.fixture(scope="module")
def module_database_for(postgresql: "DatabaseServer | None") -> Iterator[DatabaseFor]:
    """The same for what all tests of a module share."""
    yield from _databases_of(postgresql)


@pytest.fixture
def open_driver(database_for: DatabaseFor) -> Iterator[Callable[..., Driver]]:
    """Opens sandboxes of any settings, by default on the plain world, and closes them after the test.

    `beside`: another server on the database of that one, on its loop and with its wall clock.
    """
    opened: list[Driver] = []

    def open_one(wall: Wall | None = None, *, beside: Driver | None = None, **settings: Any) -> Driver:
        if beside is not None:
            driver = Driver(beside.settings, beside.wall, beside.runner)
        else:
            settings["database"] = database_for(settings.get("database"))
            driver = Driver(Settings(**{"fixture": str(WORLDS / "plain.yaml"), **settings}), wall)
        opened.append(driver)
        return driver

    yield open_one
    for driver in reversed(opened):
        driver.close()


@pytest.fixture
def sandbox(open_driver: Callable[..., Driver]) -> Driver:
    """A sandbox on the plain world, at 2026-05-06 09:00:00 UTC."""
    return open_driver()


@pytest.fixture
def untimed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is written into the journal because time went by, of which a busy machine takes more: costs are exact."""
    monkeypatch.setattr("sandbox.server.journal.journal.WRITE_AFTER_S", 3600)


@pytest.fixture
def neighbour_world() -> str:
    """Somebody else's world, for `Driver.neighbour`: one code and one number of the plain world's, and others."""
    return str(WORLDS / "neighbour.yaml")
