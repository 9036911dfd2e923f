"""What do signals do to us? `serve` stops cleanly; `exec` hands them to its command, or ends when there is none yet.

While uvicorn serves it takes SIGTERM and SIGINT itself, and raises them once more when it has stopped.
"""

import signal
import sys
from collections.abc import Callable, Iterable
from types import FrameType

STOPS = (signal.SIGTERM, signal.SIGINT)
PASSED_ON = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)


def stop_cleanly() -> None:
    """Makes whatever asks us to stop end us with exit code 0, also when it asks twice or before we serve."""
    _handle(STOPS, lambda *_: sys.exit(0))
    # uvicorn knows nothing of a terminal that goes away, so it is told in its words.
    _handle([signal.SIGHUP], lambda *_: signal.raise_signal(signal.SIGTERM))


def exit_as_a_shell_has_it() -> None:
    """Makes the signals that a command would get end us, while there is none, with 128 and their number."""
    _handle(PASSED_ON, lambda number, _: sys.exit(128 + number))


def heeded(numbers: Iterable[signal.Signals]) -> list[signal.Signals]:
    """Those that are ours to handle: under nohup, SIGHUP stays ignored."""
    return [number for number in numbers if number != signal.SIGHUP or signal.getsignal(number) is not signal.SIG_IGN]


def _handle(numbers: Iterable[signal.Signals], handler: Callable[[int, FrameType | None], object]) -> None:
    for number in heeded(numbers):
        signal.signal(number, handler)
