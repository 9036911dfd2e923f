"""What does DialogTech take and answer: the parameters, and messages as XML?"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, NamedTuple

from pydantic import AfterValidator, Field, PlainValidator, ValidationInfo, WithJsonSchema

from sandbox.vendors.base.parameters import Parameters, WrongValue, needed
from sandbox.world.messages.accept import INBOUND, OUTBOUND
from sandbox.world.phones import national
from sandbox.world.workspaces.find import Customer
from sandbox.world.zones import local_time

# Parameters ----------------------------------------------------------------------------------------------------------

DATE = re.compile(r"(\d{4})(\d\d)(\d\d)", re.ASCII)
DIGITS = re.compile(r"\d+", re.ASCII)
NATIONAL_DIGITS = 10
NO_LINE = "none"
"""What no line's number is."""


def day(value: str | None, info: ValidationInfo) -> date:
    """Return a day of the calendar; refuses by rule DT-dates."""
    parts = DATE.fullmatch(value or "")
    try:
        if parts is None:
            raise ValueError
        year, month, day_of_month = map(int, parts.groups())
        return date(year, month, day_of_month)
    except ValueError:
        raise WrongValue("DT-dates", f"{info.field_name} must be a real date written YYYYMMDD.") from None


def not_before_start(end: date, info: ValidationInfo) -> date:
    """Return the end of a range; refuses by rule DT-dates one that lies before its start."""
    if end < info.data.get("start_date", end):
        raise WrongValue("DT-dates", "start_date must not be after end_date.")
    return end


def digits(value: str) -> str:
    """Return a number's digits; refuses by rule DT-number."""
    if value and DIGITS.fullmatch(value) is None:
        raise WrongValue("DT-number", "number must be an unformatted telephone number: digits only.")
    return value


def message_id(value: str) -> str:
    """Return a msg_id; refuses by rule DT-msg-id."""
    if DIGITS.fullmatch(value) is None:
        raise WrongValue("DT-msg-id", "msg_id must be digits only.")
    return value


Day = Annotated[
    date, PlainValidator(day), needed("DT-dates"), WithJsonSchema({"type": "string", "pattern": "^[0-9]{8}$"})
]


class ActionParameters(Parameters):
    """What every action takes."""

    action: Annotated[str, needed("DT-action")] = Field(description="What to do.", examples=["sms.get_messages"])
    access_key: str = Field(description="The account's access key.", examples=["demo-access-key"])
    secret_access_key: str = Field(description="The account's secret access key.", examples=["demo-secret-key"])


class GetMessagesParameters(ActionParameters):
    """What sms.get_messages takes."""

    start_date: Day = Field(description="The first day, `YYYYMMDD` in the account's zone.", examples=["20260501"])
    end_date: Annotated[Day, AfterValidator(not_before_start)] = Field(
        description="The last day, `YYYYMMDD` in the account's zone.", examples=["20260531"]
    )
    number: Annotated[str, AfterValidator(digits)] = Field(
        "",
        description="A tracking number of 10 digits: only its messages.",
        examples=["6155550100"],
        json_schema_extra={"pattern": "^[0-9]+$"},
    )

    @property
    def line(self) -> str | None:
        """The tracking number's 11 digits (rule DT-number); None when no number was given."""
        if not self.number:
            return None
        return f"1{self.number}" if len(self.number) == NATIONAL_DIGITS else NO_LINE


class GetMessageParameters(ActionParameters):
    """What sms.get_message takes."""

    msg_id: Annotated[str, AfterValidator(message_id), needed("DT-msg-id")] = Field(
        description="The message's msg_id.",
        examples=["177931295"],
        json_schema_extra={"pattern": "^[0-9]+$"},
    )


# XML -----------------------------------------------------------------------------------------------------------------

