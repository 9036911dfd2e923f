"""The server itself."""

from typing import Literal

from pydantic import Field

from sandbox.server.control.shapes.base import Shown


class Version(Shown):
    version: str
    db_schema: int = Field(alias="schema", description="Of the store: one of another number is refused at start.")
    vendors: list[str]
    access: Literal["drive", "read"] = Field(
        description="What this call's caller may do: in demo mode one without the control token only reads."
    )


class Rule(Shown):
    id: str
    vendor: str = Field(description="Or `network`, for what all share.")
    summary: str
    provenance: str = Field(description="documented, observed, assumed or standard; or several of them.")
    source: str


class Fixture(Shown):
    name: str
    summary: str


class Template(Shown):
    name: str
    title: str
    texts: dict[str, list[str]] = Field(
        description="By language, each in one or more wordings.",
        examples=[{"English": ["{organisation}: {first_name}, your lab results are in."]}],
    )


class HandsetNumber(Shown):
    number: str = Field(examples=["NPA-555-0150"])
    does: str
