"""Who are the people of a fixture? Those it lists, and those it only counts, who are made."""

from collections.abc import Iterator
from importlib import import_module
from itertools import chain
from typing import Any

from sandbox.store import Slices, Tx
from sandbox.store.tables import PersonRow
from sandbox.world import consent, people
from sandbox.world.fixtures import shapes
from sandbox.world.fixtures.references import GROUPS, PHONES_PER_AREA_CODE, crowd_id, crowd_numbers
from sandbox.world.lines import all_lines
from sandbox.world.people import MISC
from sandbox.world.phones import normalised
from sandbox.world.seed.seeded_random import SeededRandom, WeightedChoice
from sandbox.world.slices import next_slice

NULL = "null"
LOCALES = {
    "English": "en_US",
    "French": "fr_FR",
    "German": "de_DE",
    "Italian": "it_IT",
    "Portuguese": "pt_BR",
    "Spanish": "es_MX",
    "Vietnamese": "vi_VN",
}
"""Faker's names for the speakers of a language; all others have English ones."""
SHARE_OF_WOMEN = 0.52
PEOPLE_AT_ONCE = 30
"""Who are made in a slice."""
NOBODY = 0
"""The number of a person whom the workspace does not know."""


class Names:
    """Names by Faker. To import it takes longer than to make a clinic's people, so it waits until one is needed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._random = SeededRandom(seed, "names")
        self._providers: dict[str, Any] = {}

    def first(self, language: str | None) -> str:
        speakers = self._speakers(language)
        is_woman = self._random.random() < SHARE_OF_WOMEN
        return _tidy(speakers.first_name_female() if is_woman else speakers.first_name_male())

    def last(self, language: str | None) -> str:
        return _tidy(self._speakers(language).last_name())

    def _speakers(self, language: str | None) -> Any:
        locale = LOCALES.get(language or "", LOCALES["English"])
        if locale not in self._providers:
            # The generator with one provider: a whole `Faker()` would take 100 ms.
            from faker.generator import Generator  # noqa: PLC0415  (as above)

            generator = Generator()
            generator.seed_instance(f"{self._seed}:{locale}")
            self._providers[locale] = import_module(f"faker.providers.person.{locale}").Provider(generator)
        return self._providers[locale]


class People:
    """The people of a workspace, as a fixture addresses them."""

    def __init__(self, everybody: list[PersonRow]) -> None:
        self._groups = {
            word: [person for person in everybody if kind in (None, person.recipient_type)]
            for word, kind in GROUPS.items()
        }
        self._by_ref = {ref: person for person in everybody for ref in (person.phone, person.key)}

    def addressed(self, refs: list[str]) -> list[PersonRow]:
        """Return each once. A phone that is nobody's stands for a person who has only that."""
        if len(refs) == 1 and refs[0] in self._groups:
            return self._groups[refs[0]]
        found: dict[str, PersonRow] = {}
        for ref in refs:
            for person in self._groups[ref] if ref in self._groups else [self._one(ref)]:
                found.setdefault(person.phone, person)
        return list(found.values())

    def _one(self, ref: str) -> PersonRow:
        if person := self._by_ref.get(ref):
            return person
        phone = normalised(ref)
        return self._by_ref.get(phone) or PersonRow(workspace_id=0, id=NOBODY, key="", phone=phone)


class GeneratedPeople:
    """People who are made: names by Faker, everything else by weights."""

    def __init__(self, described: shapes.FixtureCrowd, seed: int, names: Names) -> None:
        self._described = described
        self._names = names
        self._random = SeededRandom(seed, "crowd")
        self._types = WeightedChoice(described.recipient_types)
        self._carriers = WeightedChoice(described.carriers) if described.carriers else None
        self._misc = [WeightedChoice(weights) for weights in described.misc]

    def phones(self, taken: set[str]) -> list[str]:
        """Return phones for all of them, none of those that are taken."""
        free = [phone for phone in _phones(self._described.area_codes) if phone not in taken]
        return self._random.some_of(free, self._described.count)

    def make_person(self, n: int, phone: str) -> dict[str, Any]:
        """Return the columns of a person, as `people.add` takes them."""
        misc = [self._drawn(choices) for choices in self._misc]
        language = misc[0] if misc else None
        first_name, last_name = self._names.first(language), self._names.last(language)
        person: dict[str, Any] = {
            "first_name": first_name,
            "last_name": last_name,
            "phone": phone,
            "recipient_type": self._types.draw(self._random),
            **dict(zip(MISC, misc, strict=False)),
        }
        if self._described.person_id:
            person["key"] = crowd_id(self._described.person_id, n)
        if self._carriers:
            person["carrier"] = self._drawn(self._carriers)
        if self._random.random() < self._described.caregivers:
            others = [other for other in _phones([phone[1:4]]) if other != phone]
            person["caregiver_name"] = f"{self._names.first(language)} {last_name}"
            person["caregiver_phone"] = self._random.one_of(others)
        return person

    def _drawn(self, choices: WeightedChoice[str]) -> str | None:
        choice = choices.draw(self._random)
        return None if choice == NULL else choice


def populate(tx: Tx, contents: shapes.Contents, at: int) -> Slices[tuple[Tx, People]]:
    """Enter everybody, as staff would at `at` (`workspaces.change.add_person`), nobody being known to a console yet."""
    seed = tx.workspace.seed
    names = Names(seed)
    consoles = [line.number for line in all_lines(tx) if line.is_console]
    everybody = []
    for n, columns in enumerate(chain(_listed(contents, names), _generated(contents, names, seed)), 1):
        person = people.add(tx, **columns)
        for line in consoles:
            consent.record_first(tx, line, person.phone, cause=consent.ENROLLED, at=at)
        everybody.append(person)
        if n % PEOPLE_AT_ONCE == 0:
            tx = yield from next_slice(tx)
    return tx, People(everybody)


def _listed(contents: shapes.Contents, names: Names) -> Iterator[dict[str, Any]]:
    for person in contents.people:
        listed = person.model_fields_set - {"person_id", "misc"}
        row = {name: value for name, value in person if name in listed}
        row |= dict(zip(MISC, person.misc, strict=False))
        if person.person_id:
            row["key"] = person.person_id
        if not person.model_fields_set & {"first_name", "last_name"}:
            language = row.get("misc1")
            row |= {"first_name": names.first(language), "last_name": names.last(language)}
        yield row


def _generated(contents: shapes.Contents, names: Names, seed: int) -> Iterator[dict[str, Any]]:
    if contents.crowd:
        generated = GeneratedPeople(contents.crowd, seed, names)
        phones = generated.phones(taken={person.phone for person in contents.people})
        for n, phone in zip(crowd_numbers(contents), phones, strict=True):
            yield generated.make_person(n, phone)


def _phones(area_codes: list[str]) -> list[str]:
    """Return fictional numbers that no handset's behaviour is tied to."""
    return [f"1{code}55501{n:02d}" for code in dict.fromkeys(area_codes) for n in range(PHONES_PER_AREA_CODE)]


def _tidy(name: str) -> str:
    """Put single blanks where some of Faker's names hold two in a row."""
    return " ".join(name.split())
