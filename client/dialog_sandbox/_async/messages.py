"""Messages: read, sent by staff, answered by phones, and told what became of them."""

from datetime import timedelta
from typing import Any, Unpack, cast

from dialog_sandbox._async.resource import PAGE, AsyncResource, ModelT, segment
from dialog_sandbox.arguments import Filters, Seconds, When, filtered, present, seconds
from dialog_sandbox.errors import NotArrived
from dialog_sandbox.models.events import Arrived
from dialog_sandbox.models.messages import (
    Broadcast,
    Conversation,
    Message,
    MessageStory,
    MessageView,
    ReportedMessage,
    Scheduled,
)
from dialog_sandbox.models.people import Person

__tracebackhide__ = True
NEWEST = 10
NEWEST_WITHIN = timedelta(hours=1)
"""Of the newest messages, to see what came in place of the one that did not."""


class AsyncMessageVerbs(AsyncResource):
    """Where a message is asked for, any of its ids will do, or the message itself.

    `at` is when: a time in the past states a fact of then; one in the future is scheduled, and a `Scheduled` stands in
    for the answer.
    """

    async def messages(self, limit: int | None = None, **filters: Unpack[Filters]) -> list[Message]:
        """Return messages of all vendors in both directions, in the order in which they were accepted."""
        return await self._list(Message, "/messages", filtered(**filters), limit)

    async def delete_messages(self, limit: int | None = None, **filters: Unpack[Filters]) -> int:
        """Delete messages, all that match or the oldest so many, with their callbacks, and return how many."""
        return await self._delete_counted("/messages", present(limit=limit) | filtered(**filters))

    async def message(self, message: Message | str) -> MessageStory:
        """Return one message, with its callbacks."""
        return await self._read(MessageStory, "GET", _path(message))

    async def shown(self, message: Message | str) -> list[MessageView]:
        """Return how each API shows a message right now, and the curl line that fetches it."""
        return await self._whole_list(MessageView, f"{_path(message)}/shown")

    async def send(
        self,
        to: str,
        text: str,
        *,
        console: str | None = None,
        tracking_number: str | None = None,
        message_type: str | None = None,
        sent_by: str | None = None,
        at: When | None = None,
    ) -> Message:
        """Let staff send a message from a console or a tracking number; by default from the first console."""
        if console is None and tracking_number is None:
            console = self._first_console()
        body = present(
            to=to,
            text=text,
            console=console,
            tracking_number=tracking_number,
            message_type=message_type,
            sent_by=sent_by,
        )
        return await self._act(Message, "/messages", body, at)

    async def status(
        self,
        message: Message | str,
        status: str,
        *,
        reason: str | None = None,
        vendor_status: str | None = None,
        force: bool = False,
        at: When | None = None,
    ) -> ReportedMessage:
        """Say what became of a message; a later status takes the moves between.

        A vendor's word (`failed`, `ACCESSIBLE`) is taken too, and the answer's `understood` says for what. A move that
        the world does not know raises `Refused` with those that are `possible`, unless `force`.
        """
        body = present(status=status, reason=reason, vendor_status=vendor_status, force=force or None)
        return await self._act(ReportedMessage, f"{_path(message)}/status", body, at)

    async def reply(self, message: Message | str, text: str, *, at: When | None = None) -> Conversation:
        """Let the phone answer a message."""
        return await self._act(Conversation, f"{_path(message)}/reply", {"text": text}, at)

    async def inbound(self, from_: str, to: str, text: str, *, at: When | None = None) -> Conversation:
        """Let a phone text a line out of the blue."""
        return await self._act(Conversation, "/inbound", present(from_=from_, to=to, text=text), at)

    async def broadcast(
        self,
        name: str,
        text: str,
        to: str | list[str] | list[Person] = "everyone",
        *,
        console: str | None = None,
        campaign: str | None = None,
        sent_by: str | None = None,
        at: When | None = None,
    ) -> Broadcast:
        """Let staff text many: `everyone`, or people by their phones or `person_id`s.

        By default from the first console.
        """
        body = present(
            name=name,
            text=text,
            to=to if isinstance(to, str) else [_person_id(each) for each in to],
            console=console or self._first_console(),
            campaign=campaign,
            sent_by=sent_by,
        )
        return await self._act(Broadcast, "/broadcasts", body, at)

    async def wait_for(self, *, timeout: Seconds = 10, **filters: Unpack[Filters]) -> Arrived:
        """Return the newest message that matches, with its `links` and `codes`.

        At once if it is there, else when it comes. Raises `NotArrived`, an AssertionError, when none came within
        `timeout` of wall time.
        """
        wanted = filtered(**filters)
        within = seconds(timeout)
        path = f"{self._path}/messages/wait"
        answer = await self._session.send("GET", path, query={**wanted, "timeout": within}, wait=within)
        if answer.status_code == 408:
            raise NotArrived(wanted, within, await self._newest(answer.json()["latest"]))
        return self._as(Arrived, self._accepted(answer))

    async def _newest(self, latest: dict[str, Any] | None) -> list[Message]:
        """Return what came shortly before the newest message of all, and that."""
        if latest is None:
            return []
        since = Message.model_validate(latest).timeline[0].at - NEWEST_WITHIN
        return (await self._list(Message, "/messages", present(since=since), PAGE))[-NEWEST:]

    async def _act(self, kind: type[ModelT], path: str, body: dict[str, Any], at: When | None) -> ModelT:
        """Do something at a time; `Scheduled` stands in for what does not happen yet."""
        answer = await self._call("POST", path, body=body | present(at=await self._moment(at)))
        if answer.status_code == 202:
            return cast(ModelT, self._as(Scheduled, answer))
        return self._as(kind, answer)

    def _first_console(self) -> str | None:
        raise NotImplementedError


def _path(message: Message | str) -> str:
    return f"/messages/{segment(message if isinstance(message, str) else message.id)}"


def _person_id(person: Person | str) -> str:
    return person if isinstance(person, str) else person.person_id
