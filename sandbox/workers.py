"""How do several processes serve on one socket? One starts them, starts again what dies or hangs, and ends them all.

uvicorn's own supervisor runs a server of its own in each, looks twice a second at what happens to them, and waits for
ever for one that does not end.
"""

import gc
import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from multiprocessing import connection, get_context, parent_process, resource_tracker
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Thread

from sandbox import signals
from sandbox.settings import Settings
from sandbox.startup import FAILED, collect_from_here_on, one_line_failures, set_up_log, tell

FROM_TERMINAL = signals.existing("SIGINT", "SIGHUP")
"""What a terminal sends to all processes alike: workers leave it to the one that started them."""
STOP_S = 10.0
"""How long a worker may take to end, beside what its open answers may: then it is killed."""
BEAT_S = 5.0
"""From one word of a worker's loop to the next, that it goes on."""
MOST_SILENT = 6
"""Looks, that far apart, at which a worker has sent no word; then it hangs. They are counted, since all of us may have
been stopped meanwhile."""
MOST_SILENT_AT_START = 24
"""The same of one that is not ready yet."""
ENDED_BY_US = (0, -signal.SIGTERM)
"""Exit codes of a worker that was asked to end, the latter of one that had not begun to serve."""

_spawn = get_context("spawn")


class Worker:
    """A process that serves. It sends a word when it is ready, and every few seconds from then on."""

    def __init__(self, settings: Settings, listener: socket.socket, *, is_temporary: bool, counts_folder: Path) -> None:
        self.settings = settings
        self.is_ready = False
        self.silent = 0
        """How often it was looked at since its last word."""
        self.news, writer = _spawn.Pipe(duplex=False)
        self.process = _spawn.Process(
            target=work,
            args=(settings, listener, writer),
            kwargs={"is_temporary": is_temporary, "counts_folder": counts_folder, "beat_s": BEAT_S},
            name="worker",
        )
        with blocked(FROM_TERMINAL), closing(writer):
            self.process.start()

    def note_news(self) -> None:
        """Note that it is ready and goes on, or that it will tell nothing any more."""
        try:
            while self.news.poll():
                self.news.recv()
                self.is_ready, self.silent = True, 0
        except (EOFError, OSError):
            self.news.close()

    def kill_if_hung(self) -> None:
        """Look whether it has sent a word; kill it when it has not for long."""
        self.silent += 1
        most, what = (MOST_SILENT, "go on") if self.is_ready else (MOST_SILENT_AT_START, "become ready")
        if self.silent > most and self.process.is_alive():
            tell(f"worker {self.process.pid} did not {what} for {BEAT_S * most:g} s, and was killed.")
            self.process.kill()
            self.process.join()

    @property
    def end(self) -> str:
        """How it ended, in words."""
        code = self.process.exitcode
        assert code is not None, "it has ended"
        return f"exit code {code}" if code >= 0 else signal.Signals(-code).name


class Workers:
    """As many processes as the settings say, on one bound socket and one database, which is there already."""

    def __init__(self, settings: Settings, listener: socket.socket, *, is_temporary: bool, counts_folder: Path) -> None:
        self._listener = listener
        self._is_temporary = is_temporary
        self._counts_folder = counts_folder
        self._stop_s = STOP_S + 2 * settings.stop_grace
        self._settings = [settings.model_copy(update={"callback_rate": rate}) for rate in shares(settings)]
        self._workers: list[Worker] = []
        self._signals, self._signalled = _spawn.Pipe(duplex=False)
        self._is_stopping = False

    def run(self, ready: Callable[[], None]) -> int:
        """Serve until a signal comes; return an exit code. `ready` is called when all of them are."""
        if sys.platform != "win32":
            resource_tracker.ensure_running()  # here, since it lets through what is blocked while workers start
        signals.handle_stops(self._note_signal)
        try:
            for each in self._settings:
                self._workers.append(self._start(each))
            code = self._supervise(ready)
        finally:
            self._stop()
            signals.finish_first()
            signals.stop_cleanly()
        failed = [worker for worker in self._workers if worker.process.exitcode not in ENDED_BY_US]
        return code or (FAILED if failed else 0)

    def _start(self, settings: Settings) -> Worker:
        return Worker(settings, self._listener, is_temporary=self._is_temporary, counts_folder=self._counts_folder)

    def _note_signal(self, *_: object) -> None:
        self._is_stopping = True
        os.write(self._signalled.fileno(), b"!")

    def _supervise(self, ready: Callable[[], None]) -> int:
        """Start again what dies or hangs, until a signal comes. One that dies before all were ready has told why."""
        is_told = False
        next_look = time.monotonic() + BEAT_S
        while not self._is_stopping:
            self._wait([worker.process for worker in self._workers], max(0, next_look - time.monotonic()))
            if time.monotonic() >= next_look:
                next_look = time.monotonic() + BEAT_S
                for worker in self._workers:
                    worker.kill_if_hung()
            for at, worker in enumerate(self._workers):
                if worker.process.is_alive():
                    continue
                if not is_told:
                    return max(worker.process.exitcode or 0, FAILED)
                if not self._is_stopping:
                    tell(f"worker {worker.process.pid} ended ({worker.end}): another takes its place.")
                    self._workers[at] = self._start(worker.settings)
            if not is_told and all(worker.is_ready for worker in self._workers):
                ready()
                is_told = True
        return 0

    def _wait(self, processes: Iterable[BaseProcess], timeout_s: float) -> None:
        """Wait until a signal comes, a worker sends a word, one of these has ended or the time is over."""
        news = {worker.news: worker for worker in self._workers if not worker.news.closed}
        ends = [process.sentinel for process in processes]
        for what in connection.wait([self._signals, *news, *ends], timeout_s):
            if what is self._signals:
                os.read(self._signals.fileno(), 1)
            elif isinstance(what, Connection):
                news[what].note_news()

    def _stop(self) -> None:
        """Ask all to end, again when we are asked again, and kill what does not."""
        ends_at = time.monotonic() + self._stop_s
        self._is_stopping = True
        self._listener.close()  # or who connects after the last worker has closed its own would wait for nobody
        while alive := [worker.process for worker in self._workers if worker.process.is_alive()]:
            if self._is_stopping:
                self._is_stopping = False
                for process in alive:
                    process.terminate()
            left_s = ends_at - time.monotonic()
            if left_s <= 0:
                for process in alive:
                    tell(f"worker {process.pid} did not end, and was killed.")
                    process.kill()
                    process.join()
            else:
                self._wait(alive, left_s)


