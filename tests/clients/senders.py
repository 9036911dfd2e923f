"""Programs that send by SimplePay: `Sender` is right, each other class has the flaw that it is named by."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx

PREFIX = "/dialoghealth-simplepay-api"
Sleep = Callable[[float], None]


class Sender:
    """Sends each text once, waits longer and longer while the API is ill, and texts nobody who has opted out."""

    tries = 6
    method = "GET"

    def __init__(self, http: httpx.Client, console: str, line: str, sleep: Sleep) -> None:
        self.http = http
        self.console = console
        self.line = line
        self.sleep = sleep
        self.sids: list[str] = []
        self.opted_out: set[str] = set()

    def send(self, to: str, text: str) -> str | None:
        """Return the sid; None where it could not be sent."""
        if to in self.opted_out:
            return None
        for wait in self.waits():
            answer = self.submit(to, text)
            if answer is None and self.may_have_been_sent(to, text):
                return None
            if answer is not None and answer.status_code < 400:
                return self.sent(to, answer)
            if answer is not None and answer.status_code < 429:
                return self.refused(to, text)
            self.sleep(self.pause(answer, wait))
        return None

    def waits(self) -> Iterator[float]:
        yield from (2.0**n for n in range(self.tries))

    def pause(self, answer: httpx.Response | None, wait: float) -> float:
        """As long as the API says, or twice as long as before."""
        return max(wait, float(answer.headers.get("retry-after", 0)) if answer is not None else 0)

    def submit(self, to: str, text: str) -> httpx.Response | None:
        try:
            answer = self.http.post(f"{PREFIX}/submit/{self.console}", data=self.form(to, text))
            answer.json()
        except (httpx.TransportError, ValueError):
            return None
        return answer

    def form(self, to: str, text: str) -> dict[str, str]:
        return {"To": to, "From": self.line, "Body": text}

    def may_have_been_sent(self, to: str, text: str) -> bool:
        """Whether it is not known what became of a submit: then a person looks, and nobody is texted twice."""
        return True

    def sent(self, to: str, answer: httpx.Response) -> str:
        sid = str(answer.json()["sid"])
        self.sids.append(sid)
        return sid

    def refused(self, to: str, text: str) -> str | None:
        return None

    def opt_out(self, phone: str) -> None:
        self.called("DELETE", f"{PREFIX}/optout/{self.console}/{phone}")

    def called(self, method: str, path: str) -> Any:
        """Return the answer of a call that may be made again, once the API is well; else of the last try."""
        for wait in self.waits():
            answer = self.http.request(method, path)
            if answer.status_code < 429:
                break
            self.sleep(self.pause(answer, wait))
        return answer.json()

    def status(self, sid: str) -> str:
        details = self.called(self.method, f"{PREFIX}/messages/{self.console}/{sid}")
        if details["status"] == "failed":
            self.opted_out.add(details["to"])
        return str(details["status"])


class GivesUpAtOnce(Sender):
    tries = 1


class TriesAgainAtOnce(Sender):
    def pause(self, answer: httpx.Response | None, wait: float) -> float:
        return 0


class IgnoresRetryAfter(Sender):
    def pause(self, answer: httpx.Response | None, wait: float) -> float:
        return wait


class SendsAgainWhatMayHaveBeenSent(Sender):
    def form(self, to: str, text: str) -> dict[str, str]:
        return {"To": to, "From": self.line, "Body": text}

    def may_have_been_sent(self, to: str, text: str) -> bool:
        return False


class RepeatsWhatWasRefused(Sender):
    def refused(self, to: str, text: str) -> str | None:
        for _ in range(3):
            self.sleep(30)
            self.submit(to, text)
        return None


class SendsEachTextTwice(Sender):
    def sent(self, to: str, answer: httpx.Response) -> str:
        self.submit(to, answer.json()["body"])
        return super().sent(to, answer)


class TextsWhoHasOptedOut(Sender):
    def status(self, sid: str) -> str:
        status = super().status(sid)
        self.opted_out.clear()
        return status


class WritesNumbersWithAPlus(Sender):
    def submit(self, to: str, text: str) -> httpx.Response | None:
        return super().submit(f"+{to}", text)


class WritesNumbersWithoutTheOne(Sender):
    def submit(self, to: str, text: str) -> httpx.Response | None:
        return super().submit(to.removeprefix("1"), text)


class SendsJson(Sender):
    def submit(self, to: str, text: str) -> httpx.Response | None:
        form = {"To": to, "From": self.line, "Body": text}
        return self.http.post(f"{PREFIX}/submit/{self.console}", json=form)


class SendsFromAnotherNumber(Sender):
    def submit(self, to: str, text: str) -> httpx.Response | None:
        form = {"To": to, "From": "14155550199", "Body": text}
        return self.http.post(f"{PREFIX}/submit/{self.console}", data=form)


class AsksByDelete(Sender):
    """As the reference's sample does."""

    method = "DELETE"
