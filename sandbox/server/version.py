"""Which version is this?"""

from importlib.metadata import PackageNotFoundError, version


def our_version() -> str:
    """Return `unknown` when it runs from files that nobody installed."""
    try:
        return version("dialog-sandbox")
    except PackageNotFoundError:
        return "unknown"
