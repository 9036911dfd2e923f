"""Who is told what happens in a workspace, as it happens: readers of its events, and those who wait for a message."""

from sandbox.server.events.hub import Hub, Stopping

__all__ = ["Hub", "Stopping"]
