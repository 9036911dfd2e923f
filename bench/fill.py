"""Fills a database file with any number of messages, fast: in bulk, by the store's own statements.

What comes out is what the sandbox itself would have stored: rows in the order of time, ids decided by the seed and
unique, replies with their leads and answers, people and consents. Only the doors are left out. The indexes grow with
the messages, as they always do: made afterwards, their pages would be packed so full that the next insert splits each.
"""

import sqlite3
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sandbox.world import SET, LineView, World, carrier, consent, people, workspaces
from sandbox.clock import DAY, SECOND
from sandbox.world.ids import MessageIds, decided_key, message_ids
from sandbox.world.seed.seeded_random import SeededRandom
from sandbox.world.statuses import DELIVERED, REJECTED, UNDELIVERED
from sandbox.world.store import Store

USERNAME, PASSWORD = "demo", "demo"
ACCESS_KEY, SECRET_KEY = "demo-access-key", "demo-secret-key"
CONSOLES = ("HARBOR1001", "HARBOR1002", "HARBOR1003", "HARBOR1004")
BUSY_NUMBERS = ("16155550130", "16155550131")
QUIET_NUMBER = "16155550132"
SEED = 1
BATCH = 50_000
"""Rows in one transaction."""
CACHE_KB = 1_000_000
"""So that no page is read or written twice; what is filled is half as large."""
BROADCAST_EVERY = 2_000
"""Messages stored between one broadcast of a console and its next."""
CAMPAIGNS = 5
PLAIN_NUMBERS = 50
"""Per area code: further ones, NPA-555-0150 and up, stand for handsets that behave in some way."""
ACCOUNT_PEOPLE = 1_000
"""How many of the people text with the busy account."""

TEXTS = (
    "Harbor Clinic: {}, this is a reminder of your appointment on Monday at 9:15 AM. Reply C to confirm.",
    "Harbor Clinic: {}, your lab results are ready. Please call us at 615-555-0110 to talk about them.",
    "Harbor Clinic: our phone lines are down this morning. We expect them back by noon. Thank you for your patience.",
    "Harbor Clinic: {}, it is time for your yearly check-up. Text BOOK, or call us, and we will find you a day.",
)
REPLIES = ("C", "Thank you!", "Can I come on Tuesday instead?", "Yes, I'll be there.", "What is the address?")
ANSWER = "Harbor Clinic: we have got your message and will read it during office hours. In an emergency, call 911."

BROADCAST = {
    "vendor": carrier.WRITEBACK,
    "purpose": carrier.ALERT,
    "cause": "broadcast",
    "sent_by": "angela@harbor.example",
}
SUBMITTED = {"vendor": "simplepay", "purpose": carrier.ALERT, "cause": "simplepay.submit"}
REPLIED = {"vendor": carrier.WRITEBACK, "purpose": carrier.REPLY, "cause": "reply"}
ANSWERED = {"vendor": carrier.WRITEBACK, "purpose": carrier.REPLY, "cause": "automatic_answer"}
TEXTED_IN = {"vendor": carrier.DIALOGTECH, "purpose": carrier.REPLY, "cause": "inbound"}
OF_STAFF = {"vendor": carrier.DIALOGTECH, "purpose": carrier.ALERT, "cause": "staff"}
"""What a row has from the kind of message that it is."""
QUIET_DAY = 3
"""Messages of the quiet account in a day."""


@dataclass(frozen=True)
class Size:
    """What to fill a database with.

    `messages`: about so many of both directions and vendors. `days`: over which they are spread, up to the end.
    """

    messages: int
    days: int
    consoles: int
    people: int


PEOPLE = 20_000
"""The same in both stores, which are to differ in their messages only."""
THOUSAND = Size(messages=1_300, days=6, consoles=1, people=PEOPLE)
"""Of which a little over a thousand are records of the one console, within the week that one read may ask for."""
MILLION = Size(messages=1_000_000, days=30, consoles=4, people=PEOPLE)


@dataclass(frozen=True)
class Recipient:
    """As much of a person as a message row takes."""

    id: int
    phone: str
    first_name: str


