"""Which version is this client, and does a server fit it?"""

import re
from importlib.metadata import PackageNotFoundError, version

CLIENT = "dialog-sandbox-client"
NUMBERS = re.compile(r"(\d+)\.(\d+)\.\d+")


def own_version() -> str | None:
    """Return none when it runs from files that nobody installed."""
    try:
        return version(CLIENT)
    except PackageNotFoundError:
        return None


def misfit(url: str, server: str) -> str | None:
    """Return a sentence if the server at `url`, of this version, does not fit us.

    One fits that is of our major version and no older. Before 1.0 it is of our minor version too, since each may change
    what there was.
    """
    client = own_version()
    ours, theirs = NUMBERS.match(client or ""), NUMBERS.match(server)
    if ours is None or theirs is None or fits(_numbers(ours), _numbers(theirs)):
        return None
    return f"The sandbox at {url} is {server}, and {CLIENT} is {client}: install the same version of both."


def fits(client: tuple[int, int], server: tuple[int, int]) -> bool:
    """Return whether a server does what a client knows, by their major and minor versions."""
    return server == client or (client[0] == server[0] != 0 and server[1] > client[1])


def _numbers(found: re.Match[str]) -> tuple[int, int]:
    return int(found[1]), int(found[2])
