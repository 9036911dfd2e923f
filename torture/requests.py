"""Makes hostile requests out of good ones, each decided by a seed: for every parser that a server has."""

import json
import re
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple
from urllib.parse import urlencode

from torture.corpus import (
    BASIC,
    BROKEN_BODIES,
    CHUNKED,
    CONSOLE,
    FORM_TYPE,
    GARBAGE,
    GOOD_FORM,
    GOOD_READ,
    LINE,
    METHODS,
    ODD_FORMS,
    ODD_HEADERS,
    ODD_VALUES,
    OTHERS,
    OWNED,
    PART,
    PHONE,
    SPLICES,
    SUBMIT,
    TAILS,
)
from torture.shapes import DIALOGTECH, SIMPLEPAY, WRITEBACK
from torture.wire import request

OURS = "/_sandbox/workspaces/hostile"
"""A workspace that may be spoiled: in no other are calls told to fail."""
JSON_TYPE = b"Content-Type: application/json\r\n"
LINE_OF_REQUEST = re.compile(rb"^([A-Z]+) (/[!-~]*) HTTP/1\.1\r\n")
MOST_SPLICES, LONGEST_CUT, LONGEST_TEXT = 4, 20, 1_000
TRACKING_NUMBER = "6155550100"
FIXTURE = """summary: One
consoles: [{code: HARBOR1001, name: Harbor, line: "16155550110", keyword: HARBOR}]
people: [{person_id: HF0001, phone: "16295550101", misc: [English, null]}]
history:
  - {do: message, console: HARBOR1001, at: -1d 09:00, to: everyone, text: "Come, {first_name}."}
stories:
  walk: {title: A walk, summary: Nothing, steps: [{do: tell, caption: Quiet}]}
"""


class Sent(NamedTuple):
    """`target`: None if nobody knows whose the request is. `is_whole`: it is answered once, else perhaps not at all."""

    raw: bytes
    target: bytes | None
    is_whole: bool = True

    @property
    def is_head(self) -> bool:
        return self.raw.startswith(b"HEAD ")


JSON_CALLS: tuple[tuple[bytes, str, Any], ...] = (
    (b"POST", "/messages", {"console": CONSOLE, "to": PHONE, "text": "Hello", "at": "2026-05-07T09:00:00Z"}),
    (b"POST", "/inbound", {"from": PHONE, "to": LINE, "text": "Hello", "at": "2026-05-07T09:00:00Z"}),
    (b"POST", "/broadcasts", {"console": CONSOLE, "name": "Flu", "to": [PHONE], "text": "Hello {first_name}"}),
    (
        b"PUT",
        "/delivery",
        {"mode": "timed", "sent_after": 1, "settled_after": 2, "numbers": {PHONE: {"mode": "manual"}}},
    ),
    (b"POST", "/people", {"phone": PHONE, "first_name": "Ada", "misc": ["English", None], "recipient_type": "patient"}),
    (b"PATCH", f"/consoles/{CONSOLE}", {"name": "Harbor", "auto_reply": "No.", "keyword": "HARBOR"}),
    (b"PUT", f"/consents/{PHONE}", {"state": "opted_out", "console": CONSOLE, "silent": True}),
    (b"POST", "/faults", {"operation": "simplepay.submit", "effect": {"status": 503}, "times": 1}),
    (b"POST", "/verify", {"expect": [{"operation": "simplepay.submit", "where": {"to": PHONE}, "count": {"min": 0}}]}),
    (b"POST", "/clock", {"action": "advance", "seconds": 60}),
    (b"PUT", "/snapshots/one", {"schema": 1, "tables": {"message": [[1, "x"]]}}),
    (b"POST", "/accounts", {"name": "Harbor", "tracking_numbers": ["6155550177"]}),
)
QUERIES = {
    "/messages": ("after", "limit", "status", "to", "text", "since", "until", "direction"),
    "/journal": ("after", "order", "operation", "outcome", "search", "status", "message"),
    "/consents": ("phone", "after", "limit"),
    "/people": ("after", "limit", "search"),
    "/callbacks": ("after", "state"),
}
SUBMITTED = {"To": PHONE, "From": LINE, "Body": "Hello", "StatusCallback": "http://127.0.0.1:1/x"}
GOT = {
    "action": "sms.get_messages",
    "access_key": "demo-access-key",
    "secret_access_key": "demo-secret-key",
    "start_date": "20260506",
    "end_date": "20260507",
    "number": "6155550100",
}
ODD_JSON: tuple[Any, ...] = (
    *(None, True, -1, 0, 10**30, 1e308, 5e-324, float("nan"), float("inf"), [], {}, [[]], {"": ""}, [None] * 2_000),
    *ODD_VALUES,
)
READ_OF_A_DAY = GOOD_READ[: GOOD_READ.rindex(b"00:00:00")] + b"23:59:59"
READS = (
    Sent(request(b"GET", f"{DIALOGTECH}?{urlencode(GOT)}".encode()), DIALOGTECH.encode()),
    Sent(request(b"GET", READ_OF_A_DAY, BASIC), READ_OF_A_DAY),
)
"""They show what the others left."""
GOOD = (
    request(b"POST", SUBMIT, BASIC + FORM_TYPE, GOOD_FORM),
    request(b"POST", SUBMIT, BASIC + b"Content-Type: multipart/form-data; boundary=b\r\n", PART * 3 + b"--b--\r\n"),
    request(b"POST", SUBMIT, BASIC + FORM_TYPE + CHUNKED) + b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD_FORM), GOOD_FORM),
    request(b"DELETE", f"{SIMPLEPAY}/optout/{CONSOLE}/{PHONE}".encode(), BASIC),
    request(b"GET", GOOD_READ, BASIC),
    request(b"GET", f"{DIALOGTECH}?{urlencode(GOT)}".encode()),
    request(b"POST", DIALOGTECH.encode(), FORM_TYPE, urlencode(GOT).encode()),
    request(b"POST", f"{OURS}/messages".encode(), JSON_TYPE, json.dumps(JSON_CALLS[0][2]).encode()),
)


