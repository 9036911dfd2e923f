"""The calls of an API as a Postman collection of format 2.1."""

from collections.abc import Iterable, Mapping
from typing import Any

from sandbox.server.exports.described_calls import FORM, IN_PATH, JSON, DescribedApi, DescribedCall, Field
from sandbox.server.exports.http_format import reference_to
from sandbox.server.exports.json_samples import json_text
from sandbox.server.exports.variables import CREDENTIALS, HOST

FORMAT = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
SECRET = frozenset(("password", "token", "secret_access_key"))
Json = dict[str, Any]


def postman_of(api: DescribedApi, values: Mapping[str, str]) -> Json:
    """Return the collection. `values`: of the variables, those of the credentials and the host too."""
    sections: dict[str, list[Json]] = {}
    for call in api.calls:
        sections.setdefault(call.section, []).append(_item(call))
    folders = [{"name": name, "item": items} for name, items in sections.items()]
    return {
        "info": {"name": api.title, "description": api.about, "schema": FORMAT},
        "auth": _auth(api.credentials),
        "variable": [
            {"key": name, "value": value, "type": "secret" if name in SECRET else "string"}
            for name, value in values.items()
        ],
        "item": folders[0]["item"] if len(folders) == 1 else folders,
    }


def _auth(credentials: str) -> Json:
    if not credentials:
        return {"type": "noauth"}
    members = [{"key": name, "value": reference_to(name), "type": "string"} for name in CREDENTIALS[credentials]]
    return {"type": credentials, credentials: members}


def _item(call: DescribedCall) -> Json:
    request: Json = {"method": call.method, "description": call.about, "header": [], "url": _url(call)}
    if call.form:
        request["body"] = {"mode": "urlencoded", "urlencoded": _fields(call.form)}
        request["header"].append({"key": "Content-Type", "value": FORM})
    elif call.body is not None:
        raw = json_text(call.body)
        request["body"] = {"mode": "raw", "raw": raw, "options": {"raw": {"language": "json"}}}
        request["header"].append({"key": "Content-Type", "value": JSON})
    return {"name": call.name, "request": request}


def _url(call: DescribedCall) -> Json:
    path = IN_PATH.sub(lambda found: reference_to(found[1]), call.path)
    host = reference_to(HOST)
    query = _fields(call.query)
    sent = "&".join(f"{each['key']}={each['value']}" for each in query if not each["disabled"])
    url: Json = {"raw": f"{host}{path}{'?' if sent else ''}{sent}", "host": [host], "path": path.split("/")[1:]}
    return url | ({"query": query} if query else {})


def _fields(fields: Iterable[Field]) -> list[Json]:
    return [
        {
            "key": each.name,
            "value": each.value if each.variable is None else reference_to(each.variable),
            "description": each.about,
            "disabled": not each.is_needed,
        }
        for each in fields
    ]
