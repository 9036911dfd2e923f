"""How many may wait, or follow events, at a time?"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from sandbox.clock import NEVER
from sandbox.server.problems import Problem

RETRY_AFTER = {"Retry-After": "1"}


class Places:
    """So many places on this server, and so many of them for each workspace. `what` takes one: a wait, a stream.

    `settings`: the names of the two settings that say how many there are.
    """

    def __init__(
        self,
        what: str = "",
        *,
        most: int = NEVER,
        most_of_workspace: int = NEVER,
        settings: tuple[str, str] = ("", ""),
    ) -> None:
        self.most = most
        self.most_of_workspace = most_of_workspace
        self._what = what
        self._settings = settings
        self._taken: Counter[int] = Counter()

    @property
    def used(self) -> int:
        """How many are taken."""
        return self._taken.total()

    def used_by(self, workspace_id: int) -> int:
        """Return how many of them are the workspace's."""
        return self._taken[workspace_id]

    @contextmanager
    def taken(self, workspace_id: int) -> Iterator[None]:
        """Take a place for a while. Raises a `Problem` when there is none."""
        if self.used_by(workspace_id) >= self.most_of_workspace:
            raise self._full("the workspace", self.most_of_workspace, self._settings[1])
        if self.used >= self.most:
            raise self._full("the server", self.most, self._settings[0])
        self._taken[workspace_id] += 1
        try:
            yield
        finally:
            self._taken[workspace_id] -= 1
            if not self._taken[workspace_id]:
                del self._taken[workspace_id]

    def _full(self, whose: str, most: int, setting: str) -> Problem:
        detail = (
            f"There is no room for another {self._what}: {whose} takes {most} at a time ({setting})."
            " End some, or try again later."
        )
        return Problem(429, f"Too many {self._what}s", detail, RETRY_AFTER)
