"""What is a value of a schema? Its example where it has one; else the least that it takes."""

import json
from collections.abc import Mapping
from typing import Any

TEXT = "text"
LEAST: Mapping[str, Any] = {"string": TEXT, "integer": 1, "number": 1, "boolean": True, "null": None}


def sample_of(document: Mapping[str, Any], schema: Mapping[str, Any]) -> Any:
    """Return a value of a schema of the document; of an object the members that it must have."""
    if "$ref" in schema:
        return sample_of(document, document["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    for decided in ("examples", "enum"):
        if schema.get(decided):
            return schema[decided][0]
    if "const" in schema:
        return schema["const"]
    for choice in ("anyOf", "oneOf"):
        if choice in schema:
            return sample_of(document, schema[choice][0])
    kind = schema.get("type")
    if kind == "object":
        members = schema.get("properties", {})
        return {name: sample_of(document, members[name]) for name in schema.get("required", ())}
    if kind == "array":
        return [sample_of(document, schema["items"]) for _ in range(schema.get("minItems", 0))]
    return LEAST.get(str(kind))


def json_text(value: Any) -> str:
    """Return a value as people read it."""
    return json.dumps(value, indent=2, ensure_ascii=False)
