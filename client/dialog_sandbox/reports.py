"""One report of many: a test run has a workspace for each test."""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import reduce

from dialog_sandbox.models.report import (
    CitedExchange,
    ReportState,
    ReportSummary,
    RuleMistake,
    RuleReport,
    SituationReport,
    WorkspaceReport,
)

WORST_FIRST: tuple[ReportState, ...] = ("broken", "tolerated", "respected", "undecided", "untried")
"""Of two states of the same, the earlier one holds for both."""
WRONG: tuple[ReportState, ...] = ("broken", "tolerated")
FORMAT_OF_SUFFIX = {".json": "json", ".html": "html", ".htm": "html", ".xml": "junit", ".svg": "badge"}
"""Formats by the endings of files; a file without one is JSON."""
OF_EXCHANGES = "ex_"
"""What their ids begin with: a situation may name messages and callbacks too."""
MOST_EXAMPLES = 5


def merge_reports(reports: Sequence[WorkspaceReport]) -> WorkspaceReport:
    """Return one report that says of all what each says of its workspace; there must be one at least."""
    merged = reduce(_merge, reports)
    name = merged.workspace if len(reports) == 1 else f"{len(reports)} workspaces"
    return merged.model_copy(update={"workspace": name})


def cited_ids(report: WorkspaceReport) -> list[str]:
    """Return the ids of the calls that show what is wrong, each once, in the order in which the report names them."""
    found = [id_ for rule in report.rules for finding in rule.findings for id_ in finding.exchanges]
    for situation in report.situations:
        if situation.state in WRONG:
            found += [id_ for example in situation.examples for id_ in example.ids if id_.startswith(OF_EXCHANGES)]
    for poller in report.pollers:
        found += [id_ for finding in poller.findings for each in finding.evidence for id_ in each.exchanges]
    return list(dict.fromkeys(found))


def _merge(one: WorkspaceReport, other: WorkspaceReport) -> WorkspaceReport:
    merged = _merged(one, other)
    ids = set(cited_ids(merged))
    known: list[CitedExchange] = [each for each in (*one.exchanges, *other.exchanges) if each.id in ids]
    return merged.model_copy(update={"exchanges": known})


def _merged(one: WorkspaceReport, other: WorkspaceReport) -> WorkspaceReport:
    rules = [_rule(*pair) for pair in zip(one.rules, other.rules, strict=True)]
    situations = [_situation(*pair) for pair in zip(one.situations, other.situations, strict=True)]
    pollers = [*one.pollers, *other.pollers]
    states = Counter([*(each.state for each in rules), *(each.state for each in situations)])
    states.update(_of_poller(poller.findings) for poller in pollers)
    return one.model_copy(
        update={
            "at": max(one.at, other.at),
            "calls": one.calls + other.calls,
            "state": "broken" if states["broken"] else "respected",
            "summary": ReportSummary(**{state: states[state] for state in WORST_FIRST}),
            "rules": rules,
            "situations": situations,
            "pollers": pollers,
            "missing_nulls": [each for each in one.missing_nulls if each in other.missing_nulls],
        }
    )


def _of_poller(findings: Sequence[object]) -> ReportState:
    if any(getattr(each, "level", None) == "error" for each in findings):
        return "broken"
    return "tolerated" if findings else "respected"


def _worse(one: ReportState, other: ReportState) -> ReportState:
    return min(one, other, key=WORST_FIRST.index)


def _rule(one: RuleReport, other: RuleReport) -> RuleReport:
    state = _worse(one.state, other.state)
    return one.model_copy(
        update={
            "state": state,
            "count": one.count + other.count,
            "findings": _mistakes([*one.findings, *other.findings]),
            "how": one.how if state == "untried" else "",
        }
    )


def _mistakes(mistakes: Iterable[RuleMistake]) -> list[RuleMistake]:
    """Return each once, with all its calls counted."""
    found: dict[tuple[str, str], RuleMistake] = {}
    for each in mistakes:
        key = (each.level, each.mend)
        known = found.get(key)
        if known is not None:
            exchanges = [*known.exchanges, *each.exchanges][:MOST_EXAMPLES]
            each = known.model_copy(update={"count": known.count + each.count, "exchanges": exchanges})
        found[key] = each
    return list(found.values())


def _situation(one: SituationReport, other: SituationReport) -> SituationReport:
    worse, better = sorted((one, other), key=lambda each: WORST_FIRST.index(each.state))
    examples = [*worse.examples, *(better.examples if worse.state == better.state else ())]
    return one.model_copy(
        update={
            "state": worse.state,
            "count": one.count + other.count,
            "next": dict(Counter(one.next) + Counter(other.next)),
            "examples": examples[:MOST_EXAMPLES],
        }
    )
