"""A report as JSON, as a page, as JUnit XML, as CTRF, and as a badge."""

import json
from collections import Counter
from collections.abc import Callable
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from dialog_sandbox.models.report import WorkspaceReport
from sandbox.clock import milliseconds
from sandbox.server.conformance.cases import FAILED, PASSED, SKIPPED, ReportCase, cases_of, name_of
from sandbox.server.conformance.rule_states import BROKEN

TOOL = "dialog-sandbox"
MEDIA_TYPES = {
    "json": "application/json",
    "html": "text/html; charset=utf-8",
    "junit": "application/xml",
    "ctrf": "application/json",
    "badge": "image/svg+xml",
}
BY_ACCEPT = {"text/html": "html", "image/svg+xml": "badge"}
"""Formats by the media types that stand for one alone."""
LABEL, HEIGHT, OF_CHARACTER = "dialog-sandbox", 20, 7
"""Of the badge; pixels."""


def format_accepted(accept: str) -> str:
    """Return the format that an Accept header names first; JSON if it names none."""
    named = (part.partition(";")[0].strip().lower() for part in accept.split(","))
    return next((BY_ACCEPT[each] for each in named if each in BY_ACCEPT), "json")


def rendered(report: WorkspaceReport, name: str) -> str:
    """Return a report in a format."""
    return RENDERERS[name](report)


def as_json(report: WorkspaceReport) -> str:
    return report.model_dump_json()


def as_html(report: WorkspaceReport) -> str:
    """Return a page of its own, which loads nothing."""
    from sandbox.server.pages import templates  # noqa: PLC0415  (jinja2 takes 10 ms that only pages need)

    known = {each.id: each for each in report.exchanges}
    return templates().get_template("conformance.html").render(report=report, name_of=name_of, known=known)


def as_junit(report: WorkspaceReport) -> str:
    """Return JUnit XML: what is broken failed, what was never tried was skipped."""
    root = Element("testsuites", name=TOOL)
    suites: dict[str, Element] = {}
    counts: dict[str, Counter[str]] = {}
    for case in cases_of(report):
        if case.suite not in suites:
            suites[case.suite] = SubElement(root, "testsuite", name=case.suite)
            counts[case.suite] = Counter()
        counts[case.suite][case.result] += 1
        _add_case(suites[case.suite], case)
    for name, suite in suites.items():
        _set_counts(suite, counts[name])
    _set_counts(root, sum(counts.values(), Counter()))
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _add_case(suite: Element, case: ReportCase) -> None:
    element = SubElement(suite, "testcase", classname=case.suite, name=_printable(case.name), time="0")
    text = _printable("\n".join(case.lines))
    if case.result == FAILED:
        SubElement(element, "failure", message=text.partition("\n")[0]).text = text
    elif case.result == SKIPPED:
        SubElement(element, "skipped", message=text.partition("\n")[0])
    elif text:
        SubElement(element, "system-out").text = text


def _set_counts(element: Element, counts: "Counter[str]") -> None:
    element.set("tests", str(counts.total()))
    element.set("failures", str(counts[FAILED]))
    element.set("errors", "0")
    element.set("skipped", str(counts[SKIPPED]))


def _printable(text: str) -> str:
    """Return a text without what XML cannot hold: a mistake may repeat what a client sent."""
    return "".join(each if each.isprintable() or each == "\n" else "\ufffd" for each in text)


def as_ctrf(report: WorkspaceReport) -> str:
    """Return the Common Test Report Format of ctrf.io."""
    cases = list(cases_of(report))
    counts = Counter(case.result for case in cases)
    at = milliseconds(report.at)
    tests = [
        {
            "name": case.name,
            "status": case.result,
            "duration": 0,
            "suite": case.suite.split("."),
            **({"message": case.lines[0], "trace": "\n".join(case.lines)} if case.lines else {}),
        }
        for case in cases
    ]
    summary = {
        "tests": len(cases),
        **{result: counts[result] for result in (PASSED, FAILED, SKIPPED)},
        **dict.fromkeys(("pending", "other"), 0),
        **dict.fromkeys(("start", "stop"), at),
    }
    results = {"tool": {"name": TOOL}, "summary": summary, "tests": tests}
    return json.dumps({"reportFormat": "CTRF", "specVersion": "0.0.0", "results": results}, ensure_ascii=False)


def as_badge(report: WorkspaceReport) -> str:
    """Return an SVG that says how many are broken."""
    is_broken = report.state == BROKEN
    text = f"{report.summary.broken} broken" if is_broken else f"{report.summary.respected} respected"
    left, right = (len(each) * OF_CHARACTER + 2 * OF_CHARACTER for each in (LABEL, text))
    svg = Element("svg", xmlns="http://www.w3.org/2000/svg", width=str(left + right), height=str(HEIGHT), role="img")
    SubElement(svg, "title").text = f"{LABEL}: {text}"
    for x, width, colour in ((0, left, "#3b4650"), (left, right, "#b3261e" if is_broken else "#17703a")):
        SubElement(svg, "rect", x=str(x), width=str(width), height=str(HEIGHT), fill=colour)
    for x, written in ((OF_CHARACTER, LABEL), (left + OF_CHARACTER, text)):
        attributes = {
            "x": str(x),
            "y": "14",
            "fill": "#ffffff",
            "font-family": "Verdana, sans-serif",
            "font-size": "11",
        }
        SubElement(svg, "text", attributes).text = written
    return tostring(svg, encoding="unicode")


RENDERERS: dict[str, Callable[[WorkspaceReport], str]] = {
    "json": as_json,
    "html": as_html,
    "junit": as_junit,
    "ctrf": as_ctrf,
    "badge": as_badge,
}
