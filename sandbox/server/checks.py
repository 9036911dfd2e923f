"""Is a value in a request one that this server knows: a telephone number, a vendor, an operation, a word of theirs?

The wire models name the kind of value (`dialog_sandbox.models.values.CHECKS`), and the values that there are depend on
the vendors that the app plays. A check returns the value as it is kept, or raises ValueError.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase

from dialog_sandbox.models.values import CHECKS, Check
from sandbox.server.status_words import status_check, status_words_of, unambiguous
from sandbox.vendors.base.vendor import Vendor
from sandbox.world import consent, phones, zones
from sandbox.world.delivery import HANDSETS
from sandbox.world.errors import ImpossiblePhone, UnknownZone
from sandbox.world.lines import STAFF_TOOLS


def checks_for(vendors: Sequence[Vendor]) -> Mapping[str, Check]:
    """Return the check of each kind of value."""
    listed = {kind: one_of(names) for kind, names in names_by_kind(vendors).items()}
    return {
        **listed,
        "phone": phone,
        "line": line,
        "zone": zone,
        "keyword": keyword,
        "pattern": pattern_of(operations_of(vendors)),
        "message-type": message_type_of(message_types_of(vendors)),
        "status": status_check(status_words_of(vendors)),
    }


@contextmanager
def checking(checks: Mapping[str, Check]) -> Iterator[None]:
    """Have the wire models check what is read by them inside."""
    before = CHECKS.set(checks)
    try:
        yield
    finally:
        CHECKS.reset(before)


def names_by_kind(vendors: Sequence[Vendor]) -> Mapping[str, Sequence[str]]:
    """Return the values that there are, of the kinds that have a list of them."""
    return {
        "vendor": [vendor.name for vendor in vendors],
        "operation": operations_of(vendors),
        "message-type": [*message_types_of(vendors)],
        "handset": [*HANDSETS],
        "status": unambiguous(vendors),
    }


def operations_of(vendors: Sequence[Vendor]) -> list[str]:
    """Return what faults, journal and verify call the vendors' operations."""
    return list(dict.fromkeys(name for vendor in vendors for name in vendor.operations))


def message_types_of(vendors: Sequence[Vendor]) -> dict[str, str]:
    """Return the words for what staff may send from a console, with the purpose that each stands for."""
    tool = STAFF_TOOLS["console"]
    return {
        word: purpose for vendor in vendors if vendor.name == tool for purpose, word in vendor.message_types.items()
    }


def phone(written: str) -> str:
    """Return the digits of a telephone number."""
    try:
        return phones.normalised(written)
    except ImpossiblePhone:
        raise ValueError("must be a telephone number, as 16155550123, +16155550123 or 6155550123") from None


def line(written: str) -> str:
    """Return the digits of a number that an organisation texts from."""
    try:
        return phones.normalised_line(written)
    except ImpossiblePhone:
        raise ValueError(
            "must be a telephone number, as 16155550123, +16155550123 or 6155550123, or a short code, as 72345"
        ) from None


def zone(written: str) -> str:
    """Return the name of a time zone."""
    try:
        return zones.zone_name(written)
    except UnknownZone as error:
        raise ValueError(str(error)) from None


def keyword(written: str) -> str:
    """Return what subscribes a phone again."""
    if consent.request_of(written, None) in ("opt_out", "help"):
        raise ValueError("must be none of the words that stop or ask for help (rules NET-stop, NET-help)")
    return written


def one_of(names: Sequence[str]) -> Check:
    """Return the check that a value is one of these."""
    *others, last = map(repr, names)
    known = f"{', '.join(others)} or {last}" if others else last

    def check(written: object) -> str:
        if isinstance(written, str) and written in names:
            return written
        raise ValueError(f"must be {known}")

    return check


def pattern_of(operations: Sequence[str]) -> Check:
    """Return the check that a value is one of these operations, or with wildcards some of them."""

    def check(written: object) -> str:
        if isinstance(written, str) and any(fnmatchcase(name, written) for name in operations):
            return written
        raise ValueError(f"must be one of {', '.join(operations)}, or have a * for some of them, as simplepay.*")

    return check


def message_type_of(words: Mapping[str, str]) -> Check:
    """Return the check that a value is one of these words."""

    def check(written: str) -> str:
        if written not in words:
            raise ValueError(f"must be one of {', '.join(map(repr, words))}")
        return written

    return check
