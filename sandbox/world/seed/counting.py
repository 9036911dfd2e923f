"""A world for a long transaction: it numbers things in memory, because nobody else can write meanwhile."""

from sandbox.world import READ, SET, World


class CountingWorld(World):
    """The same store and time as `world`. Its numbers are kept only if `keep` is called before the transaction ends."""

    def __init__(self, world: World) -> None:
        super().__init__(world.store, world.wall)
        self.stirred = world.stirred
        self._counts: dict[tuple[int, str], int] = {}

    def take(self, workspace_id: int, kind: str) -> int:
        key = (workspace_id, kind)
        n = self._counts.get(key)
        if n is None:
            row = self.store.one(READ, workspace_id=workspace_id, kind=kind)
            n = int(row[0]) if row else 0
        self._counts[key] = n + 1
        return n + 1

    def keep(self) -> None:
        for (workspace_id, kind), n in self._counts.items():
            self.store.run(SET, workspace_id=workspace_id, kind=kind, n=n)
