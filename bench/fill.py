"""Fills a database file with any number of messages, fast: in bulk, through the store's own transactions.

What comes out is what the sandbox itself would have stored: rows in the order of time, ids decided by the seed and
unique, replies with their leads and answers, people and consents. Only the doors are left out. The indexes grow with
the messages, as they always do: made afterwards, their pages would be packed so full that the next insert splits each.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event

from sandbox.clock import DAY, SECOND
from sandbox.store import Store, Tx
from sandbox.store.tables import ConsentRow, CounterRow, MessageRow
from sandbox.vendors import VENDORS
from sandbox.world import people
from sandbox.world.commands import SUBMIT
from sandbox.world.consent import ENROLLED
from sandbox.world.lines import STAFF_TOOLS, LineView, line_of
from sandbox.world.messages.accept import ALERT, AUTOMATIC, INBOUND, OUTBOUND, REPLY
from sandbox.world.messages.broadcasts import BROADCAST, campaign_named, new_broadcast
from sandbox.world.seed.batch import MessageBatch
from sandbox.world.seed.seeded_random import SeededRandom
from sandbox.world.statuses import DELIVERED, REJECTED, UNDELIVERED
from sandbox.world.workspaces import create, find

USERNAME, PASSWORD = "demo", "demo"
ACCESS_KEY, SECRET_KEY = "demo-access-key", "demo-secret-key"
CONSOLES = ("HARBOR1001", "HARBOR1002", "HARBOR1003", "HARBOR1004")
BUSY_NUMBERS = ("16155550130", "16155550131")
QUIET_NUMBER = "16155550132"
SEED = 1
BATCH = 10_000
"""Messages in one transaction."""
HURRIED = ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF", "cache_size=-1000000")
"""The cache, 1 GB, so that no page is read or written twice."""
BROADCAST_EVERY = 2_000
"""Messages stored between one broadcast of a console and its next."""
CAMPAIGNS = 5
PLAIN_NUMBERS = 50
"""Per area code: further ones, NPA-555-0150 and up, stand for handsets that behave in some way."""
ACCOUNT_PEOPLE = 1_000
"""How many of the people text with the busy account."""
QUIET_DAY = 3
"""Messages of the quiet account in a day."""

TEXTS = (
    "Harbor Clinic: {}, this is a reminder of your appointment on Monday at 9:15 AM. Reply C to confirm.",
    "Harbor Clinic: {}, your lab results are ready. Please call us at 615-555-0110 to talk about them.",
    "Harbor Clinic: our phone lines are down this morning. We expect them back by noon. Thank you for your patience.",
    "Harbor Clinic: {}, it is time for your yearly check-up. Text BOOK, or call us, and we will find you a day.",
)
REPLIES = ("C", "Thank you!", "Can I come on Tuesday instead?", "Yes, I'll be there.", "What is the address?")
ANSWER = "Harbor Clinic: we have got your message and will read it during office hours. In an emergency, call 911."

Columns = dict[str, Any]
BROADCASTED: Columns = {
    "vendor": STAFF_TOOLS["console"],
    "purpose": ALERT,
    "cause": BROADCAST,
    "sent_by": "angela@harbor.example",
}
SUBMITTED: Columns = {"vendor": SUBMIT[0], "purpose": ALERT, "cause": SUBMIT[1]}
REPLIED: Columns = {"vendor": STAFF_TOOLS["console"], "purpose": REPLY, "cause": "reply"}
ANSWERED: Columns = {"vendor": STAFF_TOOLS["console"], "purpose": REPLY, "cause": AUTOMATIC}
TEXTED_IN: Columns = {"vendor": STAFF_TOOLS["account"], "purpose": REPLY, "cause": "inbound"}
OF_STAFF: Columns = {"vendor": STAFF_TOOLS["account"], "purpose": ALERT, "cause": "staff"}
"""What a row has from the kind of message that it is."""


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
    """Make the file; its last message is accepted just before `end`, in ms."""
    store = Store(str(path), id_formats=[each for vendor in VENDORS for each in vendor.id_formats])
    hurry(store.engine)
    try:
        messages = store.write_now(lambda tx: Messages(tx, size, end))
        rows, batch = iter(messages), MessageBatch()
        while some := list(islice(rows, BATCH)):
            insert(store, batch, some)
        count(store, messages.n)
        check(store.engine)
    finally:
        store.close()


def hurry(engine: Engine) -> None:
    """Do without what keeps a file safe that somebody uses: if this one is not filled to its end, it is thrown away."""
    engine.dispose()  # of the connection that made the tables

    @event.listens_for(engine, "connect")
    def set_up(driver: Any, _: object) -> None:
        for pragma in HURRIED:
            driver.execute(f"PRAGMA {pragma}")


def check(engine: Engine) -> None:
    """Raise when a row names another one that is not there."""
    with engine.connect() as connection:
        if connection.exec_driver_sql("PRAGMA foreign_key_check").first():
            raise AssertionError("the filled database names rows that it does not have")


def insert(store: Store, batch: MessageBatch, messages: list[MessageRow]) -> None:
    """Insert messages with what their vendors call them."""

    def work(tx: Tx) -> None:
        tx.enter(find.find_workspace(tx, find.DEFAULT))
        for message in messages:
            batch.add(tx, message, None)
        batch.insert(tx)

    store.write_now(work)


def count(store: Store, n: int) -> None:
    """Let the next message be numbered on from these."""

    def work(tx: Tx) -> None:
        workspace = tx.enter(find.find_workspace(tx, find.DEFAULT))
        tx.add(CounterRow(workspace_id=workspace.id, kind="message", n=n))

    store.write_now(work)


def phone_of(n: int) -> str:
    """Return the n-th fictional number: another area code after every `PLAIN_NUMBERS`."""
    area_code, number = divmod(n, PLAIN_NUMBERS)
    return f"1{201 + area_code}55501{number:02d}"


class Messages:
    """The messages, in the order of time. To make it puts everything that they name into a new workspace."""

    def __init__(self, tx: Tx, size: Size, end: int) -> None:
        self.n = 0
        """How many there are so far."""
        self._size = size
        self._start, self._end = end - size.days * DAY, end
        self._random = SeededRandom(SEED, "bench")
        self._workspace = create.create(
            tx, name=find.DEFAULT, fixture="bench", seed=SEED, username=USERNAME, password=PASSWORD
        )
        self._add_lines(tx)
        self._people = [self._add_person(tx, n) for n in range(size.people)]
        tx.add_all([row for n, person in enumerate(self._people) for row in self._consents(tx, n, person.phone)])
        self._add_broadcasts(tx)

    def _add_lines(self, tx: Tx) -> None:
        self._consoles = [
            create.add_console(
                tx,
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
            create.add_account(tx, name=name, tracking_numbers=numbers, access_key=key, secret_access_key=SECRET_KEY)
        self._busy = [line_of(tx, number) for number in BUSY_NUMBERS]
        self._quiet = line_of(tx, QUIET_NUMBER)

    def _add_person(self, tx: Tx, n: int) -> Recipient:
        first_name, phone = f"Ada{n % 100}", phone_of(n)
        person = people.add(tx, phone=phone, first_name=first_name, last_name=f"Quill{n}", misc1="English")
        return Recipient(person.id, phone, first_name)

    def _consents(self, tx: Tx, n: int, phone: str) -> Iterator[ConsentRow]:
        lines = [line.number for line in self._consoles]
        if n < ACCOUNT_PEOPLE:
            lines += [*BUSY_NUMBERS, QUIET_NUMBER]
        for line in lines:
            number = tx.next_id("consent")
            yield ConsentRow(
                workspace_id=tx.ws, id=number, line=line, phone=phone, opted_in=True, cause=ENROLLED, at=self._start
            )

    def _add_broadcasts(self, tx: Tx) -> None:
        campaigns = [campaign_named(tx, f"Campaign {n}") for n in range(CAMPAIGNS)]
        self._broadcasts: list[Columns] = []
        for n in range((self._size.messages // BROADCAST_EVERY + 1) * self._size.consoles):
            number, _ = new_broadcast(tx, f"Broadcast {n + 1}")
            campaign = campaigns[n % CAMPAIGNS] if n % 3 == 0 else None
            self._broadcasts.append({"broadcast_id": number, "campaign_id": campaign})

    def __iter__(self) -> Iterator[MessageRow]:
        sent: deque[MessageRow] = deque(maxlen=1_000)
        today = self._start // DAY
        while self.n < self._size.messages:
            at = self._start + (self._end - self._start - 3 * SECOND) * self.n // self._size.messages
            if at // DAY > today:
                today = at // DAY
                yield from self._quiet_day(at)
            share = self._random.random()
            if share < 0.80:
                message = self._submitted(at) if share < 0.10 else self._broadcast(at)
                sent.append(message)
                yield message
            elif share < 0.90 and sent:
                yield from self._reply(self._random.one_of(sent), at)
            else:
                yield self._of_account(self._random.one_of(self._busy), at, is_inbound=share > 0.95)

    def _submitted(self, at: int) -> MessageRow:
        person = self._random.one_of(self._people)
        line = self._random.one_of(self._consoles)
        return self._outbound(line, person, self._text(person), at, SUBMITTED)

    def _broadcast(self, at: int) -> MessageRow:
        person = self._random.one_of(self._people)
        console = self._random.below(self._size.consoles)
        broadcast = self._broadcasts[self.n // BROADCAST_EVERY * self._size.consoles + console]
        return self._outbound(self._consoles[console], person, self._text(person), at, BROADCASTED | broadcast)

    def _reply(self, lead: MessageRow, at: int) -> Iterator[MessageRow]:
        """Yield a phone's answer, and the console's to that."""
        assert lead.console_id is not None
        assert lead.person_id is not None
        line = self._consoles[lead.console_id - 1]
        person = Recipient(lead.person_id, lead.phone, "")
        inbound = self._inbound(line, person, at, REPLIED | {"lead_id": lead.id})
        yield inbound
        causes = {"lead_id": lead.id, "caused_by_id": inbound.id}
        yield self._outbound(line, person, ANSWER, at, ANSWERED | causes)

    def _quiet_day(self, at: int) -> Iterator[MessageRow]:
        """Yield what the quiet account has every day: one message in, two out."""
        for n in range(QUIET_DAY):
            yield self._of_account(self._quiet, at, is_inbound=n == 0)

    def _of_account(self, line: LineView, at: int, *, is_inbound: bool) -> MessageRow:
        person = self._random.one_of(self._people[:ACCOUNT_PEOPLE])
        if is_inbound:
            return self._inbound(line, person, at, TEXTED_IN)
        return self._outbound(line, person, self._text(person), at, OF_STAFF)

    def _text(self, person: Recipient) -> str:
        return self._random.one_of(TEXTS).format(person.first_name)

    def _outbound(self, line: LineView, person: Recipient, text: str, at: int, columns: Columns) -> MessageRow:
        share = self._random.random()
        plan = {
            "record_at": at if line.is_console else None,
            "sent_at": at + SECOND,
            "settled_at": at + 3 * SECOND,
            "outcome": DELIVERED if share < 0.95 else UNDELIVERED if share < 0.98 else REJECTED,
            "plan_cause": "timed",
        }
        return self._message(OUTBOUND, line, person, line.number, text, at, columns | plan)

    def _inbound(self, line: LineView, person: Recipient, at: int, columns: Columns) -> MessageRow:
        text = self._random.one_of(REPLIES)
        plan = {"plan_cause": columns["cause"]}
        return self._message(INBOUND, line, person, person.phone, text, at, columns | plan)

    def _message(
        self, direction: str, line: LineView, person: Recipient, sender: str, text: str, at: int, columns: Columns
    ) -> MessageRow:
        self.n += 1
        return MessageRow(
            workspace_id=self._workspace.id,
            id=self.n,
            direction=direction,
            line=line.number,
            console_id=line.console_id,
            account_id=line.account_id,
            phone=person.phone,
            person_id=person.id,
            sender=sender,
            text=text,
            folded=text.casefold(),
            accepted_at=at,
            **columns,
        )
