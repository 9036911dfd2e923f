"""What does an API do, by the names on which faults, journal and verify key? An operation is not a route."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from sandbox.vendors.base.parameters import (
    Json,
    Parameters,
    any_text,
    form_body,
    query_parameters,
    schema_of,
)
from sandbox.world.faults import CallDetails

Endpoint = TypeVar("Endpoint", bound=Callable[..., Any])

CHOICE = "__operations__"
WITH_FORM = frozenset(("POST", "PUT", "PATCH"))
"""Methods whose body is read, where the operation has parameters."""


@dataclass(frozen=True)
class Operation:
    """One thing that a vendor's API does.

    Several methods of a path may be one, and a parameter may choose between several on one path. `parameters`: those of
    its query string or form. `or_query`: whether a form's fields may stand in the query string instead. `about`: by the
    names of `CallDetails`, which parameters (of the path or the others) say what a call is about. `writes`: whether it
    changes anything.
    """

    name: str
    parameters: type[Parameters] | None = None
    or_query: bool = False
    about: Mapping[str, str] = field(default_factory=dict)
    writes: bool = False

    def __post_init__(self) -> None:
        unknown = self.about.keys() - set(CallDetails._fields[1:])
        assert not unknown, f"a call has no such details: {unknown}"


class Choice(NamedTuple):
    """The operations of a route, and the parameter that chooses between them if they are several."""

    operations: tuple[Operation, ...]
    parameter: str | None = None

    def of(self, params: Mapping[str, str | None]) -> Operation:
        """Return the operation that is asked for; the first one while that is not known."""
        asked = params.get(self.parameter) if self.parameter else None
        return next((each for each in self.operations if each.name == asked), self.operations[0])

    def described(self, methods: Collection[str]) -> Json:
        """Return the parameters as OpenAPI has them, for a route of these methods."""
        models = {each.name: each.parameters for each in self.operations if each.parameters is not None}
        if not models:
            return {}
        schemas = {name: self._with_names(schema_of(model), [name]) for name, model in models.items()}
        if WITH_FORM.isdisjoint(methods):
            return {"parameters": query_parameters(self._with_names(_all_of(list(schemas.values())), list(models)))}
        if self.operations[0].or_query:
            described = schema_of(next(iter(models.values())))
            described.pop("required", None)
            return {
                "parameters": query_parameters(any_text(described)),
                "requestBody": form_body(described, is_required=False),
            }
        form = next(iter(schemas.values())) if len(schemas) == 1 else {"oneOf": list(schemas.values())}
        return {"requestBody": form_body(form, is_required=True)}

    def _with_names(self, schema: Json, names: list[str]) -> Json:
        """Say which values the choosing parameter has."""
        if self.parameter is not None:
            schema["properties"][self.parameter] |= {"enum": names, "examples": [names[0]]}
        return schema


def _all_of(schemas: list[Json]) -> Json:
    """Return one schema of the fields of all, required where all require them."""
    properties: Json = {}
    for schema in schemas:
        properties = schema["properties"] | properties  # what is said of a field first counts
    ordered = {name: properties[name] for schema in schemas for name in schema["properties"]}
    required = [name for name in ordered if all(name in schema.get("required", ()) for schema in schemas)]
    return {"type": "object", "properties": ordered, "required": required}


def operation(name: str, **options: Any) -> Callable[[Endpoint], Endpoint]:
    """Declare which operation an endpoint is, as `Operation` has it. Stands below the router's decorators."""
    return _declare(Choice((Operation(name, **options),)))


def chosen_by(parameter: str, operations: tuple[Operation, ...]) -> Callable[[Endpoint], Endpoint]:
    """Declare that an endpoint is these operations, and which parameter names the one that is meant."""
    return _declare(Choice(operations, parameter))


def _declare(choice: Choice) -> Callable[[Endpoint], Endpoint]:
    def declare(endpoint: Endpoint) -> Endpoint:
        setattr(endpoint, CHOICE, choice)
        return endpoint

    return declare


def choice_of(endpoint: Callable[..., Any]) -> Choice:
    """Return what was declared of an endpoint."""
    found: Choice = getattr(endpoint, CHOICE)
    return found
