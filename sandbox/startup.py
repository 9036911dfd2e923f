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


def set_up_log(kind: str) -> None:
    """Has standard error tell what `SANDBOX_LOG` says: with each kind, how far it is that takes long."""
    import logging  # noqa: PLC0415  (readyz does without it)
    from time import gmtime  # noqa: PLC0415  (as above)

    progress, requests = logging.getLogger("sandbox.world.seed"), logging.getLogger("sandbox.access")
    progress.setLevel(logging.INFO)
    if kind == "json":
        from sandbox.server.json_log import JsonLines  # noqa: PLC0415  (others do without it)

        lines = logging.StreamHandler()
        lines.setFormatter(JsonLines())
        logging.getLogger().addHandler(lines)
        logging.captureWarnings(True)
        requests.setLevel(logging.INFO)
        return
    sentences = logging.StreamHandler()
    sentences.setFormatter(logging.Formatter("dialog-sandbox: %(message)s"))
    progress.addHandler(sentences)
    progress.propagate = False
    if kind == "access":
        lines = logging.StreamHandler()
        in_utc = logging.Formatter("%(asctime)s.%(msecs)03dZ %(message)s", "%Y-%m-%dT%H:%M:%S")
        in_utc.converter = gmtime
        lines.setFormatter(in_utc)
        requests.addHandler(lines)
        requests.setLevel(logging.INFO)


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
    tell(" ".join(message.split()))
    raise SystemExit(code)


def tell(sentence: str) -> None:
    """A line on standard error, in the log's own form if that is JSON."""
    import logging  # noqa: PLC0415  (readyz does without it, unless there is something to tell)

    logger = logging.getLogger("sandbox.notices")
    if logger.hasHandlers():
        logger.warning("%s", sentence)
    else:
        print(f"dialog-sandbox: {sentence}", file=sys.stderr, flush=True)
