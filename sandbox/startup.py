"""How does a process that serves begin, and how does it tell what keeps it from that?

What a function needs is imported inside it, as in `cli.py`.
"""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

FAILED = 1
MISUSED = 2


def show_progress() -> None:
    """Has what takes long say on standard error how far it is."""
    import logging  # noqa: PLC0415  (readyz does without it)

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("dialog-sandbox: %(message)s"))
    logger = logging.getLogger("sandbox.world.seed")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False


def collect_from_here_on() -> None:
    """Leaves what was made until it serves out of garbage collection: it stays for good.

    Looking through it while it is made, mostly by imports, costs a third of the CPU time to the first answer.
    """
    gc.freeze()
    gc.enable()


@contextmanager
def one_line_failures() -> Iterator[None]:
    """What keeps a server from starting, told in one line."""
    from sandbox.https import BadCertificate  # noqa: PLC0415  (--version and --help do without pydantic)
    from sandbox.server.targets import BadTarget  # noqa: PLC0415  (readyz does without it)
    from sandbox.store import StoreRefused, StoreUnavailable  # noqa: PLC0415  (readyz does without it)
    from sandbox.web_server import Unwritten  # noqa: PLC0415  (readyz does without it)
    from sandbox.world.errors import FixtureRefused  # noqa: PLC0415  (readyz does without it)

    try:
        yield
    except (FixtureRefused, BadTarget) as error:
        fail(str(error), MISUSED)
    except (BadCertificate, StoreRefused, Unwritten) as error:
        fail(str(error))
    except StoreUnavailable as error:
        fail(f"The database cannot be used: {error}.")


def fail(message: str, code: int = FAILED) -> NoReturn:
    """One line, no traceback."""
    print(f"dialog-sandbox: {' '.join(message.split())}", file=sys.stderr)
    raise SystemExit(code)
