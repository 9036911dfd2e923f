"""Does a call of the control API bring what looks like a real person's data, where only made-up data is taken?"""

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.server.problems import Problem, invalid
from sandbox.world.real_data import PHONE, is_real_number, kinds, numbers

WHOLE_WORLD = "fixture_text"
"""The member in which a number that stands in the text is somebody's."""
MOST_ERRORS = 20
MOST_OF_NAME = 60


def refusal_of(path_params: Mapping[str, Any], body: Any) -> Problem | None:
    """Return the problem of a call that brings any; the values themselves are not repeated."""
    found = [
        ("path", name, _why(PHONE)) for name, value in path_params.items() if name != "ws" and is_real_number(value)
    ]
    for name, text in _texts(body):
        if len(found) >= MOST_ERRORS:
            break
        if kind := _first_kind(name, text):
            found.append(("body", name, _why(kind)))
    return invalid(*found) if found else None


def _first_kind(name: str, text: str) -> str | None:
    if is_real_number(text) or (name == WHOLE_WORLD and any(numbers(text))):
        return PHONE
    return next(iter(kinds(f"{name}: {text}")), None)


def _why(kind: str) -> str:
    return f"looks like {kind}, and this sandbox was started to take synthetic data only"


def _texts(body: Any) -> Iterator[tuple[str, str]]:
    """Yield each text with its place, as `to[2]`; with a list of its own, since nesting may be deep."""
    waiting: list[tuple[str, Any]] = [("", body)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, str):
            yield name or "body", value
        elif isinstance(value, list):
            waiting += [(f"{name}[{position}]"[:MOST_OF_NAME], each) for position, each in enumerate(value)]
        elif isinstance(value, dict):
            waiting += [(f"{name}.{key}".lstrip(".")[:MOST_OF_NAME], each) for key, each in value.items()]
