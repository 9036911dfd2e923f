"""Rows of the world in the shapes of the control API."""

from collections.abc import Mapping, Sequence
from typing import Any

from sandbox.server.sending import payload
from sandbox.world import LineView, WorkspaceView, World, callbacks, conversations, messages, people, workspaces
from sandbox.world.callbacks.states import DELIVERED, GIVEN_UP, PENDING, CallbackRow
from sandbox.world.carrier import OUTBOUND, MessageRow
from sandbox.world.clock import SECOND, rfc3339
from sandbox.world.people import MISC, PersonRow
from sandbox.world.phones import national
from sandbox.world.segments import encoding, segments
from sandbox.world.statuses import Entry

Json = dict[str, Any]


def workspace(world: World, row: Mapping[str, Any]) -> Json:
    """A workspace's row as a `Workspace`, its credentials too."""
    lines = workspaces.lines(world, row["id"])
    return {
        "id": row["key"],
        "name": row["name"],
        "fixture": row["fixture"],
        "seed": row["first_seed"],
        "start_at": moment(row["start_at"]),
        "created_at": rfc3339(row["created_wall"]),
        "expires_at": moment(row["expires_wall"]),
        "basic": {"username": row["username"], "password": row["password"]},
        "consoles": [console(line) for line in lines if line.console_id is not None],
        "accounts": [account(each, lines) for each in workspaces.accounts(world, row["id"])],
    }


def moment(at: int | None) -> str | None:
    """A time that may be null."""
    return None if at is None else rfc3339(at)


def console(line: LineView) -> Json:
    return {"code": line.code, "name": line.name, "line": line.number, "keyword": line.keyword}


def console_settings(line: LineView) -> Json:
    return {
        **console(line),
        "help_text": line.help_text,
        "auto_reply": line.auto_reply,
        "submit_overrides_stop": bool(line.submit_overrides_stop),
    }


def account(row: Mapping[str, Any], lines: list[LineView]) -> Json:
    """A row of `workspaces.accounts`, with its tracking numbers out of the workspace's lines."""
    return {
        "access_key": row["access_key"],
        "secret_access_key": row["secret_access_key"],
        "tracking_numbers": [national(line.number) for line in lines if line.account_id == row["id"]],
    }


def account_settings(row: Mapping[str, Any], lines: list[LineView]) -> Json:
    return {**account(row, lines), "doctype": "documented" if row["documented_doctype"] else "none"}


def person(row: PersonRow) -> Json:
    names = ("first_name", "last_name", "phone", "carrier", "caregiver_name", "caregiver_phone", "recipient_type")
    return {
        "person_id": row["key"],
        **{name: row[name] for name in names},
        "misc": [row[name] for name in MISC],
    }


def clock(world: World, workspace: WorkspaceView) -> Json:
    wall = world.wall()
    state = "frozen" if workspace.clock_frozen else "running"
    return {"now": rfc3339(workspace.now(wall)), "wall": rfc3339(wall), "state": state}


def callback(world: World, row: CallbackRow, url: str) -> Json:
    """A row of `callbacks.rows_of`, with its attempts."""
    attempts = callbacks.attempts_of(world, row["workspace_id"], row["id"])
    shown_attempts = [
        {**each, "at": rfc3339(each["at"]), "next_at": each["next_at"] and rfc3339(each["next_at"])}
        for each in attempts
    ]
    is_done = row["state"] in (DELIVERED, GIVEN_UP)
    return {
        "id": callbacks.our_id(row["id"]),
        "message": messages.our_id(row["message_id"]),
        "url": url,
        "status": row["status"],
        "payload": payload(world, row["workspace_id"], row["id"]),
        "state": row["state"] if is_done else PENDING,
        "due_at": rfc3339(row["due_at"]),
        "reason": row["why"],
        "attempts": shown_attempts,
    }


def handset(each: conversations.Handset, write: "MessageWriter") -> Json:
    """A handset of the wall as a `PhoneShown`."""
    person = each.person or {}
    names = ("first_name", "last_name", "carrier", "recipient_type")
    return {
        "phone": each.phone,
        "person_id": person.get("key"),
        **{name: person.get(name) for name in names},
        "opted_out": each.opted_out,
        "latest": None if each.latest is None else write(each.latest),
    }


class MessageWriter:
    """Writes messages of one workspace as `Message`s, all as of one moment."""

    def __init__(self, world: World, workspace: WorkspaceView) -> None:
        self._world = world
        self._workspace_id = workspace.id
        self.now = world.now(workspace)
        self._codes = {line.number: line.code for line in workspaces.lines(world, workspace.id)}

    def knows(self, row: MessageRow) -> bool:
        """Whether its line is there still."""
        return row["line"] in self._codes

    def __call__(self, row: MessageRow) -> Json:
        entries = messages.entries_of(self._world, row)
        return self.as_of(row, entries, sum(entry.at <= self.now for entry in entries))

    def as_of(self, row: MessageRow, entries: Sequence[Entry], count: int) -> Json:
        """As it was when the first `count` entries of its timeline had come about."""
        past = entries[:count]
        is_outbound = row["direction"] == OUTBOUND
        code = self._codes[row["line"]]
        return {
            "id": messages.our_id(row["id"]),
            "vendor": row["vendor"],
            "direction": row["direction"],
            "console": code if row["console_id"] is not None else None,
            "account": code if row["account_id"] is not None else None,
            "ids": {
                "sid": row["sid"],
                "outgoing_message_id": row["outgoing_key"],
                "msg_id": row["msg_id"],
            },
            "from": row["sender"],
            "to": row["phone"] if is_outbound else row["line"],
            "text": row["text"],
            "encoding": encoding(row["text"]),
            "segments": segments(row["text"]),
            "carrier": people.carrier_of(self._world, self._workspace_id, row["person_id"]),
            "status": past[-1].status,
            "reason": past[-1].reason,
            "timeline": [_entry(entry) for entry in past],
            "next": _next(entries[count:]),
            "lead": _id(row["lead_id"]),
            "caused_by": _id(row["caused_by_id"]),
        }


def _entry(entry: Entry) -> Json:
    """`reason` and `forced` stand only where there is something to say."""
    shown: Json = {"status": entry.status, "at": rfc3339(entry.at), "cause": entry.cause}
    if entry.reason is not None:
        shown["reason"] = entry.reason
    if entry.forced:
        shown["forced"] = True
    return shown


def _next(ahead: Sequence[Entry]) -> Json | None:
    return {"status": ahead[0].status, "at": rfc3339(ahead[0].at)} if ahead else None


def _id(n: int | None) -> str | None:
    return None if n is None else messages.our_id(n)


def seconds(ms: int) -> float:
    """A whole number stays one."""
    return ms / SECOND if ms % SECOND else ms // SECOND
