"""A workspace: what it owns, and everything that can be done in it."""

from functools import cached_property
from typing import Literal, Self, Unpack

from dialog_sandbox._async.clock import AsyncClock
from dialog_sandbox._async.events import AsyncEvents
from dialog_sandbox._async.faults import AsyncFaultVerbs
from dialog_sandbox._async.journal import AsyncJournalVerbs
from dialog_sandbox._async.messages import AsyncMessageVerbs
from dialog_sandbox._async.network import AsyncNetworkVerbs
from dialog_sandbox._async.people import AsyncPeopleVerbs
from dialog_sandbox._async.resource import segment
from dialog_sandbox.arguments import ConsoleChange, Filters, StoryAction, filtered, present
from dialog_sandbox.models.limits import WorkspaceLimits
from dialog_sandbox.models.snapshots import Snapshot
from dialog_sandbox.models.stories import Story
from dialog_sandbox.models.values import Doctype
from dialog_sandbox.models.workspaces import Account, AccountSettings, Console, ConsoleSettings, WorkspaceInfo
from dialog_sandbox.session import AsyncSession

__tracebackhide__ = True
WRITEBACK = "/dialoghealth-writeback-api"
SIMPLEPAY = "/dialoghealth-simplepay-api"
DIALOGTECH = "/ibp_api.php"


class AsyncWorkspace(AsyncMessageVerbs, AsyncPeopleVerbs, AsyncNetworkVerbs, AsyncFaultVerbs, AsyncJournalVerbs):
    """Where the program under test finds the sandbox, and with which credentials.

    As a context manager it is deleted in the end.
    """

    def __init__(self, session: AsyncSession, info: WorkspaceInfo) -> None:
        super().__init__(session, f"/_sandbox/workspaces/{segment(info.id)}")
        self._set_info(info)

    def _set_info(self, info: WorkspaceInfo) -> None:
        """Take what it is and owns, as the server last told."""
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

    async def limits(self) -> WorkspaceLimits:
        """Return how much it may hold, and how much of that is there."""
        return await self._read(WorkspaceLimits, "GET", "/limits")

    @cached_property
    def clock(self) -> AsyncClock:
        return AsyncClock(self._session, self._path)

    def events(
        self, *, limit: int | None = None, last_event_id: str | None = None, **filters: Unpack[Filters]
    ) -> AsyncEvents:
        """Return what happens from now on, or since an event that was seen; it ends after `limit` events."""
        query = present(limit=limit, last_event_id=last_event_id) | filtered(**filters)
        return AsyncEvents(self._session, f"{self._path}/events", query)

    async def change(self, *, date_header: bool | None = None) -> WorkspaceInfo:
        """Set how it answers: whether the `Date` of vendor answers is what its clock reads."""
        self._set_info(await self._read(WorkspaceInfo, "PATCH", body=present(date_header=date_header) or None))
        return self.info

    # What it owns

    async def add_console(
        self,
        *,
        code: str | None = None,
        name: str | None = None,
        line: str | None = None,
        keyword: str | None = None,
        help_text: str | None = None,
        auto_reply: str | None = None,
        submit_overrides_stop: bool | None = None,
    ) -> ConsoleSettings:
        """Add a console; what is not given is made."""
        body = present(
            code=code,
            name=name,
            line=line,
            keyword=keyword,
            help_text=help_text,
            auto_reply=auto_reply,
            submit_overrides_stop=submit_overrides_stop,
        )
        console = await self._read(ConsoleSettings, "POST", "/consoles", body=body)
        self.consoles.append(console)
        return console

    async def change_console(self, code: str, **changes: Unpack[ConsoleChange]) -> ConsoleSettings:
        """Change how a console answers from now on; with no changes it only shows that."""
        return await self._read(ConsoleSettings, "PATCH", f"/consoles/{segment(code)}", body=changes or None)

    async def add_account(
        self,
        *,
        name: str | None = None,
        access_key: str | None = None,
        secret_access_key: str | None = None,
        tracking_numbers: list[str] | None = None,
        help_text: str | None = None,
        doctype: Doctype | None = None,
        zone: str | None = None,
    ) -> AccountSettings:
        """Add a DialogTech account; what is not given is made."""
        body = present(
            name=name,
            access_key=access_key,
            secret_access_key=secret_access_key,
            tracking_numbers=tracking_numbers,
            help_text=help_text,
            doctype=doctype,
            zone=zone,
        )
        account = await self._read(AccountSettings, "POST", "/accounts", body=body)
        self.accounts.append(account)
        return account

    async def change_account(
        self, access_key: str, *, doctype: Doctype | None = None, zone: str | None = None
    ) -> AccountSettings:
        """Set how an account is answered; with nothing given it only shows that.

        `doctype`: whether answers have the documented DOCTYPE. `zone`: that of its days and dates, an IANA name.
        """
        path = f"/accounts/{segment(access_key)}"
        return await self._read(AccountSettings, "PATCH", path, body=present(doctype=doctype, zone=zone) or None)

    # Its states; credentials, sinks and snapshots stay, whichever it goes back to

    async def reset(self, to: Literal["seed", "empty"] = "seed") -> None:
        """Go back to how it was seeded, or to nothing: data, counters, faults, journal, delivery and clock."""
        self._set_info(await self._read(WorkspaceInfo, "POST", "/reset", body={"to": to}))

    async def snapshot(self, name: str) -> Snapshot:
        """Keep the state under a name."""
        return await self._read(Snapshot, "PUT", f"/snapshots/{segment(name)}")

    async def restore(self, name: str) -> None:
        """Go back to a snapshot."""
        self._set_info(await self._read(WorkspaceInfo, "POST", f"/snapshots/{segment(name)}/restore"))

    async def snapshots(self) -> list[Snapshot]:
        """Return those that are kept."""
        return await self._whole_list(Snapshot, "/snapshots")

    async def delete_snapshot(self, name: str) -> None:
        """Forget a snapshot."""
        await self._call("DELETE", f"/snapshots/{segment(name)}")

    async def export_snapshot(self, name: str) -> bytes:
        """Return a snapshot as a file, for `import_snapshot` on another server of the same schema."""
        return (await self._call("GET", f"/snapshots/{segment(name)}")).content

    async def import_snapshot(self, name: str, exported: bytes) -> Snapshot:
        """Take a snapshot that another server exported, under a name of its own."""
        return await self._read(Snapshot, "PUT", f"/snapshots/{segment(name)}", body=exported)

    async def export_bundle(self) -> bytes:
        """Return the run as a file: what it began with, each call since, how it is now. `dialog-sandbox replay` makes
        the same calls again.
        """
        return (await self._call("GET", "/bundle")).content

    # Stories, played on its clock, which runs at the story's speed meanwhile

    async def stories(self) -> list[Story]:
        """Return those of the fixture, and how far the one under way has got."""
        return await self._whole_list(Story, "/stories")

    async def story(self, name: str, action: StoryAction = "play", *, speed: float | None = None) -> Story:
        """Play a story, or go on with it; or what else `action` says."""
        return await self._read(Story, "POST", f"/stories/{segment(name)}", body=present(action=action, speed=speed))

    # Its end

    async def delete(self) -> None:
        """Remove it with all that is in it; its credentials stop working."""
        await self._call("DELETE")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Delete it. That it is gone already is as good, and no reason to cover what went wrong inside."""
        answer = await self._session.send("DELETE", self._path)
        if answer.status_code != 404:
            self._accepted(answer)

    def _first_console(self) -> str | None:
        return self.consoles[0].code if self.consoles else None
