"""Which status does a word stand for: one of the world's own, or one that a vendor shows?"""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from dialog_sandbox.models.messages import UnderstoodWord
from dialog_sandbox.models.values import Check
from sandbox.vendors.base.vendor import Vendor
from sandbox.world.statuses import STATUSES

LONGEST_COMPARED = 60


class StatusWord(NamedTuple):
    """A word, whose it is (null: the world's), and what it may stand for."""

    word: str
    vendor: str | None
    statuses: tuple[str, ...]


StatusWords = dict[str, StatusWord]
"""By the word as it is written, and in small letters."""


def status_words_of(vendors: Sequence[Vendor]) -> StatusWords:
    """Return all words that are taken, those too that may stand for several statuses."""
    own = [StatusWord(status, None, (status,)) for status in STATUSES]
    found: StatusWords = {}
    for each in (*own, *_vendors_words(vendors)):
        found.setdefault(each.word, each)
        found.setdefault(each.word.lower(), each)
    return found


def unambiguous(vendors: Sequence[Vendor]) -> list[str]:
    """Return the words that stand for one status each."""
    return list(dict.fromkeys(each.word for each in status_words_of(vendors).values() if len(each.statuses) == 1))


def _found(written: str, words: StatusWords) -> StatusWord | None:
    return words.get(written) or words.get(written.lower())


def _vendors_words(vendors: Sequence[Vendor]) -> Iterator[StatusWord]:
    for vendor in vendors:
        for word, statuses in vendor.status_words.items():
            yield StatusWord(word, vendor.name, statuses)


def status_check(words: StatusWords) -> Check:
    """Return the check that a word stands for one status."""

    def check(written: object) -> str:
        known = _found(written, words) if isinstance(written, str) else None
        if known is None:
            raise ValueError(_unknown(written, words))
        if len(known.statuses) > 1:
            raise ValueError(f"must be {' or '.join(known.statuses)}: {known.word} may stand for either")
        return str(written)

    return check


def _unknown(written: object, words: StatusWords) -> str:
    vendors = (each for each in words.values() if each.vendor is not None and len(each.statuses) == 1)
    others = dict.fromkeys(each.word for each in vendors)
    close = (
        get_close_matches(written[:LONGEST_COMPARED].lower(), words, n=1, cutoff=0.75)
        if isinstance(written, str)
        else []
    )
    question = f": did you mean {words[close[0]].word}?" if close else ""
    return f"must be {', '.join(STATUSES[:-1])} or {STATUSES[-1]}, or a vendor's word: {', '.join(others)}{question}"


def understood(written: str, words: StatusWords) -> tuple[str, UnderstoodWord | None]:
    """Return the status that a word stands for, and what is said of it where it is not the status itself."""
    known = _found(written, words)
    assert known is not None, "the request was checked"
    (status,) = known.statuses
    if written == status:
        return status, None
    return status, UnderstoodWord.model_validate({"word": written, "status": status, "vendor": known.vendor})
