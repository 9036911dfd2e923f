"""The measuring: a thousand stored messages, with a journal and without, a million, and the bare route, in turn."""

import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

from bench import calls, chores, contents, fill, load, servers
from bench.calls import CALLS, Call
from bench.chores import Chore
from bench.load import Request, Sample
from bench.servers import Broken, Server
from bench.starts import first_answer
from sandbox.clock import wall_clock

SHRUNK = 0.9
"""Of the size that checked answers have; a run whose mean answer is smaller got other ones."""

WARM_UP_S = 1
REHEARSALS = 20
"""How often a new server answers the checked requests before it is measured: a warm-up must not fill its store."""


@dataclass(frozen=True)
class Effort:
    """How long to measure. `million`: what the large store is filled with."""

    seconds: int
    rounds: int
    starts: int
    million: fill.Size


@dataclass(frozen=True)
class Store:
    """A store that is served, and what is asked of it. The bare route has none, and so no path."""

    path: Path | None
    server: Server
    requests: Sequence[Request] = ()
    journal: bool = True

    def with_requests(self, call: Call) -> "Store":
        assert self.path
        return replace(self, requests=call.requests(self.path))


@dataclass
class Result:
    """What one call came to; the n-th samples were taken one right after the other."""

    call: Call
    bare: list[Sample] = field(default_factory=list)
    thousand: list[Sample] = field(default_factory=list)
    unwritten: list[Sample] = field(default_factory=list)
    """The same thousand without a journal."""
    million: list[Sample] = field(default_factory=list)

    @property
    def of_bare(self) -> float:
        """Requests/s next to the bare route's; the median of the rounds."""
        return median(ours.per_s / bare.per_s for ours, bare in zip(self.thousand, self.bare, strict=True))

    @property
    def of_unwritten(self) -> float:
        """Requests/s with the journal next to those without; the median of the rounds."""
        pairs = zip(self.thousand, self.unwritten, strict=True)
        return median(written.per_s / unwritten.per_s for written, unwritten in pairs)

    @property
    def of_thousand(self) -> float:
        """Requests/s with a million messages next to those with a thousand; the median of the rounds."""
        return median(many.per_s / few.per_s for many, few in zip(self.million, self.thousand, strict=True))


@dataclass
class Found:
    """Everything that was measured. Memory is resident, in MB (10^6 bytes)."""

    thousand: int
    million: int
    """How many messages each store held at first."""
    fill_s: float = 0.0
    first_answer_s: float = 0.0
    clinic_mb: float = 0.0
    """After the start on `clinic`."""
    thousand_mb: float = 0.0
    million_mb: float = 0.0
    """After all the load."""
    results: list[Result] = field(default_factory=list)
    chores: list[Chore] = field(default_factory=list)


def everything(effort: Effort, folder: Path, say: Callable[[str], None]) -> Found:
    """Fills the stores in `folder` and measures. `say` is told what is going on."""
    say(f"the time to the first answer, {effort.starts} times")
    first_answer_s, clinic_mb = first_answers(effort.starts)
    thousand, million = folder / "thousand.db", folder / "million.db"
    say(f"filling a store with {effort.million.messages:,} messages")
    fill_s = filled(thousand, million, effort.million)
    found = Found(
        contents.count_messages(thousand), contents.count_messages(million), fill_s, first_answer_s, clinic_mb
    )
    say("what happens seldom")
    found.chores = chores.everything()
    unwritten = folder / "unwritten.db"
    shutil.copyfile(pristine(thousand), unwritten)
    shutil.copyfile(pristine(thousand), pristine(unwritten))
    with (
        servers.sandbox("--database", str(thousand)) as few,
        servers.sandbox("--database", str(unwritten), journal=False) as silent,
        servers.sandbox("--database", str(million)) as many,
    ):
        stores = Store(thousand, few), Store(unwritten, silent, journal=False), Store(million, many)
        for call in CALLS:
            say(call.title)
            found.results.append(measured(call, effort, folder, *stores))
        found.thousand_mb, found.million_mb = few.memory_mb(), many.memory_mb()
    return found


def filled(thousand: Path, million: Path, large: fill.Size) -> float:
    """Fills both stores up to now; how long that took for the large one, in seconds."""
    end = wall_clock()
    fill.fill(pristine(thousand), fill.THOUSAND, end)
    shutil.copyfile(pristine(thousand), thousand)
    begun = time.monotonic()
    fill.fill(million, large, end)
    return time.monotonic() - begun


def pristine(path: Path) -> Path:
    """The copy of a store that is never served."""
    return path.with_suffix(".pristine")


def first_answers(starts: int) -> tuple[float, float]:
    """Seconds from the command to the first vendor answer on `clinic`, and MB then; medians without the first start."""
    found = [first_answer(servers.sandbox) for _ in range(starts + 1)][1:]
    return median(start.seconds for start in found), median(start.memory_mb for start in found)


def measured(call: Call, effort: Effort, folder: Path, few: Store, silent: Store, many: Store) -> Result:
    """One call: bare, a thousand, the same without a journal, a million, in turn."""
    result = Result(call)
    few, silent, many = few.with_requests(call), silent.with_requests(call), many.with_requests(call)
    answer = folder / "answer"
    with fresh(call, few, folder) as emptied:
        answer.write_bytes(calls.verify(emptied.server, call, emptied.requests).body)
    with servers.bare(call.route, answer) as server:
        bare = Store(None, server, few.requests)
        for store in (bare, many) if call.fills else (bare, few, silent, many):
            load.run(store.server, store.requests, call.headers, WARM_UP_S)
        for _ in range(effort.rounds):
            result.bare.append(loaded(call, bare, effort.seconds))
            for store, samples in ((few, result.thousand), (silent, result.unwritten)):
                with fresh(call, store, folder) as emptied:
                    samples.append(loaded(call, emptied, effort.seconds))
            result.million.append(loaded(call, many, effort.seconds))
    return result


@contextmanager
def fresh(call: Call, store: Store, folder: Path) -> Iterator[Store]:
    """A store that holds no more than its thousand yet: the same one, or a copy when the call would fill it."""
    if not call.fills:
        yield store
        return
    assert store.path
    with tempfile.TemporaryDirectory(dir=folder) as place:
        path = Path(place, "fresh.db")
        shutil.copyfile(pristine(store.path), path)
        with servers.sandbox("--database", str(path), journal=store.journal) as server:
            new = replace(store, path=path, server=server)
            for _ in range(REHEARSALS):
                calls.verify(server, call, new.requests)
            yield new


def loaded(call: Call, store: Store, seconds: int) -> Sample:
    """One run of wrk, refused unless the answers before, while and after are the right ones."""
    right = calls.verify(store.server, call, store.requests)
    counted = store.path if call.fills else None
    before = contents.count_messages(counted) if counted else 0
    sample = load.run(store.server, store.requests, call.headers, seconds)
    # What is under way when wrk stops is stored, and not counted.
    kept = contents.count_messages(counted) - before if counted else sample.requests
    if not sample.requests <= kept <= sample.requests + load.CONNECTIONS:
        raise Broken(f"{call.title}: {sample.requests} were answered and {kept} are stored")
    if sample.mean_bytes < right.mean_bytes * SHRUNK:
        raise Broken(f"{call.title}: answers of {sample.mean_bytes:.0f} bytes, and {right.mean_bytes:.0f} are right")
    calls.verify(store.server, call, store.requests)
    return sample
