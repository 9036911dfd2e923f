"""A call of each vendor by a library of Python's, which is left to itself; prints the statuses."""

import os
import sys
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import httpx
import requests

DAY = "2026-05-06%2000:00:00/2026-05-06%2023:59:59"
BASIC = (os.environ["SANDBOX_BASIC_USERNAME"], os.environ["SANDBOX_BASIC_PASSWORD"])
CONSOLE = os.environ["SANDBOX_CONSOLE"]
READ = f"{os.environ['SANDBOX_WRITEBACK_URL']}/api/responses/{CONSOLE}/{DAY}"
SUBMIT = f"{os.environ['SANDBOX_SIMPLEPAY_URL']}/submit/{CONSOLE}"
FORM = {"To": "14155550123", "From": os.environ["SANDBOX_LINE"], "Body": "Hello"}
KEYS = {name: os.environ[f"SANDBOX_{name.upper()}"] for name in ("access_key", "secret_access_key")}
QUERY = urlencode({"action": "sms.get_messages", **KEYS, "start_date": "20260506", "end_date": "20260506"})
GET_MESSAGES = f"{os.environ['SANDBOX_DIALOGTECH_URL']}?{QUERY}"


def by_requests(url: str, form: dict[str, str] | None) -> int:
    return requests.request("POST" if form else "GET", url, data=form, auth=BASIC, timeout=60).status_code


def by_httpx(url: str, form: dict[str, str] | None) -> int:
    return httpx.request("POST" if form else "GET", url, data=form, auth=BASIC, timeout=60).status_code


def by_urllib(url: str, form: dict[str, str] | None) -> int:
    basic = b64encode(":".join(BASIC).encode()).decode()
    request = Request(url, urlencode(form).encode() if form else None, {"Authorization": f"Basic {basic}"})
    with urlopen(request, timeout=60) as answer:
        status: int = answer.status
        return status


CALLS: dict[str, Callable[[str, dict[str, str] | None], int]] = {
    "requests": by_requests,
    "httpx": by_httpx,
    "urllib": by_urllib,
}
call = CALLS[sys.argv[1]]
for each, form in ((READ, None), (SUBMIT, FORM), (GET_MESSAGES, None)):
    print(call(each, form))
