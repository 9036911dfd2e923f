"""The OpenAPI documents: the control API's own, and one for each vendor that shows nothing of the sandbox.

FastAPI writes them from the endpoints; what it says that is not so is taken out, what is so of every call is put in.
They are made when somebody asks.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from fastapi.openapi.utils import get_openapi
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from dialog_sandbox.models.values import EXCHANGE_ID
from dialog_sandbox.models.verify import Failure
from sandbox.server.checks import names_by_kind
from sandbox.server.guard import needs_no_token
from sandbox.server.problems import Problem, refusals
from sandbox.server.public_address import prefix_of
from sandbox.vendors.base.vendor import Vendor

Json = dict[str, Any]

OURS = ""
UNTRUE = ("HTTPValidationError", "ValidationError")
"""FastAPI's own shape of a refusal, which nothing here answers."""
EXAMPLES = Path(__file__).parent / "examples.json"
EXCHANGE = {
    "description": "The id of this exchange in the journal.",
    "schema": {"type": "string", "pattern": EXCHANGE_ID, "examples": ["ex_01927b8c0d1e7f2a8b3c4d5e6f708192"]},
}
PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457: `detail` says what to send instead.",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "format": "uri", "examples": ["urn:dialog-sandbox:unknown-message"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Of an invalid request.",
            "items": {
                "type": "object",
                "required": ["in", "member", "detail"],
                "properties": {name: {"type": "string"} for name in ("in", "member", "detail")},
            },
        },
        "latest": {
            "description": "Of a wait in vain: the newest message of the workspace.",
            "anyOf": [{"$ref": "#/components/schemas/Message"}, {"type": "null"}],
        },
        "possible": {
            "type": "array",
            "description": "Of an impossible move: the statuses that can still come.",
            "items": {"type": "string"},
        },
        "failures": {
            "type": "array",
            "description": "Of a verification: each expectation that is not met, and the exchange that came nearest.",
            "items": {"$ref": "#/components/schemas/Failure"},
        },
    },
}
ABOUT = (
    "What a test, a demo or a person turns. Times are RFC 3339 in UTC; phone numbers are taken with or without + and"
    " the leading 1, and shown as 11 digits; errors are problem details that say what to send instead."
)
TOKEN = "controlToken"


def documents_of(
    control_routes: list[BaseRoute], vendors: Sequence[Vendor], version: str, *, is_open: bool
) -> Callable[[str], Json]:
    """Return what gives a vendor's document by its name, and the control API's by `OURS`; raises `Problem`.

    `is_open`: the control API asks for no token.
    """

    @cache
    def document_of(name: str) -> Json:
        if name == OURS:
            return control_document(control_routes, vendors, version, is_open=is_open)
        for vendor in vendors:
            if vendor.name == name:
                return vendor_document(vendor)
        names = ", ".join(vendor.name for vendor in vendors)
        raise Problem(404, "Unknown vendor", f"There is no such vendor: take one of {names}.")

    return document_of


def routes(document_of: Callable[[str], Json]) -> list[BaseRoute]:
    """Return the routes of the documents."""

    async def show(request: Request) -> Response:
        served = {"servers": [{"url": prefix_of(request) or "/"}]}
        content = document_of(request.path_params.get("vendor", OURS)) | served
        return Response(_bytes(content), headers={"Cache-Control": "no-cache"}, media_type="application/json")

    return [Route("/_sandbox/openapi.json", show), Route("/_sandbox/openapi/{vendor}.json", show)]


def _bytes(document: Json) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


# The control API -------------------------------------------------------------------------------------------------


def control_document(
    control_routes: list[BaseRoute], vendors: Sequence[Vendor], version: str, *, is_open: bool
) -> Json:
    """Return the description of the control API as it is bound, with these vendors."""
    document = get_openapi(
        title="dialog-sandbox control API",
        version=version,
        description=ABOUT,
        routes=control_routes,
        servers=[{"url": "/"}],
    )
    failure = Failure.model_json_schema(ref_template="#/components/schemas/{model}")
    document["components"]["schemas"] |= {**failure.pop("$defs"), "Failure": failure}
    _tidy(document)
    _list_known(document, names_by_kind(vendors))
    document["components"]["schemas"]["Problem"] = PROBLEM
    if not is_open:
        document["components"]["securitySchemes"] = {TOKEN: {"type": "http", "scheme": "bearer"}}
    for item in document["paths"].values():
        if "post" in item:  # the guard refuses forms, also where no body is read
            item["post"]["responses"] |= {"415": refusals(415)[415]}
    for path, operation in _operations(document):
        _tell_scheduled_apart(operation)
        takes_token = not is_open and not needs_no_token(path)
        operation["responses"] |= _common_refusals(path, operation, takes_token=takes_token)
        operation["responses"] = dict(sorted(operation["responses"].items()))
        if takes_token:
            operation["security"] = [{TOKEN: []}]
    return document


