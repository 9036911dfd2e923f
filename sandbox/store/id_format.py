"""What does a vendor call its messages?"""

from collections.abc import Callable
from typing import NamedTuple


class IdFormat(NamedTuple):
    """What a vendor calls its messages. `name`: as the control API calls the id.

    `make`: the id of the n-th message of a workspace of that seed, accepted at that time; after a clash, of the next
    attempt.
    `applies`: to which messages, by direction and by whether a console (else an account) owns their line.
    """

    vendor: str
    name: str
    make: Callable[[int, int, int, int], str]
    applies: Callable[[str, bool], bool]
