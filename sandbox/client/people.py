"""People, their phones and their consents."""

from types import NoneType
from typing import TypedDict, Unpack

from sandbox.client.bound import Bound, segment
from sandbox.client.reading import LEFT_OUT, filtered, given
from sandbox.client.shapes import Consent, ConsentChange, Message, Person, Phone, RecipientType
from sandbox.client.steps import Steps, verb

__tracebackhide__ = True


class PersonDetails(TypedDict, total=False):
    """What can be said of a person; `misc` has five members."""

    first_name: str | None
    last_name: str | None
    carrier: str | None
    caregiver_name: str | None
    caregiver_phone: str | None
    recipient_type: RecipientType
    misc: list[str | None]


class PersonChange(PersonDetails, total=False):
    phone: str


class NewPerson(PersonDetails, total=False):
    person_id: str


class PeopleVerbs(Bound):
    """Where a person is asked for, a `person_id` or a phone will do, or the person itself."""

    @verb
    def people(self, limit: int | None = None) -> Steps[list[Person]]:
        """People, in the order in which they were made."""
        return self._list(Person, "/people", limit=limit)

    @verb
    def person(self, who: Person | str) -> Steps[Person]:
        """One person."""
        return self._ask(Person, "GET", _path(who))

    @verb
    def add_person(self, phone: str, **details: Unpack[NewPerson]) -> Steps[Person]:
        """Enters somebody, who is known to every console and opted in."""
        return self._ask(Person, "POST", "/people", {"phone": phone, **details})

    @verb
    def change_person(self, who: Person | str, **changes: Unpack[PersonChange]) -> Steps[Person]:
        """Changes what is given of a person."""
        return self._ask(Person, "PATCH", _path(who), changes)

    @verb
    def remove_person(self, who: Person | str) -> Steps[None]:
        """Removes a person; their messages stay."""
        return self._ask(NoneType, "DELETE", _path(who))

    @verb
    def phones(self, search: str = LEFT_OUT, limit: int | None = None) -> Steps[list[Phone]]:
        """Phones, that with the latest message first; `search` is part of a name or number, or a `person_id`."""
        return self._list(Phone, "/phones", filtered(search=search), limit)

    @verb
    def phone(self, phone: str) -> Steps[Phone]:
        """One phone."""
        return self._ask(Phone, "GET", f"/phones/{segment(phone)}")

    @verb
    def conversation(self, phone: str, limit: int | None = None) -> Steps[list[Message]]:
        """What one phone sent and was sent on every line, the newest first."""
        return self._list(Message, f"/phones/{segment(phone)}/messages", limit=limit)

    @verb
    def consents(
        self, phone: str = LEFT_OUT, console: str = LEFT_OUT, limit: int | None = None
    ) -> Steps[list[Consent]]:
        """Who is opted in or out of which line."""
        return self._list(Consent, "/consents", filtered(phone=phone, console=console), limit)

    @verb
    def consent_history(self, phone: str) -> Steps[list[Consent]]:
        """Everything that the ledger holds of a phone, the oldest first."""
        return self._whole_list(Consent, f"/consents/{segment(phone)}")

    @verb
    def opt_in(self, phone: str, console: str | None = None) -> Steps[ConsentChange]:
        """Staff opt a phone in, which is told so. The console is needed when there are several."""
        return self._opt(phone, "opted_in", console)

    @verb
    def opt_out(self, phone: str, console: str | None = None) -> Steps[ConsentChange]:
        """Staff opt a phone out, silently. The console is needed when there are several."""
        return self._opt(phone, "opted_out", console)

    def _opt(self, phone: str, state: str, console: str | None) -> Steps[ConsentChange]:
        return self._ask(ConsentChange, "PUT", f"/consents/{segment(phone)}", given(state=state, console=console))


def _path(who: Person | str) -> str:
    return f"/people/{segment(who if isinstance(who, str) else who.person_id)}"
