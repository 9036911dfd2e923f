"""Finds the words of a message: in the language of who gets it, with the words in braces filled in."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from sandbox.world.clock import DAY, utc
from sandbox.world.fixtures import shapes
from sandbox.world.fixtures.references import PLACEHOLDER
from sandbox.world.people import PersonRow
from sandbox.world.phones import national
from sandbox.world.seed.dice import Dice

if TYPE_CHECKING:
    from sandbox.world import LineView

ENGLISH = "English"
WEEKDAYS = {
    ENGLISH: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "Spanish": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}
NAMELESS = {ENGLISH: "neighbor", "Spanish": "vecino"}
FIRST_APPOINTMENT = 8 * 4
"""In quarters of an hour."""
APPOINTMENTS = 9 * 4


class Wanted(NamedTuple):
    """A text that stands in a fixture: one of the two is given."""

    text: str | None
    template: str | None = None


class Occasion(NamedTuple):
    """What the words in braces depend on."""

    person: PersonRow
    line: "LineView"
    at: int
    dice: Dice


class Texts:
    """`templates`: the texts with names, the catalogue's too."""

    def __init__(self, templates: Mapping[str, shapes.Template]) -> None:
        self._texts = {name: template.texts for name, template in templates.items()}
        self._split: dict[str, list[str]] = {}

    def words(self, wanted: Wanted, occasion: Occasion) -> str:
        text, language = wanted.text or "", ENGLISH
        if wanted.template is not None:
            texts = self._texts[wanted.template]
            spoken = occasion.person["misc1"]
            language = spoken if spoken in texts else next(iter(texts))
            text = occasion.dice.one_of(texts[language])
        return self._filled_in(text, language, occasion) if "{" in text else text

    def _filled_in(self, text: str, language: str, occasion: Occasion) -> str:
        parts = self._split.get(text)
        if parts is None:
            parts = self._split[text] = PLACEHOLDER.split(text)
        filled = list(parts)
        filled[1::2] = [FILLINGS[name](occasion, language) for name in parts[1::2]]
        return "".join(filled)


def _first_name(occasion: Occasion, language: str) -> str:
    """The first word of the name, because a sample of the references has it all in the last name."""
    person = occasion.person
    name = f"{person['first_name'] or ''} {person['last_name'] or ''}".split()
    return str(name[0]) if name else NAMELESS.get(language, NAMELESS[ENGLISH])


def _phone(occasion: Occasion, _: str) -> str:
    number = national(occasion.line.number)
    return f"{number[:3]}-{number[3:6]}-{number[6:]}"


def _weekday(occasion: Occasion, language: str) -> str:
    return WEEKDAYS.get(language, WEEKDAYS[ENGLISH])[utc(occasion.at + DAY).weekday()]


def _time(occasion: Occasion, _: str) -> str:
    hour, quarter = divmod(FIRST_APPOINTMENT + occasion.dice.below(APPOINTMENTS), 4)
    return f"{(hour - 1) % 12 + 1}:{quarter * 15:02d} {'AM' if hour < 12 else 'PM'}"


FILLINGS: dict[str, Callable[[Occasion, str], str]] = {
    "first_name": _first_name,
    "organisation": lambda occasion, _: occasion.line.name,
    "keyword": lambda occasion, _: occasion.line.keyword or "START",
    "phone": _phone,
    "weekday": _weekday,
    "time": _time,
    "code": lambda occasion, _: f"{occasion.dice.below(1_000_000):06d}",
}
"""`references.PLACEHOLDERS` names the same."""