def fill(path: Path, size: Size, end: int) -> None:
    """Makes the file; its last message is accepted just before `end`, in ms."""
    world = World(Store(str(path)))
    try:
        with world.store.writing():
            rows = Rows(world, size, end)
    finally:
        world.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as driver:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", f"cache_size=-{CACHE_KB}"):
            driver.execute(f"PRAGMA {pragma}")
        _insert(driver, iter(rows))
        driver.execute(SET.sql, {"workspace_id": rows.workspace.id, "kind": "message", "n": rows.n})
        if driver.execute("PRAGMA foreign_key_check").fetchone():
            raise AssertionError("the filled database names rows that it does not have")


def _insert(driver: sqlite3.Connection, rows: Iterator[carrier.MessageRow]) -> None:
    while batch := list(islice(rows, BATCH)):
        driver.execute("BEGIN")
        driver.executemany(carrier.INSERT.sql, map(carrier.INSERT.values, batch))
        driver.execute("COMMIT")


def phone_of(n: int) -> str:
    """The n-th fictional number: another area code after every `PLAIN_NUMBERS`."""
    area_code, number = divmod(n, PLAIN_NUMBERS)
    return f"1{201 + area_code}55501{number:02d}"


class Rows:
    """The message rows, in the order of time. To make one puts everything that they name into the world."""

    def __init__(self, world: World, size: Size, end: int) -> None:
        self.n = 0
        """How many there are so far."""
        self._size = size
        self._start, self._end = end - size.days * DAY, end
        self._random = SeededRandom(SEED, "bench")
        self._taken: set[str] = set()
        self.workspace = workspaces.create(
            world, name=workspaces.DEFAULT, fixture="bench", seed=SEED, username=USERNAME, password=PASSWORD
        )
        self._add_lines(world)
        self._people = [self._add_person(world, n) for n in range(size.people)]
        self._add_broadcasts(world)

    def _add_lines(self, world: World) -> None:
        self._consoles = [
            workspaces.add_console(
                world,
                self.workspace,
                code=code,
                name="Harbor Clinic",
                line=f"161555501{10 + n}",
                keyword=f"HARBOR{n}",
                auto_reply=ANSWER,
            )
            for n, code in enumerate(CONSOLES[: self._size.consoles])
        ]
        for name, key, numbers in (
            ("Harbor Clinic", "busy-access-key", list(BUSY_NUMBERS)),
            ("Harbor Pharmacy", ACCESS_KEY, [QUIET_NUMBER]),
        ):
            workspaces.add_account(
                world,
                self.workspace,
                name=name,
                tracking_numbers=numbers,
                access_key=key,
                secret_access_key=SECRET_KEY,
            )
        self._busy = [workspaces.line_of(world, self.workspace.id, number) for number in BUSY_NUMBERS]
        self._quiet = workspaces.line_of(world, self.workspace.id, QUIET_NUMBER)

    def _add_person(self, world: World, n: int) -> Recipient:
        first_name, phone = f"Ada{n % 100}", phone_of(n)
        given = {"first_name": first_name, "last_name": f"Quill{n}", "phone": phone, "misc1": "English"}
        person = people.add(world, self.workspace, given)
        lines = [line.number for line in self._consoles]
        if n < ACCOUNT_PEOPLE:
            lines += [*BUSY_NUMBERS, QUIET_NUMBER]
        for line in lines:
            consent.record(
                world,
                self.workspace.id,
                line,
                phone,
                opted_in=True,
                cause=consent.ENROLLED,
                at=self._start,
            )
        return Recipient(person["id"], phone, first_name)

    def _add_broadcasts(self, world: World) -> None:
        campaigns = [carrier.campaign_named(world, self.workspace, f"Campaign {n}") for n in range(CAMPAIGNS)]
        self._broadcasts: list[carrier.MessageRow] = []
        for n in range((self._size.messages // BROADCAST_EVERY + 1) * self._size.consoles):
            number = world.take(self.workspace.id, "broadcast")
            row = {
                "workspace_id": self.workspace.id,
                "id": number,
                "key": decided_key(SEED, "broadcast", number),
                "name": f"Broadcast {number}",
            }
            world.store.add(carrier.INSERT_BROADCAST, row)
            campaign = campaigns[n % CAMPAIGNS] if n % 3 == 0 else None
            self._broadcasts.append({"broadcast_id": number, "campaign_id": campaign})

    def __iter__(self) -> Iterator[carrier.MessageRow]:
        sent: deque[carrier.MessageRow] = deque(maxlen=1_000)
        today = self._start // DAY
        while self.n < self._size.messages:
            at = self._start + (self._end - self._start - 3 * SECOND) * self.n // self._size.messages
            if at // DAY > today:
                today = at // DAY
                yield from self._quiet_day(at)
            share = self._random.random()
            if share < 0.80:
                row = self._submitted(at) if share < 0.10 else self._broadcast(at)
                sent.append(row)
                yield row
            elif share < 0.90 and sent:
                yield from self._reply(self._random.one_of(sent), at)
            else:
                yield self._of_account(self._random.one_of(self._busy), at, is_inbound=share > 0.95)

    def _submitted(self, at: int) -> carrier.MessageRow:
        person = self._random.one_of(self._people)
        line = self._random.one_of(self._consoles)
        return self._outbound(line, person, self._text(person), at, SUBMITTED)

    def _broadcast(self, at: int) -> carrier.MessageRow:
        person = self._random.one_of(self._people)
        console = self._random.below(self._size.consoles)
        broadcast = self._broadcasts[self.n // BROADCAST_EVERY * self._size.consoles + console]
        return self._outbound(self._consoles[console], person, self._text(person), at, BROADCAST | broadcast)

    def _reply(self, lead: carrier.MessageRow, at: int) -> Iterator[carrier.MessageRow]:
        """A phone's answer, and the console's to that."""
        line = self._consoles[lead["console_id"] - 1]
        person = Recipient(lead["person_id"], lead["phone"], "")
        inbound = self._inbound(line, person, at, REPLIED | {"lead_id": lead["id"]})
        yield inbound
        causes = {"lead_id": lead["id"], "caused_by_id": inbound["id"]}
        yield self._outbound(line, person, ANSWER, at, ANSWERED | causes)

    def _quiet_day(self, at: int) -> Iterator[carrier.MessageRow]:
        """What the quiet account has every day: one message in, two out."""
        for n in range(QUIET_DAY):
            yield self._of_account(self._quiet, at, is_inbound=n == 0)

    def _of_account(self, line: LineView, at: int, *, is_inbound: bool) -> carrier.MessageRow:
        person = self._random.one_of(self._people[:ACCOUNT_PEOPLE])
        if is_inbound:
            return self._inbound(line, person, at, TEXTED_IN)
        return self._outbound(line, person, self._text(person), at, OF_STAFF)

    def _text(self, person: Recipient) -> str:
        return self._random.one_of(TEXTS).format(person.first_name)

    def _outbound(
        self, line: LineView, person: Recipient, text: str, at: int, columns: carrier.MessageRow
    ) -> carrier.MessageRow:
        share = self._random.random()
        row = self._row(line, person, text, at, columns)
        row["direction"] = carrier.OUTBOUND
        row["sender"] = line.number
        row["sent_at"], row["settled_at"] = at + SECOND, at + 3 * SECOND
        row["outcome"] = DELIVERED if share < 0.95 else UNDELIVERED if share < 0.98 else REJECTED
        row["plan_cause"] = "timed"
        ids = self._free_ids(at)
        if line.account_id is not None:
            row["msg_id"] = ids.msg_id
        else:
            row["record_at"], row["sid"], row["outgoing_key"] = at, ids.sid, ids.outgoing_key
        return row

    def _inbound(self, line: LineView, person: Recipient, at: int, columns: carrier.MessageRow) -> carrier.MessageRow:
        row = self._row(line, person, self._random.one_of(REPLIES), at, columns)
        row["direction"] = carrier.INBOUND
        row["sender"] = person.phone
        row["plan_cause"] = row["cause"]
        if line.account_id is not None:
            row["msg_id"] = self._free_ids(at).msg_id
        return row

    def _row(
        self, line: LineView, person: Recipient, text: str, at: int, columns: carrier.MessageRow
    ) -> carrier.MessageRow:
        """What the rows of both directions have in common."""
        self.n += 1
        row = carrier.EMPTY_ROW | columns
        row["workspace_id"] = self.workspace.id
        row["id"] = self.n
        row["line"], row["console_id"], row["account_id"] = line.number, line.console_id, line.account_id
        row["phone"], row["person_id"] = person.phone, person.id
        row["text"] = text
        row["accepted_at"] = at
        return row

    def _free_ids(self, at: int) -> MessageIds:
        """Those of the first attempt that clash with no message's so far, as the carrier takes them."""
        attempt = 0
        while True:
            ids = message_ids(SEED, self.n, at, attempt)
            if self._taken.isdisjoint(ids):
                self._taken.update((ids.sid, ids.msg_id))
                return ids
            attempt += 1
