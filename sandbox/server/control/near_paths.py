"""A path of the control API that leads nowhere: which one was meant?"""

from collections.abc import Iterable
from difflib import SequenceMatcher
from urllib.parse import quote

from sandbox.vendors.base.near_misses import LONGEST, SIMILAR, segments_of
from sandbox.world.workspaces.find import DEFAULT


def path_meant(path: str, templates: Iterable[str]) -> str | None:
    """Return the path that was meant: a word misspelt, a slash at the end, no workspace; None if none is near.

    `templates`: the paths that there are, with `{parameters}`.
    """
    prefix, *rest = segments_of(path) or [""]
    known = [segments_of(each) for each in templates if ":path}" not in each]
    for sent in ([prefix, *rest], [prefix, "workspaces", DEFAULT, *rest]) if rest else ():
        found = [(nearness, template) for template in known if (nearness := _nearness(template, sent))]
        if found:
            _, template = max(found, key=lambda each: each[0])
            meant = "/" + "/".join(map(_filled, template, sent))
            return meant if len(meant) <= LONGEST else None
    return None


def _nearness(template: list[str], sent: list[str]) -> float:
    """Return how much the fixed words have in common with what was sent, from 0 to 1; 0 if one of them has little."""
    if len(template) != len(sent):
        return 0
    alike = [
        SequenceMatcher(None, word, each.casefold(), autojunk=False).ratio()
        for word, each in zip(template, sent, strict=True)
        if not word.startswith("{")
    ]
    return sum(alike) / len(alike) if min(alike) >= SIMILAR else 0


def _filled(word: str, sent: str) -> str:
    return quote(sent, safe="") if word.startswith("{") else word
