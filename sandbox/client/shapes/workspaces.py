"""What a workspace is and owns: consoles, accounts, people, and the states it can go back to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sandbox.client.shapes.words import Doctype, RecipientType


@dataclass(frozen=True, slots=True)
class Basic:
    """HTTP Basic credentials of Writeback and SimplePay."""

    username: str
    password: str


@dataclass(frozen=True, slots=True)
class Console:
    """`line` is the number that it texts from."""

    code: str
    name: str
    line: str
    keyword: str


@dataclass(frozen=True, slots=True)
class ConsoleSettings(Console):
    """`auto_reply` is what it answers to any other reply; None for nothing."""

    help_text: str
    auto_reply: str | None
    submit_overrides_stop: bool


@dataclass(frozen=True, slots=True)
class Account:
    """Keys of DialogTech, and the numbers they read."""

    access_key: str
    secret_access_key: str
    tracking_numbers: list[str]


@dataclass(frozen=True, slots=True)
class AccountSettings(Account):
    doctype: Doctype


@dataclass(frozen=True, slots=True)
class WorkspaceInfo:
    """What a workspace is. `start_at` is what its clock read at first, None for wall time; the others are wall time."""

    id: str
    name: str
    fixture: str
    seed: int
    start_at: datetime | None
    created_at: datetime
    expires_at: datetime | None
    basic: Basic
    consoles: list[Console]
    accounts: list[Account]


@dataclass(frozen=True, slots=True)
class Person:
    """`misc` has five members."""

    person_id: str
    first_name: str | None
    last_name: str | None
    phone: str
    carrier: str | None
    caregiver_name: str | None
    caregiver_phone: str | None
    recipient_type: RecipientType
    misc: list[str | None]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`now` and `state` are of the workspace's clock, `taken_at` is wall time; so many messages are in it."""

    name: str
    now: datetime
    state: Literal["running", "frozen"]
    taken_at: datetime
    messages: int
