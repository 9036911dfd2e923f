"""Is an answer what the one who owns its path would give, and no defect of ours?"""

import json
import re
from http import HTTPStatus
from urllib.parse import unquote
from xml.etree import ElementTree

from torture.wire import Answer

WRITEBACK, SIMPLEPAY, DIALOGTECH = "/dialoghealth-writeback-api", "/dialoghealth-simplepay-api", "/ibp_api.php"
VENDOR_PREFIXES = (WRITEBACK, SIMPLEPAY, DIALOGTECH)
PROBLEM = "application/problem+json"
NOT_SPOKEN = (501, 505)
"""A method, a transfer coding, a version of HTTP."""
REFUSED = (400, 408, 414, 431, *NOT_SPOKEN)
"""By the connection, whatever status the vendor's own refusals have."""
NO_STORE = 503
DEFECT = b"a defect of"
"""So our own failures call themselves, in whichever shape and status."""
FOREIGN = re.compile(rb'^{"detail"|<html|Traceback|File "')
"""What a framework or Python says."""
SUBMIT_FIELDS = 19


class Defect(AssertionError):
    """The server failed: a status of 500 or its like, or the sentence of one."""


class Misshapen(AssertionError):
    """The answer is not in its owner's shape."""


def check(answer: Answer, target: bytes | None, *, is_head: bool = False, may_be_out: bool = False) -> None:
    """Raise `Defect` or `Misshapen` for an answer that nobody may get.

    `target`: of the request, None if that cannot be told. `may_be_out`: the store may not answer just now.
    """
    statuses = (*NOT_SPOKEN, NO_STORE) if may_be_out else NOT_SPOKEN
    if (not 200 <= answer.status < 500 and answer.status not in statuses) or DEFECT in answer.body:
        raise Defect(answer)
    _demand(not FOREIGN.search(answer.body), answer)
    if target is None:
        _demand(is_head or answer.status < 400 or _is_any_refusal(answer), answer)
        return
    content_type = answer.headers.get("content-type")
    is_of_server = answer.status == HTTPStatus.NO_CONTENT  # OPTIONS *
    is_near = "x-sandbox-exchange" in answer.headers and content_type != PROBLEM and not is_of_server
    if is_vendors(target) or is_near:
        _demand(answer.headers.get("x-sandbox-exchange", "").startswith("ex_"), answer)
        if not is_head:
            _check_vendor(answer, target, statuses)
    elif answer.status >= 400:
        _demand(content_type == PROBLEM, answer)
        _demand(is_head or _is_problem(answer), answer)


def is_vendors(target: bytes) -> bool:
    """Whether a request target lies with one of the vendors; one that only nearly does may be answered as theirs."""
    path = unquote(re.sub(rb"^http://[^/]*|[?#].*", b"", target, flags=re.DOTALL).decode("latin-1"))
    return any(path == prefix or path.startswith(f"{prefix}/") for prefix in VENDOR_PREFIXES)


def _check_vendor(answer: Answer, target: bytes, statuses: tuple[int, ...]) -> None:
    if "ibp" in unquote(target.decode("latin-1")).lower().partition("?")[0]:
        _demand(answer.status == 200 or answer.status in (*REFUSED, *statuses), answer)
        _demand(_is_dialogtechs(answer), answer)
        return
    _demand(answer.headers.get("content-type") == "application/json", answer)
    names = _members(answer)
    if b"writeback" in target:
        _demand(names == (["requestId", "response"] if answer.status == 200 else ["message"]), answer)
    else:
        _demand(_is_simplepays(names), answer)


def _is_any_refusal(answer: Answer) -> bool:
    kind = answer.headers.get("content-type")
    if kind == PROBLEM:
        return _is_problem(answer)
    return _is_dialogtechs(answer) or _members(answer) == ["message"] or _is_simplepays(_members(answer))


def _is_dialogtechs(answer: Answer) -> bool:
    if answer.headers.get("content-type") != "text/xml; charset=UTF-8":
        return False
    try:
        return ElementTree.fromstring(answer.body).findtext("result") in ("success", "failed")
    except ElementTree.ParseError:
        return False


def _is_simplepays(names: list[str]) -> bool:
    shapes = (["msisdn"], ["extMessageReference", "body", "to", "status"])
    return names in shapes or (len(names) == SUBMIT_FIELDS and names[4] == "accunt_sid")


def _is_problem(answer: Answer) -> bool:
    return {"type", "title", "status", "detail"} <= set(_members(answer))


def _members(answer: Answer) -> list[str]:
    """The names in a JSON object, in their order; none if it is no object."""
    try:
        body = json.loads(answer.body)
    except ValueError:
        return []
    return list(body) if isinstance(body, dict) else []


def _demand(is_so: bool, answer: Answer) -> None:
    if not is_so:
        raise Misshapen(answer)
