"""New workspaces and what they own: given values are kept, missing ones made."""

from collections.abc import Mapping

from sandbox.store import Tx, WorkspaceView
from sandbox.store.tables import Account
from sandbox.world.lines import LineView

Keys = tuple[str | None, str | None]
"""Access key and secret access key; both null in a clone."""


def create(
    tx: Tx,
    *,
    name: str | None,
    fixture: str,
    fingerprint: str = "",
    seed: int,
    username: str | None = None,
    password: str | None = None,
    start_at: int | None = None,
    expires_wall: int | None = None,
) -> WorkspaceView:
    """Make a workspace with nothing in it and enter it. Name and credentials that are not given are made."""
    raise NotImplementedError


def note_first(tx: Tx) -> None:
    """Keep clock and delivery as they are now for a reset."""
    raise NotImplementedError


def add_console(
    tx: Tx,
    *,
    code: str | None = None,
    name: str | None = None,
    line: str | None = None,
    keyword: str | None = None,
    help_text: str | None = None,
    auto_reply: str | None = None,
    submit_overrides_stop: bool = False,
) -> LineView:
    """Add a console and its line."""
    raise NotImplementedError


def introduce(tx: Tx, line: str, at: int) -> None:
    """Make known to a new console everybody whom staff entered."""
    raise NotImplementedError


def add_account(
    tx: Tx,
    *,
    name: str | None = None,
    tracking_numbers: list[str] | None = None,
    access_key: str | None = None,
    secret_access_key: str | None = None,
    help_text: str | None = None,
    documented_doctype: bool = True,
) -> Account:
    """Add a DialogTech account and its tracking numbers, 11 digits each."""
    raise NotImplementedError


def keys_of(tx: Tx) -> dict[int, Keys]:
    """Return the keys of the workspace's accounts, by account."""
    raise NotImplementedError


def give_keys(tx: Tx, known: Mapping[int, Keys]) -> None:
    """Give each account the keys that it is known by; make some for those of the rest that have none."""
    raise NotImplementedError
