"""Where does `dialog-sandbox report` have its report from, and in which format does it write it?"""

from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from dialog_sandbox import SandboxClient, SandboxError
from dialog_sandbox.models.report import WorkspaceReport
from dialog_sandbox.reports import FORMAT_OF_SUFFIX, merge_reports
from sandbox.server.conformance.renderers import RENDERERS, rendered
from sandbox.server.conformance.text import as_text

TEXT = "text"
FORMATS = (TEXT, *RENDERERS)
LINES_SUFFIXES = ("", ".jsonl", ".ndjson", ".log", ".txt")
"""Of files in which `exec` keeps calls as lines of JSON."""


class NoReport(Exception):
    """The text says why there is none."""


def fetch_report(url: str, workspace: str, token: str | None, *, mask: bool = False) -> WorkspaceReport:
    """Return the report of a workspace of a running server. Raises `NoReport`."""
    try:
        with SandboxClient(url, token) as client:
            return client.workspace(workspace).report(mask=mask)
    except (SandboxError, ValueError) as error:
        raise NoReport(str(error)) from None


def report_of_all(client: SandboxClient) -> WorkspaceReport:
    """Return one report of all workspaces that were called; of the first one, if none was."""
    reports = [workspace.report() for workspace in client.workspaces()]
    return merge_reports([each for each in reports if each.calls] or reports[:1])


def read_report(file: str) -> WorkspaceReport:
    """Return a report that was kept as JSON. Raises `NoReport`."""
    try:
        return WorkspaceReport.model_validate_json(Path(file).read_bytes())
    except OSError as error:
        raise NoReport(f"Cannot read {file}: {error.strerror or error}.") from None
    except ValidationError:
        raise NoReport(f"{file} is no report as JSON: GET report makes one, and so does --sandbox-report.") from None


def format_of(name: str | None, output: str | None) -> str:
    """Return the format that is asked for, or that a file's name says; text for a terminal. Raises `NoReport`."""
    if name is None:
        return format_of_file(output) if output else TEXT
    if name not in FORMATS:
        raise NoReport(f"There is no format {name}: there are {', '.join(FORMATS)}.")
    return name


def format_of_file(file: str) -> str:
    """Return the format that a file's ending says; JSON of one that has none. Raises `NoReport`."""
    suffix = Path(file).suffix.lower()
    if suffix not in ("", *FORMAT_OF_SUFFIX):
        raise NoReport(
            f"{file} ends as no report does: name it {_endings(FORMAT_OF_SUFFIX)}, or say which --format it has."
        )
    return FORMAT_OF_SUFFIX.get(suffix, "json")


def is_report(file: str) -> bool:
    """Return whether a file's ending is that of a report, rather than of lines of JSON. Raises `NoReport`."""
    suffix = Path(file).suffix.lower()
    if suffix not in (*FORMAT_OF_SUFFIX, *LINES_SUFFIXES):
        raise NoReport(f"{file} ends as no report does: name it {_endings((*FORMAT_OF_SUFFIX, '.jsonl'))} (the calls).")
    return suffix in FORMAT_OF_SUFFIX


def _endings(suffixes: Iterable[str]) -> str:
    *others, last = suffixes
    return f"{', '.join(others)} or {last}"


def written(report: WorkspaceReport, name: str) -> str:
    """Return a report in a format."""
    return as_text(report) if name == TEXT else rendered(report, name)
