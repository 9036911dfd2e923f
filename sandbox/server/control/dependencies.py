"""What an endpoint of the control API may ask for: the store, a workspace, and what else the server is made of."""

from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, NamedTuple, TypeVar

from fastapi import Depends, Path, Request

from sandbox.server.database_file import DatabaseFile
from sandbox.server.events import Hub
from sandbox.server.journal import Journal
from sandbox.server.request_counts import RequestCounts
from sandbox.server.ticker import Ticker
from sandbox.settings import Settings
from sandbox.store import ReadSnapshot, Slices, Store, Tx, WorkspaceView, noting
from sandbox.vendors.base.vendor import Vendor
from sandbox.world.access import read_in, write_in, write_in_slices
from sandbox.world.workspaces.find import find_workspace

T = TypeVar("T")


class WorkspaceChange(NamedTuple):
    """Which workspace was changed, in which epoch it was after, and what its clock read before."""

    workspace_id: int
    epoch: int
    at: int


class WorkspaceAccess:
    """The workspace that a path names, opened for each piece of work after what is due there. Raises
    `UnknownWorkspace`.

    `change`: of the last write of this call, if there was one.
    """

    def __init__(self, store: Store, name: str) -> None:
        self.store = store
        self.name = name
        self.change: WorkspaceChange | None = None

    def find(self, tx: Tx) -> WorkspaceView:
        """Return the workspace, which is not entered."""
        return find_workspace(tx, self.name)

    async def read(self, work: Callable[[Tx], T]) -> T:
        """Return what `work` makes of the workspace."""
        return await read_in(self.store, self.find, work)

    async def write(self, work: Callable[[Tx], T]) -> T:
        """Run `work`, which may change the workspace, all or nothing."""

        def do(tx: Tx) -> T:
            at = tx.now
            done = work(tx)
            self._note(tx, at)
            return done

        return await write_in(self.store, self.find, do)

    async def write_in_slices(self, work: Callable[[Tx], Slices[T]]) -> T:
        """Run long work in slices: others are served between them."""

        def do(tx: Tx) -> Slices[T]:
            at = tx.now
            return noting(tx, work(tx), lambda last, is_last: self._note(last, at) if is_last else None)

        return await write_in_slices(self.store, self.find, do)

    def _note(self, tx: Tx, at: int) -> None:
        self.change = WorkspaceChange(tx.workspace.id, tx.workspace.epoch, at)


async def store_of(request: Request) -> Store:
    """Return the server's store."""
    store: Store = request.app.state.store
    return store


async def database_file_of(request: Request) -> DatabaseFile | None:
    """Return the file that the store keeps its data in; None where a server has them."""
    file: DatabaseFile | None = request.app.state.database_file
    return file


async def vendors_of(request: Request) -> Sequence[Vendor]:
    """Return the vendors that the server plays."""
    vendors: Sequence[Vendor] = request.app.state.vendors
    return vendors


async def journal_of(request: Request) -> Journal:
    """Return the server's journal."""
    journal: Journal = request.app.state.journal
    return journal


async def ticker_of(request: Request) -> Ticker:
    """Return what does what falls due by itself."""
    ticker: Ticker = request.app.state.ticker
    return ticker


async def hub_of(request: Request) -> Hub:
    """Return who is told that a workspace changed."""
    hub: Hub = request.app.state.hub
    return hub


async def counts_of(request: Request) -> RequestCounts:
    """Return what counts the requests."""
    counts: RequestCounts = request.app.state.counts
    return counts


async def settings_of(request: Request) -> Settings:
    """Return what the server was told at its start."""
    settings: Settings = request.app.state.settings
    return settings


StoreDep = Annotated[Store, Depends(store_of)]
DatabaseFileDep = Annotated[DatabaseFile | None, Depends(database_file_of)]
VendorsDep = Annotated[Sequence[Vendor], Depends(vendors_of)]
JournalDep = Annotated[Journal, Depends(journal_of)]
TickerDep = Annotated[Ticker, Depends(ticker_of)]
CountsDep = Annotated[RequestCounts, Depends(counts_of)]
HubDep = Annotated[Hub, Depends(hub_of)]
SettingsDep = Annotated[Settings, Depends(settings_of)]


async def picture_of(store: StoreDep) -> AsyncIterator[ReadSnapshot]:
    """Give one moment of the database, which stays open until the answer was sent, or nobody takes it any more."""
    with store.snapshot() as picture:
        yield picture


async def picture_with_journal_of(store: StoreDep, journal: JournalDep) -> AsyncIterator[ReadSnapshot]:
    """Give one moment of the database in which every call has its entry that was answered before."""
    await journal.flush()
    with store.snapshot() as picture:
        yield picture


PictureDep = Annotated[ReadSnapshot, Depends(picture_of)]
PictureWithJournalDep = Annotated[ReadSnapshot, Depends(picture_with_journal_of)]


async def workspace_of(
    request: Request,
    store: StoreDep,
    ws: Annotated[str, Path(description="A workspace's name or id.", examples=["default"])],
) -> WorkspaceAccess:
    """Return access to the workspace that the path names, whether there is one or not."""
    request.state.workspace = access = WorkspaceAccess(store, ws)
    return access


WorkspaceDep = Annotated[WorkspaceAccess, Depends(workspace_of)]
