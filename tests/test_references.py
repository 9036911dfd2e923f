"""The vendors' references, on the fixture `documented`: sample records and sample requests.

A sample's prose is another here; its values are the same. Requests are the references' own, but for host, credentials
and the blanks of a path, which no HTTP client sends.
"""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from typing import Any
from xml.etree import ElementTree
from xml.parsers import expat
from xml.sax import ContentHandler, parseString

import pytest
from commands import Server
from driver import SIMPLEPAY, WRITEBACK, Driver
from lxml import etree
from test_simplepay import accepted

PARTNER = ("partner", "partner-secret")
PHP = "/ibp_api.php?&action=sms.get_messages&access_key=foo&secret_access_key=bar&start_date=20170101&end_date=20170101"
"""What the reference's PHP puts together."""
SID = "2721Z-0622U-14171-480RH"
PROSE = "(prose)"


@pytest.fixture
def documented(open_driver: Callable[..., Driver]) -> Driver:
    return open_driver(fixture="documented", start_at=1_780_272_000_000)  # 2026-06-01T00:00:00Z


def person(**fields: str | None) -> dict[str, Any]:
    """What a sample record tells about a person, in its order."""
    misc = {f"personMisc{n}": fields.pop(f"misc{n}", None) for n in range(1, 6)}
    return {"caregiverName": None, "caregiverPhone": None, **fields, **misc}


SIMON = person(
    personName="Simon Lemon",
    personId="DH013",
    mobileNumber="6159737483",
    carrier="T-Mobile",
    misc1="German",
    misc2="Cigna",
)
BRADLEY = person(
    personName="Bradley Cooper",
    personId="DH009",
    mobileNumber="6154294252",
    carrier="Verizon Wireless",
    misc1="English",
    misc2="UHC",
)
SAMI = person(
    personName="Sami Elliott",
    personId="DH001",
    mobileNumber="6159316279",
    caregiverName="Angela",
    caregiverPhone="6015732549",
    carrier="Verizon Wireless",
    misc1="English",
    misc2="BCBS",
    misc3="",
    misc4="",
    misc5="",
)
THOMAS = person(
    personName=" Thomas Smith",
    personId="DHD1897",
    mobileNumber="5552194675",
    carrier="T-MOBILE",
    misc1="English",
    misc2="BCBS",
    misc3="Active",
    misc4="",
    misc5="",
)
API_FAILED = person(
    personName="API Failed",
    personId="Qyujyuj",
    mobileNumber="5555559865",
    carrier="C Spire Wireless",
    misc1="misc1",
    misc2="PMisc222",
    misc3="PMisc333",
    misc4="PMisc444",
    misc5="PMisc555",
)


