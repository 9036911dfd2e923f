"""What the program under test gets wrong, over all workspaces of a test run, written into a file in the end."""

import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from dialog_sandbox.models.report import WorkspaceReport
from dialog_sandbox.reports import merge_reports
from dialog_sandbox.server_command import NoServer, server_command

LONGEST_S = 60
BROKEN = 1
"""The command's exit status where something is."""


class NotWritten(Exception):
    """The text says why."""


def as_text(reports: Sequence[WorkspaceReport]) -> str:
    """Return one report of all, for a process that goes on with it."""
    return merge_reports(reports).model_dump_json()


def write_report(file: Path, texts: Sequence[str]) -> str:
    """Write one report of all, as the file's ending says; return what it says in a line. Raises `NotWritten`."""
    report = merge_reports([WorkspaceReport.model_validate_json(text) for text in texts])
    text = report.model_dump_json()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        if file.suffix.lower() in (".json", ""):
            file.write_text(text, encoding="utf-8")
        else:
            _write_otherwise(file, text)
    except OSError as error:
        raise NotWritten(f"Cannot write {file}: {error.strerror or error}.") from None
    counts = report.summary
    return f"{file} says what was tried: {counts.broken} broken, {counts.tolerated} tolerated, {counts.untried} never."


def _write_otherwise(file: Path, text: str) -> None:
    """Have the server's own command write it, which knows the other formats."""
    try:
        command = server_command()
    except NoServer as error:
        raise NotWritten(f"Cannot write {file}, but a .json file. {error}") from None
    with TemporaryDirectory() as folder:
        kept = Path(folder) / "report.json"
        kept.write_text(text, encoding="utf-8")
        done = subprocess.run(
            [*command.words, "report", "--from", str(kept), "--output", str(file)],
            env=command.environment(),
            capture_output=True,
            text=True,
            timeout=LONGEST_S,
            check=False,
        )
    if done.returncode not in (0, BROKEN) or not file.is_file():
        said = " ".join(done.stderr.split()).removeprefix("dialog-sandbox: ")
        raise NotWritten(said or f"Cannot write {file}.")
