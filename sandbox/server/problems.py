"""Problem details (RFC 9457): what does a refusal of the control API look like, and what becomes of a world error?"""

import re
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response

from sandbox.vendors.base.route import NO_STORE
from sandbox.world import errors

MEDIA_TYPE = "application/problem+json"
URN = "urn:dialog-sandbox:"

REFUSALS: dict[type[errors.WorldError], int] = {
    errors.UnknownWorkspace: 404,
    errors.UnknownConsole: 404,
    errors.UnknownAccount: 404,
    errors.UnknownLine: 404,
    errors.UnknownMessage: 404,
    errors.UnknownPerson: 404,
    errors.UnknownExchange: 404,
    errors.UnknownCallback: 404,
    errors.UnknownSink: 404,
    errors.UnknownSnapshot: 404,
    errors.ForeignSnapshot: 409,
    errors.DamagedSnapshot: 422,
    errors.UnknownStory: 404,
    errors.UnknownFault: 404,
    errors.TooManyFaults: 409,
    errors.TooManyWorkspaces: 409,
    errors.TooManyMessages: 409,
    errors.TooManySnapshots: 409,
    errors.TooManySinks: 409,
    errors.ClockGoesBack: 409,
    errors.StoryUnderWay: 409,
    errors.NoStoryUnderWay: 409,
    errors.AlreadyTaken: 409,
    errors.ProtectedWorkspace: 409,
    errors.NotOutbound: 409,
    errors.ImpossibleMove: 409,
    errors.TooEarly: 409,
    errors.FixtureRefused: 409,
    errors.ImpossiblePhone: 422,
    errors.UnknownZone: 422,
}
"""The status of each world error that a caller can cause."""
TITLES = {"ProtectedWorkspace": "Still needed"}
"""Where the wire keeps another one than the error's name in words."""
PROBLEM = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}}
WHY = {
    400: "The query string or the body cannot be read.",
    401: "The control token is missing or wrong.",
    403: "The call comes from a web page of another site, by a name that is not trusted, or is a callback.",
    404: "There is no such thing; the detail says which.",
    408: "It did not come in time.",
    409: "The world cannot do that; the detail says why.",
    413: "The body is too large.",
    415: "The body is not JSON, or compressed, or the type is a form's.",
    417: "It is not as expected; the failures say in what.",
    422: "A value is refused; the errors say which.",
    429: "As many wait, or follow events, as may; the detail says how many.",
    503: "Not ready.",
}


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Declare responses that are problem details."""
    return {status: {"description": WHY[status], **PROBLEM} for status in statuses}


class Problem(Exception):
    """A refusal. `title` names its kind, `detail` says what to send instead, `members` are further members."""

    def __init__(
        self, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.title = title
        self.detail = detail
        self.headers = headers
        self.members = members

    def response(self) -> Response:
        body = {
            "type": URN + self.title.lower().replace(" ", "-"),
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }
        headers = {"Cache-Control": "no-store", **(self.headers or {})}
        return Response(to_json(body), self.status, headers, media_type=MEDIA_TYPE)


def of_world(error: errors.WorldError) -> Problem | None:
    """Return the problem of a world error; None of one that no caller can cause."""
    status = REFUSALS.get(type(error))
    if status is None:
        return None
    problem = Problem(status, _title(error), str(error))
    if isinstance(error, errors.ImpossibleMove):
        problem.members["possible"] = list(error.possible)
    return problem


def invalid(*found: tuple[str, str, str]) -> Problem:
    """Refuse values, each with where it stands (`body`, `query` or `path`), its name, and what is wrong."""
    listed = [{"in": place, "member": member, "detail": detail} for place, member, detail in found]
    detail = "; ".join(f"{member} {detail}" for _, member, detail in found)
    return Problem(422, "Invalid request", f"{detail}.", errors=listed)


def not_json() -> Problem:
    """Refuse a body of another type, or none that says it is a form's."""
    return Problem(415, "Not JSON", "Send the body as JSON, with Content-Type: application/json.")


def compressed(coding: str) -> Problem:
    """Refuse a body that is compressed, which none needs to be."""
    detail = f"Send the body without Content-Encoding: {coding[:60]} is not read here."
    return Problem(415, "Compressed body", detail, {"Accept-Encoding": "identity"})


def internal_error() -> Problem:
    """Tell of a defect of ours, without its inside; the server logs that."""
    return Problem(500, "Defect", "The sandbox failed to answer; this is a defect of the sandbox.")


def store_unavailable() -> Problem:
    """Tell that the store cannot be read or written; the server logs why."""
    return Problem(503, "Store does not answer", NO_STORE)


def _title(error: errors.WorldError) -> str:
    """Return `Unknown console` for an `UnknownConsole`."""
    name = type(error).__name__
    return TITLES.get(name) or re.sub(r"(?<=[a-z])[A-Z]", lambda capital: f" {capital[0].lower()}", name)
