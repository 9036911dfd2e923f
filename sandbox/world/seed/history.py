"""How is the history of a fixture played? In the order of time, through the same doors as everybody's messages."""

from collections.abc import Callable
from functools import partial
from heapq import heappop, heappush
from typing import NamedTuple

from sandbox.clock import SECOND
from sandbox.store import Slices, Tx
from sandbox.store.tables import MessageRow, PersonRow
from sandbox.world import consent
from sandbox.world.commands import STAFF_OPT_IN_TEXT, SUBMIT
from sandbox.world.consent import ConsentState
from sandbox.world.fixtures import LoadedFixture, shapes
from sandbox.world.fixtures.references import addressed
from sandbox.world.fixtures.values import Outcome
from sandbox.world.lines import STAFF_TOOLS, LineView, console_line, line_of
from sandbox.world.messages.accept import ALERT, OPT_OUT, STAFF_OPT_IN, Draft, accept
from sandbox.world.messages.broadcasts import BROADCAST, campaign_named, new_broadcast
from sandbox.world.messages.receive import OPT_OUT_TEXT, receive
from sandbox.world.seed.batch import MessageBatch
from sandbox.world.seed.network import Network
from sandbox.world.seed.people import People
from sandbox.world.seed.progress import Progress
from sandbox.world.seed.seeded_random import SeededRandom, WeightedChoice
from sandbox.world.seed.texts import TextContext, TextRef, Texts
from sandbox.world.slices import next_slice
from sandbox.world.statuses import DELIVERED

SOONEST_REPLY = 15 * SECOND

Action = Callable[[PersonRow, int], object]
"""What happens to one person at one time."""


class Sending(NamedTuple):
    """What the messages of one event have in common. `draft`: all of it but the phone, the text and the time."""

    line: LineView
    draft: Draft
    text_ref: TextRef
    random: SeededRandom
    outcomes: WeightedChoice[Outcome] | None = None
    reply: "Reply | None" = None
    opts_in: bool = False


class Reply(NamedTuple):
    """What people answer to a message that was delivered. `within`: ms."""

    share: float
    within: int
    texts: WeightedChoice[TextRef]


