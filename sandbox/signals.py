"""What do signals do to us? `serve` stops cleanly; `exec` hands them to its command, or ends when there is none yet.

While uvicorn serves it takes SIGTERM and SIGINT itself, and raises them once more when it has stopped.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Event, Thread
from types import FrameType


def existing(*names: str) -> tuple[signal.Signals, ...]:
    """The signals of these names that this system has: Windows knows few."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


STOPS = existing("SIGTERM", "SIGINT")
HANGUP = existing("SIGHUP")
PASSED_ON = existing("SIGTERM", "SIGHUP", "SIGINT", "SIGQUIT", "SIGUSR1", "SIGUSR2")
STDIN = 0
_is_stopping = Event()


def stop_cleanly() -> None:
    """Makes whatever asks us to stop end us with exit code 0, also when it asks twice or before we serve."""
    _handle(STOPS, _stop)
    # uvicorn knows nothing of a terminal that goes away, so it is told in its words.
    _handle(HANGUP, lambda *_: signal.raise_signal(signal.SIGTERM))


def handle_stops(handler: Callable[[int, FrameType | None], object]) -> None:
    """Have this called for whatever asks us to stop."""
    _handle((*STOPS, *HANGUP), handler)


def stop_at_eof() -> None:
    """Have the end of standard input ask us to stop: who started us held its other end, and has ended."""
    Thread(target=_await_eof, daemon=True).start()


def _await_eof() -> None:
    with suppress(OSError):  # it may be closed
        while os.read(STDIN, 1024):  # not `sys.stdin`, whose lock we would hold when the interpreter ends
            pass
    if sys.platform == "win32":
        signal.raise_signal(signal.SIGTERM)  # by `os.kill` we would be gone at once, and leave files behind
    else:
        os.kill(os.getpid(), signal.SIGTERM)  # for the main thread, which it wakes


def _stop(*_: object) -> None:
    if not _is_stopping.is_set():
        sys.exit(0)


def finish_first() -> None:
    """Have those that come from here on change nothing: we stop already, and write what is not written yet."""
    _is_stopping.set()


def exit_as_a_shell_has_it() -> None:
    """Makes the signals that a command would get end us, while there is none, with 128 and their number."""
    _handle(PASSED_ON, lambda number, _: sys.exit(128 + number))


def heeded(numbers: Iterable[signal.Signals]) -> list[signal.Signals]:
    """Those that are ours to handle: under nohup, SIGHUP stays ignored."""
    return [number for number in numbers if number not in HANGUP or signal.getsignal(number) is not signal.SIG_IGN]


def _handle(numbers: Iterable[signal.Signals], handler: Callable[[int, FrameType | None], object]) -> None:
    for number in heeded(numbers):
        signal.signal(number, handler)
