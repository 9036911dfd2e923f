"""What every body, query string and answer of the control API is made from."""

from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer, model_validator

NULL = {"type": "null"}


def _describe_body(schema: dict[str, Any]) -> None:
    """Shows no null as the default of what may not be null."""
    for member in schema["properties"].values():
        if member.get("default", NULL) is None and NULL not in member.get("anyOf", ()):
            del member["default"]


def _describe_answer(schema: dict[str, Any]) -> None:
    """Shows what may be missing as that, and not as null; and that there are no other members."""
    for member in schema["properties"].values():
        if "default" in member:
            del member["default"]
            kinds = [kind for kind in member.get("anyOf", ()) if kind != NULL]
            if len(kinds) == 1:
                del member["anyOf"]
                member.update(kinds[0])
    schema.setdefault("additionalProperties", False)


MOST_MEMBERS = 1_000
"""Of an object in a body: to tell of each that is not known would take longer than any other call."""


class BodyModel(BaseModel):
    """A body: no conversions, no unknown members."""

    model_config = ConfigDict(extra="forbid", strict=True, json_schema_extra=_describe_body)

    @model_validator(mode="before")
    @classmethod
    def _has_few_members(cls, value: Any) -> Any:
        if isinstance(value, dict) and len(value) > MOST_MEMBERS:
            raise ValueError(f"must have at most {MOST_MEMBERS} members")
        return value


def body_example(example: dict[str, Any]) -> ConfigDict:
    """Return the settings of a body that descriptions show as this."""

    def describe(schema: dict[str, Any]) -> None:
        _describe_body(schema)
        schema["examples"] = [example]

    return ConfigDict(json_schema_extra=describe)


class QueryModel(BaseModel):
    """A query string: no unknown members."""

    model_config = ConfigDict(extra="forbid")


class AnswerModel(BaseModel):
    """Part of an answer. Unknown members are passed over, so that a newer server does not break an older client."""

    model_config = ConfigDict(
        extra="ignore",
        frozen=True,
        populate_by_name=True,
        defer_build=True,  # a test uses few of them, and building all takes longer than most tests
        json_schema_extra=_describe_answer,
    )


class SparseAnswer(AnswerModel):
    """Shows no member that is as by default: null would say something else, or nothing."""

    # Without a return type, since pydantic would describe that one in OpenAPI instead of the members.
    @model_serializer(mode="wrap")
    def _leave_out_defaults(self, write: SerializerFunctionWrapHandler):  # type: ignore[no-untyped-def]  # see above
        members = type(self).model_fields
        return {name: value for name, value in write(self).items() if value != members[name].default}


Item = TypeVar("Item")


class ListOf(AnswerModel, Generic[Item]):
    """Oldest first. `next` is the `after` of the next page, null on the last one."""

    items: list[Item]
    next: str | None


class PageRequest(QueryModel):
    limit: int = Field(100, ge=1, le=1000)


class DeletedResponse(AnswerModel):
    deleted: int


def absent(alias: str | None = None) -> Any:
    """The default of a member that may be left out but is never null: whether it was given, `model_fields_set` says."""
    return Field(default=None, alias=alias)


class DescribedAs:
    """Lets OpenAPI show a member as another type than the one that it is read as."""

    def __init__(self, kind: type[BaseModel]) -> None:
        self._kind = kind

    def __get_pydantic_json_schema__(self, _: Any, handler: Any) -> Any:
        return handler(self._kind.__pydantic_core_schema__)
