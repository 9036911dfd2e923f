"""Where does what a command prints go, and what is said when it cannot?"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn, TextIO

from sandbox.startup import fail


@contextmanager
def standard_output() -> Iterator[None]:
    """What is printed inside has arrived in the end, or one line says that it has not."""
    if sys.stdout is None:
        fail("Standard output is closed: send it somewhere, be it /dev/null.")
    try:
        try:
            yield
        finally:
            sys.stdout.flush()
    except OSError as error:
        if error.filename is not None or error.filename2 is not None:
            raise
        fail_to_print(error)


def fail_to_print(error: OSError) -> NoReturn:
    """One line, on standard error."""
    # Python would try it once more at the end, and say so in its own words.
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115  (it stays until the end)
    fail(f"Cannot write to standard output: {error.strerror or error}.")


@contextmanager
def one_line_without_reader() -> Iterator[None]:
    """One line says when nobody reads what is printed inside: Typer ends a command without a word then."""
    try:
        yield
    except BrokenPipeError as error:
        fail_to_print(error)


def put_report(text: str, output: str | None) -> None:
    """Write a report into a file, or on standard output."""
    if output:
        with open_report(output) as file:
            file.write(text)
    else:
        print(text, end="" if text.endswith("\n") else "\n")


def check_writable(path: str) -> None:
    """Fail in one line if a report cannot be written there, which is to be made first; leave what is there."""
    was_there = os.path.lexists(path)
    if was_there and not (os.path.isfile(path) or os.path.isdir(path)):
        return  # a pipe or a device: to open it is to begin
    try:
        open(path, "a").close()
    except OSError as error:
        fail(f"Cannot write {path}: {error.strerror or error}.")
    if not was_there:
        os.unlink(path)


def open_report(path: str) -> TextIO:
    """A new file, or one line that says why not."""
    try:
        return open(path, "w", encoding="utf-8")
    except OSError as error:
        fail(f"Cannot write {path}: {error.strerror or error}.")
