"""What the world's functions are told about where they act: read-only copies of a workspace's and a line's row."""

from math import ceil
from typing import NamedTuple

from sandbox.world.clock import LATEST, NEVER


class WorkspaceView(NamedTuple):
    """A workspace, but for its credentials; fields as in `models.Workspace`."""

    id: int
    key: str
    seed: int
    clock_frozen: bool
    clock_at: int
    clock_wall: int
    clock_speed: float
    delivery_mode: str
    sent_after: int
    settled_after: int
    outcome: str
    numbers: str | None
    callback_profile: str | None
    next_due_at: int | None
    faults: int
    expires_wall: int | None
    epoch: int

    def now(self, wall: int) -> int:
        """What this workspace's clock reads when the wall clock reads `wall`."""
        if self.clock_frozen:
            return self.clock_at
        at = self.clock_at + int((wall - self.clock_wall) * self.clock_speed)
        return at if at < LATEST else LATEST

    def wall_at(self, at: int) -> int:
        """The other way round, of a running clock: when the wall clock will read so that this one reads `at`.

        `NEVER` if this one stops before that.
        """
        if at > LATEST:
            return NEVER
        return self.clock_wall + ceil((at - self.clock_at) / self.clock_speed)


class LineView(NamedTuple):
    """A line and what its owner says by itself. Exactly one of `console_id` and `account_id` is set.

    `code`: the console's code or the account's access key. `name`: how its automatic texts call the owner.
    """

    number: str
    console_id: int | None
    account_id: int | None
    code: str
    name: str
    keyword: str | None
    help_text: str
    auto_reply: str | None
    submit_overrides_stop: bool
