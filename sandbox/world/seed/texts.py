"""What are the words of a message? In the language of its reader, with the words in braces filled in."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from sandbox.clock import DAY, utc
from sandbox.store.tables import PersonRow
from sandbox.world.fixtures import shapes
from sandbox.world.fixtures.references import PLACEHOLDER
from sandbox.world.lines import LineView
from sandbox.world.phones import national
from sandbox.world.seed.seeded_random import SeededRandom

ENGLISH = "English"
WEEKDAYS = {
    ENGLISH: ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "Spanish": ("lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"),
}
NAMELESS = {ENGLISH: "neighbor", "Spanish": "vecino"}
FIRST_APPOINTMENT = 8 * 4
"""In quarters of an hour."""
APPOINTMENTS = 9 * 4


class TextRef(NamedTuple):
    """A text that stands in a fixture: one of the two is set."""

    text: str | None
    template: str | None = None


class TextContext(NamedTuple):
    """What the words in braces depend on."""

    person: PersonRow
    line: LineView
    at: int
    random: SeededRandom


class Texts:
    """The texts with names, the catalogue's too, and those that stand where they are used."""

    def __init__(self, templates: Mapping[str, shapes.FixtureTemplate]) -> None:
        self._texts = {name: template.texts for name, template in templates.items()}
        self._split: dict[str, list[str]] = {}

    def words(self, text_ref: TextRef, context: TextContext) -> str:
        text, language = text_ref.text or "", ENGLISH
        if text_ref.template is not None:
            texts = self._texts[text_ref.template]
            spoken = context.person.misc1
            language = spoken if spoken is not None and spoken in texts else next(iter(texts))
            text = context.random.one_of(texts[language])
        return self._filled_in(text, language, context) if "{" in text else text

    def _filled_in(self, text: str, language: str, context: TextContext) -> str:
        parts = self._split.get(text)
        if parts is None:
            parts = self._split[text] = PLACEHOLDER.split(text)
        filled = list(parts)
        filled[1::2] = [FILLINGS[name](context, language) for name in parts[1::2]]
        return "".join(filled)


def _first_name(context: TextContext, language: str) -> str:
    """Return the first word of the name, because a sample of the references has it all in the last name."""
    person = context.person
    name = f"{person.first_name or ''} {person.last_name or ''}".split()
    return str(name[0]) if name else NAMELESS.get(language, NAMELESS[ENGLISH])


def _phone(context: TextContext, _: str) -> str:
    number = national(context.line.number)
    return f"{number[:3]}-{number[3:6]}-{number[6:]}"


def _weekday(context: TextContext, language: str) -> str:
    return WEEKDAYS.get(language, WEEKDAYS[ENGLISH])[utc(context.at + DAY).weekday()]


def _time(context: TextContext, _: str) -> str:
    hour, quarter = divmod(FIRST_APPOINTMENT + context.random.below(APPOINTMENTS), 4)
    return f"{(hour - 1) % 12 + 1}:{quarter * 15:02d} {'AM' if hour < 12 else 'PM'}"


FILLINGS: dict[str, Callable[[TextContext, str], str]] = {
    "first_name": _first_name,
    "organisation": lambda context, _: context.line.name,
    "keyword": lambda context, _: context.line.keyword or "START",
    "phone": _phone,
    "weekday": _weekday,
    "time": _time,
    "code": lambda context, _: f"{context.random.below(1_000_000):06d}",
}
"""`references.PLACEHOLDERS` names the same."""
