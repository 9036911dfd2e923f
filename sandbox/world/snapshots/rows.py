"""What may stand in a snapshot's file that comes from outside: only what the world itself could have written.

Each line is checked by the entity whose row it is, or by a class here that narrows it; and each value by its type.
"""

import inspect
import json
import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator

from sandbox.clock import DAY, FASTEST, LATEST, SLOWEST
from sandbox.store.tables import (
    SCHEMA,
    CallbackRow,
    ConsentRow,
    ConsoleRow,
    LineRow,
    MessageRow,
    PersonRow,
    Row,
    ScheduledRow,
    StepRow,
    table_of,
)
from sandbox.world import consent, delivery
from sandbox.world.callbacks.states import STATES
from sandbox.world.callbacks.urls import is_callback_url
from sandbox.world.commands import COMMANDS, report
from sandbox.world.lines import CONSOLE_CODE
from sandbox.world.messages.accept import ALERT, HELP, INBOUND, OPT_IN, OPT_OUT, OUTBOUND, REPLY, STAFF_OPT_IN
from sandbox.world.phones import is_msisdn, is_sender
from sandbox.world.statuses import FINAL, SENT, STATUSES

FORMAT = "dialog-sandbox snapshot"
LARGEST = 2**53
EARLIEST = -40_000 * DAY
"""A history begins before its workspace's clock, and that in 1970 at the earliest."""
FARTHEST = 3 * LATEST
"""What lies ahead of a clock at its latest: a plan's delay and a callback's come to it."""
TIMES = re.compile(r"(.*_)?at")
UNFIT_FOR_TEXT = re.compile("[\0\ud800-\udfff]")
"""What a database does not take: U+0000, and halves of surrogate pairs."""

Check = Callable[[Any], bool]
Checks = Mapping[tuple[str, str], Check]
"""By table and column: what values must be, where only others than the world know that."""


def _only(check: Check) -> AfterValidator:
    """Let pass what the check is true of."""

    def validate(value: Any) -> Any:
        if not check(value):
            raise ValueError("not what this may be")
        return value

    return AfterValidator(validate)


def _one_of(*values: str) -> AfterValidator:
    return _only(lambda value: value in values)


Seed = Annotated[int, Field(ge=0, lt=2**62)]
ClockTime = Annotated[int, Field(ge=EARLIEST, le=LATEST)]
Delay = Annotated[int, Field(ge=0, le=LATEST)]
Probability = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Msisdn = Annotated[str, _only(is_msisdn)]
Line = Annotated[str, _only(is_sender)]
Number = Annotated[int, Field(ge=0, le=LARGEST)]
Moment = Annotated[int, Field(ge=EARLIEST, le=FARTHEST)]
PlainText = Annotated[str, _only(lambda text: not UNFIT_FOR_TEXT.search(text))]
FinalStatus = Annotated[str, _one_of(*FINAL)]
AnyStatus = Annotated[str, _one_of(*STATUSES)]
Purpose = Annotated[str, _one_of(ALERT, OPT_OUT, OPT_IN, STAFF_OPT_IN, HELP, REPLY)]


# The first line ------------------------------------------------------------------------------------------------------


class InFile(BaseModel):
    """Base of what is said beside the rows."""

    model_config = ConfigDict(strict=True, extra="forbid")


class PolicyInFile(InFile):
    """A `delivery.Policy`."""

    mode: Literal["immediate", "timed", "manual", "reads"]
    sent_after: Delay
    settled_after: Delay
    outcome: FinalStatus

    @model_validator(mode="after")
    def _is_in_order(self) -> Self:
        if self.settled_after < self.sent_after:
            raise ValueError("it is settled before it is sent")
        return self


class HandsetInFile(InFile):
    """The last two digits of a handset that a number is like."""

    handset: Annotated[str, _one_of(*delivery.HANDSETS)]


