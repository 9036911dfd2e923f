"""Which calls of the control API are an agent's tools? A few of those that the OpenAPI document describes, as it does.

So a tool takes what its call takes, and a new member of a call is one of its tool.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import quote

Json = dict[str, Any]

REFERENCE = "#/components/schemas/"
DEFINED = "#/$defs/"
REFERENCES = re.compile(re.escape(REFERENCE) + r"(\w+)")
WORKSPACE = "ws"
DEFAULT = "default"
FEW = 20
"""Of a list: an agent reads every line of it."""


class ToolChoice(NamedTuple):
    """A tool: the call that it makes, and what is sent where its caller says nothing."""

    name: str
    operation: str
    about: str = ""
    defaults: Mapping[str, Any] = {}


NEWEST: Mapping[str, Any] = {"limit": FEW, "order": "newest"}
CHOICES = (
    ToolChoice("list_workspaces", "list_workspaces"),
    ToolChoice("show_workspace", "show_workspace"),
    ToolChoice("list_journal", "list_journal", defaults=NEWEST),
    ToolChoice(
        "list_findings",
        "list_journal",
        "Calls that have a mistake, the newest first: `mend` is the smallest change that would be right.",
        {**NEWEST, "findings": "error"},
    ),
    ToolChoice("show_exchange", "show_exchange"),
    ToolChoice("list_messages", "list_messages", defaults={"limit": FEW}),
    ToolChoice("show_message", "show_message"),
    ToolChoice("show_report", "show_report"),
    ToolChoice("list_handset_numbers", "list_handset_numbers"),
    ToolChoice("verify", "verify"),
    ToolChoice("reply", "reply"),
    ToolChoice("text_in", "text_in"),
    ToolChoice("send_message", "send_message"),
    ToolChoice("report_status", "report_status"),
    ToolChoice("show_delivery", "show_delivery"),
    ToolChoice("set_delivery", "set_delivery"),
    ToolChoice("list_faults", "list_faults"),
    ToolChoice("add_fault", "add_fault"),
    ToolChoice("remove_fault", "remove_fault"),
    ToolChoice("clear_faults", "clear_faults"),
    ToolChoice("show_clock", "show_clock"),
    ToolChoice("turn_clock", "turn_clock"),
)


class MissingArgument(Exception):
    """An argument that stands in the path is not there."""


class ToolRequest(NamedTuple):
    """A request to the control API. `body` is JSON, None if there is none."""

    method: str
    path: str
    query: dict[str, str]
    body: Json | None


@dataclass(frozen=True)
class AgentTool:
    """A call of the control API as a tool. `schema`: of its arguments, as JSON Schema.

    No call here has both a query string and a body.
    """

    name: str
    about: str
    method: str
    path: str
    in_path: frozenset[str]
    has_body: bool
    schema: Json
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def call(self, arguments: Mapping[str, Any]) -> ToolRequest:
        """Return the request that these arguments mean, right or wrong; raises `MissingArgument`."""
        sent = {**self.defaults, **arguments}
        in_path = {WORKSPACE: DEFAULT, **sent}
        path = self.path
        for name in self.in_path:
            if name not in in_path:
                raise MissingArgument(name)
            # A dot too: a segment of two would be another path.
            path = path.replace("{" + name + "}", quote(_text(in_path[name]), safe="").replace(".", "%2E"))
        others = {name: value for name, value in sent.items() if name not in self.in_path}
        if self.has_body:
            return ToolRequest(self.method, path, {}, others)
        query = {name: _text(value) for name, value in others.items() if value is not None}
        return ToolRequest(self.method, path, query, None)


def tools_of(document: Mapping[str, Any]) -> dict[str, AgentTool]:
    """Return the tools by name, as the control API's document describes their calls."""
    described = {
        operation["operationId"]: (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    return {choice.name: _tool(document, choice, *described[choice.operation]) for choice in CHOICES}


def _tool(
    document: Mapping[str, Any], choice: ToolChoice, path: str, method: str, operation: Mapping[str, Any]
) -> AgentTool:
    parameters = operation.get("parameters", [])
    body = _body(document, operation)
    properties = {each["name"]: _described(each) for each in parameters if each["in"] != "header"}
    needed = [each["name"] for each in parameters if each["required"] and each["name"] != WORKSPACE]
    if body is not None:
        properties |= body["properties"]
        needed += body.get("required", [])
    for name, value in {WORKSPACE: DEFAULT, **choice.defaults}.items():
        if name in properties:
            properties[name] = {**properties[name], "default": value}
    schema = {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}
    about = choice.about or "\n\n".join(filter(None, (operation["summary"] + ".", operation["description"])))
    return AgentTool(
        name=choice.name,
        about=about,
        method=method.upper(),
        path=path,
        in_path=frozenset(each["name"] for each in parameters if each["in"] == "path"),
        has_body=body is not None,
        schema=_with_definitions(document, schema),
        defaults=choice.defaults,
    )


def _body(document: Mapping[str, Any], operation: Mapping[str, Any]) -> Json | None:
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" not in content:
        return None
    schema: Json = content["application/json"]["schema"]
    name = next(iter(REFERENCES.findall(str(schema))))  # of a body that may be absent the other branch is null
    found: Json = document["components"]["schemas"][name]
    return found


def _described(parameter: Mapping[str, Any]) -> Json:
    about = {"description": parameter["description"]} if "description" in parameter else {}
    return {**parameter["schema"], **about}


def _with_definitions(document: Mapping[str, Any], schema: Json) -> Json:
    """Return a schema with those that it refers to."""
    names = set(_referred(document, schema, set()))
    definitions = {name: _with_own_references(document["components"]["schemas"][name]) for name in sorted(names)}
    own: Json = _with_own_references(schema)
    return {**own, "$defs": definitions} if definitions else own


def _referred(document: Mapping[str, Any], schema: Any, found: set[str]) -> Iterator[str]:
    for name in REFERENCES.findall(str(schema)):
        if name not in found:
            found.add(name)
            yield name
            yield from _referred(document, document["components"]["schemas"][name], found)


def _with_own_references(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_with_own_references(each) for each in schema]
    if isinstance(schema, dict):
        return {name: _with_own_references(value) for name, value in schema.items()}
    return schema.replace(REFERENCE, DEFINED) if isinstance(schema, str) else schema


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
