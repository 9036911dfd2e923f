"""What is shown of an exchange without what looks like a real person's data: asterisks in its place."""

import re
from collections.abc import Callable, Iterator
from functools import partial

from sandbox.store.tables import JournalEntryRow
from sandbox.world.phones import normalised
from sandbox.world.real_data import PHONE, RealDataMatch, is_real_number, matches_in, numbers

MASK = "*"
PIECE = re.compile(r"%[0-9A-Fa-f]{2}|\\u[0-9A-Fa-f]{4}|\\[\"/nrt]|.", re.DOTALL)
ESCAPED = {"\\n": "\n", "\\r": "\r", "\\t": "\t", "\\/": "/", '\\"': '"'}
IN_FORMS = {"+": " ", "=": ":", "&": "\n"}
ANY_DIGIT = re.compile(r"%3[0-9]|(?P<escape>%[0-9A-Fa-f]{2})|[0-9]")
LONG_RUN = re.compile(r"(?:%3[0-9]|[0-9]){7,}")
"""A telephone number in a path: shorter runs are a console's code."""
ENCODED_PARTS = b"content-transfer-encoding"
WHOLE_BODY = b"[masked]"


def masked_entry(row: JournalEntryRow) -> JournalEntryRow:
    """Return the row of an exchange with what looks like real data masked, and numbers that are not fictional."""
    return _with(row, partial(masked, to=row.call_to), partial(_masked_body, to=row.call_to))


def without_digits(row: JournalEntryRow) -> JournalEntryRow:
    """Return the row of a call that was refused for real data: no digit of what was sent or answered is left."""
    changed = _with(row, _no_digits, _no_digits_in_body)
    changed.path = _in_bytes(row.path, lambda text: LONG_RUN.sub(lambda run: ANY_DIGIT.sub(_star, run[0]), text))
    # What is said of it does not repeat what was sent; the answer may, as the vendor's shape has it.
    changed.findings = row.findings
    return changed


def masked(text: str, to: str | None = None) -> str:
    """Return a text, perhaps percent-encoded or JSON, with asterisks for letters and digits of what looks real.

    `to`: the receiver of the call that the text is of or about, of whichever country, as it was sent.
    """
    pieces = PIECE.findall(text)
    decoded = "".join(map(_decoded, pieces))
    for match in _all_matches(decoded, to):
        for position in range(match.start, match.end):
            if decoded[position].isalnum():
                pieces[position] = MASK
    return "".join(pieces)


def _all_matches(text: str, to: str | None) -> Iterator[RealDataMatch]:
    yield from matches_in(text)
    yield from numbers(text)
    if to and is_real_number(to):
        # A plus sign may stand for itself or for a blank.
        writings = "|".join(re.escape(each).replace(r"\+", "[+ ]") for each in (to, normalised(to)))
        for found in re.finditer(writings, text):
            yield RealDataMatch(PHONE, *found.span())


def _decoded(piece: str) -> str:
    """Return the one character that a piece stands for."""
    if len(piece) == 1:
        return IN_FORMS.get(piece, piece)
    if piece[0] == "%":
        return chr(int(piece[1:], 16))
    return ESCAPED.get(piece) or chr(int(piece[2:], 16))


def _with(row: JournalEntryRow, mask: Callable[[str], str], mask_body: Callable[[bytes], bytes]) -> JournalEntryRow:
    changed = row.model_copy()
    for name in ("call_to", "call_text", "call_number", "findings"):
        value = getattr(row, name)
        setattr(changed, name, value and mask(value))
    changed.path = _in_bytes(row.path, partial(masked, to=row.call_to))
    changed.query = _in_bytes(row.query, mask)
    changed.request_body, changed.response_body = mask_body(row.request_body), mask_body(row.response_body)
    return changed


def _masked_body(body: bytes, to: str | None) -> bytes:
    return WHOLE_BODY if ENCODED_PARTS in body.lower() else _in_bytes(body, partial(masked, to=to))


def _no_digits_in_body(body: bytes) -> bytes:
    return WHOLE_BODY if ENCODED_PARTS in body.lower() or b"\0" in body else _in_bytes(body, _no_digits)


def _no_digits(text: str) -> str:
    return ANY_DIGIT.sub(_star, text)


def _star(found: re.Match[str]) -> str:
    return found["escape"] or MASK


def _in_bytes(raw: bytes, mask: Callable[[str], str]) -> bytes:
    return mask(raw.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
