"""Plays the history of a fixture in the order of time, through the same doors as everybody's messages."""

from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from typing import TYPE_CHECKING, Any, NamedTuple

from sandbox.world import carrier, consent, workspaces
from sandbox.world.clock import SECOND
from sandbox.world.fixtures import Fixture, shapes
from sandbox.world.fixtures.references import addressed
from sandbox.world.fixtures.values import Outcome
from sandbox.world.people import PersonRow
from sandbox.world.seed.network import Network
from sandbox.world.seed.people import People
from sandbox.world.seed.seeded_random import SeededRandom, WeightedChoice
from sandbox.world.seed.texts import TextContext, TextRef, Texts
from sandbox.world.statuses import DELIVERED

if TYPE_CHECKING:
    from sandbox.world import LineView, WorkspaceView, World

SOONEST_REPLY = 15 * SECOND
COLUMNS = {"sid": "sid", "outgoing_message_id": "outgoing_key", "msg_id": "msg_id"}
"""What the store calls the ids that a fixture may give."""

Act = Callable[[PersonRow, int], object]
"""What happens to one person at one time."""


class Sending(NamedTuple):
    """What the messages of one event have in common. `columns`: as `carrier.accept` takes them."""

    line: "LineView"
    text_ref: TextRef
    random: SeededRandom
    columns: dict[str, Any]
    outcomes: WeightedChoice[Outcome] | None = None
    ids: dict[str, str] | None = None
    reply: "Reply | None" = None


class Reply(NamedTuple):
    """What those answer whom a message reached. `within`: ms."""

    share: float
    within: int
    texts: WeightedChoice[TextRef]


