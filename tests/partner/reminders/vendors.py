"""Our clients of the three vendor APIs."""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote
from xml.etree import ElementTree

import httpx

TLS = ssl.create_default_context()
"""Made once: reading the certificates takes longer than most calls."""
WINDOW = timedelta(days=7)
"""The longest time range that Writeback takes."""


class VendorRefused(Exception):
    """A vendor says no; trying again would not help."""


class VendorDown(Exception):
    """A vendor could not be reached, or made no sense; trying again may help."""


@dataclass(frozen=True)
class Sms:
    """A message of DialogTech."""

    msg_id: str
    sender: str
    to: str
    text: str
    date: str


def connect(username: str, password: str) -> httpx.Client:
    """For all calls of one customer."""
    return httpx.Client(auth=(username, password), timeout=10, verify=TLS)


def exchange(http: httpx.Client, method: str, url: str, **options: object) -> httpx.Response:
    """One call; raises VendorDown when it may go better next time."""
    try:
        answer = http.request(method, url, **options)  # type: ignore[arg-type]  # of a project that checks no types
    except httpx.TransportError as error:
        raise VendorDown(type(error).__name__) from error
    if answer.status_code == 429 or answer.status_code >= 500:
        raise VendorDown(f"HTTP {answer.status_code}")
    return answer


class SimplePay:
    """Sends messages from one console."""

    def __init__(self, http: httpx.Client, url: str, console: str) -> None:
        self._http = http
        self._url = url
        self._console = console

    def submit(self, to: str, sender: str, body: str, callback: str | None = None) -> dict[str, str | None]:
        """The answer with the message's `sid`; raises VendorRefused with the vendor's reason."""
        form = {"To": to, "From": sender, "Body": body} | ({"StatusCallback": callback} if callback else {})
        answer = exchange(self._http, "POST", f"{self._url}/submit/{self._console}", data=form)
        if answer.status_code != 200:
            raise VendorRefused(answer.json()["error_message"])
        return answer.json()

    def status(self, sid: str) -> str:
        return exchange(self._http, "GET", f"{self._url}/messages/{self._console}/{sid}").json()["status"]

    def opt_out(self, msisdn: str) -> bool:
        """Whether the console knew the phone."""
        answer = exchange(self._http, "DELETE", f"{self._url}/optout/{self._console}/{msisdn}")
        return answer.json()["msisdn"] == msisdn


class Writeback:
    """Reads what became of the messages of one console."""

    def __init__(self, http: httpx.Client, url: str, console: str) -> None:
        self._http = http
        self._url = url
        self._console = console

    def records(self, start: datetime, end: datetime) -> Iterator[dict[str, str | None]]:
        """All records of a time range, however long, both ends included."""
        while start <= end:
            until = min(end, start + WINDOW)
            yield from self._window(start, until)
            start = until + timedelta(seconds=1)

    def _window(self, start: datetime, end: datetime) -> list[dict[str, str | None]]:
        times = "/".join(quote(f"{moment:%Y-%m-%d %H:%M:%S}") for moment in (start, end))
        answer = exchange(self._http, "GET", f"{self._url}/api/responses/{self._console}/{times}")
        if answer.status_code != 200:
            raise VendorRefused(answer.json()["message"])
        try:
            return answer.json()["response"]
        except ValueError as error:
            raise VendorDown("broken JSON") from error


class DialogTech:
    """Reads the messages of tracking numbers."""

    def __init__(self, http: httpx.Client, url: str, access_key: str, secret_access_key: str) -> None:
        self._http = http
        self._url = url
        self._keys = {"access_key": access_key, "secret_access_key": secret_access_key}

    def messages(self, start: datetime, end: datetime, number: str | None = None) -> tuple[list[Sms], list[Sms]]:
        """Those in and those out of a range of whole days; raises VendorRefused with the vendor's reason."""
        days = {"start_date": f"{start:%Y%m%d}", "end_date": f"{end:%Y%m%d}"}
        params = {"action": "sms.get_messages", **self._keys, **days} | ({"number": number} if number else {})
        answer = exchange(self._http, "GET", self._url, params=params)
        try:
            root = ElementTree.fromstring(answer.content)
        except ElementTree.ParseError as error:
            raise VendorDown("broken XML") from error
        if root.findtext("result") != "success":
            raise VendorRefused(root.findtext("result_description") or "")
        return _messages(root, "inbound"), _messages(root, "outbound")


def _messages(root: ElementTree.Element, direction: str) -> list[Sms]:
    return [
        Sms(*(message.findtext(tag) or "" for tag in ("msg_id", "from", "to", "message", "date")))
        for message in root.iterfind(f"messages/{direction}/message")
    ]
