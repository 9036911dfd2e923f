"""What did answers hold that trips parsers? Looked for in the beginnings of some of them, as the journal keeps them."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import bindparam, select

from sandbox.server.conformance.reactions import UNDECIDED, WENT_ON, Reaction
from sandbox.server.conformance.situations import CDATA_MARKUP, DOCTYPE, NULLS, Situation
from sandbox.server.journal.queries import ACCEPTED, IN_WORKSPACE
from sandbox.store import Query, Tx
from sandbox.store.tables import JOURNAL
from sandbox.vendors.base.range_reads import RangeRead

MOST_BODIES = 200
"""Answers of an operation that are looked through, the newest."""
NULL_FIELD = re.compile(rb'"(\w+)":null')
MARKUP = re.compile(rb"<!\[CDATA\[[^\]]*?[<>&]")


class AnswerBody(NamedTuple):
    """The beginning of an answer."""

    position: int
    id: str
    response_body: bytes


BODIES = Query(
    AnswerBody,
    select(*(JOURNAL.c[name] for name in AnswerBody._fields))
    .where(
        IN_WORKSPACE,
        JOURNAL.c.operation == bindparam("operation"),
        JOURNAL.c.outcome == ACCEPTED,
        JOURNAL.c.messages.is_not(None),
    )
    .order_by(JOURNAL.c.position.desc())
    .limit(MOST_BODIES),
)


class ContentFound(NamedTuple):
    """What the answers of an operation held. `nulls`: the fields that were null."""

    reactions: list[Reaction]
    nulls: frozenset[str]


def content_of(tx: Tx, read: RangeRead) -> ContentFound:
    """Return what the answers of an operation held, and whether a call came behind it."""
    bodies = tx.all(BODIES, operation=read.operation)[::-1]
    last = bodies[-1].position if bodies else 0
    nulls: set[str] = set()
    for body in bodies:
        nulls |= {name.decode() for name in NULL_FIELD.findall(body.response_body)}
    reactions = [
        Reaction(situation, UNDECIDED if body.position == last else WENT_ON, (body.id,))
        for body in bodies
        for situation in _situations_in(body.response_body)
    ]
    return ContentFound(reactions, frozenset(nulls) & read.nullable)


def _situations_in(body: bytes) -> Iterator[Situation]:
    if b"<!DOCTYPE" in body:
        yield DOCTYPE
    if MARKUP.search(body):
        yield CDATA_MARKUP
    if NULL_FIELD.search(body):
        yield NULLS
