"""A report as test cases, which programs for test results know how to show."""

from collections.abc import Iterator
from typing import NamedTuple

from dialog_sandbox.models.report import Poller, PollerFinding, RuleReport, SituationReport, WorkspaceReport
from sandbox.server.conformance.rule_states import BROKEN, RESPECTED, TOLERATED

PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
RESULTS = {BROKEN: FAILED, RESPECTED: PASSED, TOLERATED: PASSED}
"""By state; the others are skipped."""
RULES = "rules."


class ReportCase(NamedTuple):
    """`lines`: what is to be said of it, the shortest first."""

    suite: str
    name: str
    state: str
    lines: list[str]

    @property
    def is_rule(self) -> bool:
        """Whether its name is a rule's id and, behind a colon, what that says."""
        return self.suite.startswith(RULES)

    @property
    def result(self) -> str:
        return RESULTS.get(self.state, SKIPPED)


def cases_of(report: WorkspaceReport) -> Iterator[ReportCase]:
    """Yield a case for each rule, each situation, and each finding of a poller (or the poller, if it has none)."""
    for rule in report.rules:
        yield ReportCase(f"{RULES}{rule.vendor}", f"{rule.id}: {rule.summary}", rule.state, _of_rule(rule))
    for situation in report.situations:
        lines = _of_situation(situation, report)
        yield ReportCase("situations", f"{situation.situation}: {situation.title}", situation.state, lines)
    for poller in report.pollers:
        yield from _of_poller(poller)


def _of_rule(rule: RuleReport) -> list[str]:
    if rule.how:
        return [f"Never tried: {rule.how}"]
    return [f"{each.seen}: {each.mend} ({_times(each.count)}; {', '.join(each.exchanges)})" for each in rule.findings]


def _of_situation(situation: SituationReport, report: WorkspaceReport) -> list[str]:
    if not situation.count:
        return [f"Never tried: {situation.how}"]
    what = "; ".join(f"{report.next_meanings[word]} ({count})" for word, count in situation.next.items())
    where = [f"{report.next_meanings[each.next]}: {', '.join(each.ids)}" for each in situation.examples]
    return [f"The client {what}. {situation.advice}", *where]


def _of_poller(poller: Poller) -> Iterator[ReportCase]:
    suite = f"pollers.{name_of(poller)}"
    if not poller.findings:
        yield ReportCase(suite, "nothing to be said against it", RESPECTED, [])
    for each in poller.findings:
        state = BROKEN if each.level == "error" else TOLERATED
        yield ReportCase(suite, f"{each.kind}: {each.meaning}", state, _of_finding(each))


def name_of(poller: Poller) -> str:
    """Return what a reader calls a poller."""
    parts = (poller.operation, poller.console or poller.account, poller.number)
    return " ".join(part for part in parts if part)


def _of_finding(each: PollerFinding) -> list[str]:
    cause = f" It comes of {each.cause}." if each.cause else ""
    return [
        f"{_times(each.count).capitalize()}.{cause} {each.advice}",
        *(f"{shown.detail} ({', '.join(shown.exchanges)})" for shown in each.evidence),
    ]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
