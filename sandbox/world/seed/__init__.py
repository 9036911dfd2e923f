"""Seeds a workspace: makes what a fixture describes, and plays its history up to the workspace's start."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from sandbox.world import workspaces
from sandbox.world.clock import DAY
from sandbox.world.fixtures import Fixture, shapes
from sandbox.world.seed.counting import CountingWorld
from sandbox.world.seed.crowd import populate
from sandbox.world.seed.history import History

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
    contents = fixture.contents
    is_default = name == workspaces.DEFAULT
    credentials = contents.credentials if is_default else None
    with world.store.writing():
        counting = CountingWorld(world)
        workspace = workspaces.create(
            counting,
            name=name,
            fixture=fixture.name,
            seed=seed,
            username=credentials.username if credentials else None,
            password=credentials.password if credentials else None,
            start_at=start_at,
            expires_wall=expires_wall,
        )
        _add_lines(counting, workspace, contents, with_keys=is_default)
        workspaces.change_workspace(counting, workspace.id, contents.delivery.columns())
        workspace = workspaces.view_of(counting, workspace.id)
        start = workspace.clock_at
        cast = populate(counting, workspace, contents, _enrolled_at(contents, start))
        History(counting, workspace, fixture, cast, start).play()
        workspaces.change_workspace(counting, workspace.id, settings)
        workspaces.note_first(counting, workspace.id)
        counting.keep()
    return workspaces.view_of(world, workspace.id)


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
