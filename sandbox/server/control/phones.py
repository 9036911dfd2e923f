"""Phones: all of them, newest conversation first, and what each shows to the one who holds it."""

from typing import Annotated

from fastapi import Query

from dialog_sandbox.models.base import ListOf
from dialog_sandbox.models.messages import Message
from dialog_sandbox.models.people import ListConversationRequest, ListPhonesRequest, Phone
from sandbox.server.answers.messages import messages_of
from sandbox.server.answers.people import phones_of
from sandbox.server.control.consents import AnyPhone
from sandbox.server.control.dependencies import WorkspaceDep
from sandbox.server.control.http import WORKSPACE, control_router
from sandbox.server.control.lists import cut_page
from sandbox.store import Tx
from sandbox.world import threads
from sandbox.world.ids import message_id
from sandbox.world.messages.search import find_message

router = control_router(WORKSPACE, "Phones")


@router.get("/phones")
async def list_phones(ws: WorkspaceDep, page: Annotated[ListPhonesRequest, Query()]) -> ListOf[Phone]:
    """Everybody's phone: the one with the latest message first, those that never had one at the end."""
    after = threads.ThreadCursor(*map(int, page.after.split("-"))) if page.after else threads.BEFORE_ALL

    def work(tx: Tx) -> ListOf[Phone]:
        found = threads.list_threads(tx, search=page.search, after=after, limit=page.limit + 1)
        rows, cursor = cut_page(found, page.limit, _cursor_of, _length_of)
        return ListOf(items=phones_of(tx, rows), next=cursor)

    return await ws.read(work)


def _cursor_of(thread: threads.PhoneThread) -> str:
    return f"{thread.cursor.last}-{thread.cursor.person_id}"


def _length_of(thread: threads.PhoneThread) -> int:
    return 0 if thread.latest is None else len(thread.latest.text)


@router.get("/phones/{phone}")
async def show_phone(ws: WorkspaceDep, phone: AnyPhone) -> Phone:
    """One phone, also one that is nobody's yet."""
    return await ws.read(lambda tx: phones_of(tx, [threads.thread_of(tx, phone)])[0])


@router.get("/phones/{phone}/messages")
async def show_conversation(
    ws: WorkspaceDep, phone: AnyPhone, page: Annotated[ListConversationRequest, Query()]
) -> ListOf[Message]:
    """What a phone sent and was sent on every line, the newest first, unlike other lists."""

    def work(tx: Tx) -> ListOf[Message]:
        before = None if page.after is None else find_message(tx, page.after)
        found = threads.messages_of_phone(tx, phone, before=before, limit=page.limit + 1)
        rows, cursor = cut_page(found, page.limit, lambda row: message_id(row.id), lambda row: len(row.text))
        return ListOf(items=messages_of(tx, rows), next=cursor)

    return await ws.read(work)
