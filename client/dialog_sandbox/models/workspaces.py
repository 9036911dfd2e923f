"""Workspaces, and how their consoles and accounts behave."""

from typing import Annotated

from pydantic import Field

from dialog_sandbox.models.base import AnswerModel, BodyModel, absent, body_example
from dialog_sandbox.models.delivery import DeliveryRequest
from dialog_sandbox.models.values import (
    CODE,
    ClockState,
    ConsoleCode,
    Doctype,
    Key,
    Keyword,
    Lifetime,
    LineNumber,
    PhoneNumber,
    StartTime,
    Text,
    Timestamp,
    WorkspaceName,
    Zone,
)

EMPTY = "empty"
LONGEST_FIXTURE = 128 * 1024
"""Characters of a fixture that is sent. Escaped in JSON, whatever it holds, it still fits into a body."""


class Basic(AnswerModel):
    username: str
    password: str


class Console(AnswerModel):
    code: str = Field(pattern=CODE, examples=["HARBOR1001"])
    name: str
    line: str = Field(description="The number it texts from.", examples=["16155550110"])
    keyword: str


class ConsoleSettings(Console):
    help_text: str
    auto_reply: str | None = Field(description="What it answers to any other reply; null for nothing.")
    submit_overrides_stop: bool = Field(description="A SimplePay submit opts in a phone that texted STOP.")


class Account(AnswerModel):
    access_key: str
    secret_access_key: str
    tracking_numbers: list[str] = Field(examples=[["6155550100"]])


class AccountSettings(Account):
    doctype: Doctype
    zone: str = Field(description="The time zone of its days and times, an IANA name.", examples=["UTC"])


class WorkspaceInfo(AnswerModel):
    id: str = Field(examples=["ws_4k2m9q"])
    name: str
    fixture: str = Field(
        description="Its name, or the path of the server's own; `text` of one that was sent.", examples=["clinic"]
    )
    seed: int
    start_at: Timestamp | None = Field(description="What its clock read at first; null is wall time.")
    created_at: Timestamp = Field(description="Wall time.")
    expires_at: Timestamp | None = Field(description="Wall time; null is never.")
    date_header: bool = Field(description="Whether vendor answers have its clock's time as their `Date`.")
    basic: Basic
    consoles: list[Console]
    accounts: list[Account]


class ChangeWorkspaceRequest(BodyModel):
    """What is left out stays."""

    date_header: bool = absent()


class CreateWorkspaceRequest(BodyModel):
    """What is left out is made, or takes its default."""

    model_config = body_example({"fixture": "clinic", "clock": "frozen", "ttl": 600})

    name: WorkspaceName = absent()
    fixture: str = Field(EMPTY, description="A packaged one's name, or the one that the server was started with.")
    fixture_text: Annotated[
        str, Field(max_length=LONGEST_FIXTURE, description="Instead of `fixture`: one of your own, as its YAML.")
    ] = absent()
    seed: int = Field(1, ge=0, lt=2**62, description="Decides every id, code and name that is made.")
    start_at: StartTime = absent()
    clock: ClockState = "running"
    delivery: DeliveryRequest = absent()
    ttl: Annotated[Lifetime, Field(description="Seconds of wall time until it is gone; never, if left out.")] = absent()


class AddConsoleRequest(BodyModel):
    """What is left out is made."""

    code: ConsoleCode = absent()
    name: Text = absent()
    line: LineNumber = absent()
    keyword: Keyword = absent()
    help_text: Text = absent()
    auto_reply: Text | None = None
    submit_overrides_stop: bool = False


class AddAccountRequest(BodyModel):
    """What is left out is made."""

    name: Text = absent()
    access_key: Key = absent()
    secret_access_key: Key = absent()
    tracking_numbers: Annotated[list[PhoneNumber], Field(min_length=1, max_length=1_000)] = absent()
    help_text: Text = absent()
    doctype: Doctype = "documented"
    zone: Zone = "UTC"


class ChangeConsoleRequest(BodyModel):
    """Only what is given is changed."""

    auto_reply: Text | None = Field(None, description="Null switches it off.")
    help_text: Text = absent()
    keyword: Keyword = absent()
    submit_overrides_stop: bool = absent()


class ChangeAccountRequest(BodyModel):
    """Only what is given is changed."""

    doctype: Doctype = absent()
    zone: Zone = absent()