def _list_known(schema: Any, names: Mapping[str, Sequence[str]]) -> None:
    """Show, where a format is a kind of value that only a server knows, those that there are."""
    if isinstance(schema, list):
        for each in schema:
            _list_known(each, names)
    elif isinstance(schema, dict):
        if isinstance(schema.get("format"), str) and schema["format"] in names:
            schema["enum"] = [*names[schema.pop("format")]]
        for each in schema.values():
            _list_known(each, names)


def _tell_scheduled_apart(operation: Json) -> None:
    """Take out of an answer's shape that of 202, which FastAPI adds where an endpoint returns either."""
    responses = operation["responses"]
    for status in ("200", "201") if "202" in responses else ():
        for content in responses.get(status, {}).get("content", {}).values():
            scheduled = responses["202"]["content"]["application/json"]["schema"]
            content["schema"] = next(each for each in content["schema"]["anyOf"] if each != scheduled)


def _common_refusals(path: str, operation: Json, *, takes_token: bool) -> Json:
    """Return what any call of this kind may be answered."""
    statuses = [400, 403, 422]
    if takes_token:
        statuses.append(401)
    if "{" in path:
        statuses.append(404)
    if "requestBody" in operation:
        statuses += [413, 415]
    return {str(status): response for status, response in refusals(*statuses).items()}


# The vendors -----------------------------------------------------------------------------------------------------


def vendor_document(vendor: Vendor) -> Json:
    """Return the description of a vendor's API, true to the wire."""
    document = get_openapi(
        title=vendor.title,
        version="1",
        description=vendor.description,
        routes=vendor.router.routes,
        servers=[{"url": "/"}],
    )
    _tidy(document)
    _add_heads(document)
    examples = json.loads(EXAMPLES.read_text()).get(vendor.name, {})
    for _, operation in _operations(document):
        operation["tags"] = [vendor.title]
        # Only what can be answered 401 asks for credentials.
        if "401" in operation["responses"] and vendor.security is not None:
            _demand(document, operation, vendor.security)
        for response in operation["responses"].values():
            response.setdefault("headers", {})["X-Sandbox-Exchange"] = EXCHANGE
        for status, example in examples.get(operation["operationId"], {}).items():
            for content in operation["responses"][status].get("content", {}).values():
                content["example"] = example
    return document


def _add_heads(document: Json) -> None:
    """Say that HEAD is answered wherever GET is, with its headers."""
    for item in document["paths"].values():
        if "get" in item:
            head = json.loads(json.dumps(item["get"]))
            head["operationId"] += "_head"
            for response in head["responses"].values():
                response.pop("content", None)
            item["head"] = head


def _demand(document: Json, operation: Json, scheme: Mapping[str, Any]) -> None:
    """Say that an operation asks for credentials of that scheme, and what a 401 has."""
    name = scheme.get("scheme", "key")
    document["components"]["securitySchemes"] = {name: dict(scheme)}
    operation["security"] = [{name: []}]
    if scheme["type"] == "http":
        challenge = {"schema": {"type": "string", "pattern": f"^{name.capitalize()} "}, "required": True}
        operation["responses"]["401"].setdefault("headers", {})["WWW-Authenticate"] = challenge


# Both ------------------------------------------------------------------------------------------------------------


def _operations(document: Json) -> Iterator[tuple[str, Json]]:
    for path, item in document["paths"].items():
        for operation in item.values():
            yield path, operation


def _tidy(document: Json) -> None:
    """Take out what FastAPI says of its own refusals, and the titles it makes of names."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in UNTRUE:
        schemas.pop(name, None)
    for schema in schemas.values():
        _untitle(schema.get("properties", {}).values())
    for item in document["paths"].values():
        for operation in item.values():
            _tidy_operation(operation)


def _tidy_operation(operation: Json) -> None:
    validation = operation["responses"].get("422", {})
    if any(name in json.dumps(validation) for name in UNTRUE):
        del operation["responses"]["422"]
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _without_null(parameter["schema"])
        _untitle([parameter["schema"]])
    described: str | None = operation.get("description")
    if described and not operation.get("deprecated"):  # those have a summary of their own
        operation["summary"], _, rest = described.partition("\n")
        operation["summary"] = operation["summary"].rstrip(".")
        operation["description"] = rest.strip()


def _without_null(schema: Json) -> Json:
    """Return the schema of a parameter, which is absent rather than null: a URL cannot say that."""
    kept = [branch for branch in schema.get("anyOf", ()) if branch != {"type": "null"}]
    return schema if len(kept) != 1 else {key: value for key, value in schema.items() if key != "anyOf"} | kept[0]


def _untitle(schemas: Any) -> None:
    for schema in schemas:
        schema.pop("title", None)
