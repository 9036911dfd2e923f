# Made from ../_async/people.py by tools/generate_sync_client.py: change that one, and make this one again.
"""People, their phones and their consents."""

from typing import Unpack

from dialog_sandbox._sync.resource import Resource, segment
from dialog_sandbox.arguments import LEFT_OUT, NewPerson, PersonChange, filtered, present
from dialog_sandbox.models.consents import Consent, ConsentChange
from dialog_sandbox.models.messages import Message
from dialog_sandbox.models.people import Person, Phone
from dialog_sandbox.models.values import ConsentState

__tracebackhide__ = True


class PeopleVerbs(Resource):
    """Where a person is asked for, a `person_id` or a phone will do, or the person itself."""

    def people(self, limit: int | None = None) -> list[Person]:
        """Return people, in the order in which they were made."""
        return self._list(Person, "/people", limit=limit)

    def person(self, who: Person | str) -> Person:
        """Return one person."""
        return self._read(Person, "GET", _path(who))

    def add_person(self, phone: str, **details: Unpack[NewPerson]) -> Person:
        """Enter a person, who is known to every console and opted in."""
        return self._read(Person, "POST", "/people", body={"phone": phone, **details})

    def change_person(self, who: Person | str, **changes: Unpack[PersonChange]) -> Person:
        """Change what is given of a person."""
        return self._read(Person, "PATCH", _path(who), body=changes)

    def remove_person(self, who: Person | str) -> None:
        """Remove a person; their messages stay."""
        self._call("DELETE", _path(who))

    def phones(self, search: str = LEFT_OUT, limit: int | None = None) -> list[Phone]:
        """Return phones, that with the latest message first; `search` is part of a name or number, or a `person_id`."""
        return self._list(Phone, "/phones", filtered(search=search), limit)

    def phone(self, phone: str) -> Phone:
        """Return one phone."""
        return self._read(Phone, "GET", f"/phones/{segment(phone)}")

    def conversation(self, phone: str, limit: int | None = None) -> list[Message]:
        """Return what one phone sent and was sent on every line, the newest first."""
        return self._list(Message, f"/phones/{segment(phone)}/messages", limit=limit)

    def consents(self, phone: str = LEFT_OUT, console: str = LEFT_OUT, limit: int | None = None) -> list[Consent]:
        """Return who is opted in or out of which line."""
        return self._list(Consent, "/consents", filtered(phone=phone, console=console), limit)

    def consent_history(self, phone: str) -> list[Consent]:
        """Return everything that the ledger holds of a phone, the oldest first."""
        return self._whole_list(Consent, f"/consents/{segment(phone)}")

    def opt_in(self, phone: str, console: str | None = None) -> ConsentChange:
        """Let staff opt a phone in, which is told so. The console is needed when there are several."""
        return self._opt(phone, "opted_in", console)

    def opt_out(self, phone: str, console: str | None = None, *, silent: bool = False) -> ConsentChange:
        """Let staff opt a phone out, which is told so unless `silent`. The console is needed when there are several."""
        return self._opt(phone, "opted_out", console, silent=silent)

    def _opt(
        self, phone: str, state: ConsentState, console: str | None, *, silent: bool = False
    ) -> ConsentChange:
        body = present(state=state, console=console, silent=silent or None)
        return self._read(ConsentChange, "PUT", f"/consents/{segment(phone)}", body=body)


def _path(who: Person | str) -> str:
    return f"/people/{segment(who if isinstance(who, str) else who.person_id)}"
