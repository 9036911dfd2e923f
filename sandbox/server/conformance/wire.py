"""A report in the shape of the control API."""

from dataclasses import asdict

from dialog_sandbox.models.report import WorkspaceReport
from sandbox.clock import rfc3339
from sandbox.server.conformance.pollers import poller_body
from sandbox.server.conformance.reactions import MEANINGS, UNDECIDED
from sandbox.server.conformance.report import ConformanceReport, SituationState
from sandbox.server.conformance.rule_states import BROKEN, RESPECTED, TOLERATED, UNTRIED, RuleState

STATES = (RESPECTED, BROKEN, TOLERATED, UNDECIDED, UNTRIED)


def report_body(report: ConformanceReport) -> WorkspaceReport:
    """Return it as a wire model."""
    states = report.states
    return WorkspaceReport.model_validate(
        {
            "workspace": report.workspace,
            "at": rfc3339(report.now),
            "calls": report.calls,
            "state": BROKEN if report.is_broken else RESPECTED,
            "summary": {state: states[state] for state in STATES},
            "rules": [_rule(each) for each in report.rules],
            "situations": [_situation(each) for each in report.situations],
            "pollers": [poller_body(each) for each in report.pollers],
            "missing_nulls": list(report.missing_nulls),
            "next_meanings": MEANINGS,
        }
    )


def _rule(each: RuleState) -> dict[str, object]:
    return {
        "id": each.rule.id,
        "vendor": each.owner,
        "summary": each.rule.summary,
        "provenance": ", ".join(each.rule.provenance),
        "parts": [asdict(part) for part in each.rule.parts],
        "state": each.state,
        "count": each.count,
        "findings": [
            {
                "level": mistake.level,
                "seen": mistake.observed,
                "mend": mistake.fix,
                "count": mistake.count,
                "exchanges": mistake.exchanges,
            }
            for mistake in each.mistakes
        ],
        "how": each.how,
    }


def _situation(each: SituationState) -> dict[str, object]:
    return {
        "situation": each.situation.word,
        "title": each.situation.title,
        "state": each.state,
        "count": each.count,
        "next": each.next,
        "examples": [{"next": example.word, "ids": example.exchanges} for example in each.examples],
        "advice": each.situation.right,
        "how": each.situation.how,
    }