class History:
    """The events of a fixture. `start`: when they end, in ms; what would come later is left out, replies too."""

    def __init__(self, tx: Tx, fixture: LoadedFixture, people: People, start: int) -> None:
        self._tx = tx
        self._name = fixture.name
        self._batch = MessageBatch()
        self._events = fixture.contents.history
        self._network = Network(fixture.contents.network)
        self._texts = Texts(fixture.templates)
        self._people = people
        self._start = start
        self._consoles = [console_line(tx, console.code) for console in fixture.contents.consoles]
        self._tracking = [
            line_of(tx, number) for account in fixture.contents.accounts for number in account.tracking_numbers
        ]
        self._coming: list[tuple[int, int, Callable[[], object]]] = []
        self._planned = 0
        self._opted_in: dict[tuple[str, str], ConsentState] = {}
        self._last: dict[tuple[str, str], MessageRow] = {}
        """By line and phone, what was sent last, which is what an unprompted text refers to (rule NET-lead)."""

    def play(self) -> Slices[Tx]:
        """Play it all; return the transaction that it ends in."""
        for n, event in enumerate(self._events):
            random = SeededRandom(self._tx.workspace.seed, f"history:{n}")
            times, every = (event.repeat.times, event.repeat.every) if event.repeat else (1, 0)
            for time in range(times):
                at = event.at.at(self._start) + time * every
                self._plan(at, partial(self._happen, event, at, random))
        progress = Progress(self._name, min((at for at, _, _ in self._coming), default=self._start), self._start)
        while self._coming:
            at, _, act = heappop(self._coming)
            act()
            progress.reach(at)
            if self._batch.is_full:
                self._batch.insert(self._tx)
                self._tx = yield from next_slice(self._tx)
        self._batch.insert(self._tx)
        progress.end()
        return self._tx

    def _plan(self, at: int, act: Callable[[], object]) -> None:
        if at <= self._start:
            self._planned += 1
            heappush(self._coming, (at, self._planned, act))

    def _happen(self, event: shapes.AnyEvent, at: int, random: SeededRandom) -> None:
        """Begin an event: to each of its people it happens at their own time."""
        people = self._people.addressed(addressed(event)[1])
        if event.share < 1:
            people = random.some_of(people, round(event.share * len(people)))
        act = self._action(event, random)
        for person in people:
            moment = at + random.below(event.spread + 1) if event.spread else at
            self._plan(moment, partial(act, person, moment))

    def _action(self, event: shapes.AnyEvent, random: SeededRandom) -> Action:
        if isinstance(event, shapes.ConversationEvent):
            return partial(self._begin_conversation, event, self._tracking_line(event.tracking_number), random)
        if isinstance(event, shapes.InboundEvent):
            return partial(self._text_in, event, self._line(event.console, event.tracking_number), random)
        line = self._line(event.console, getattr(event, "tracking_number", None))
        if isinstance(event, shapes.OptOutEvent):
            return self._opt_out(event, line, random)
        if isinstance(event, shapes.OptInEvent):
            text = event.text or STAFF_OPT_IN_TEXT
            return partial(self._opt_by_staff, _consent_sending(event, line, random, STAFF_OPT_IN, text), opted_in=True)
        return partial(self._send, self._sending(event, line, random))

    def _line(self, code: str | None, number: str | None) -> LineView:
        """Return a tracking number's, else a console's: the first one's if neither is named."""
        if number is not None:
            return self._tracking_line(number)
        return next(line for line in self._consoles if code in (None, line.code))

    def _tracking_line(self, number: str | None) -> LineView:
        return next(line for line in self._tracking if number in (None, line.number))

    def _sending(
        self,
        event: shapes.BroadcastEvent | shapes.SubmitEvent | shapes.MessageEvent,
        line: LineView,
        random: SeededRandom,
    ) -> Sending:
        replies = event.replies
        return Sending(
            line,
            self._draft(event, line)._replace(ids=_fixed_ids(event.ids)),
            TextRef(event.text, event.template),
            random,
            WeightedChoice(event.outcomes) if event.outcomes else None,
            Reply(replies.share, replies.within, _reply_texts(replies)) if replies else None,
            isinstance(event, shapes.SubmitEvent),
        )

    def _draft(self, event: shapes.BroadcastEvent | shapes.SubmitEvent | shapes.MessageEvent, line: LineView) -> Draft:
        if isinstance(event, shapes.SubmitEvent):
            return Draft("", "", 0, *SUBMIT, sender=event.sender)
        if isinstance(event, shapes.MessageEvent):
            return _by_staff(line)._replace(sent_by=event.sent_by, sender=event.sender)
        broadcast_id, _ = new_broadcast(self._tx, event.name, event.broadcast_id)
        campaign_id = campaign_named(self._tx, event.campaign, event.campaign_id) if event.campaign else None
        return Draft(
            "",
            "",
            0,
            STAFF_TOOLS["console"],
            BROADCAST,
            sent_by=event.sent_by,
            broadcast_id=broadcast_id,
            campaign_id=campaign_id,
        )

    def _send(self, sending: Sending, person: PersonRow, at: int) -> None:
        line, random, reply = sending.line, sending.random, sending.reply
        text = self._texts.words(sending.text_ref, TextContext(person, line, at, random))
        message = accept(
            self._tx,
            line,
            sending.draft._replace(to=person.phone, text=text, at=at, person_id=person.id),
            opts_in=sending.opts_in,
            plan=self._network.draw_plan(sending.outcomes, person, at, random),
            consent_state=self._consent(line.number, person.phone, at),
            store=self._batch.add,
        )
        self._last[line.number, person.phone] = message
        if reply and message.outcome == DELIVERED and random.random() < reply.share:
            replied_at = (message.settled_at or at) + SOONEST_REPLY + int(random.random() ** 2 * reply.within)
            self._plan(replied_at, partial(self._reply, sending, reply, message, person, replied_at))

    def _consent(self, line: str, phone: str, at: int) -> ConsentState | None:
        """Return it as the ledger has it; that of those who are in it is kept, as no message to them changes it."""
        state = self._opted_in.get((line, phone))
        if state is None:
            state = consent.state_of(self._tx, line, phone, at)
            if state and state.opted_in:
                self._opted_in[line, phone] = state
        return state

    def _reply(self, sending: Sending, reply: Reply, message: MessageRow, person: PersonRow, at: int) -> None:
        context = TextContext(person, sending.line, at, sending.random)
        text = self._texts.words(reply.texts.draw(sending.random), context)
        self._receive(sending.line, person, text, at, cause="reply", answering=message)

    def _receive(
        self,
        line: LineView,
        person: PersonRow,
        text: str,
        at: int,
        *,
        cause: str,
        answering: MessageRow | None,
        ids: shapes.FixedIds | None = None,
        answer_ids: shapes.FixedIds | None = None,
    ) -> None:
        receive(
            self._tx,
            line,
            phone=person.phone,
            text=text,
            at=at,
            cause=cause,
            answering=answering,
            consent_state=self._opted_in.pop((line.number, person.phone), None),
            ids=_fixed_ids(ids),
            answer_ids=_fixed_ids(answer_ids),
            store=self._batch.add,
        )

    def _text_in_unprompted(
        self, line: LineView, person: PersonRow, text: str, at: int, **ids: shapes.FixedIds | None
    ) -> None:
        last = self._last.get((line.number, person.phone))
        self._receive(line, person, text, at, cause="inbound", answering=last, **ids)

    def _drop_consent(self, line: LineView, person: PersonRow) -> None:
        self._opted_in.pop((line.number, person.phone), None)

    def _text_in(
        self, event: shapes.InboundEvent, line: LineView, random: SeededRandom, person: PersonRow, at: int
    ) -> None:
        text = self._texts.words(TextRef(event.text, event.template), TextContext(person, line, at, random))
        self._text_in_unprompted(line, person, text, at, ids=event.ids, answer_ids=event.answer_ids)

    def _begin_conversation(
        self, event: shapes.ConversationEvent, line: LineView, random: SeededRandom, person: PersonRow, at: int
    ) -> None:
        for turn in event.turns:
            at += turn.after
            self._plan(at, partial(self._take_turn, turn, line, random, person, at))

    def _take_turn(self, turn: shapes.Turn, line: LineView, random: SeededRandom, person: PersonRow, at: int) -> None:
        text_ref = TextRef(turn.text, turn.template)
        if turn.says == "staff":
            self._send(Sending(line, _by_staff(line), text_ref, random), person, at)
        else:
            text = self._texts.words(text_ref, TextContext(person, line, at, random))
            self._text_in_unprompted(line, person, text, at)

    def _opt_out(self, event: shapes.OptOutEvent, line: LineView, random: SeededRandom) -> Action:
        if event.by == "api":
            return partial(self._opt_out_by_program, line)
        if event.silent:
            return partial(self._record, line, opted_in=False)
        sending = _consent_sending(event, line, random, OPT_OUT, OPT_OUT_TEXT)
        return partial(self._opt_by_staff, sending, opted_in=False)

    def _opt_by_staff(self, sending: Sending, person: PersonRow, at: int, *, opted_in: bool) -> None:
        self._record(sending.line, person, at, opted_in=opted_in)
        self._send(sending, person, at)

    def _opt_out_by_program(self, line: LineView, person: PersonRow, at: int) -> None:
        self._drop_consent(line, person)
        consent.opt_out_silently(self._tx, line.number, person.phone, at)

    def _record(self, line: LineView, person: PersonRow, at: int, *, opted_in: bool) -> None:
        self._drop_consent(line, person)
        consent.record(self._tx, line.number, person.phone, opted_in=opted_in, cause=consent.STAFF, at=at)


def _by_staff(line: LineView, purpose: str = ALERT) -> Draft:
    return Draft("", "", 0, line.staff_tool, "staff", purpose)


def _consent_sending(
    event: shapes.OptInEvent | shapes.OptOutEvent, line: LineView, random: SeededRandom, purpose: str, text: str
) -> Sending:
    return Sending(
        line,
        _by_staff(line, purpose)._replace(ids=_fixed_ids(event.ids)),
        TextRef(text),
        random,
        WeightedChoice(event.outcomes) if event.outcomes else None,
    )


def _reply_texts(replies: shapes.Replies) -> WeightedChoice[TextRef]:
    texts = {TextRef(text): weight for text, weight in (replies.texts or {}).items()}
    templates = {TextRef(None, name): weight for name, weight in (replies.templates or {}).items()}
    return WeightedChoice(texts | templates)


def _fixed_ids(ids: shapes.FixedIds | None) -> dict[str, str] | None:
    return {name: value for name, value in ids if value is not None} if ids else None
