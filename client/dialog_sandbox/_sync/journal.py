# Made from ../_async/journal.py by tools/generate_sync_client.py: change that one, and make this one again.
"""What the vendors were asked and what they answered, and whether that is as a test expects."""

from typing import Any, Unpack

from dialog_sandbox._sync.resource import Resource, segment
from dialog_sandbox.arguments import (
    LEFT_OUT,
    ExchangeFilters,
    Expectation,
    ExportFilters,
    Seconds,
    Where,
    filtered,
    present,
    seconds,
)
from dialog_sandbox.errors import NotAsExpected
from dialog_sandbox.models.journal import Exchange
from dialog_sandbox.models.messages import Message
from dialog_sandbox.models.report import Poller, ReportFormat, WorkspaceReport
from dialog_sandbox.models.values import Operation
from dialog_sandbox.models.verify import Failure, VerifyResponse

__tracebackhide__ = True


class JournalVerbs(Resource):
    """A workspace's journal."""

    def journal(
        self, limit: int | None = None, *, message: Message | str = LEFT_OUT, **filters: Unpack[ExchangeFilters]
    ) -> list[Exchange]:
        """Return each vendor exchange, refused ones too, the oldest first unless `order` says otherwise."""
        about = message.id if isinstance(message, Message) else message
        return self._list(Exchange, "/journal", filtered(message=about, **filters), limit)

    def journal_as_har(self, *, message: Message | str = LEFT_OUT, **filters: Unpack[ExportFilters]) -> str:
        """Return the exchanges as HAR 1.2, the oldest first, without secrets."""
        return self._exported("/journal.har", message, **filters)

    def journal_as_http(self, *, message: Message | str = LEFT_OUT, **filters: Unpack[ExportFilters]) -> str:
        """Return the exchanges as a file of requests that editors send; its variables are to be filled in."""
        return self._exported("/journal.http", message, **filters)

    def _exported(self, path: str, message: Message | str, **filters: Unpack[ExportFilters]) -> str:
        about = message.id if isinstance(message, Message) else message
        return (self._call("GET", path, query=filtered(message=about, **filters))).text

    def exchange(self, exchange_id: str) -> Exchange:
        """Return the exchange of an answer's `X-Sandbox-Exchange`."""
        return self._read(Exchange, "GET", f"/journal/{segment(exchange_id)}")

    def clear_journal(self) -> int:
        """Forget all exchanges, and return how many."""
        return self._delete_counted("/journal")

    def report(self, *, mask: bool = False) -> WorkspaceReport:
        """Return what clients of the workspace get wrong, what is tolerated, and what was never tried.

        `mask`: with asterisks for what looks like real data.
        """
        return self._read(WorkspaceReport, "GET", "/report", query=filtered(format="json", mask=mask or LEFT_OUT))

    def report_as(self, report_format: ReportFormat, *, mask: bool = False) -> str:
        """Return the same as a page, JUnit XML, CTRF or a badge."""
        query = filtered(format=report_format, mask=mask or LEFT_OUT)
        return (self._call("GET", "/report", query=query)).text

    def pollers(self) -> list[Poller]:
        """Return what is wrong with each client that reads by date range."""
        return self._whole_list(Poller, "/pollers")

    def verify(
        self,
        operation: Operation = LEFT_OUT,
        *,
        count: int | None = None,
        at_least: int | None = None,
        at_most: int | None = None,
        no_findings: bool = False,
        timeout: Seconds = 0,
        **where: Unpack[Where],
    ) -> int:
        """Return how many exchanges of an operation match: so many as expected, at least one if nothing is said.

        Else it raises `NotAsExpected`, an AssertionError. With `no_findings` it does so too when any exchange of the
        workspace has an error among its findings; that alone needs no operation, and finds 0. For `timeout` of wall
        time what is missing may still come. Raises TypeError on conditions without an operation, on `count` beside
        `at_least` or `at_most`, and when nothing is asked.
        """
        named = filtered(operation=operation)
        times = _times(count, at_least, at_most)
        _check_params(named, {**times, **where}, no_findings=no_findings)
        expect = [{**named, "where": filtered(**where), **times}] if named else []
        return sum(self._verify(expect, seconds(timeout), no_findings=no_findings))

    def verify_all(
        self, *expectations: Expectation, in_order: bool = False, no_findings: bool = False, timeout: Seconds = 0
    ) -> list[int]:
        """Verify several expectations at once, and return how many exchanges each one found.

        `in_order`: what each expects began after what the one before it expects. `timeout`: as `verify` has it.
        """
        expect = [{**each, "where": filtered(**each.get("where", {}))} for each in expectations]
        return self._verify(expect, seconds(timeout), in_order=in_order, no_findings=no_findings)

    def _verify(self, expect: list[dict[str, Any]], within: float, **flags: bool) -> list[int]:
        body = {"expect": expect, "timeout": within, **flags}
        answer = self._session.send("POST", f"{self._path}/verify", body=body, wait=within)
        if answer.status_code == 417:
            raise NotAsExpected([Failure.model_validate(each) for each in answer.json()["failures"]])
        return self._as(VerifyResponse, self._accepted(answer)).found


def _times(count: int | None, at_least: int | None, at_most: int | None) -> dict[str, Any]:
    bounds = present(min=at_least, max=at_most)
    if count is not None and bounds:
        raise TypeError("count says exactly how many: give it, or at_least and at_most, not both.")
    return present(count=count if count is not None else bounds or None)


def _check_params(operation: dict[str, Any], conditions: dict[str, Any], *, no_findings: bool) -> None:
    """Conditions that no operation goes with would be passed over."""
    if operation:
        return
    if conditions:
        named = ", ".join(conditions)
        raise TypeError(
            f"The operation is missing: verify('simplepay.submit', ...), since {named} must be true of one."
        )
    if not no_findings:
        raise TypeError("The operation is missing: verify('simplepay.submit', ...), or no_findings=True.")
