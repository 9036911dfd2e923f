"""How is a workspace made from a fixture? It gets what that describes, and its history is played up to its start."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from sandbox.clock import DAY
from sandbox.store import Slices, Tx, WorkspaceView, in_one
from sandbox.store.tables import Part
from sandbox.world import fixtures
from sandbox.world.clones import any_row, clone_rows, keep_seed, seed_of, state_of
from sandbox.world.fixtures import LoadedFixture, shapes
from sandbox.world.seed.history import History
from sandbox.world.seed.people import populate
from sandbox.world.workspaces.change import change_workspace
from sandbox.world.workspaces.create import (
    add_account,
    add_console,
    begin,
    give_keys,
    name_taken,
    note_first,
    publish,
)
from sandbox.world.workspaces.find import DEFAULT, exists, row_of
from sandbox.world.workspaces.remove import drop_unused_seeds

NO_SETTINGS: Mapping[str, Any] = MappingProxyType({})


def seed_workspace(
    tx: Tx,
    fixture: LoadedFixture,
    *,
    name: str | None = DEFAULT,
    seed: int = 1,
    start_at: int | None = None,
    expires_wall: int | None = None,
    settings: Mapping[str, Any] = NO_SETTINGS,
) -> WorkspaceView:
    """Make a workspace in this one transaction, as `seeding` does."""
    in_one(
        tx,
        seeding(tx, fixture, name=name, seed=seed, start_at=start_at, expires_wall=expires_wall, settings=settings),
    )
    return tx.workspace


def seeding(
    tx: Tx,
    fixture: LoadedFixture,
    *,
    name: str | None,
    seed: int,
    start_at: int | None,
    expires_wall: int | None,
    settings: Mapping[str, Any],
) -> Slices[Tx]:
    """Make a workspace as the fixture wants it and enter it; the same bytes for the same seed and start.

    `start_at`: the clock's first reading in ms; wall time if none. `settings`: columns of the workspace that shall be
    other than the fixture has them, from the end of its history on. Only the workspace `default` gets the
    credentials and keys that the fixture gives, because they are unique on a server. Nobody can call it before the
    last slice.
    """
    if name is not None and exists(tx, name):
        raise name_taken()
    is_default = name == DEFAULT
    credentials = fixture.contents.credentials if is_default else None
    begin(
        tx,
        fixture=fixture.name,
        fixture_text=fixture.text,
        fingerprint=fixture.fingerprint,
        seed=seed,
        start_at=start_at,
    )
    if seed_of(tx) is not None:
        tx = yield from seed_again(tx)
    else:
        tx = yield from _play(tx, fixture, tx.workspace.clock_at, with_keys=is_default)
        tx = yield from keep_seed(tx)
        drop_unused_seeds(tx)
    publish(
        tx,
        name=name,
        username=credentials.username if credentials else None,
        password=credentials.password if credentials else None,
        expires_wall=expires_wall,
    )
    give_keys(tx, {})
    change_workspace(tx, **settings)
    note_first(tx)
    return tx


def seed_again(tx: Tx) -> Slices[Tx]:
    """Give a workspace that has none the rows with which it begins, or those that began alike."""
    clone_id = seed_of(tx)
    if clone_id is None:
        return (yield from _play(tx, fixture_of(tx), row_of(tx).first_at, with_keys=False))
    tx = yield from clone_rows(tx, clone_id, Part.SETUP, Part.CONTENT)
    change_workspace(tx, **state_of(any_row(tx, clone_id)))
    return tx


def set_up_again(tx: Tx) -> None:
    """Give a workspace that has none the consoles and accounts with which it begins."""
    clone_id = seed_of(tx)
    if clone_id is not None:
        in_one(tx, clone_rows(tx, clone_id, Part.SETUP))
    else:
        _add_lines(tx, fixture_of(tx).contents, with_keys=False)


def fixture_of(tx: Tx) -> LoadedFixture:
    """Return the fixture that the workspace began with, as it is now."""
    row = row_of(tx)
    return fixtures.load_cached(row.fixture) if row.fixture_text is None else fixtures.load_text(row.fixture_text)


def _play(tx: Tx, fixture: LoadedFixture, start: int, *, with_keys: bool) -> Slices[Tx]:
    contents = fixture.contents
    _add_lines(tx, contents, with_keys=with_keys)
    change_workspace(tx, **contents.delivery.columns())
    tx, people = yield from populate(tx, contents, _enrolled_at(contents, start))
    return (yield from History(tx, fixture, people, start).play())


def _add_lines(tx: Tx, contents: shapes.Contents, *, with_keys: bool) -> None:
    for console in contents.consoles:
        add_console(tx, **dict(console))
    for account in contents.accounts:
        keys = {} if with_keys else {"access_key": None, "secret_access_key": None}
        add_account(tx, **{**dict(account), **keys})


def _enrolled_at(contents: shapes.Contents, start: int) -> int:
    """Return when staff entered the people: a day before the first event, if the fixture does not say."""
    if contents.enrolled:
        return min(contents.enrolled.at(start), start)
    return min((event.at.at(start) for event in contents.history), default=start + DAY) - DAY
