"""People and their phones as the wire models show them."""

from collections.abc import Sequence

from dialog_sandbox.models.people import Person, Phone
from sandbox.server.answers.messages import MessageBuilder
from sandbox.store import Tx
from sandbox.store.tables import PersonRow
from sandbox.world.people import MISC
from sandbox.world.threads import PhoneThread

NAMES = ("first_name", "last_name", "phone", "carrier", "caregiver_name", "caregiver_phone", "recipient_type")
NAMES_AT_PHONE = ("first_name", "last_name", "carrier", "recipient_type")


def person_of(row: PersonRow) -> Person:
    """Return a person."""
    named = {name: getattr(row, name) for name in NAMES}
    return Person.model_validate({"person_id": row.key, **named, "misc": [getattr(row, name) for name in MISC]})


def phones_of(tx: Tx, threads: Sequence[PhoneThread]) -> list[Phone]:
    """Return phones with their latest messages, in four statements."""
    latest = [each.latest for each in threads if each.latest is not None]
    messages = MessageBuilder(tx, latest, [each.person for each in threads if each.person is not None])
    return [_phone(each, messages) for each in threads]


def _phone(thread: PhoneThread, messages: MessageBuilder) -> Phone:
    person = thread.person
    return Phone.model_validate(
        {
            "phone": thread.phone,
            "person_id": None if person is None else person.key,
            **{name: getattr(person, name, None) for name in NAMES_AT_PHONE},
            "opted_out": thread.opted_out,
            "latest": None if thread.latest is None else messages.message(thread.latest),
        }
    )
