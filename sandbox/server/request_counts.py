"""How many requests came to what, and how long did they take? Of this process, and of those that share its socket.

Who asks one of several workers asks for all of them. So each leaves its counts in a folder of theirs, a moment after
they changed; those of one that has ended stay there, and no count ever goes back.
"""

import asyncio
import json
from bisect import bisect_left
from collections import Counter
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from sandbox.world.ids import secret

BOUNDS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""How long a request took at most to be counted there."""
PUBLISH_AFTER_S = 0.5
"""How long a count may wait until the other processes can see it."""

RequestKey = tuple[str, str, str]
"""Operation, outcome, and status; `none` of a request that got no answer."""


class Durations(NamedTuple):
    """Of an operation: `counts` by bound, those beyond the last behind them, and all seconds together."""

    counts: list[int]
    seconds: list[float]

    def add(self, other: "Durations") -> None:
        """Add those of another process."""
        self.counts[:] = [mine + theirs for mine, theirs in zip(self.counts, other.counts, strict=True)]
        self.seconds[0] += other.seconds[0]


def no_durations() -> Durations:
    return Durations([0] * (len(BOUNDS_S) + 1), [0.0])


class Counts:
    """What was counted, by operation."""

    def __init__(self) -> None:
        self.requests: Counter[RequestKey] = Counter()
        self.durations: dict[str, Durations] = {}

    def add(self, key: RequestKey, took_s: float) -> None:
        self.requests[key] += 1
        durations = self.durations.get(key[0])
        if durations is None:
            durations = self.durations[key[0]] = no_durations()
        durations.counts[bisect_left(BOUNDS_S, took_s)] += 1
        durations.seconds[0] += took_s

    def join(self, other: "Counts") -> None:
        """Add those of another process."""
        self.requests.update(other.requests)
        for operation, durations in other.durations.items():
            self.durations.setdefault(operation, no_durations()).add(durations)

    def written(self) -> str:
        """Return them as `read_counts` reads them."""
        return json.dumps([[[*key, n] for key, n in self.requests.items()], self.durations])


def read_counts(written: str) -> Counts:
    counts = Counts()
    requests, durations = json.loads(written)
    counts.requests.update({(operation, outcome, status): n for operation, outcome, status, n in requests})
    counts.durations.update({operation: Durations(*each) for operation, each in durations.items()})
    return counts


class RequestCounts:
    """Counts the requests of this process. `folder`: of the processes that count together, if there are others."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._file = folder and folder / f"{secret(12)}.json"
        self._own = Counts()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, operation: str, outcome: str, status: int | None, took_s: float) -> None:
        """Count a request that was answered, or not."""
        self._own.add((operation, outcome, "none" if status is None else str(status)), took_s)
        if self._file is not None and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PUBLISH_AFTER_S, self.publish)

    def publish(self) -> None:
        """Let the other processes see what was counted."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._file is not None:
            unfinished = self._file.with_suffix(".part")
            with suppress(OSError):  # a full disk keeps nothing but this back
                unfinished.write_text(self._own.written())
                unfinished.replace(self._file)

    def of_all(self) -> Counts:
        """Return those of this process and of the others."""
        joined = Counts()
        joined.join(self._own)
        if self._folder is not None:
            for file in self._folder.glob("*.json"):
                if file != self._file:
                    joined.join(read_counts(file.read_text()))
        return joined
