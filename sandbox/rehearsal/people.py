"""Whom do staff text in a rehearsal? People with nothing null and with everything null, and handsets of each kind."""

from typing import NamedTuple

from dialog_sandbox.arguments import NewPerson


class Character(NamedTuple):
    """A person to be entered."""

    phone: str
    details: NewPerson


CHARACTERS = (
    Character(
        "15035550101",
        {
            "first_name": "Zoë",
            "last_name": "Quill-Nguyễn",
            "carrier": "T-Mobile",
            "caregiver_name": "Ben Quill",
            "caregiver_phone": "15035550102",
            "recipient_type": "patient",
            "misc": ["English", "Cigna", "", "A & B", "Active"],
        },
    ),
    Character(
        "15035550103",
        {"first_name": None, "last_name": None, "carrier": None, "misc": [None, None, None, None, None]},
    ),
    Character("15035550104", {"first_name": "", "last_name": "O'Reyes <Jr.>", "recipient_type": "caregiver"}),
    Character("15035550105", {"first_name": "Ngozi", "last_name": None, "recipient_type": "staff"}),
)
STRANGERS = ("15035550106", "15035550107", "15035550108")
"""Entered by nobody."""
REMOVED = "15035550109"
"""Entered by nobody, texted once, and removed from the people."""
TALKATIVE = tuple(f"150355501{ending}" for ending in ("10", "11", "12", "13", "14", "15"))
"""They answer a broadcast in the same second."""
HANDSETS = tuple(f"150355501{ending}" for ending in ("50", "51", "53", "54", "57", "58", "60", "61", "62", "63", "71"))
"""As the control API describes them: rejected, undelivered, unknown, late, opted out, answering."""
PHONES = (*(each.phone for each in CHARACTERS), *STRANGERS, *TALKATIVE, *HANDSETS)