class ProfileInFile(InFile):
    """A `callbacks.Profile`."""

    duplicate: Probability
    lose: Probability
    reorder: Probability
    delay: Delay
    contradict: Probability
    before_response: Probability
    seed: Seed


NUMBERS = TypeAdapter(dict[Msisdn, PolicyInFile | HandsetInFile])
PROFILE = TypeAdapter(ProfileInFile)


def _json_of(adapter: TypeAdapter[Any]) -> AfterValidator:
    return AfterValidator(lambda text: (adapter.validate_json(text), text)[1])


class StateInFile(InFile):
    """The columns of a workspace's row that a snapshot has: `clones.STATE`, and what the clock reads."""

    seed: Seed
    clock_frozen: bool
    clock_speed: float = Field(ge=SLOWEST, le=FASTEST)
    delivery_mode: str
    sent_after: int
    settled_after: int
    outcome: str
    numbers: Annotated[str, _json_of(NUMBERS)] | None
    counts_reads: bool
    callback_profile: Annotated[str, _json_of(PROFILE)] | None
    clock_at: ClockTime

    @model_validator(mode="after")
    def _has_a_policy(self) -> Self:
        PolicyInFile.model_validate(
            {
                "mode": self.delivery_mode,
                "sent_after": self.sent_after,
                "settled_after": self.settled_after,
                "outcome": self.outcome,
            }
        )
        return self


class HeadInFile(InFile):
    """The first line."""

    format: Literal["dialog-sandbox snapshot"]
    schema_: int = Field(alias="schema")
    taken_wall: ClockTime
    workspace: StateInFile


# Rows ----------------------------------------------------------------------------------------------------------------


class LineInFile(LineRow):
    number: Line


class ConsoleInFile(ConsoleRow):
    code: Annotated[str, _only(lambda code: CONSOLE_CODE.fullmatch(code) is not None)]


class PersonInFile(PersonRow):
    phone: Msisdn
    recipient_type: Annotated[str, _one_of("patient", "caregiver", "staff")] = "patient"


class ConsentInFile(ConsentRow):
    phone: Msisdn
    cause: Annotated[str, _one_of(consent.FIRST_CONTACT, consent.ENROLLED, consent.HANDSET, consent.API, consent.STAFF)]


class MessageInFile(MessageRow):
    direction: Annotated[str, _one_of(OUTBOUND, INBOUND)]
    phone: Msisdn
    purpose: Purpose
    outcome: Annotated[str, _one_of(SENT, *FINAL)] | None = None
    status_callback: Annotated[str, _only(is_callback_url)] | None = None

    @model_validator(mode="after")
    def _settles_once(self) -> Self:
        is_waiting = self.direction == OUTBOUND and self.settled_at is None and self.outcome in FINAL
        if self.reads_to_settled is not None and not is_waiting:
            raise ValueError("reads settle only what has an outcome and is not settled")
        return self


class StepInFile(StepRow):
    status: AnyStatus


class CallbackInFile(CallbackRow):
    status: AnyStatus
    state: Annotated[str, _one_of(*STATES)]


class ScheduledInFile(ScheduledRow):
    command: Annotated[str, _one_of(*COMMANDS)]

    @model_validator(mode="after")
    def _can_be_executed(self) -> Self:
        arguments = json.loads(self.arguments)
        needed, allowed = parameters_of(self.command)
        if not (isinstance(arguments, dict) and needed <= set(arguments) <= allowed):
            raise ValueError("the command takes other arguments")
        for name, value in arguments.items():
            ARGUMENTS[name].validate_python(value, strict=True)
        if arguments.get("message_id") != self.message_id:
            raise ValueError("it is about another message")
        return self


class FiltersInFile(BaseModel):
    """Those of `MessageFilters`."""

    model_config = ConfigDict(extra="forbid", strict=True)

    vendor: PlainText | None
    direction: PlainText | None
    status: PlainText | None
    to: PlainText | None
    from_: PlainText | None
    console: Number | None
    account: Number | None
    text: PlainText | None
    broadcast: PlainText | None
    since: Moment | None
    until: Moment | None
    any_case: bool


