"""Runs the sandbox's command line until standard input ends: `python -m dialog_sandbox.until_eof serve --port 0`.

The program that starts it holds the other end of the pipe. So the server ends with that one, also when that one is
killed and can tear down nothing.
"""

import os
import runpy
import signal
import sys
from threading import Thread

STDIN = 0


def main() -> None:
    """Run `python -m sandbox` with our arguments."""
    Thread(target=_end_with_input, daemon=True).start()
    sys.argv[0] = "sandbox"
    runpy.run_module("sandbox", run_name="__main__", alter_sys=True)


def _end_with_input() -> None:
    while os.read(STDIN, 1024):  # not `sys.stdin`, whose lock a daemon thread would hold when the interpreter ends
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