class History:
    """`start`: when it ends, in ms. What would come later is left out, replies too."""

    def __init__(
        self, world: "World", workspace: "WorkspaceView", fixture: Fixture, people: People, start: int
    ) -> None:
        self._world = world
        self._workspace = workspace
        self._events = fixture.contents.history
        self._network = Network(fixture.contents.network)
        self._texts = Texts(fixture.templates)
        self._people = people
        self._start = start
        self._consoles = [
            workspaces.console_line(world, workspace.id, console.code) for console in fixture.contents.consoles
        ]
        self._tracking = [
            workspaces.line_of(world, workspace.id, number)
            for account in fixture.contents.accounts
            for number in account.tracking_numbers
        ]
        self._coming: list[tuple[int, int, Callable[[], object]]] = []
        self._planned = 0
        self._opted_in: dict[tuple[str, str], consent.State] = {}

    def play(self) -> None:
        for n, event in enumerate(self._events):
            random = SeededRandom(self._workspace.seed, f"history:{n}")
            times, every = (event.repeat.times, event.repeat.every) if event.repeat else (1, 0)
            for time in range(times):
                at = event.at.at(self._start) + time * every
                self._plan(at, partial(self._happen, event, at, random))
        while self._coming:
            _, _, act = heappop(self._coming)
            act()

    def _plan(self, at: int, act: Callable[[], object]) -> None:
        if at <= self._start:
            self._planned += 1
            heappush(self._coming, (at, self._planned, act))

    def _happen(self, event: shapes.Event, at: int, random: SeededRandom) -> None:
        """An event begins: to each of its people it happens at their own time."""
        people = self._people.addressed(addressed(event)[1])
        if event.share < 1:
            people = random.some_of(people, round(event.share * len(people)))
        act = self._act(event, random)
        for person in people:
            moment = at + random.below(event.spread + 1) if event.spread else at
            self._plan(moment, partial(act, person, moment))

    def _act(self, event: shapes.Event, random: SeededRandom) -> Act:
        if isinstance(event, shapes.Conversation):
            return partial(self._begin_conversation, event, self._tracking_line(event.tracking_number), random)
        if isinstance(event, shapes.Inbound):
            return partial(self._text_in, event, self._line(event.console, event.tracking_number), random)
        line = self._line(event.console, getattr(event, "tracking_number", None))
        if isinstance(event, shapes.OptOut):
            return partial(self._opt_out, event.by, line)
        if isinstance(event, shapes.OptIn):
            return partial(self._opt_in, _opt_in_sending(event, line, random))
        return partial(self._send, self._sending(event, line, random))

    def _line(self, code: str | None, number: str | None) -> "LineView":
        """A tracking number's, else a console's: the first one's if neither is named."""
        if number is not None:
            return self._tracking_line(number)
        return next(line for line in self._consoles if code in (None, line.code))

    def _tracking_line(self, number: str | None) -> "LineView":
        return next(line for line in self._tracking if number in (None, line.number))

    def _sending(
        self, event: shapes.Broadcast | shapes.Submit | shapes.Message, line: "LineView", random: SeededRandom
    ) -> Sending:
        replies = event.replies
        return Sending(
            line,
            TextRef(event.text, event.template),
            random,
            {column: value for column, value in self._columns(event, line).items() if value is not None},
            WeightedChoice(event.outcomes) if event.outcomes else None,
            _given(event.ids),
            Reply(replies.share, replies.within, _reply_texts(replies)) if replies else None,
        )

    def _columns(self, event: shapes.Broadcast | shapes.Submit | shapes.Message, line: "LineView") -> dict[str, Any]:
        if isinstance(event, shapes.Submit):
            return {"vendor": carrier.SIMPLEPAY, "cause": carrier.SUBMITTED, "opts_in": True, "sender": event.sender}
        if isinstance(event, shapes.Message):
            return _by_staff(line) | {"sent_by": event.sent_by, "sender": event.sender}
        broadcast_id, _ = carrier.new_broadcast(self._world, self._workspace, event.name, event.broadcast_id)
        campaign_id = None
        if event.campaign:
            campaign_id = carrier.campaign_named(self._world, self._workspace, event.campaign, event.campaign_id)
        return {
            "vendor": carrier.WRITEBACK,
            "cause": "broadcast",
            "sent_by": event.sent_by,
            "broadcast_id": broadcast_id,
            "campaign_id": campaign_id,
        }

    def _send(self, sending: Sending, person: PersonRow, at: int) -> None:
        line, text_ref, random, columns, outcomes, ids, reply = sending
        phone = person["phone"]
        message = carrier.accept(
            self._world,
            self._workspace,
            line,
            to=phone,
            text=self._texts.words(text_ref, TextContext(person, line, at, random)),
            at=at,
            plan=self._network.draw_plan(outcomes, person, at, random),
            ids=ids,
            state=self._consent(line.number, phone, at),
            person_id=person["id"],
            **columns,
        )
        if reply and message["outcome"] == DELIVERED and random.random() < reply.share:
            replied_at = message["settled_at"] + SOONEST_REPLY + int(random.random() ** 2 * reply.within)
            self._plan(replied_at, partial(self._reply, sending, message, person, replied_at))

    def _consent(self, line: str, phone: str, at: int) -> consent.State | None:
        """As the ledger has it; of those who are in it is remembered, because no message to them changes that."""
        state = self._opted_in.get((line, phone))
        if state is None:
            state = consent.state_of(self._world, self._workspace.id, line, phone, at)
            if state and state.opted_in:
                self._opted_in[line, phone] = state
        return state

    def _reply(self, sending: Sending, message: carrier.MessageRow, person: PersonRow, at: int) -> None:
        line, random, reply = sending.line, sending.random, sending.reply
        assert reply is not None
        self._receive(
            line,
            person,
            self._texts.words(reply.texts.draw(random), TextContext(person, line, at, random)),
            at,
            cause="reply",
            answering=message,
        )

    def _receive(self, line: "LineView", person: PersonRow, text: str, at: int, **given: Any) -> None:
        self._opted_in.pop((line.number, person["phone"]), None)
        carrier.receive(self._world, self._workspace, line, phone=person["phone"], text=text, at=at, **given)

    def _text_in(
        self, event: shapes.Inbound, line: "LineView", random: SeededRandom, person: PersonRow, at: int
    ) -> None:
        text = self._texts.words(TextRef(event.text, event.template), TextContext(person, line, at, random))
        self._receive(
            line,
            person,
            text,
            at,
            cause="inbound",
            ids=_given(event.ids),
            answer_ids=_given(event.answer_ids),
        )

    def _begin_conversation(
        self, event: shapes.Conversation, line: "LineView", random: SeededRandom, person: PersonRow, at: int
    ) -> None:
        for turn in event.turns:
            at += turn.after
            self._plan(at, partial(self._take_turn, turn, line, random, person, at))

    def _take_turn(self, turn: shapes.Turn, line: "LineView", random: SeededRandom, person: PersonRow, at: int) -> None:
        text_ref = TextRef(turn.text, turn.template)
        if turn.says == "staff":
            self._send(Sending(line, text_ref, random, _by_staff(line)), person, at)
        else:
            text = self._texts.words(text_ref, TextContext(person, line, at, random))
            self._receive(line, person, text, at, cause="inbound")

    def _opt_in(self, sending: Sending, person: PersonRow, at: int) -> None:
        self._enter(sending.line, person, at, opted_in=True)
        self._send(sending, person, at)

    def _opt_out(self, by: str, line: "LineView", person: PersonRow, at: int) -> None:
        self._opted_in.pop((line.number, person["phone"]), None)
        if by == "staff":
            self._enter(line, person, at, opted_in=False)
        else:
            consent.opt_out_silently(self._world, self._workspace.id, line.number, person["phone"], at)

    def _enter(self, line: "LineView", person: PersonRow, at: int, *, opted_in: bool) -> None:
        consent.record(
            self._world,
            self._workspace.id,
            line.number,
            person["phone"],
            opted_in=opted_in,
            cause=consent.STAFF,
            at=at,
        )


def _by_staff(line: "LineView") -> dict[str, Any]:
    vendor = carrier.WRITEBACK if line.console_id is not None else carrier.DIALOGTECH
    return {"vendor": vendor, "cause": "staff"}


def _opt_in_sending(event: shapes.OptIn, line: "LineView", random: SeededRandom) -> Sending:
    return Sending(
        line,
        TextRef(event.text or carrier.STAFF_OPT_IN_TEXT),
        random,
        _by_staff(line) | {"purpose": carrier.STAFF_OPT_IN},
        WeightedChoice(event.outcomes) if event.outcomes else None,
        _given(event.ids),
    )


def _reply_texts(replies: shapes.Replies) -> WeightedChoice[TextRef]:
    texts = {TextRef(text): weight for text, weight in (replies.texts or {}).items()}
    templates = {TextRef(None, name): weight for name, weight in (replies.templates or {}).items()}
    return WeightedChoice(texts | templates)


def _given(ids: shapes.Ids | None) -> dict[str, str] | None:
    return {COLUMNS[name]: value for name, value in ids if value is not None} if ids else None
