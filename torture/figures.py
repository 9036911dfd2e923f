"""What a part has found, and how long it may go on."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from torture.shapes import Defect, Misshapen, check
from torture.wire import Answer

FEW = 5
"""Sentences that are kept of what went wrong; all are counted."""


class Budget:
    """Rounds until so many seconds are over, and no more than so many; one at least. The seconds begin at once."""

    def __init__(self, seconds: float, rounds: int | None = None) -> None:
        self.seconds, self.rounds = seconds, rounds
        self._end = time.monotonic() + seconds

    def share(self, part: float) -> "Budget":
        """Part of what is left of the seconds, and of all the rounds, of which there is one at least."""
        rounds = None if self.rounds is None else max(1, round(self.rounds * part))
        return Budget((self._end - time.monotonic()) * part, rounds)

    def __iter__(self) -> Iterator[int]:
        n = 0
        while n == 0 or (time.monotonic() < self._end and (self.rounds is None or n < self.rounds)):
            yield n
            n += 1


@dataclass(frozen=True)
class Growth:
    """From a third of the way to its end, in MB (10^6 bytes)."""

    memory_mb: float
    file_mb: float


@dataclass
class Figures:
    """Of one part. `kills` and `outages`: what was done to the server. `other`: what went wrong besides."""

    part: str
    kills: int = 0
    outages: int = 0
    acknowledged: int = 0
    lost: int = 0
    inputs: int = 0
    defects: int = 0
    misshapen: int = 0
    other: int = 0
    growth: Growth | None = None
    sentences: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    @property
    def is_good(self) -> bool:
        return not (self.lost or self.defects or self.misshapen or self.other)

    def judge(self, answer: Answer, target: bytes | None, *, is_head: bool = False, may_be_out: bool = False) -> None:
        """Count an answer, and what is wrong with it."""
        try:
            check(answer, target, is_head=is_head, may_be_out=may_be_out)
        except Defect:
            self.count("defects", f"a defect of the server at {target!r}: {answer.status} {answer.body[:200]!r}")
        except Misshapen:
            self.count("misshapen", f"not in shape at {target!r}: {answer.status} {answer.body[:200]!r}")

    def count(self, name: str, sentence: str | None = None, n: int = 1) -> None:
        """Add to one of the numbers; the sentence says what is wrong, if something is."""
        with self._lock:
            setattr(self, name, getattr(self, name) + n)
            if sentence is not None and len(self.sentences) < FEW:
                self.sentences.append(sentence)

    def is_wrong(self, sentence: str) -> None:
        """Count what no other number is for."""
        self.count("other", sentence)