NARROWED: tuple[type[Row], ...] = (
    LineInFile,
    ConsoleInFile,
    PersonInFile,
    ConsentInFile,
    MessageInFile,
    StepInFile,
    CallbackInFile,
    ScheduledInFile,
)
BY_TABLE = {table_of(narrowed.__mro__[1]).name: narrowed for narrowed in NARROWED}

ARGUMENTS: dict[str, TypeAdapter[Any]] = {
    "message_id": TypeAdapter(Annotated[int, Field(gt=0, le=LARGEST)]),
    "filters": TypeAdapter(FiltersInFile),
    "after": TypeAdapter(Number),
    **dict.fromkeys(("limit", "last"), TypeAdapter[Any](Number | None)),
    "purpose": TypeAdapter(Purpose),
    "status": TypeAdapter(AnyStatus),
    "force": TypeAdapter(bool),
    "phones": TypeAdapter(list[Msisdn] | None),
    "texts": TypeAdapter(dict[Msisdn, PlainText] | None),
    "line": TypeAdapter(Line),
    **dict.fromkeys(("phone", "to"), TypeAdapter[Any](Msisdn)),
    **dict.fromkeys(("text", "name"), TypeAdapter[Any](PlainText)),
    **dict.fromkeys(("sent_by", "campaign", "key", "reason", "vendor_status"), TypeAdapter[Any](PlainText | None)),
}
"""What commands take that are written down for a time to come."""


@lru_cache
def parameters_of(command: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the arguments that a command needs, and those that it may be given."""
    parameters = inspect.signature(COMMANDS[command]).parameters.values()
    named = [each for each in parameters if each.kind is each.KEYWORD_ONLY]
    # The time of a report is that of its row (`commands.run_due`).
    allowed = {each.name for each in named} - ({"now"} if command == report.__name__ else set())
    return frozenset(each.name for each in named if each.default is each.empty), frozenset(allowed)


def row_reader(entity: type[Row], columns: list[str], further: Checks) -> Callable[[list[Any], int], Row | None]:
    """Return what makes a row of a workspace of what stands in a line, or None if that cannot be one."""
    table = table_of(entity).name
    checked = BY_TABLE.get(table, entity)
    checks = [(position, further[table, name]) for position, name in enumerate(columns) if (table, name) in further]
    bounds = [_bounds(name) for name in columns]

    def read(values: list[Any], workspace_id: int) -> Row | None:
        if len(values) != len(columns) or not all(map(_is_within, values, bounds)):
            return None
        row = dict(zip(columns, values, strict=True), workspace_id=workspace_id)
        try:
            made = checked.model_validate(row, strict=True)
            fits = all(check(values[position]) for position, check in checks)
        except (ValueError, RecursionError):
            return None
        return entity(**made.__dict__) if fits else None

    return read


def _bounds(column: str) -> tuple[int, int]:
    if TIMES.fullmatch(column):
        return EARLIEST, FARTHEST
    return (0, 2**62 - 1) if column == "seed" else (0, LARGEST)


def _is_within(value: Any, bounds: tuple[int, int]) -> bool:
    """Return whether it is a text or number that a column can hold."""
    if isinstance(value, str):
        return not UNFIT_FOR_TEXT.search(value)
    return not isinstance(value, int | float) or bounds[0] <= value <= bounds[1]


def read_head(line: Any) -> HeadInFile | None:
    """Return the first line of a file, or None if it is not right."""
    try:
        return HeadInFile.model_validate(line)
    except (ValidationError, RecursionError):
        return None


def is_of_this_schema(line: dict[str, Any]) -> bool:
    """Return whether a first line says that the file is of this version's tables."""
    return bool(line.get("schema") == SCHEMA)
