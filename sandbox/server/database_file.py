"""Is the database's file still where it was opened, and may it grow? An open file goes on when its name is gone."""

import os
import shutil
from pathlib import Path

LEAST_ROOM = 1024 * 1024
"""Bytes that must be free beside it: some dozens of submits."""


class DatabaseFile:
    """The file at `path`, as it is when this is made."""

    def __init__(self, path: Path) -> None:
        self._path = path.absolute()
        self._identity = _identity(self._path)

    def complaint(self) -> str | None:
        """Return in a sentence why it cannot be used any more, or None."""
        try:
            room = shutil.disk_usage(self._path.parent).free
        except OSError:
            room = LEAST_ROOM  # its folder is gone, and the file with it
        is_full = room < LEAST_ROOM
        full = f"The database cannot grow: {room} bytes are free on its disk. Make room there." if is_full else None
        return self.misplaced() or full

    def misplaced(self) -> str | None:
        """Return in a sentence why it is not what stands in its place, or None."""
        try:
            identity = _identity(self._path)
        except OSError as error:
            return f"The database's file was moved or deleted ({error.strerror}): put it back, or restart the server."
        if identity != self._identity:
            return "Another file stands where the database's was: put that one back, or restart the server."
        return None


def _identity(path: Path) -> tuple[int, int]:
    found = os.stat(path)
    return found.st_dev, found.st_ino
