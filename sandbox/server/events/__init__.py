"""Who is told what happens in a workspace, as it happens: readers of its events, and those who wait for a message.

A workspace in which nobody is interested costs nothing; one that is watched has a `Channel`.
"""

from sandbox.server.events.channel import Channel
from sandbox.world import WorkspaceView, World
from sandbox.world.journal import EntryValues, row_of

HEARTBEAT_S = 15.0
RESUMABLE_S = 120.0


class Hub:
    """The channels of a world. `heartbeat_s`, `resumable_s`: wall time, of silence and of a reader's absence."""

    def __init__(self, world: World, *, heartbeat_s: float = HEARTBEAT_S, resumable_s: float = RESUMABLE_S) -> None:
        self._world = world
        self.heartbeat_s = heartbeat_s
        self.resumable_s = resumable_s
        self._channels: dict[int, Channel] = {}
        self._is_closed = False

    def channel(self, workspace: WorkspaceView) -> Channel:
        """The workspace's: it is watched from now on, as long as anybody is interested."""
        channel = self._channels.get(workspace.id)
        if channel is None or channel.key != workspace.key:
            channel = Channel(self._world, workspace, self._forget, resumable_s=self.resumable_s)
            self._channels[workspace.id] = channel
            if self._is_closed:
                channel.end()
        return channel

    def _forget(self, channel: Channel) -> None:
        if self._channels.get(channel.workspace_id) is channel:
            del self._channels[channel.workspace_id]

    def exchanged(self, workspace_id: int, entry: EntryValues) -> None:
        """A vendor exchange was written into the journal."""
        channel = self._channels.get(workspace_id)
        if channel is not None:
            channel.exchanged(row_of(entry))

    def close(self) -> None:
        """Ends all that is open; whoever comes later is sent away at once."""
        self._is_closed = True
        for channel in list(self._channels.values()):
            channel.end()
