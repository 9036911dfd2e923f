"""`python -m bench.sampler FILE COMMAND...`: the sandbox's command, with its CPU time sampled by layer into a file."""

import json
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

EVERY_S = 0.001
"""Of CPU time; the kernel may sample less often."""
CONNECTION, FRAMEWORK, TRANSACTIONS = "uvicorn", "FastAPI, Starlette", "begin and commit of transactions"
CALLER, BODY, DUE = "who calls", "reading the form", "what is due, faults"
ENDPOINT, JOURNAL = "endpoint and its statements", "journal"
LAYERS = (CONNECTION, FRAMEWORK, TRANSACTIONS, CALLER, BODY, DUE, ENDPOINT, JOURNAL)
Mark = tuple[str, str, str]
"""A file or folder, a function of it (or all), and the layer."""
PARTS: tuple[Mark, ...] = (
    ("/sandbox/server/journal/", "", JOURNAL),
    ("/sandbox/store/engine.py", "Store._transaction", TRANSACTIONS),
    ("/sandbox/vendors/base/exchange.py", "VendorExchange.authenticate", CALLER),
    ("/sandbox/vendors/base/exchange.py", "VendorExchange.read_form", BODY),
    ("/sandbox/server/hooks.py", "", DUE),
    ("/sandbox/server/faults/", "", DUE),
    ("/sandbox/server/ticker.py", "", DUE),
    ("/sandbox/world/commands.py", "run_due", DUE),
    ("/uvicorn/", "RequestResponseCycle.send", CONNECTION),
)
"""Of a stack's frames the innermost that is one of these counts."""
REST: tuple[Mark, ...] = (
    ("/sandbox/vendors/", "", ENDPOINT),
    ("/sandbox/store/", "", ENDPOINT),
    ("/fastapi/", "", FRAMEWORK),
    ("/starlette/", "", FRAMEWORK),
)
"""Of a stack that has none of those."""


def layer_of(frame: FrameType | None) -> str:
    """Return for which layer the interpreter works."""
    stack = list(_outwards(frame))
    for marks in (PARTS, REST):
        for each in stack:
            for path, function, layer in marks:
                if path in each.f_code.co_filename and function in ("", each.f_code.co_qualname):
                    return layer
    return CONNECTION


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def main() -> None:
    """Serve until a signal ends it; SIGUSR2 writes what was sampled since the last one."""
    into = Path(sys.argv[1])
    counts: Counter[str] = Counter()

    def write(*_: object) -> None:
        written = into.with_suffix(".part")
        written.write_text(json.dumps(counts))
        written.replace(into)
        counts.clear()

    signal.signal(signal.SIGPROF, lambda _, frame: counts.update([layer_of(frame)]))
    signal.signal(signal.SIGUSR2, write)
    signal.setitimer(signal.ITIMER_PROF, EVERY_S, EVERY_S)
    sys.argv = [sys.argv[0], *sys.argv[2:]]
    from sandbox.cli import main as command  # noqa: PLC0415  (so that the signals are there before)

    command()


if __name__ == "__main__":
    main()
