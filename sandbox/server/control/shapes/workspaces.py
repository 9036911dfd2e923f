"""Workspaces, and how their consoles and accounts behave."""

from typing import Literal

from pydantic import Field

from sandbox.server.control.shapes.base import Given, Shown
from sandbox.server.control.values import Moment, Text, absent


class Basic(Shown):
    username: str
    password: str


class Console(Shown):
    code: str = Field(pattern="^[A-Z]{6}[0-9]{4}$", examples=["HARBOR1001"])
    name: str
    line: str = Field(description="The number it texts from.", examples=["16155550110"])
    keyword: str


class ConsoleSettings(Console):
    help_text: str
    auto_reply: str | None = Field(description="What it answers to any other reply; null for nothing.")
    submit_overrides_stop: bool = Field(description="A SimplePay submit opts in a phone that texted STOP.")


class Account(Shown):
    access_key: str
    secret_access_key: str
    tracking_numbers: list[str] = Field(examples=[["6155550100"]])


class AccountSettings(Account):
    doctype: Literal["documented", "none"]


class Workspace(Shown):
    id: str = Field(examples=["ws_4k2m9q"])
    name: str
    expires_at: Moment | None
    basic: Basic
    consoles: list[Console]
    accounts: list[Account]


class ConsoleChange(Given):
    """Only what is given is changed."""

    auto_reply: Text | None = Field(None, description="Null switches it off.")
    help_text: Text = absent()
    keyword: Text = absent()
    submit_overrides_stop: bool = absent()


class AccountChange(Given):
    """Only what is given is changed."""

    doctype: Literal["documented", "none"] = absent()
