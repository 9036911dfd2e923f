"""`migrate`, `backup` and `restore`: what is done to a whole database from the command line.

What they need is imported inside them, as in `cli.py`.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from sandbox import signals
from sandbox.flags import OfDatabaseFlag, database_of
from sandbox.startup import fail


def migrate(database: OfDatabaseFlag = None) -> None:
    """take a database of an older version to this one; a file is copied first"""
    from sandbox.store import StoreRefused  # noqa: PLC0415  (readyz does without it)

    try:
        from sandbox.store.migration import migrate as migrate_database  # noqa: PLC0415  (only this needs Alembic)
    except ImportError:
        fail("This needs Alembic: install dialog-sandbox[migrate].")
    name = database_of(database)
    try:
        done = migrate_database(name)
    except StoreRefused as error:
        fail(str(error))
    if done.before == done.after:
        print(f"schema {done.after} already")
    else:
        kept = f"; as it was: {done.copy}" if done.copy else ""
        print(f"schema {done.before} is now {done.after}{kept}")


CopyArgument = Annotated[str, typer.Argument(metavar="FILE", help="the copy", show_default=False)]


def backup(copy: CopyArgument, database: OfDatabaseFlag = None) -> None:
    """copy a whole database into a new file, while servers run on it"""
    signals.exit_as_a_shell_has_it()
    from sandbox.store import StoreRefused  # noqa: PLC0415  (readyz does without it)
    from sandbox.store.backup import back_up  # noqa: PLC0415  (readyz does without it)

    name = database_of(database)
    try:
        back_up(name, Path(copy))
    except StoreRefused as error:
        fail(str(error))
    print(f"{copy}: {os.path.getsize(copy)} bytes")


def restore(copy: CopyArgument, database: OfDatabaseFlag = None) -> None:
    """put such a copy where no world is yet"""
    signals.exit_as_a_shell_has_it()
    from sandbox.store import StoreRefused  # noqa: PLC0415  (readyz does without it)
    from sandbox.store.backup import restore as restore_copy  # noqa: PLC0415  (readyz does without it)

    name = database_of(database)
    try:
        restore_copy(Path(copy), name)
    except StoreRefused as error:
        fail(str(error))
    print(f"{copy} is restored")
