"""A path that leads nowhere, beside a vendor's prefix or below it: which of its paths was meant?

Slashes, case, a prefix that is missing, cut short, doubled or behind another one, a word misspelt or left out, a query
behind something else than a question mark: what clients put together from a base URL and a path. A path that is
nobody's is nobody's; of two that may be meant, the nearer one is.
"""

import re
from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import NamedTuple

RULE = "NET-path"
SLASHES = re.compile(r"(?:/|\\|%2f|%5c)+", re.IGNORECASE)
DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)
QUERY = re.compile(r"%3f|[?&]", re.IGNORECASE)
"""Behind which comes what was meant for a query string."""
LONGEST = 300
"""Characters of a path that is named whole."""
HOLDS_PREFIX, HOLDS_ROUTE, RESEMBLES = range(3)
"""How near a path is, the nearest first."""
SIMILAR = 0.75


class NearMiss(NamedTuple):
    """`distance`: the smaller, the nearer. `path`: the one that was meant; of no route, if only the prefix is known."""

    distance: float
    path: str
    is_route: bool

    @property
    def question(self) -> str:
        return f"There is no such path: did you mean {self.path}?"

    @property
    def fix(self) -> str:
        return f"Call {self.path}." if self.is_route else f"Begin the path with {self.path}."


def near_miss(name: str, prefix: str, templates: Iterable[str], path: str) -> NearMiss | None:
    """Return which of a vendor's paths was meant by this one, as it was sent; None when it is far from all.

    `templates`: the vendor's paths, with `{parameters}`.
    """
    sent, beginning = segments_of(QUERY.split(path, maxsplit=1)[0]), segments_of(prefix)
    below = [segments_of(each)[len(beginning) :] for each in templates]
    size = len(beginning)
    for at in range(len(sent)):
        if _folded(sent[at : at + size]) == _folded(beginning):
            return _found(HOLDS_PREFIX, prefix, below, sent[at + size :])
    for template in below:
        end = sent[len(sent) - len(template) :]
        if not all(map(_is_parameter, template)) and _filled(template, end) is not None:
            return _found(HOLDS_ROUTE, prefix, below, end)
    similarity = _similarity(name, beginning, sent[:size])
    return _found(RESEMBLES + 1 - similarity, prefix, below, sent[size:]) if similarity >= SIMILAR else None


def _found(distance: float, prefix: str, below: list[list[str]], rest: list[str]) -> NearMiss:
    """Return the path that ends so; without its end where no path of the vendor does, or where it is too long."""
    ways = (way(template, rest) for way in (_filled, _completed, _corrected) for template in below)
    filled = next((each for each in ways if each is not None), None)
    whole = prefix if filled is None else "/".join((prefix, *filled))
    is_whole = filled is not None and len(whole) <= LONGEST
    return NearMiss(distance, whole if is_whole else prefix, is_route=is_whole or [] in below)


def segments_of(path: str) -> list[str]:
    """Return what stands between the slashes of a path, escaped ones too, without dots that lead up or nowhere."""
    kept: list[str] = []
    for segment in SLASHES.split(path):
        if not DOTS.fullmatch(segment):
            kept += [segment] if segment else []
        elif len(segment.lower().replace("%2e", ".")) > 1:
            del kept[-1:]
    return kept


def _folded(segments: list[str]) -> list[str]:
    return [segment.casefold() for segment in segments]


def _filled(template: list[str], sent: list[str]) -> list[str] | None:
    """Return what was sent with the template's fixed words as they are written there; None if it is another path."""
    pairs = [*zip(template, sent, strict=False)]
    if len(template) != len(sent) or not all(_fits(*pair) for pair in pairs):
        return None
    return [segment if _is_parameter(fixed) else fixed for fixed, segment in pairs]


def _completed(template: list[str], sent: list[str]) -> list[str] | None:
    """Return what was sent with the words of the template's beginning that are left out; None if that is not all."""
    missing = len(template) - len(sent)
    first, rest = template[: max(missing, 0)], template[max(missing, 0) :]
    if not first or any(map(_is_parameter, first)) or all(map(_is_parameter, rest)):
        return None
    filled = _filled(rest, sent)
    return None if filled is None else [*first, *filled]


def _corrected(template: list[str], sent: list[str]) -> list[str] | None:
    """Return what was sent with the template's words in the place of misspelt ones; None if they are too far."""
    if len(template) != len(sent) or all(map(_is_parameter, template)):
        return None
    pairs = [*zip(template, sent, strict=True)]
    if not all(_is_parameter(fixed) or _likeness(fixed, segment) >= SIMILAR for fixed, segment in pairs):
        return None
    return [segment if _is_parameter(fixed) else fixed for fixed, segment in pairs]


def _likeness(fixed: str, segment: str) -> float:
    if len(segment) > 2 * len(fixed):
        return 0
    return SequenceMatcher(None, fixed.casefold(), segment.casefold(), autojunk=False).ratio()


def _fits(fixed: str, segment: str) -> bool:
    return _is_parameter(fixed) or fixed.casefold() == segment.casefold()


def _is_parameter(segment: str) -> bool:
    return segment.startswith("{")


def _similarity(name: str, beginning: list[str], sent: list[str]) -> float:
    """Return how much a prefix and the beginning of a path have in common, from 0 to 1."""
    right, written = "/".join(_folded(beginning)), "/".join(_folded(sent))
    if not written or len(written) > 2 * len(right):
        return 0
    return 1 if name in written else SequenceMatcher(None, right, written, autojunk=False).ratio()
