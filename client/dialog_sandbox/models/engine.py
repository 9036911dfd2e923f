"""The server itself."""

from typing import Literal

from pydantic import Field

from dialog_sandbox.models.base import AnswerModel


class Health(AnswerModel):
    status: Literal["live", "ready"]


class Version(AnswerModel):
    version: str
    db_schema: int = Field(alias="schema", description="Of the store: one of another number is refused at start.")
    vendors: list[str]
    access: Literal["drive", "submit", "read"] = Field(
        description="What this call's caller may do: in demo mode one without the control token only reads, or submits"
        " as well where the server shows visitors the credentials."
    )

    @property
    def schema(self) -> int:  # type: ignore[override]  # an old name of pydantic's for `model_json_schema`
        """`db_schema`, as the control API calls it."""
        return self.db_schema


class RulePart(AnswerModel):
    """One part of a rule, and who says so."""

    text: str = Field(description="Which part.")
    provenance: Literal["documented", "observed", "standard", "assumed"]
    source: str = Field(description="Where it can be read, or why it was assumed.")


class Rule(AnswerModel):
    id: str
    vendor: str = Field(description="Or `network`, for what all share.")
    summary: str
    provenance: str = Field(description="documented, observed, standard or assumed; or several of them.")
    source: str = Field(description="What `parts` say, in one text.")
    parts: list[RulePart] = Field(description="Which part of it has which provenance.")


class Fixture(AnswerModel):
    name: str
    summary: str


class Template(AnswerModel):
    name: str
    title: str
    texts: dict[str, list[str]] = Field(
        description="By language, each in one or more wordings.",
        examples=[{"English": ["{organisation}: {first_name}, your lab results are in."]}],
    )


class HandsetNumber(AnswerModel):
    number: str = Field(examples=["NPA-555-0150"])
    does: str
