"""How much does a server take?"""

from typing import NamedTuple

from sandbox.clock import NEVER


class Limits(NamedTuple):
    """How much a server takes: workspaces, and in each of them messages, snapshots and sinks."""

    workspaces: int = NEVER
    messages: int = NEVER
    snapshots: int = NEVER
    sinks: int = NEVER


NO_LIMITS = Limits()
