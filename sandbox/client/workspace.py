"""A workspace: what it owns, and everything that can be done in it."""

from functools import cached_property
from types import NoneType
from typing import Self, TypedDict, TypeVar, Unpack

from sandbox.client.bound import segment
from sandbox.client.clock import AsyncClock, Clock
from sandbox.client.events import AsyncEvents, Events
from sandbox.client.faults import AsyncFault, Fault, FaultVerbs, WithFaults
from sandbox.client.journal import JournalVerbs
from sandbox.client.messages import MessageVerbs
from sandbox.client.network import AsyncSink, NetworkVerbs, Sink, SinkVerbs
from sandbox.client.people import PeopleVerbs
from sandbox.client.reading import filtered, given
from sandbox.client.shapes import (
    Account,
    AccountSettings,
    Console,
    ConsoleSettings,
    Doctype,
    Filters,
    WorkspaceInfo,
)
from sandbox.client.states import StateVerbs
from sandbox.client.steps import Awaiting, Blocking, Call, Session, Steps, checked, verb
from sandbox.client.stories import StoryVerbs

__tracebackhide__ = True
WRITEBACK = "/dialoghealth-writeback-api"
SIMPLEPAY = "/dialoghealth-simplepay-api"
DIALOGTECH = "/ibp_api.php"

SinkT = TypeVar("SinkT", bound=SinkVerbs)
FaultT = TypeVar("FaultT", bound=FaultVerbs)


class ConsoleChange(TypedDict, total=False):
    """`auto_reply` None switches it off."""

    auto_reply: str | None
    help_text: str
    keyword: str
    submit_overrides_stop: bool


class WorkspaceVerbs(
    MessageVerbs, PeopleVerbs, NetworkVerbs[SinkT], WithFaults[FaultT], JournalVerbs, StateVerbs, StoryVerbs
):
    """Where the program under test finds the sandbox, and with which credentials."""

    def __init__(self, session: Session, info: WorkspaceInfo) -> None:
        super().__init__(session, f"/_sandbox/workspaces/{segment(info.id)}")
        self.know(info)

    def know(self, info: WorkspaceInfo) -> None:
        """What it is and owns, as the server last told."""
        self.info = info
        self.id = info.id
        self.name = info.name
        self.expires_at = info.expires_at
        self.basic = info.basic
        self.consoles: list[Console] = info.consoles
        self.accounts: list[Account] = info.accounts

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.id} {self.name!r} on {self.url}>"

    @property
    def url(self) -> str:
        """The server's, for all three vendors."""
        return self._session.url

    @property
    def control_url(self) -> str:
        """Where the control API has this workspace."""
        return self.url + self._path

    @property
    def writeback_url(self) -> str:
        return self.url + WRITEBACK

    @property
    def simplepay_url(self) -> str:
        return self.url + SIMPLEPAY

    @property
    def dialogtech_url(self) -> str:
        return self.url + DIALOGTECH

    @verb
    def add_console(
        self,
        *,
        code: str | None = None,
        name: str | None = None,
        line: str | None = None,
        keyword: str | None = None,
        help_text: str | None = None,
        auto_reply: str | None = None,
        submit_overrides_stop: bool | None = None,
    ) -> Steps[ConsoleSettings]:
        """One more console; what is not given is made."""
        body = given(
            code=code,
            name=name,
            line=line,
            keyword=keyword,
            help_text=help_text,
            auto_reply=auto_reply,
            submit_overrides_stop=submit_overrides_stop,
        )
        console = yield from self._ask(ConsoleSettings, "POST", "/consoles", body)
        self.consoles.append(console)
        return console

    @verb
    def change_console(self, code: str, **changes: Unpack[ConsoleChange]) -> Steps[ConsoleSettings]:
        """Changes how a console answers from now on; with no changes it only shows that."""
        return self._ask(ConsoleSettings, "PATCH", f"/consoles/{segment(code)}", changes or None)

    @verb
    def add_account(
        self,
        *,
        name: str | None = None,
        access_key: str | None = None,
        secret_access_key: str | None = None,
        tracking_numbers: list[str] | None = None,
        help_text: str | None = None,
        doctype: Doctype | None = None,
    ) -> Steps[AccountSettings]:
        """One more DialogTech account; what is not given is made."""
        body = given(
            name=name,
            access_key=access_key,
            secret_access_key=secret_access_key,
            tracking_numbers=tracking_numbers,
            help_text=help_text,
            doctype=doctype,
        )
        account = yield from self._ask(AccountSettings, "POST", "/accounts", body)
        self.accounts.append(account)
        return account

    @verb
    def change_account(self, access_key: str, *, doctype: Doctype | None = None) -> Steps[AccountSettings]:
        """Sets whether an account's answers have the documented DOCTYPE; with nothing given it only shows that."""
        return self._ask(AccountSettings, "PATCH", f"/accounts/{segment(access_key)}", given(doctype=doctype) or None)

    @verb
    def delete(self) -> Steps[None]:
        """Removes it with all that is in it; its credentials stop working."""
        return self._ask(NoneType, "DELETE")

    @verb
    def _leave(self) -> Steps[None]:
        """Deletes it. That it is gone already is as good, and no reason to cover what went wrong inside."""
        reply = yield Call("DELETE", self._path)
        if reply.status != 404:
            checked(reply)

    def _first_console(self) -> str | None:
        return self.consoles[0].code if self.consoles else None


class Workspace(WorkspaceVerbs[Sink, Fault], Blocking):
    """A workspace. As a context manager it is deleted in the end."""

    _sink_kind = Sink
    _fault_kind = Fault

    @cached_property
    def clock(self) -> Clock:
        return Clock(self._session, self._path)

    def events(
        self, *, limit: int | None = None, last_event_id: str | None = None, **filters: Unpack[Filters]
    ) -> Events:
        """What happens from now on, or since an event that was seen; it ends after `limit` events."""
        query = given(limit=limit, last_event_id=last_event_id) | filtered(**filters)
        return Events(self._session, f"{self._path}/events", query)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave()


class AsyncWorkspace(WorkspaceVerbs[AsyncSink, AsyncFault], Awaiting):
    """A workspace, its verbs to be awaited. As a context manager it is deleted in the end."""

    _sink_kind = AsyncSink
    _fault_kind = AsyncFault

    @cached_property
    def clock(self) -> AsyncClock:
        return AsyncClock(self._session, self._path)

    def events(
        self, *, limit: int | None = None, last_event_id: str | None = None, **filters: Unpack[Filters]
    ) -> AsyncEvents:
        """What happens from now on, or since an event that was seen; it ends after `limit` events."""
        query = given(limit=limit, last_event_id=last_event_id) | filtered(**filters)
        return AsyncEvents(self._session, f"{self._path}/events", query)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._leave()
