"""How does the control API read a request, strictly, and which answers may nobody keep?"""

import json
import re
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from typing import Any, NoReturn, get_args

from fastapi import APIRouter, Depends, Request, Response
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.datastructures import QueryParams

from dialog_sandbox.models.values import PATTERNS
from sandbox.server.checks import checking
from sandbox.server.control import synthetic
from sandbox.server.journal import Journal
from sandbox.server.journal.control_calls import ControlCall
from sandbox.server.problems import Problem, invalid, not_json
from sandbox.store import Store, serve_others
from sandbox.vendors.base import forms
from sandbox.vendors.base.exchange import MAX_BODY

NOT_TEXT = "must be Unicode text without U+0000 and lone surrogates"
NO_TEXT = re.compile("[\0\ud800-\udfff]")
ESCAPED_NO_TEXT = re.compile(rb"\\u(0000|[dD][89a-fA-F])")
"""How alone it can be in JSON that was UTF-8: without an escape like these there is no need to look at each text."""
UNKNOWN = "extra_forbidden"
"""The framework's word for a member that is not known."""
KINDS = {
    **dict.fromkeys(("int_type", "int_parsing", "int_parsing_size", "int_from_float"), "must be a whole number"),
    **dict.fromkeys(("float_type", "float_parsing"), "must be a number"),
    **dict.fromkeys(("bool_type", "bool_parsing"), "must be true or false"),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "must be an object"),
    "string_type": "must be text",
    "list_type": "must be a list",
}
"""By the framework's words for what a value is not."""
MOST_ERRORS = 20
"""Of those that a refusal shows."""
WORKSPACE = "/_sandbox/workspaces/{ws}"

Parents = tuple[Any, ...]
"""Where a value stands in JSON: the same of what it stands in, and its place there; nothing for the whole."""


class ControlRequest(Request):
    """A request whose body and query string are read by our own strict readers, not by the framework's."""

    async def body(self) -> bytes:
        if not hasattr(self, "_body"):
            chunks: list[bytes] = []
            size = 0
            async for chunk in self.stream():
                size += len(chunk)
                if size > MAX_BODY:
                    raise Problem(413, "Body too large", f"Send at most {MAX_BODY} bytes.")
                chunks.append(chunk)
            self._body = b"".join(chunks)
        return self._body

    async def json(self) -> Any:
        if not hasattr(self, "_json"):
            self._json = strict_json(await self.body())
        return self._json

    @property
    def query_params(self) -> QueryParams:
        if not hasattr(self, "_query_params"):
            self._query_params = QueryParams(strict_query(self.scope["query_string"]))
        return self._query_params

    async def note_change(self) -> None:
        """Note for the journal what this call, which was answered, has changed in a workspace."""
        access = getattr(self.state, "workspace", None)
        if access is None or access.change is None or self.method in ("GET", "HEAD"):
            return
        store: Store = self.app.state.store
        journal: Journal = self.app.state.journal
        path = "/".join(("", *self.scope["path"].split("/")[WORKSPACE.count("/") + 1 :]))
        query = self.scope["query_string"].decode("ascii", "replace")
        workspace_id, epoch, at = access.change
        body = getattr(self, "_body", b"")
        call = ControlCall(workspace_id, epoch, at, store.wall(), self.method, path, query, body)
        await journal.note_control_call(call)

    async def read_body(self) -> None:
        """Read it before the framework does, which would take our problems for its own."""
        if not await self.body():
            return
        if self.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise not_json()
        await self.json()


