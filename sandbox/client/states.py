"""Going back: reset and snapshots."""

from types import NoneType
from typing import Literal

from sandbox.client.bound import Bound, segment
from sandbox.client.shapes import Snapshot, WorkspaceInfo
from sandbox.client.steps import Call, Steps, checked, verb

__tracebackhide__ = True


class StateVerbs(Bound):
    """A workspace's states. Its credentials, sinks and snapshots stay, whichever it goes back to."""

    def know(self, info: WorkspaceInfo) -> None:
        """What the workspace is and owns now."""
        raise NotImplementedError

    @verb
    def reset(self, to: Literal["seed", "empty"] = "seed") -> Steps[None]:
        """Back to how it was seeded, or to nothing: data, counters, faults, journal, delivery and clock."""
        self.know((yield from self._ask(WorkspaceInfo, "POST", "/reset", {"to": to})))

    @verb
    def snapshot(self, name: str) -> Steps[Snapshot]:
        """Keeps the state under a name."""
        return self._ask(Snapshot, "PUT", _path(name))

    @verb
    def restore(self, name: str) -> Steps[None]:
        """Back to a snapshot."""
        self.know((yield from self._ask(WorkspaceInfo, "POST", f"{_path(name)}/restore")))

    @verb
    def snapshots(self) -> Steps[list[Snapshot]]:
        """Those that are kept."""
        return self._whole_list(Snapshot, "/snapshots")

    @verb
    def delete_snapshot(self, name: str) -> Steps[None]:
        """Forgets a snapshot."""
        return self._ask(NoneType, "DELETE", _path(name))

    @verb
    def export_snapshot(self, name: str) -> Steps[bytes]:
        """A snapshot as a file, for `import_snapshot` on another server of the same schema."""
        reply = yield Call("GET", self._path + _path(name))
        return checked(reply).content

    @verb
    def import_snapshot(self, name: str, exported: bytes) -> Steps[Snapshot]:
        """Takes a snapshot that another server exported, under a name of its own."""
        return self._ask(Snapshot, "PUT", _path(name), exported)


def _path(name: str) -> str:
    return f"/snapshots/{segment(name)}"
