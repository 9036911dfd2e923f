"""How are telephone numbers kept (digits with the country code), and in which ways are they written?"""

import re
from functools import lru_cache

from sandbox.world.errors import ImpossiblePhone

NATIONAL_US = 10
FORMATTING = str.maketrans("", "", " -.()")
DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)


def normalised(written: str) -> str:
    """Return the 11 to 15 digits of a number written with or without `+`, leading 1, blanks, dashes, dots, brackets."""
    number = written.translate(FORMATTING).removeprefix("+")
    if len(number) == NATIONAL_US:
        number = "1" + number
    if not is_msisdn(number):
        raise ImpossiblePhone("Not a telephone number: write 11 to 15 digits with the country code, as 16155550123.")
    return number


def is_msisdn(number: str) -> bool:
    """Return whether these are 11 to 15 ASCII digits that can be a telephone number (rule SP-msisdn)."""
    if len(number) == 11 and number[0] == "1":
        return DIGITS.fullmatch(number) is not None
    return 11 <= len(number) <= 15 and DIGITS.fullmatch(number) is not None and _is_possible(number)


def national(number: str) -> str:
    """Return it without the country code: `6159737483` for `16159737483`."""
    if len(number) == 11 and number[0] == "1":
        return number[1:]
    return _foreign_national(number)


@lru_cache(maxsize=10_000)
def _is_possible(number: str) -> bool:
    import phonenumbers  # noqa: PLC0415  (40 ms that a server which meets only +1 need not spend)

    try:
        return phonenumbers.is_possible_number(phonenumbers.parse("+" + number))
    except phonenumbers.NumberParseException:
        return False


@lru_cache(maxsize=10_000)
def _foreign_national(number: str) -> str:
    import phonenumbers  # noqa: PLC0415  (as above)

    try:
        return phonenumbers.national_significant_number(phonenumbers.parse("+" + number))
    except phonenumbers.NumberParseException:
        return number