def run_workers(settings: Settings, listener: socket.socket) -> None:
    """Make what they share, seed it, and have them serve on a bound socket until a signal ends them."""
    from sandbox.app import create_app  # noqa: PLC0415  (as in `work`)
    from sandbox.server_certificate import certified  # noqa: PLC0415  (as above)
    from sandbox.store.files import temporary_folder  # noqa: PLC0415  (as above)
    from sandbox.web_server import greeting, watched_file, with_token  # noqa: PLC0415  (as above)

    asked, settings = settings, with_token(settings)
    with certified(settings) as (settings, made), shared_database(settings) as (settings, is_temporary):
        app = create_app(settings, is_temporary=is_temporary)
        try:
            is_token_made = settings.control_token != asked.control_token
            words = greeting(app, settings, listener.getsockname(), is_token_made=is_token_made, made=made)
        finally:
            app.close()
        with watched_file(app.store), temporary_folder() as counts_folder:
            workers = Workers(settings, listener, is_temporary=is_temporary, counts_folder=Path(counts_folder))
            code = workers.run(lambda: print(*words, sep="\n", flush=True))
    if code:
        raise SystemExit(code)  # which the worker has told


@contextmanager
def shared_database(settings: Settings) -> Iterator[tuple[Settings, bool]]:
    """Give the settings with a database that several processes can open, and whether it goes in the end."""
    if settings.database:
        yield settings, False
        return
    from sandbox.store.files import temporary_folder  # noqa: PLC0415  (a worker switches the collector off first)

    with temporary_folder() as folder:
        yield settings.model_copy(update={"database": str(Path(folder, "sandbox.db"))}), True


def shares(settings: Settings) -> list[int]:
    """Return how many callbacks a second each worker may send, one at least."""
    share, over = divmod(settings.callback_rate, settings.workers)
    return [max(1, share + (1 if at < over else 0)) for at in range(settings.workers)]


@contextmanager
def blocked(numbers: tuple[signal.Signals, ...]) -> Iterator[None]:
    """Processes that are started in it never get these signals."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


# In a worker ---------------------------------------------------------------------------------------------------------


def work(
    settings: Settings,
    listener: socket.socket,
    news: Connection,
    *,
    is_temporary: bool,
    counts_folder: Path,
    beat_s: float,
) -> None:
    """Serve until we are asked to end, or the one that started us is gone. `beat_s`: how often we say that we go on."""
    signals.stop_cleanly()
    parent = parent_process()
    assert parent is not None, "a worker is started by another process"
    Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()
    gc.disable()  # see collect_from_here_on
    set_up_log(settings.log)

    import asyncio  # noqa: PLC0415  (after the collector was switched off)

    from sandbox.app import create_app  # noqa: PLC0415  (as above)
    from sandbox.server.telemetry import started  # noqa: PLC0415  (as above)
    from sandbox.web_server import serve, server_of  # noqa: PLC0415  (as above)

    def ready() -> None:
        collect_from_here_on()
        go_on()

    def go_on() -> None:
        with suppress(OSError):  # the one that started us is gone
            news.send(None)
            asyncio.get_running_loop().call_later(beat_s, go_on)

    with one_line_failures():
        app = create_app(
            settings, is_temporary=is_temporary, counts_folder=counts_folder, telemetry=started(os.environ)
        )
        serve(server_of(app, ready), app, listener)
    if app.journal.lost:
        raise SystemExit(FAILED)  # which the journal has told


def _end_with(sentinel: int) -> None:
    """Ask this process to end when the other one has ended."""
    connection.wait([sentinel])
    os.kill(os.getpid(), signal.SIGTERM)