class ControlRoute(APIRoute):
    """An endpoint of the control API."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer_to = super().get_route_handler()
        takes_query = _takes_query(self.dependant)

        async def handle(plain: Request) -> Response:
            request = ControlRequest(plain.scope, plain.receive)
            if request.query_params and not takes_query:
                raise invalid(*(("query", _short(name), "is not known here") for name in request.query_params))
            if self.body_field is not None:
                await request.read_body()
            if request.app.state.settings.synthetic_only:
                await _refuse_real_data(request)
            with checking(request.app.state.checks):
                response = await answer_to(request)
            await request.note_change()
            return response

        return handle


def _takes_query(dependant: Dependant) -> bool:
    return bool(dependant.query_params) or any(map(_takes_query, dependant.dependencies))


async def _refuse_real_data(request: ControlRequest) -> None:
    is_json = request.headers.get("content-type", "").startswith("application/json")
    try:
        body = json.loads(await request.body() or b"null") if is_json else None
    except (ValueError, RecursionError):
        body = None  # which is refused as what it is
    problem = synthetic.refusal_of(request.path_params, body)
    if problem is not None:
        raise problem


async def keep_nowhere(response: Response) -> None:
    """Have nobody keep the answer: it can hold credentials."""
    response.headers["Cache-Control"] = "no-store"


def control_router(prefix: str, tag: str) -> APIRouter:
    """Return a router for one section of the control API."""
    return APIRouter(
        prefix=prefix,
        route_class=ControlRoute,
        tags=[tag],
        dependencies=[Depends(keep_nowhere)],
        generate_unique_id_function=lambda route: route.name,
    )


async def body_pieces(request: Request, most: int) -> AsyncIterator[bytes]:
    """Yield a body as it comes; raises a problem as soon as it has more than so many bytes."""
    size = 0
    async for piece in request.stream():
        size += len(piece)
        if size > most:
            raise Problem(413, "Body too large", f"Send at most {most} bytes.")
        yield piece


async def by_turns(file: Iterator[bytes]) -> AsyncIterator[bytes]:
    """Yield the pieces of a long answer, and let other calls be served between them."""
    for piece in file:
        yield piece
        await serve_others()


def strict_json(raw: bytes) -> Any:
    """Return JSON in UTF-8, numbers finite, text without U+0000 and lone surrogates; a refusal echoes nothing.

    A byte order mark before it is passed over, as RFC 8259 (8.1) allows.
    """
    try:
        value = json.loads(raw.removeprefix(BOM_UTF8).decode(), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise _unreadable(f"byte {error.start + 1} is not UTF-8") from None
    except json.JSONDecodeError as error:
        raise _unreadable(f"see line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError):
        raise _unreadable("a number is too long, or the nesting too deep") from None
    if ESCAPED_NO_TEXT.search(raw):
        _check_text(value)
    return value


def _unreadable(why: str) -> Problem:
    return Problem(400, "Unreadable body", f"The body is not JSON: {why}.")


def _no_constant(_: str) -> NoReturn:
    raise _unreadable("NaN and Infinity are not numbers in JSON")


def _check_text(value: Any) -> None:
    """Walk with a stack of its own: the nesting may be as deep as the JSON reader takes."""
    waiting: list[tuple[Parents, Any]] = [((), value)]
    while waiting:
        parents, current = waiting.pop()
        if isinstance(current, str):
            if not _is_text(current):
                raise invalid(("body", _member(parents) or "body", NOT_TEXT))
        elif isinstance(current, list):
            waiting += [((parents, position), item) for position, item in enumerate(current) if _can_be_wrong(item)]
        elif isinstance(current, dict):
            if not all(map(_is_text, current)):
                raise invalid(("body", _member(parents) or "body", f"has a member whose name {NOT_TEXT}"))
            waiting += [((parents, key), item) for key, item in current.items() if _can_be_wrong(item)]


def _can_be_wrong(value: Any) -> bool:
    """Return whether it has to be looked at: not a number, nor a text that is right."""
    return not _is_text(value) if isinstance(value, str) else isinstance(value, list | dict)


def _member(parents: Parents) -> str:
    """Return `to[2]` for the chain of a value's parents, each the pair of its own chain and its place there."""
    name = ""
    while parents:
        parents, place = parents
        name = f"[{place}]{name}" if isinstance(place, int) else f".{_short(place)}{name}"
    return name.lstrip(".")


