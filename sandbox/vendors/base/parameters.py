"""Which parameters does a call take, how are they judged, and how does OpenAPI describe them? By one model of each.

A vendor has words of its own for each thing that is wrong with a parameter: a validator raises `WrongValue` with the
rule and the sentence, and the first of them, in the order of the model's fields, is the refusal.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError, ValidationInfo

from sandbox.vendors.base.refusal import Refusal

Json = dict[str, Any]
NOT_TEXT = "NET-text"


class Parameters(BaseModel):
    """What a call gives by name, in its query string or form. One that is absent is read like an empty one.

    A field that has a default may be left out; OpenAPI says so too.
    """

    model_config = ConfigDict(extra="forbid", defer_build=True)


P = TypeVar("P", bound=Parameters)


class WrongValue(ValueError):
    """A parameter that a vendor refuses: by which rule, and in which words."""

    def __init__(self, rule: str, reason: str) -> None:
        super().__init__(reason)
        self.rule = rule
        self.reason = reason


def needed(rule: str, how: str = "") -> BeforeValidator:
    """Return the validator that refuses an empty parameter by `rule`; `how` ends the sentence."""

    def check(value: str | None, info: ValidationInfo) -> str | None:
        if value == "":
            raise WrongValue(rule, f"{info.field_name} is required{how}.")
        return value

    return BeforeValidator(check)


def read(model: type[P], values: Mapping[str, str | None]) -> P | Refusal:
    """Return the parameters of a call, or what is wrong with the first wrong one.

    The refusal is returned: raised in here, it would hold pydantic's error as its context, whose references the
    collector of cycles cannot follow.
    """
    try:
        return model.model_validate({name: values.get(name, "") for name in model.model_fields})
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
    name = str(first["loc"][0])
    if values.get(name, "") is None:
        return Refusal(NOT_TEXT, f"{name} must be UTF-8 without U+0000.", field=name)
    wrong = first["ctx"]["error"]
    assert isinstance(wrong, WrongValue), "a parameter's validators raise WrongValue"
    wrong.with_traceback(None)  # its frames hold this one, and all that called it
    return Refusal(wrong.rule, wrong.reason, field=name)


# In OpenAPI ----------------------------------------------------------------------------------------------------------


def schema_of(model: type[Parameters]) -> Json:
    """Return the model as OpenAPI has it, without the titles that pydantic makes of names and without defaults."""
    schema = model.model_json_schema()
    properties = {
        name: {key: value for key, value in described.items() if key not in ("title", "default")}
        for name, described in schema.get("properties", {}).items()
    }
    required = {"required": schema["required"]} if "required" in schema else {}
    return {"type": "object", "properties": properties, **required}


def query_parameters(schema: Json) -> list[Json]:
    """Return the fields of an object's schema as parameters of a query string."""
    required = schema.get("required", ())
    return [
        {"name": name, "in": "query", "required": name in required, "schema": described}
        for name, described in schema["properties"].items()
    ]


def any_text(schema: Json) -> Json:
    """Return the schema of the same fields when any text may stand there, or none."""
    fields = schema["properties"].items()
    examples = ((name, {key: each[key] for key in ("examples",) if key in each}) for name, each in fields)
    return {"type": "object", "properties": {name: {"type": "string", **kept} for name, kept in examples}}


def form_body(schema: Json, *, is_required: bool) -> Json:
    """Return the body of a form of either kind."""
    kinds = ("application/x-www-form-urlencoded", "multipart/form-data")
    return {"required": is_required, "content": {kind: {"schema": schema} for kind in kinds}}
