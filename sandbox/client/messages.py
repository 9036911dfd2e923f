"""Messages: read, sent by staff, answered by phones, and told what became of them."""

from datetime import timedelta
from typing import Any, TypeVar, Unpack, cast

from sandbox.client.bound import PAGE, Bound, moment, segment
from sandbox.client.errors import NotArrived
from sandbox.client.reading import Moment, Seconds, filtered, given, read, seconds
from sandbox.client.shapes import (
    Arrived,
    Broadcast,
    Conversation,
    Filters,
    Message,
    MessageStory,
    MessageView,
    Person,
    Scheduled,
    Status,
)
from sandbox.client.steps import Call, Reply, Steps, accepted, ask, verb

__tracebackhide__ = True
T = TypeVar("T")
SHOWN = 10
SHOWN_FROM = timedelta(hours=1)
"""Of the newest messages, to see what came in place of the one that did not."""


class MessageVerbs(Bound):
    """Where a message is asked for, any of its ids will do, or the message itself.

    `at` is when: a time in the past states a fact of then; one in the future is scheduled, and a `Scheduled` stands in
    for the answer.
    """

    @verb
    def messages(self, limit: int | None = None, **filters: Unpack[Filters]) -> Steps[list[Message]]:
        """Messages of all vendors in both directions, in the order in which they were accepted."""
        return self._list(Message, "/messages", filtered(**filters), limit)

    @verb
    def delete_messages(self, limit: int | None = None, **filters: Unpack[Filters]) -> Steps[int]:
        """Deletes messages, all that match or the oldest so many, with their callbacks, and says how many."""
        return self._deleted("/messages", given(limit=limit) | filtered(**filters))

    @verb
    def message(self, message: Message | str) -> Steps[MessageStory]:
        """One message, with its callbacks."""
        return self._ask(MessageStory, "GET", _path(message))

    @verb
    def shown(self, message: Message | str) -> Steps[list[MessageView]]:
        """How each API shows a message right now, and the curl line that fetches it."""
        return self._whole_list(MessageView, f"{_path(message)}/shown")

    @verb
    def send(
        self,
        to: str,
        text: str,
        *,
        console: str | None = None,
        tracking_number: str | None = None,
        message_type: str | None = None,
        sent_by: str | None = None,
        at: Moment | None = None,
    ) -> Steps[Message]:
        """Staff send a message from a console or a tracking number; by default from the first console."""
        if console is None and tracking_number is None:
            console = self._first_console()
        body = given(
            to=to,
            text=text,
            console=console,
            tracking_number=tracking_number,
            message_type=message_type,
            sent_by=sent_by,
        )
        return self._act(Message, "/messages", body, at)

    @verb
    def status(
        self,
        message: Message | str,
        status: Status,
        *,
        reason: str | None = None,
        vendor_status: str | None = None,
        force: bool = False,
        at: Moment | None = None,
    ) -> Steps[Message]:
        """Says what became of a message; a later status takes the moves between.

        A move that the world does not know raises `Refused` with those that are `possible`, unless `force`.
        """
        body = given(status=status, reason=reason, vendor_status=vendor_status, force=force or None)
        return self._act(Message, f"{_path(message)}/status", body, at)

    @verb
    def reply(self, message: Message | str, text: str, *, at: Moment | None = None) -> Steps[Conversation]:
        """The phone answers a message."""
        return self._act(Conversation, f"{_path(message)}/reply", {"text": text}, at)

    @verb
    def inbound(self, from_: str, to: str, text: str, *, at: Moment | None = None) -> Steps[Conversation]:
        """A phone texts a line out of the blue."""
        return self._act(Conversation, "/inbound", {"from": from_, "to": to, "text": text}, at)

    @verb
    def broadcast(
        self,
        name: str,
        text: str,
        to: str | list[str] | list[Person] = "everyone",
        *,
        console: str | None = None,
        campaign: str | None = None,
        sent_by: str | None = None,
        at: Moment | None = None,
    ) -> Steps[Broadcast]:
        """Staff text many: `everyone`, or people by their phones or `person_id`s. By default from the first console."""
        receivers = to if isinstance(to, str) else [_who(each) for each in to]
        body = given(
            name=name,
            text=text,
            to=receivers,
            console=console or self._first_console(),
            campaign=campaign,
            sent_by=sent_by,
        )
        return self._act(Broadcast, "/broadcasts", body, at)

    @verb
    def wait_for(self, *, timeout: Seconds = 10, **filters: Unpack[Filters]) -> Steps[Arrived]:
        """The newest message that matches, with its `links` and `codes`: at once if it is there, else when it comes.

        Raises `NotArrived`, an AssertionError, when none came within `timeout` of wall time.
        """
        asked = filtered(**filters)
        within = seconds(timeout)
        query = {**asked, "timeout": within}
        reply: Reply = yield Call("GET", f"{self._path}/messages/wait", query, wait=within)
        if reply.status == 408:
            raise NotArrived(asked, within, (yield from self._newest(reply.json["latest"])))
        return read(Arrived, accepted(reply))

    def _newest(self, latest: dict[str, Any] | None) -> Steps[list[Message]]:
        """What came shortly before the newest message of all, and that."""
        if latest is None:
            return []
        since = read(Message, latest).timeline[0].at - SHOWN_FROM
        return (yield from self._list(Message, "/messages", given(since=since), PAGE))[-SHOWN:]

    def _act(self, kind: type[T], path: str, body: dict[str, Any], at: Moment | None) -> Steps[T]:
        """Does something at a time; `Scheduled` stands in for what does not happen yet."""
        when = yield from moment(self, at)
        answer = yield from ask(Call("POST", self._path + path, body=body | given(at=when)))
        if "scheduled" in answer:
            return cast(T, read(Scheduled, answer))
        return read(kind, answer)

    def _first_console(self) -> str | None:
        raise NotImplementedError


def _path(message: Message | str) -> str:
    return f"/messages/{segment(message if isinstance(message, str) else message.id)}"


def _who(person: Person | str) -> str:
    return person if isinstance(person, str) else person.person_id