PROLOG = '<?xml version="1.0" encoding="UTF-8"?>\n'
MESSAGE_ELEMENTS = """<!ELEMENT message (msg_id, to, from, message, date)>
<!ELEMENT msg_id (#PCDATA)>
<!ELEMENT to (#PCDATA)>
<!ELEMENT from (#PCDATA)>
<!ELEMENT message (#PCDATA)>
<!ELEMENT date (#PCDATA)>
"""
# Quirk: the documented DOCTYPE declares the elements of a message twice (DT-envelope); some parsers mind.
DOCTYPE = f"""<!DOCTYPE response [
<!ELEMENT response (result,result_description,data)>
<!ELEMENT result (#PCDATA)>
<!ELEMENT result_description (#PCDATA)>
<!ELEMENT data (messages)>
<!ELEMENT messages (inbound+,outbound+)>
<!ELEMENT inbound (message+)>
{MESSAGE_ELEMENTS}<!ELEMENT outbound (message+)>
{MESSAGE_ELEMENTS}]>
"""
REFUSED_DOCTYPE = """<!DOCTYPE response [
<!ELEMENT response (result,result_description)>
<!ELEMENT result (#PCDATA)>
<!ELEMENT result_description (#PCDATA)>
]>
"""
DIRECTIONS = (("inbound", INBOUND), ("outbound", OUTBOUND))
TAIL = "    </messages>\n</response>\n"
MEDIA_TYPE = "text/xml; charset=UTF-8"
INDENT = " " * 12
FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What XML 1.0 has no way to write. (As the opposite of what it has one for, this would take 4 ms to compile.)"""


class AnswerStyle(NamedTuple):
    """How an account's answers are written: after which DOCTYPE, and with dates of which zone."""

    doctype: str
    zone: str


def style_of(customer: Customer) -> AnswerStyle:
    return AnswerStyle(DOCTYPE if customer.documented_doctype else "", customer.zone)


class MessageElement(NamedTuple):
    """What a `message` element shows."""

    id: int
    msg_id: str | None
    direction: str
    line: str
    phone: str
    text: str
    accepted_at: int


def cdata(text: str) -> str:
    """Return any text as CDATA that reads back as it is, but for what XML forbids (rule DT-wellformed)."""
    text = FORBIDDEN.sub("\ufffd", text).replace("]]>", "]]]]><![CDATA[>").replace("\r", "]]>&#13;<![CDATA[")
    return f"<![CDATA[{text}]]>"


def escaped(text: str) -> str:
    """Return any text as the content of an element."""
    text = FORBIDDEN.sub("\ufffd", text)
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")


def head(doctype: str, result: str, description: str) -> str:
    """Return all that stands before an answer's messages."""
    return (
        f"{PROLOG}{doctype}<response>\n    <result>{result}</result>\n"
        f"    <result_description>{escaped(description)}</result_description>\n"
    )


def message(row: MessageElement, zone: str) -> str:
    """Return a `message` element (rules DT-message, DT-dates)."""
    to, sender = (row.phone, row.line) if row.direction == OUTBOUND else (row.line, row.phone)
    return (
        f"            <message>\n                <msg_id>{row.msg_id}</msg_id>\n"
        f"                <to>{national(to)}</to>\n                <from>{national(sender)}</from>\n"
        f"                <message>{cdata(row.text)}</message>\n"
        f"                <date>{local_time(zone, row.accepted_at, '%Y-%m-%d %H:%M:%S')}</date>\n"
        "            </message>\n"
    )


def listed(style: AnswerStyle, by_direction: Mapping[str, Sequence[MessageElement]]) -> str:
    """Return an answer that has these messages (rule DT-envelope)."""
    count = sum(map(len, by_direction.values()))
    parts = [head(style.doctype, "success", f"[{count}] Message(s) Returned"), "    <messages>\n"]
    for element, direction in DIRECTIONS:
        elements = [message(row, style.zone) for row in by_direction.get(direction, ())]
        parts += [f"        <{element}>\n", *elements, f"        </{element}>\n"]
    return "".join((*parts, TAIL))


def unindented_message(row: MessageElement, zone: str) -> str:
    """Return the same as a page shows it, the text as it is."""
    before, text, after = message(row, zone).partition(cdata(row.text))
    return before.replace(INDENT, "") + text + after.replace(INDENT, "")
