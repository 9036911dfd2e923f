"""How does a bundle become a workspace in which one can look at its run? As it was in the end, with its journal."""

from collections.abc import Sequence

from sandbox.server.exports.bundle import NOW, BundleHead, BundleLines, DamagedBundle, read_head
from sandbox.server.journal.queries import BY_ID_ANYWHERE
from sandbox.server.journal.wire import exchange_body
from sandbox.store import Conflict, Slices, Store, Tx
from sandbox.store.tables import JournalEntryRow
from sandbox.world import fixtures, limits, resets
from sandbox.world.access import make_in_slices
from sandbox.world.ids import new_exchange_id
from sandbox.world.seed import seeding
from sandbox.world.snapshots import catalog
from sandbox.world.snapshots.read import SnapshotReader
from sandbox.world.snapshots.rows import LARGEST, UNFIT_FOR_TEXT, Checks
from sandbox.world.workspaces import find, remove
from sandbox.world.workspaces.change import change_workspace

LONGEST_LINE = 4 * 1024 * 1024
MOST_TOGETHER = 50
"""Exchanges that are written in one transaction."""
SNAPSHOT = "opened"
"""The name of the state with which such a workspace begins."""
FIXTURE = "empty"


class OpenedBundle:
    """`feed` it the file in pieces, then `finish` it; or `drop` it. Raises `DamagedBundle`, and what a snapshot does.

    `further`: what values of the snapshot must be, by table and column, where only others than the world know that.
    """

    def __init__(self, store: Store, further: Checks) -> None:
        self._store = store
        self._reader = SnapshotReader(store, further)
        self._lines = BundleLines()
        self._head: BundleHead | None = None
        self._rest = b""
        self._entries: list[JournalEntryRow] = []
        self._last_position = 0
        self._workspace_id = 0
        self._is_restored = False

    async def feed(self, piece: bytes) -> None:
        """Take in the lines that end in it."""
        *lines, self._rest = (self._rest + piece).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise DamagedBundle("A line is too long.")
        for line in lines:
            await self._read(line)
        await self._write_entries()

    async def finish(self) -> int:
        """Return the number of the workspace, which can be called from now on."""
        if self._rest:
            await self._read(self._rest)
        self._lines.check_end()
        if not self._is_restored:
            raise DamagedBundle("It does not say how the workspace was in the end.")
        await self._write_entries()
        return self._workspace_id

    async def drop(self) -> None:
        """Delete what has come."""
        await self._reader.drop()
        if self._workspace_id:
            await self._store.write(lambda tx: remove.mark_gone(tx, self._workspace_id))

    async def _read(self, line: bytes) -> None:
        if self._head is None:
            self._head = read_head(line)
            self._workspace_id = await make_in_slices(self._store, _make)
            return
        is_now = self._lines.snapshot == NOW
        found = self._lines.read(line)
        if isinstance(found, bytes):
            if is_now:
                await self._reader.feed(found + b"\n")
                if self._lines.snapshot is None:
                    await self._restore()
        elif isinstance(found, JournalEntryRow):
            self._entries.append(self._checked(found))
            if len(self._entries) == MOST_TOGETHER:
                await self._write_entries()

    def _checked(self, entry: JournalEntryRow) -> JournalEntryRow:
        """Return an entry that can be shown as others can."""
        texts = [value for value in entry.model_dump().values() if isinstance(value, str)]
        numbers = [value for value in entry.model_dump().values() if isinstance(value, int)]
        try:
            exchange_body(entry, {})
            is_right = not any(map(UNFIT_FOR_TEXT.search, texts)) and all(0 <= each <= LARGEST for each in numbers)
        except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError):
            is_right = False
        if not (is_right and self._is_restored):
            raise DamagedBundle(f"Line {self._lines.number} is no exchange of this run.")
        self._last_position = max(self._last_position, entry.position)
        return entry

    async def _restore(self) -> None:
        workspace = await self._store.read(lambda tx: find.by_id(tx, self._workspace_id))
        await self._reader.finish(workspace, SNAPSHOT)

        def restore(tx: Tx) -> Slices[None]:
            tx.enter(find.by_id(tx, self._workspace_id))
            snapshot = catalog.find_snapshot(tx, SNAPSHOT)
            limits.check_all_messages(tx, snapshot.messages)
            yield from resets.to_clone(tx, snapshot.clone_id)

        await make_in_slices(self._store, restore)
        self._is_restored = True

    async def _write_entries(self) -> None:
        entries, self._entries = self._entries, []
        if entries:
            try:
                await self._store.write(lambda tx: self._add(tx, entries))
            except Conflict:
                raise DamagedBundle("Two of its exchanges have the same place.") from None

    def _add(self, tx: Tx, entries: Sequence[JournalEntryRow]) -> None:
        """Add entries; one whose id there is already on this server, where the run was made, gets another."""
        tx.enter(find.by_id(tx, self._workspace_id))
        for entry in entries:
            entry.workspace_id = tx.ws
            if tx.exists(BY_ID_ANYWHERE, id=entry.id):
                entry.id = new_exchange_id()
        tx.add_all(entries)
        change_workspace(tx, journal_position=self._last_position)


def _make(tx: Tx) -> Slices[int]:
    remove.delete_expired(tx)
    tx = yield from seeding(
        tx,
        fixtures.load_cached(FIXTURE),
        name=None,
        seed=1,
        start_at=None,
        expires_wall=None,
        settings={"clock_frozen": True},
    )
    return tx.workspace.id