def sample(who: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A sample record; what it does not give is as in most of them."""
    return {
        "leadMessageSent": None,
        "incomingMessage": None,
        "outgoingMessage": PROSE,
        "recipientType": "PATIENT",
        "campaignName": None,
        "campaignId": None,
        "broadcastName": None,
        "broadcastId": None,
        "delivered": "true",
        "messageStatus": "ACCESSIBLE",
        **who,
        **changes,
    }


SAMPLES = {
    "2026-05-06 21:00:00": sample(
        SIMON,
        outgoingMessageId="9b37fa8bf1eababadb1fa94ce60860ab",
        outgoingMessageSentDate="05/06/2026",
        outgoingMessageSentTime="21:00",
        messageType="Message alert sent",
        broadcastName="Email Server Down",
        broadcastId="6217658c907cec0dbd13c047e29eda5e",
        messageSentBy="Angela@DialogHealth.com",
    ),
    "2026-05-06 21:05:00": sample(
        BRADLEY,
        leadMessageSent=PROSE,
        incomingMessage="Stop",
        outgoingMessageId="fb39a51aad0cc6494d9f36f942db9c22",
        outgoingMessageSentDate="05/06/2026",
        outgoingMessageSentTime="21:05",
        messageType="Opt-Out",
        messageSentBy="System",
    ),
    "2026-05-07 13:05:00": sample(
        SAMI,
        outgoingMessageId="fc23112021a7ba9cdf8e191969a97a2c",
        outgoingMessageSentDate="05/07/2026",
        outgoingMessageSentTime="13:05",
        messageType="Message alert sent",
        broadcastName="MRI Machine Down",
        broadcastId="a19fb4521bbe92d9b3b74e21cb495198",
        messageSentBy="Angela@DialogHealth.com",
    ),
    "2023-11-07 08:32:00": sample(
        THOMAS,
        leadMessageSent=PROSE,
        incomingMessage=PROSE,
        outgoingMessageId="4c700b54f524a5948253f24067cb9714",
        outgoingMessageSentDate="11/07/2023",
        outgoingMessageSentTime="08:32",
        messageType="unknown",
        messageSentBy="System",
    ),
    "2023-11-07 08:34:00": sample(
        API_FAILED,
        outgoingMessageId="4b002f5643a227dc3c3bb533b3df7542",
        outgoingMessageSentDate="11/07/2023",
        outgoingMessageSentTime="08:34",
        outgoingMessage="API",
        messageType="Opt-In (UI)",
        delivered="false",
        messageStatus="MESSAGE_REJECTED",
        messageSentBy="System",
    ),
}
"""The records of the Writeback reference, by their time."""


def without_prose(record: dict[str, Any]) -> dict[str, Any]:
    """The record, its long texts hidden."""
    texts = ("leadMessageSent", "incomingMessage", "outgoingMessage")
    return record | {name: PROSE for name in texts if len(record[name] or "") > len("Stop")}


def of_window(documented: Driver, start: str, end: str) -> list[dict[str, Any]]:
    return [without_prose(record) for record in documented.records(start, end, console="WEBMAG6745", auth=PARTNER)]


# Writeback -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("WB-record", "WB-outgoing", "WB-date", "WB-ids", "WB-phone", "WB-name", "WB-person")
@pytest.mark.rule("WB-delivered", "WB-type", "WB-recipient", "WB-sender")
@pytest.mark.parametrize("at", SAMPLES)
def test_each_sample_record_is_answered_at_its_own_time(documented: Driver, at: str) -> None:
    assert of_window(documented, at, at) == [SAMPLES[at]]


@pytest.mark.rule("WB-window")
@pytest.mark.parametrize(
    ("start", "end", "sample_slice"),
    [
        ("2026-05-01 00:00:00", "2026-05-07 23:59:59", slice(0, 3)),
        ("2023-11-05 00:00:00", "2023-11-08 23:59:50", slice(3, 5)),
    ],
)
def test_a_window_has_its_samples_and_no_others(documented: Driver, start: str, end: str, sample_slice: slice) -> None:
    assert of_window(documented, start, end) == [*SAMPLES.values()][sample_slice]


@pytest.mark.rule("WB-outgoing", "NET-lead", "NET-stop")
def test_an_opt_outs_answer_names_the_keyword_and_its_lead_is_the_broadcast(documented: Driver) -> None:
    sent, stopped = documented.records("2026-05-06 21:00:00", "2026-05-06 21:05:00", console="WEBMAG6745", auth=PARTNER)
    assert stopped["leadMessageSent"] == sent["outgoingMessage"]
    assert "WYNTER" in stopped["outgoingMessage"]


# SimplePay -------------------------------------------------------------------------------------------------------


@pytest.mark.rule("SP-details", "SP-status")
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_the_sample_message_has_its_values(documented: Driver, method: str) -> None:
    answer = documented.call(method, f"{SIMPLEPAY}/messages/WEBMAG6745/{SID}", auth=PARTNER)
    assert answer.json() == {
        "extMessageReference": "2721Z-0622U-14171-480RH",
        "body": "Message text",
        "to": "14153755156",
        "status": "UNKNOWN",
    }


@pytest.mark.rule("SP-optout")
def test_the_sample_optout_finds_nobody(documented: Driver) -> None:
    answer = documented.call("DELETE", f"{SIMPLEPAY}/optout/WEBMAG6745/18052849243", auth=PARTNER)
    assert (answer.status_code, answer.json()) == (200, {"msisdn": "Recipient not found"})


@pytest.mark.rule("SP-msisdn")
def test_the_sample_refusal_has_its_words(documented: Driver) -> None:
    form = {"To": "1455156", "From": "18052849243", "Body": "Text"}
    answer = documented.call("POST", f"{SIMPLEPAY}/submit/XXXXXX1234", auth=PARTNER, data=form)
    assert (answer.status_code, answer.json()["error_message"]) == (400, "Msisdn is invalid: 1455156")


# DialogTech ------------------------------------------------------------------------------------------------------

TRACKED = """\
<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE response [
<!ELEMENT response (result,result_description,data)>
<!ELEMENT result (#PCDATA)>
<!ELEMENT result_description (#PCDATA)>
<!ELEMENT data (messages)>
<!ELEMENT messages (inbound+,outbound+)>
<!ELEMENT inbound (message+)>
<!ELEMENT message (msg_id, to, from, message, date)>
<!ELEMENT msg_id (#PCDATA)>
<!ELEMENT to (#PCDATA)>
<!ELEMENT from (#PCDATA)>
<!ELEMENT message (#PCDATA)>
<!ELEMENT date (#PCDATA)>
<!ELEMENT outbound (message+)>
<!ELEMENT message (msg_id, to, from, message, date)>
<!ELEMENT msg_id (#PCDATA)>
<!ELEMENT to (#PCDATA)>
<!ELEMENT from (#PCDATA)>
<!ELEMENT message (#PCDATA)>
<!ELEMENT date (#PCDATA)>
]>
<response>
    <result>success</result>
    <result_description>[3] Message(s) Returned</result_description>
    <messages>
        <inbound>
            <message>
                <msg_id>177931295</msg_id>
                <to>5554443210</to>
                <from>5554443210</from>
                <message><![CDATA[(prose)]]></message>
                <date>2017-01-01 09:30:00</date>
            </message>
        </inbound>
        <outbound>
            <message>
                <msg_id>131086044</msg_id>
                <to>5554443210</to>
                <from>5554443210</from>
                <message><![CDATA[(prose)]]></message>
                <date>2017-01-01 09:30:01</date>
            </message>
            <message>
                <msg_id>133185904</msg_id>
                <to>5554443210</to>
                <from>5554443210</from>
                <message><![CDATA[(prose)]]></message>
                <date>2017-01-01 10:07:31</date>
            </message>
        </outbound>
    </messages>
</response>
"""
"""The reference's sample, its missing end tag put right."""


@pytest.mark.rule("DT-endpoint", "DT-envelope", "DT-message")
def test_the_php_sample_is_answered_as_the_sample_answer(documented: Driver) -> None:
    answer = documented.call("GET", PHP.encode())
    lines = answer.text.splitlines(keepends=True)
    start, end = "<message><![CDATA[", "]]></message>\n"
    hidden = [f"{line.partition(start)[0]}{start}{PROSE}{end}" if start in line else line for line in lines]
    assert "".join(hidden) == TRACKED


def no_entities(document: bytes) -> None:
    """Reads as defusedxml does by default: a DTD may be there, entities may not."""

    def forbidden(*_: object) -> None:
        raise AssertionError("an entity is declared")

    parser = expat.ParserCreate()
    parser.EntityDeclHandler = forbidden
    parser.ExternalEntityRefHandler = forbidden  # type: ignore[assignment]  # its stub wants another signature
    parser.Parse(document, True)


def sax(document: bytes) -> None:
    parseString(document, ContentHandler())


@pytest.mark.rule("DT-envelope", "DT-wellformed")
@pytest.mark.parametrize("read", [ElementTree.fromstring, sax, no_entities])
def test_usual_parsers_read_the_documented_doctype(documented: Driver, read: Callable[[bytes], object]) -> None:
    read(documented.call("GET", PHP.encode()).content)


@pytest.mark.rule("DT-envelope", "DT-wellformed")
def test_xmllint_reads_the_documented_doctype(documented: Driver) -> None:
    if shutil.which("xmllint") is None:
        pytest.skip("xmllint is not installed")
    answer = documented.call("GET", PHP.encode()).content
    assert subprocess.run(["xmllint", "--noout", "-"], input=answer, check=False).returncode == 0


@pytest.mark.rule("DT-envelope")
def test_lxml_refuses_the_documented_doctype_and_reads_an_answer_without_it(documented: Driver) -> None:
    with pytest.raises(etree.XMLSyntaxError, match="Redefinition of element message"):
        etree.fromstring(documented.call("GET", PHP.encode()).content)
    documented.control("PATCH", "/accounts/foo", {"doctype": "none"})
    root = etree.fromstring(documented.call("GET", PHP.encode()).content)
    assert [message.findtext("msg_id") for message in root.iter("message") if len(message)] == [
        *("177931295", "131086044", "133185904")
    ]


@pytest.mark.rule("DT-refused")
def test_lxml_reads_a_refusal_as_it_is(documented: Driver) -> None:
    root = etree.fromstring(documented.call("GET", "/ibp_api.php").content)
    assert root.findtext("result") == "failed"


# The requests, by the references' own tool -----------------------------------------------------------------------

PUT = (
    "curl --location --request PUT 'https://[dialoghealth-server]/dialoghealth-writeback-api/api/responses"
    "/WEBMAG6745/2023-11-05%2000:00:00/2023-11-08%2023:59:50'"
    " --header 'Content-Type: application/json' --header 'Accept: application/json'"
    " --header 'Authorization: Basic {credentials}' --data ''"
)
SUBMIT = r"""
curl -u {username}:{password} -X POST https://[dialoghealth-server]/dialoghealth-simplepay-api/submit/XXXXXX1234 \
  --data-urlencode "Body=Message text" \
  --data-urlencode "From=18052849243" \
  --data-urlencode "To=14153755156"
"""
OPTOUT = (
    "curl -u {username}:{password} -X DELETE"
    " https://[dialoghealth-server]/dialoghealth-simplepay-api/optout/WEBMAG6745/18052849243"
)
DETAILS = (
    "curl -u {username}:{password} -X DELETE"
    " https://[dialoghealth-server]/dialoghealth-simplepay-api/messages/WEBMAG6745/2721Z-0622U-14171-480RH"
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    if shutil.which("curl") is None or shutil.which("sh") is None:
        pytest.skip("curl is not installed")
    started = Server("--port", "0", "--fixture", "documented", "--start-at", "2026-06-01T00:00:00Z")
    yield started
    started.process.kill()
    started.process.communicate()


def curl(server: Server, command: str) -> Any:
    """Runs a sample with host and credentials changed; what it prints, as JSON."""
    for theirs, ours in (
        ("https://[dialoghealth-server]", f"http://127.0.0.1:{server.port}"),
        ("{username}:{password}", "partner:partner-secret"),
        ("{credentials}", "cGFydG5lcjpwYXJ0bmVyLXNlY3JldA=="),
        ("curl ", "curl --silent --show-error --fail "),
    ):
        command = command.replace(theirs, ours)
    done = subprocess.run(["sh", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)


@pytest.mark.rule("WB-method", "WB-envelope")
def test_the_writeback_sample_works_as_written(server: Server) -> None:
    answer = curl(server, PUT)
    assert list(answer) == ["requestId", "response"]
    assert [without_prose(record) for record in answer["response"]] == [*SAMPLES.values()][3:]


@pytest.mark.rule("SP-submit", "SP-params")
def test_the_submit_sample_works_as_written(server: Server) -> None:
    answer = curl(server, SUBMIT)
    sid, at = answer["sid"], answer["date_created"]
    assert at.startswith("2026-06-01@00:")
    assert answer == accepted(
        sid,
        **{"from": "18052849243"},
        to="14153755156",
        body="Message text",
        accunt_sid="XXXXXX1234",
        date_created=at,
        date_updated=at,
        date_sent=at,
        uri=f"/dialoghealth-simplepay-api/messages/XXXXXX1234/{sid}",
    )


@pytest.mark.rule("SP-optout")
def test_the_optout_sample_works_as_written(server: Server) -> None:
    assert curl(server, OPTOUT) == {"msisdn": "Recipient not found"}


@pytest.mark.rule("SP-details")
def test_the_details_sample_works_as_written(server: Server) -> None:
    expected = {"extMessageReference": SID, "body": "Message text", "to": "14153755156", "status": "UNKNOWN"}
    assert curl(server, DETAILS) == expected


@pytest.mark.rule("WB-timestamp")
def test_the_sample_path_has_its_blanks_as_escapes(documented: Driver) -> None:
    path = f"{WRITEBACK}/WEBMAG6745/2023-11-05%2000:00:00/2023-11-08%2023:59:50"
    assert documented.call("PUT", path.encode(), auth=PARTNER).status_code == 200
    assert documented.call("PUT", path.replace("%20", "+").encode(), auth=PARTNER).status_code == 400