def _is_text(text: str) -> bool:
    return NO_TEXT.search(text) is None


def strict_query(raw: bytes) -> dict[str, str]:
    """Return the query string's parameters; of a repeated one the first counts."""
    try:
        fields = forms.urlencoded(raw)
    except forms.UnreadableForm as error:
        raise Problem(400, "Unreadable query", f"The query string cannot be read: {error}.") from None
    bad = [name for name, value in fields.items() if value is None]
    if bad:
        raise invalid(*(("query", _short(name), "must be UTF-8 without U+0000") for name in bad))
    return {name: value for name, value in fields.items() if value is not None}


def refused_values(error: RequestValidationError, route: Any) -> Problem:
    """Return what the framework found wrong, each member once, without the values themselves."""
    return _refused(error.errors(), lambda place: _annotations(place, route))


def refused_body(error: ValidationError, model: type[BaseModel]) -> Problem:
    """Return the same of what was no such body."""
    return _refused([{**each, "loc": ("body", *each["loc"])} for each in error.errors()], lambda _: [model])


def _refused(errors: Sequence[Any], annotations_of: Callable[[str], list[Any]]) -> Problem:
    """There is an end of it: who sends an object of a million unknown members wants no answer as long."""
    found: dict[tuple[str, str], str] = {}
    for each in errors:
        place, *rest = each["loc"]
        member, known = member_of(rest, annotations_of(str(place)), is_unknown=each["type"] == UNKNOWN)
        found.setdefault((str(place), member or str(place)), wrong_with(each, known))
        if len(found) == MOST_ERRORS:
            break
    return invalid(*((place, member, what) for (place, member), what in found.items()))


def member_of(loc: list[Any], annotations: list[Any], *, is_unknown: bool) -> tuple[str, list[str]]:
    """Return `effect.drip.ms` or `to[2]`, and the members known beside the last one.

    What the validator adds to a location (the names of a union's branches) is left out, and so are a mapping's keys.
    `is_unknown`: the last one is no member of what it stands in.
    """
    name = ""
    known: dict[str, Any] = {}
    for position, part in enumerate(loc):
        if isinstance(part, int):
            name += f"[{part}]"
            continue
        fields = _fields(annotations)
        if part in fields or position == 0:
            known, name = fields, f"{name}.{_short(str(part))}".lstrip(".")
            annotations = [fields[part].annotation] if part in fields else []
        elif is_unknown and position == len(loc) - 1:
            known, name = fields, f"{name}.{_short(str(part))}"
    return name, list(known)


def _annotations(place: str, route: APIRoute) -> list[Any]:
    """Return those of what the body, or the query string, is read into."""
    fields = route.dependant.query_params if place == "query" else [route.body_field]
    return [field.field_info.annotation for field in fields if field]


def _fields(annotations: list[Any]) -> dict[str, Any]:
    """Return the members of the models that are named there, by the names that callers give them."""
    found: dict[str, Any] = {}
    for annotation in annotations:
        if isinstance(annotation, type) and issubclass(annotation, BaseModel):
            found |= {field.alias or name: field for name, field in annotation.model_fields.items()}
        else:
            found |= _fields(list(get_args(annotation)))
    return found


def wrong_with(error: Any, known: list[str]) -> str:
    """Return what the framework's error says, in our words; `known`: the members beside the one it names."""
    kind = error["type"]
    if kind == "missing":
        return "is required"
    if kind == UNKNOWN:
        return f"is not known; known are {', '.join(known)}"
    if kind == "value_error":
        return str(error["ctx"]["error"])
    if kind == "string_pattern_mismatch":
        return PATTERNS[str(error["ctx"]["pattern"])]
    if kind == "too_long":
        return f"must have at most {error['ctx']['max_length']} items"
    return KINDS.get(kind) or re.sub(r"^\w+ should", "must", str(error["msg"]))


def _short(name: str) -> str:
    return name if len(name) <= 60 else f"{name[:60]}..."
