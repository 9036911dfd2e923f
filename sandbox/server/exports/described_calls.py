"""Which requests does an OpenAPI document describe? Each as a call with variables, and what the variables are at first.

A document's parameters are variables, so that who takes the calls along fills in their own values once.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sandbox.server.exports.json_samples import sample_of

Json = Mapping[str, Any]

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"
LEFT_OUT = ("head",)
"""Of a GET the same, but for its body."""
IN_PATH = re.compile(r"\{(\w+)\}")
NAMED_BY_PLACE = ("id", "name")
"""Parameters of these names are other ones behind each part of a path."""


class Field(NamedTuple):
    """A parameter of a query string or form. `variable`: whose value it takes; else `value` is what it is."""

    name: str
    variable: str | None
    value: str
    is_needed: bool
    about: str


@dataclass(frozen=True)
class DescribedCall:
    """A request. `path` has variables as `{name}`; `body` is JSON, empty if there is none."""

    name: str
    section: str
    about: str
    method: str
    path: str
    query: tuple[Field, ...] = ()
    form: tuple[Field, ...] = ()
    body: Any = None


@dataclass(frozen=True)
class DescribedApi:
    """What a document describes. `variables`: their values; `credentials`: `basic`, `bearer` or empty."""

    title: str
    about: str
    credentials: str
    variables: Mapping[str, str]
    calls: tuple[DescribedCall, ...]


def api_of(document: Json, *, takes_token: bool) -> DescribedApi:
    """Return the calls of a document. `takes_token`: whether it is of the API that may want the control token."""
    variables: dict[str, str] = {}
    calls = tuple(
        call
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method not in LEFT_OUT
        for call in _calls(document, path, item, method, operation, variables)
    )
    schemes = document["components"].get("securitySchemes", {})
    credentials = "bearer" if takes_token else "basic" if "basic" in schemes else ""
    info = document["info"]
    return DescribedApi(info["title"], info.get("description", ""), credentials, variables, calls)


def _calls(
    document: Json, path: str, item: Json, method: str, operation: Json, variables: dict[str, str]
) -> Iterator[DescribedCall]:
    """Yield the calls of an operation: one for each shape that its parameters may have together."""
    parameters = operation.get("parameters", [])
    names = {each["name"]: _variable(path, each["name"]) for each in parameters if each["in"] == "path"}
    for each in parameters:
        if each["in"] == "path":
            variables.setdefault(names[each["name"]], _example(document, each["schema"]))
    written = IN_PATH.sub(lambda found: "{" + names[found[1]] + "}", path)
    content = operation.get("requestBody", {}).get("content", {})
    forms = _forms(item) if method == "get" or FORM in content else []
    sections = operation.get("tags") or [""]
    said = [operation.get("summary", ""), *filter(None, operation.get("description", "").split("\n"))]
    for n, shape in enumerate(forms or [None]):
        fields = _query(document, parameters) if shape is None else _form(document, shape, variables)
        in_form = fields if shape is not None and FORM in content else ()
        yield DescribedCall(
            name=_action(shape) or operation["operationId"],
            section=sections[0],
            about=said[n] if n < len(said) else said[0],  # of actions each has a line
            method=method.upper(),
            path=written,
            query=() if in_form else fields,
            form=in_form,
            body=sample_of(document, content[JSON]["schema"]) if JSON in content else None,
        )


def _forms(item: Json) -> list[Json]:
    """Return the shapes of the form that a path takes; of a path that takes none there are none."""
    for operation in item.values():
        schema = operation.get("requestBody", {}).get("content", {}).get(FORM, {}).get("schema")
        if schema is not None:
            return [*schema.get("oneOf", [schema])]
    return []


def _form(document: Json, shape: Json, variables: dict[str, str]) -> tuple[Field, ...]:
    fields = []
    for name, schema in shape["properties"].items():
        example = _example(document, schema)
        is_fixed = len(schema.get("enum", ())) == 1
        is_needed = name in shape["required"] if "required" in shape else not _may_be_empty(schema)
        if not is_fixed:
            variables.setdefault(name, example)
        fields.append(Field(name, None if is_fixed else name, example, is_needed, schema.get("description", "")))
    return tuple(fields)


def _query(document: Json, parameters: list[Json]) -> tuple[Field, ...]:
    return tuple(
        Field(each["name"], None, _example(document, each["schema"]), each["required"], each.get("description", ""))
        for each in parameters
        if each["in"] == "query"
    )


def _may_be_empty(schema: Json) -> bool:
    pattern = schema.get("pattern")
    return pattern is not None and re.search(pattern, "") is not None


def _action(shape: Json | None) -> str | None:
    """Return which of the actions of a path the shape is of, if it says so."""
    fixed = [] if shape is None else [each["enum"] for each in shape["properties"].values() if "enum" in each]
    return str(fixed[0][0]) if fixed and len(fixed[0]) == 1 else None


def _variable(path: str, name: str) -> str:
    """Return `message_id` for the `id` of `messages/{id}`, and other names as they are."""
    before = path.partition("/{" + name + "}")[0].rpartition("/")[2]
    return f"{before.removesuffix('s')}_{name}" if name in NAMED_BY_PLACE else name


def _example(document: Json, schema: Json) -> str:
    value = sample_of(document, schema)
    return value if isinstance(value, str) else ""
