"""Why can a file not be used as a database here: which path, which user, which right is missing, what is broken?"""

import os
import stat
import sys
import tempfile
from pathlib import Path

from sandbox.store.errors import StoreRefused

MAGIC = b"SQLite format 3\x00"
HEADER = 100
"""Bytes of the head of each SQLite file."""
BESIDE = ("-wal", "-shm", "-journal")
"""What SQLite keeps beside a database, by what is added to its name."""


def temporary_folder() -> "tempfile.TemporaryDirectory[str]":
    """Return a folder for a database that goes with the process."""
    try:
        return tempfile.TemporaryDirectory(prefix="dialog-sandbox-")
    except OSError as error:
        raise StoreRefused(
            f"No folder for a temporary database ({error.strerror or error}):"
            " set TMPDIR to one that can be written and has room, or give --database a path."
        ) from error


def refusal(path: Path, reason: str) -> StoreRefused:
    """Return what is raised for a database that cannot be used."""
    return StoreRefused(f"Cannot open the database {path}: {reason}.")


def damaged(path: Path, reason: str) -> StoreRefused:
    """Return what is raised for a database of which a part is broken or missing."""
    return StoreRefused(
        f"The database {path} is damaged ({reason}): restore a copy of it, or move it away to have a new one seeded."
    )


def obstacle(path: Path) -> str | None:
    """Return what keeps us from making, reading or writing that file, as far as the system tells."""
    path = Path(os.path.realpath(path))
    folder = path.parent
    for parent in reversed(folder.parents):
        if parent.exists() and not may(parent, os.X_OK):
            return f"{user()} may not look into the folder {parent}, which {_owner(parent)}"
    if not folder.exists():
        return f"the folder {folder} does not exist"
    if not folder.is_dir():
        return f"{folder} is not a folder"
    if not may(folder, os.X_OK):
        return f"{user()} may not look into the folder {folder}, which {_owner(folder)}"
    if path.is_dir():
        return f"that is a folder; name a file in it, as {path / 'sandbox.db'}"
    if path.exists() and not path.is_file():
        return "that is no regular file"
    if _is_read_only(folder):
        return f"the filesystem of {folder} is read-only"
    if not may(folder, os.W_OK):
        return f"{user()} may not write in the folder {folder}, which {_owner(folder)}"
    for file in (path, *(path.with_name(path.name + end) for end in BESIDE)):
        for right, name in ((os.R_OK, "read"), (os.W_OK, "write")):
            if file.exists() and not may(file, right):
                return f"{user()} may not {name} {file}, which {_owner(file)}"
    return None


def may(path: Path, rights: int) -> bool:
    """Return whether we have these rights, by the user that counts for files."""
    return os.access(path, rights, effective_ids=os.access in os.supports_effective_ids)


def user() -> str:
    """Return who we are, as the system counts."""
    if sys.platform == "win32":
        return "this user"
    return f"user {_named(os.geteuid())} of group {os.getegid()}"


def _owner(path: Path) -> str:
    found = path.stat()
    if sys.platform == "win32":
        return "others protect"
    return f"belongs to user {_named(found.st_uid)} of group {found.st_gid} (mode {stat.S_IMODE(found.st_mode):04o})"


def _named(uid: int) -> str:
    import pwd  # noqa: PLC0415  (Windows has none)

    try:
        return f"{uid} ({pwd.getpwuid(uid).pw_name})"
    except KeyError:
        return str(uid)


def _is_read_only(folder: Path) -> bool:
    if sys.platform == "win32":
        return False
    return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)


# What is in it -------------------------------------------------------------------------------------------------------


def is_sqlite(path: Path) -> bool:
    """Return whether a file begins as SQLite's do, however much of it there is."""
    with path.open("rb") as file:
        head = file.read(len(MAGIC))
    return MAGIC.startswith(head)


def missing_bytes(path: Path) -> int:
    """Return how many bytes a database at rest lacks of what its head says."""
    log = path.with_name(path.name + "-wal")
    if log.exists() and log.stat().st_size:
        return 0  # what is in the log counts, and the head may be about to be written
    with path.open("rb") as file:
        head = file.read(HEADER)
    if len(head) < HEADER:
        return HEADER - len(head)
    page_size, pages = int.from_bytes(head[16:18], "big"), int.from_bytes(head[28:32], "big")
    if head[24:28] != head[92:96]:  # an old writer, which did not keep the number of pages
        return 0
    return max(0, (65_536 if page_size == 1 else page_size) * pages - path.stat().st_size)