def from_corpus(chance: Random) -> Sent:
    """One of those that are known to be odd, at some target."""
    target = chance.choice(OWNED)
    kind = chance.randrange(5)
    if kind == 0:
        target = chance.choice((*OWNED, *OTHERS)) + chance.choice(TAILS)
        target = target if target.startswith(b"/") else b"/" + target
        return Sent(request(chance.choice(METHODS if len(target) < 1000 else METHODS[:3]), target, BASIC), target)
    if kind == 1:
        raw = request(
            chance.choice((b"GET", b"POST")), target, BASIC + chance.choice([*ODD_HEADERS.values()]), GOOD_FORM
        )
        return Sent(raw, target)
    if kind == 2:
        media_type, body = chance.choice(ODD_FORMS)
        target = chance.choice((SUBMIT, DIALOGTECH.encode()))
        return Sent(request(b"POST", target, BASIC + b"Content-Type: %s\r\n" % media_type, body), target, False)
    if kind == 3:
        headers, body = chance.choice([*BROKEN_BODIES.values()])
        return Sent(request(b"POST", target, BASIC + FORM_TYPE + headers) + body, target, False)
    return Sent(chance.choice(GARBAGE), None, False)


def spliced(chance: Random) -> Sent:
    """A good one with some bytes replaced."""
    raw = chance.choice(GOOD)
    for _ in range(chance.randint(1, MOST_SPLICES)):
        at = chance.randrange(len(raw))
        put = chance.choice(SPLICES) if chance.random() < 0.5 else chance.randbytes(chance.randrange(LONGEST_CUT))
        raw = raw[:at] + put + raw[at + chance.randrange(LONGEST_CUT) :]
    match = LINE_OF_REQUEST.match(raw)
    return Sent(raw, match[2] if match and raw.count(b"HTTP/1.1") == 1 else None, False)


def odd_parameters(chance: Random) -> Sent:
    """A vendor's call of which one value or two are odd: dates, phones, texts that no XML may have."""
    kind = chance.randrange(3)
    if kind == 0:
        form = odd(SUBMITTED, chance)
        body = encoded(form) if chance.random() < 0.5 else b""
        media_type = FORM_TYPE
        if not body:
            media_type, body = b"Content-Type: multipart/form-data; boundary=b\r\n", multipart(form)
        return Sent(request(b"POST", SUBMIT, BASIC + media_type, body), SUBMIT)
    if kind == 1:
        target = DIALOGTECH.encode() + b"?" + encoded(odd(GOT, chance))
        return Sent(request(b"GET", target), target)
    parts = [CONSOLE, "2026-05-06 00:00:00", "2026-05-06 23:59:59"]
    parts[chance.randrange(3)] = chance.choice(ODD_VALUES)
    target = f"{WRITEBACK}/api/responses/{'/'.join(map(quoted, parts))}".encode()
    return Sent(request(b"GET", target, BASIC), target)


