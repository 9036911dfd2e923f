"""How are telephone numbers kept (digits with the country code), and in which ways are they written?"""

import re
from functools import lru_cache

from sandbox.world.errors import ImpossiblePhone

NATIONAL_US = 10
FORMATTING = str.maketrans("", "", " -.()")
DIGITS = re.compile(r"[0-9]{1,15}", re.ASCII)
NORTH_AMERICAN = re.compile(r"1[2-9][0-9]{2}[2-9][0-9]{6}", re.ASCII)
SHORT_CODE = re.compile(r"[0-9]{5,6}", re.ASCII)


def normalised(written: str) -> str:
    """Return the 11 to 15 digits of a number written with or without `+`, leading 1, blanks, dashes, dots, brackets."""
    number = written.translate(FORMATTING).removeprefix("+")
    if len(number) == NATIONAL_US:
        number = "1" + number
    if not is_msisdn(number):
        raise ImpossiblePhone("Not a telephone number: write 11 to 15 digits with the country code, as 16155550123.")
    return number


def normalised_line(written: str) -> str:
    """Return the same of a number that an organisation texts from, which may be a short code (rule SP-from)."""
    code = written.strip()
    return code if is_short_code(code) else normalised(written)


def is_short_code(number: str) -> bool:
    """Return whether these are the 5 or 6 digits of a short code."""
    return SHORT_CODE.fullmatch(number) is not None


def is_sender(number: str) -> bool:
    """Return whether a message can come from it: a telephone number, or a short code (rule SP-from)."""
    return is_short_code(number) or is_msisdn(number)


def is_msisdn(number: str) -> bool:
    """Return whether these are 11 to 15 ASCII digits that can be a telephone number (rule SP-msisdn).

    Of a North American one, neither area code nor exchange begins with 0 or 1.
    """
    if len(number) == 11 and number[0] == "1":
        return NORTH_AMERICAN.fullmatch(number) is not None
    return 11 <= len(number) <= 15 and DIGITS.fullmatch(number) is not None and _is_possible(number)


def national(number: str) -> str:
    """Return it without the country code: `6159737483` for `16159737483`. A short code has none."""
    if len(number) == 11 and number[0] == "1":
        return number[1:]
    if is_short_code(number):
        return number
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
