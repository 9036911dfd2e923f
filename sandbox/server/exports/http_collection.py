"""The calls of an API as a file of requests, `.http`, which editors send."""

from collections.abc import Iterable
from urllib.parse import quote

from sandbox.server.exports.described_calls import FORM, IN_PATH, JSON, DescribedApi, DescribedCall, Field
from sandbox.server.exports.http_format import comment_of, definition_of, reference_to, request_of
from sandbox.server.exports.json_samples import json_text
from sandbox.server.exports.variables import CREDENTIALS, HOST

AUTHORIZATION = {"basic": "Basic {{username}} {{password}}", "bearer": "Bearer {{token}}", "": ""}


def http_collection_of(api: DescribedApi, values: dict[str, str]) -> bytes:
    """Return the file. `values`: of the variables, those of the credentials and the host too."""
    as_they_are = {HOST, *CREDENTIALS[api.credentials]}
    requests = "".join(_request(api, call) for call in api.calls)
    head = comment_of(f"{api.title}. Fill in what the variables are at your server.") + "\n"
    for name, value in values.items():
        if reference_to(name) in requests or name in as_they_are:
            # Parameters stand in paths, query strings and forms, where an editor writes them as they are here.
            head += definition_of(name, value if name in as_they_are else quote(value, safe=""))
    return (head + requests).encode()


def _request(api: DescribedApi, call: DescribedCall) -> str:
    headers = [("Authorization", AUTHORIZATION[api.credentials])] if api.credentials else []
    body = ""
    if call.form:
        headers.append(("Content-Type", FORM))
        body = _joined(call.form)
    elif call.body is not None:
        headers.append(("Content-Type", JSON))
        body = json_text(call.body)
    path = IN_PATH.sub(lambda found: reference_to(found[1]), call.path)
    query = _joined(call.query)
    target = f"{reference_to(HOST)}{path}{'?' if query else ''}{query}"
    return request_of(call.name, [call.about], f"{call.method} {target}", headers, body)


def _joined(fields: Iterable[Field]) -> str:
    return "&".join(f"{each.name}={_value(each)}" for each in fields if each.is_needed)


def _value(field: Field) -> str:
    return quote(field.value, safe="") if field.variable is None else reference_to(field.variable)
