"""What can go wrong when the sandbox is called from Python."""

from collections.abc import Mapping, Sequence
from json import loads
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dialog_sandbox.models.messages import Message
    from dialog_sandbox.models.verify import Failure


UNVERIFIED = "CERTIFICATE_VERIFY_FAILED"
"""In what OpenSSL says of a server that no CA vouches for."""
HINTS = {
    UNVERIFIED: "Name its CA in SSL_CERT_FILE, or give verify.",
    "WRONG_VERSION_NUMBER": "It seems to speak http: write http:// instead of https://.",
    "RECORD_LAYER_FAILURE": "It seems to speak http: write http:// instead of https://.",
}
"""What to do about what OpenSSL says."""


class SandboxError(Exception):
    """The sandbox did not do what it should."""


class Unreachable(SandboxError):
    """No answer came from `url`."""

    def __init__(self, url: str, error: Exception) -> None:
        hint = next((f" {each}" for words, each in HINTS.items() if words in str(error)), "")
        super().__init__(
            f"The sandbox at {url} does not answer: {(str(error) or type(error).__name__).rstrip('.')}.{hint}"
        )
        self.url = url


class Refused(SandboxError):
    """The control API refuses: `status`, `title` and `detail` of its problem, which says what to send instead.

    `errors` lists values that are wrong, each with `in`, `member` and `detail`; `possible` lists the statuses that a
    message could go to; `problem` is the whole of it.
    """

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        self.status = status
        self.problem = problem
        self.title: str = problem.get("title", "Refused")
        self.detail: str = problem.get("detail", "")
        self.errors: list[dict[str, str]] = problem.get("errors", [])
        self.possible: list[str] = problem.get("possible", [])
        possible = f" (possible: {', '.join(self.possible)})" if self.possible else ""
        super().__init__(f"{status} {self.title}: {self.detail}{possible}")


def refused(status: int, content: bytes, url: str) -> Refused:
    """Return the refusal in an answer of `url`."""
    try:
        problem = loads(content)
    except ValueError:
        problem = None
    return Refused(status, problem) if isinstance(problem, dict) else not_a_sandbox(status, content, url)


def not_a_sandbox(status: int, content: bytes, url: str) -> Refused:
    """Return what to raise on an answer of `url` that no sandbox gives; it is shown."""
    beginning = content[:200].decode(errors="replace")
    return Refused(status, {"title": f"What answers at {url} is not a sandbox", "detail": beginning})


class NotArrived(AssertionError):
    """No message came that was waited for; `arrived` is what came in its place, the newest last."""

    def __init__(self, wanted: Mapping[str, Any], within: float, arrived: Sequence["Message"]) -> None:
        self.wanted = dict(wanted)
        self.arrived = list(arrived)
        filters = ", ".join(f"{name}={value!r}" for name, value in self.wanted.items()) or "any at all"
        lines = [f"No message came within {within:g} s: {filters}"]
        lines += ["There is:", *(f"  {_line(message)}" for message in arrived)] if arrived else ["There is none."]
        super().__init__("\n".join(lines))


class NotAsExpected(AssertionError):
    """The journal does not hold what was expected: `failures` tell each expectation, what there was, and what came
    nearest.
    """

    def __init__(self, failures: Sequence["Failure"]) -> None:
        self.failures = list(failures)
        super().__init__("\n".join(line for failure in failures for line in _lines(failure)))


def _lines(failure: "Failure") -> list[str]:
    """Expected, got, the nearest exchange, and the difference."""
    behind = f" begun after {failure.after}" if failure.after else ""
    lines = [f"expected {_expected(failure.expect)}{behind}", f"got      {failure.found}{_which(failure.matched)}"]
    nearest = failure.nearest
    if nearest is not None:
        lines.append(f"nearest  {nearest.exchange} at {nearest.at:%H:%M:%S}, {nearest.outcome} with {nearest.status}")
        lines += [f"  {each.member}: expected {each.expected!r}, got {each.got!r}" for each in nearest.differs]
    return lines + [f"  {slip.exchange} {slip.rule}: {slip.seen}. {slip.mend}" for slip in failure.findings]


def _expected(expect: Mapping[str, Any]) -> str:
    if expect.get("no_findings"):
        return "no errors among the findings"
    where = "".join(f" {name}={value!r}" for name, value in expect.get("where", {}).items())
    return f"{_times(expect.get('count', {'min': 1}))} {expect['operation']}{where}"


def _times(count: int | Mapping[str, int]) -> str:
    if isinstance(count, int):
        return f"exactly {count}"
    words = {"min": "at least", "max": "at most"}
    return " and ".join(f"{words[name]} {n}" for name, n in count.items())


def _which(matched: Sequence[str]) -> str:
    return f": {', '.join(matched)}" if matched else ""


def _line(message: "Message") -> str:
    at = message.timeline[0].at
    return f"{at:%H:%M:%S} {message.direction} {message.from_} -> {message.to} {message.status}: {message.text!r}"
