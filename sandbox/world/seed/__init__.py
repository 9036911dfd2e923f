"""Seeds a workspace: makes what a fixture describes, and plays its history up to the workspace's start."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sandbox.world import copies, fixtures, workspaces
from sandbox.world.clock import DAY
from sandbox.world.fixtures import Fixture, shapes
from sandbox.world.models import Part
from sandbox.world.seed.counting import CountingWorld
from sandbox.world.seed.history import History
from sandbox.world.seed.people import populate

if TYPE_CHECKING:
    from sandbox.world import WorkspaceView, World

NOTHING: Mapping[str, Any] = MappingProxyType({})


def seed_workspace(
    world: "World",
    fixture: Fixture,
    *,
    name: str | None = workspaces.DEFAULT,
    seed: int = 1,
    start_at: int | None = None,
    expires_wall: int | None = None,
    settings: Mapping[str, Any] = NOTHING,
) -> "WorkspaceView":
    """A workspace as the fixture wants it, all or nothing; the same bytes for the same seed and start.

    `start_at`: the clock's first reading in ms; wall time if none. `settings`: columns of the workspace that shall be
    other than the fixture has them, from the end of its history on. Only the workspace `default` gets the
    credentials and keys that the fixture gives, because they are unique on a server.
    """
    is_default = name == workspaces.DEFAULT
    credentials = fixture.contents.credentials if is_default else None
    with world.store.writing():
        workspace = workspaces.create(
            world,
            name=name,
            fixture=fixture.name,
            fingerprint=fixture.fingerprint,
            seed=seed,
            username=credentials.username if credentials else None,
            password=credentials.password if credentials else None,
            start_at=start_at,
            expires_wall=expires_wall,
        )
        if not _begin_alike(world, workspace):
            _play(world, workspace, fixture, workspace.clock_at, with_keys=is_default)
            copies.keep_seed(world, workspace)
            workspaces.drop_unused_seeds(world)
        workspaces.give_keys(world, workspace.id, {})
        workspaces.change_workspace(world, workspace.id, settings)
        workspaces.note_first(world, workspace.id)
    return workspaces.view_of(world, workspace.id)


def seed_again(world: "World", workspace: "WorkspaceView") -> None:
    """A workspace that was emptied has the rows that it began with. Belongs in a transaction."""
    if not _begin_alike(world, workspace):
        row = workspaces.row_of(world, workspace.id)
        workspaces.change_workspace(world, workspace.id, {"seed": row["first_seed"], "callback_profile": None})
        workspace = workspaces.view_of(world, workspace.id)
        _play(world, workspace, fixtures.remembered(row["fixture"]), row["first_at"], with_keys=False)


def set_up_again(world: "World", workspace: "WorkspaceView") -> None:
    """A workspace that was emptied has the consoles and accounts that it began with. Belongs in a transaction."""
    copy_id = copies.seed_of(world, workspace.id)
    if copy_id is not None:
        copies.copy_rows(world, copy_id, workspace.id, Part.SETUP)
    else:
        row = workspaces.row_of(world, workspace.id)
        _add_lines(world, workspace, fixtures.remembered(row["fixture"]).contents, with_keys=False)


def _begin_alike(world: "World", workspace: "WorkspaceView") -> bool:
    """Copies the rows of one that began with the same fixture, seed and start, if there is a copy of them."""
    copy_id = copies.seed_of(world, workspace.id)
    if copy_id is None:
        return False
    copies.copy_rows(world, copy_id, workspace.id, Part.SETUP, Part.CONTENT)
    workspaces.change_workspace(world, workspace.id, copies.state_of(copies.row_of(world, copy_id)))
    return True


def _play(world: "World", workspace: "WorkspaceView", fixture: Fixture, start: int, *, with_keys: bool) -> None:
    contents = fixture.contents
    counting = CountingWorld(world)
    _add_lines(counting, workspace, contents, with_keys=with_keys)
    workspaces.change_workspace(counting, workspace.id, contents.delivery.columns())
    workspace = workspaces.view_of(counting, workspace.id)
    people = populate(counting, workspace, contents, _enrolled_at(contents, start))
    History(counting, workspace, fixture, people, start).play()
    counting.keep()


def _add_lines(world: "World", workspace: "WorkspaceView", contents: shapes.Contents, *, with_keys: bool) -> None:
    for console in contents.consoles:
        workspaces.add_console(world, workspace, **dict(console))
    for account in contents.accounts:
        keys = {} if with_keys else {"access_key": None, "secret_access_key": None}
        workspaces.add_account(world, workspace, **{**dict(account), **keys})


def _enrolled_at(contents: shapes.Contents, start: int) -> int:
    """When staff entered the people: a day before the first event, if the fixture does not say."""
    if contents.enrolled:
        return min(contents.enrolled.at(start), start)
    return min((event.at.at(start) for event in contents.history), default=start + DAY) - DAY
