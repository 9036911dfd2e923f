"""A report for a terminal: what is to be changed, and how much was tried."""

from dialog_sandbox.models.report import WorkspaceReport
from sandbox.server.conformance.cases import ReportCase, cases_of
from sandbox.server.conformance.rule_states import BROKEN, TOLERATED

MARKS = {BROKEN: "BROKEN", TOLERATED: "note"}


def as_text(report: WorkspaceReport) -> str:
    """Return it as lines of text."""
    wrong = [case for case in cases_of(report) if case.state in MARKS]
    wrong.sort(key=lambda case: case.state != BROKEN)
    counts = report.summary
    summary = (
        f"{report.workspace}: {report.calls} calls; {counts.broken} broken, {counts.tolerated} tolerated,"
        f" {counts.respected} respected, {counts.undecided} undecided, {counts.untried} never tried"
    )
    return "\n".join([*(_paragraph(case) for case in wrong), summary]) + "\n"


def _paragraph(case: ReportCase) -> str:
    title, *below = case.name.split(": ", 1) if case.is_rule else [case.name]
    lines = [f"{MARKS[case.state]}  {title} [{case.suite}]", *(f"    {line}" for line in (*case.lines, *below))]
    return "\n".join((*("".join(map(_visible, line)) for line in lines), ""))


def _visible(character: str) -> str:
    """Return it, or what stands for it where a terminal would obey it: a mistake may repeat what a client sent."""
    return character if character.isprintable() else "\ufffd"