def odd_queries(chance: Random) -> Sent:
    """A list of the control API with filters and a cursor that may be anything."""
    path = chance.choice([*QUERIES])
    names = chance.sample(QUERIES[path], 2)
    target = f"{OURS}{path}?".encode() + encoded({name: chance.choice(ODD_VALUES) for name in names})
    return Sent(request(b"GET", target), target)


def odd_json(chance: Random) -> Sent:
    """A control call of which a member is another value, or nested deep."""
    method, path, body = chance.choice(JSON_CALLS)
    body = replaced(body, chance.choice(ODD_JSON), chance)
    content = json.dumps(body).encode()
    if chance.random() < 0.1:
        depth = chance.choice((100, 900, 50_000))
        content = content.replace(b'"', b"[" * depth + b"]" * depth + b'"', 1)
    target = (OURS + path).encode()
    return Sent(request(method, target, JSON_TYPE, content), target)


def odd_texts(chance: Random) -> Sent:
    """A text from a phone, or to one, that the vendors' reads show afterwards, in XML and JSON."""
    text = chance.choice(ODD_VALUES)[:LONGEST_TEXT] + chance.choice(ODD_VALUES)[:LONGEST_TEXT]
    line = chance.choice((LINE, f"1{TRACKING_NUMBER}"))
    content = json.dumps({"from": PHONE, "to": line, "text": text}).encode()
    target = b"/_sandbox/workspaces/default/inbound"
    return Sent(request(b"POST", target, JSON_TYPE, content), target)


def odd_fixtures(chance: Random) -> Sent:
    """A new workspace of a world that is written in YAML, more or less."""
    text = FIXTURE
    for _ in range(chance.randint(1, MOST_SPLICES)):
        at = chance.randrange(len(text))
        put = chance.choice(
            (*ODD_VALUES, "&a [*a]", "!!python/object:x {}", "{", "- ", "? ", "\t", "%", "|", "-9999999d")
        )
        text = text[:at] + put + text[at + chance.randrange(LONGEST_CUT) :]
    content = json.dumps({"fixture_text": text, "ttl": 60}).encode()
    target = b"/_sandbox/workspaces"
    return Sent(request(b"POST", target, JSON_TYPE, content), target)


WAYS: tuple[Callable[[Random], Sent], ...] = (
    from_corpus,
    spliced,
    odd_parameters,
    odd_queries,
    odd_json,
    odd_texts,
    odd_fixtures,
)


def odd(form: dict[str, str], chance: Random) -> dict[str, str]:
    """The same with one value or two of another kind, or one name more."""
    names = chance.sample([*form], chance.randint(1, 2))
    return (
        form
        | {name: chance.choice(ODD_VALUES) for name in names}
        | {chance.choice(("x", *names)): chance.choice(ODD_VALUES)}
    )


def replaced(body: Any, value: Any, chance: Random) -> Any:
    """The same JSON with some member of it, or all of it, replaced."""
    if isinstance(body, dict) and body and chance.random() < 0.9:
        name = chance.choice([*body])
        return body | {name: replaced(body[name], value, chance)}
    if isinstance(body, list) and body and chance.random() < 0.5:
        return [replaced(body[0], value, chance), *body[1:]]
    return value


def encoded(form: dict[str, str]) -> bytes:
    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in form.items()).encode()


def quoted(text: str) -> str:
    """Lone surrogates become the bytes that a careless client would send."""
    return "".join(f"%{byte:02X}" for byte in text[:5_000].encode("utf-8", "surrogatepass"))


def multipart(form: dict[str, str]) -> bytes:
    part = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n{}\r\n'
    return ("".join(part.format(*pair) for pair in form.items()) + "--b--\r\n").encode("utf-8", "surrogatepass")
