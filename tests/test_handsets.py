"""The fictional numbers: each behaves by its last two digits, for every vendor and for staff."""

from collections.abc import Callable
from pathlib import Path

import pytest
from driver import CONSOLE, PHONE, TRACKING_NUMBER, Driver

from sandbox.world.delivery import HANDSETS

pytestmark = pytest.mark.rule("NET-handsets")

TIMED = {"sent": 1, "settled": 3}


def number(xx: str, area_code: str = "415") -> str:
    return f"1{area_code}55501{xx}"


def story(sandbox: Driver, any_id: str) -> list[tuple[str, float]]:
    """The timeline: each status with the seconds since acceptance."""
    at = [(entry["status"], entry["at"]) for entry in sandbox.message(any_id)["timeline"]]
    return [(status, int(time[17:19]) + 60 * int(time[14:16])) for status, time in at]


@pytest.fixture
def timed(sandbox: Driver) -> Driver:
    """Its clock stands, its policy is the default one."""
    sandbox.delivery("timed")
    sandbox.control("POST", "/clock", {"action": "freeze"})
    return sandbox


def advance(sandbox: Driver, seconds: float) -> None:
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": seconds})


FATES: dict[str, dict[str, list[tuple[str, float]]]] = {
    "50": {"timed": [("queued", 0), ("rejected", 3)], "manual": [("queued", 0), ("rejected", 3)]},
    "51": {
        "timed": [("queued", 0), ("sent", 1), ("undelivered", 3)],
        "manual": [("queued", 0), ("sent", 1), ("undelivered", 3)],
    },
    "52": {"timed": [("queued", 0)], "manual": [("queued", 0)]},
    "53": {
        "timed": [("queued", 0), ("sent", 1), ("unknown", 3)],
        "manual": [("queued", 0), ("sent", 1), ("unknown", 3)],
    },
    "54": {
        "timed": [("queued", 0), ("sent", 1), ("delivered", 60)],
        "manual": [("queued", 0), ("sent", 1), ("delivered", 60)],
    },
    "55": {"timed": [("queued", 0), ("rejected", 3)], "manual": [("queued", 0), ("rejected", 3)]},
    "57": {"timed": [("queued", 0), ("rejected", 3)], "manual": [("queued", 0), ("rejected", 3)]},
    "71": {"timed": [("queued", 0), ("rejected", 3)], "manual": [("queued", 0), ("rejected", 3)]},
    "49": {"timed": [("queued", 0), ("sent", 1), ("delivered", 3)], "manual": [("queued", 0)]},
    "99": {"timed": [("queued", 0), ("sent", 1), ("delivered", 3)], "manual": [("queued", 0)]},
}


@pytest.mark.parametrize("mode", ["timed", "manual"])
@pytest.mark.parametrize("xx", FATES)
def test_a_number_settles_as_its_last_digits_say(timed: Driver, xx: str, mode: str) -> None:
    timed.delivery(mode)
    sid = timed.sid(number(xx))
    by_staff = timed.send(to=number(xx, "615"))["id"]
    from_tracking = timed.send(to=number(xx, "212"), tracking_number=TRACKING_NUMBER)["id"]
    broadcast = timed.broadcast(to=[number(xx, "907")])["messages"][0]["id"]
    advance(timed, 100)
    assert [story(timed, each) for each in (sid, by_staff, from_tracking, broadcast)] == [FATES[xx][mode]] * 4


def test_under_immediate_a_number_settles_at_once_but_for_the_slow_one(timed: Driver) -> None:
    timed.delivery("immediate")
    sids = [timed.sid(number(xx)) for xx in ("50", "51", "52", "53", "54", "71")]
    assert [timed.details(sid)["status"] for sid in sids] == [
        "failed",
        "undelivered",
        "queued",
        "UNKNOWN",
        "sent",
        "failed",
    ]
    advance(timed, 60)
    assert timed.details(sids[4])["status"] == "delivered"


@pytest.mark.parametrize(("xx", "text"), [("60", "STOP"), ("61", "Thank you!"), ("62", "YES"), ("63", "HELP")])
def test_a_handset_replies_two_seconds_after_delivery(timed: Driver, xx: str, text: str) -> None:
    sid = timed.sid(number(xx))
    advance(timed, 4.999)
    assert len(timed.control("GET", "/messages")["items"]) == 1
    advance(timed, 0.001)
    _, reply, answer = timed.control("GET", "/messages")["items"]
    assert (reply["text"], reply["lead"], reply["timeline"]) == (
        text,
        timed.message(sid)["id"],
        [{"status": "received", "at": "2026-05-06T09:00:05.000Z", "cause": "handset"}],
    )
    assert answer["caused_by"] == reply["id"]
    advance(timed, 3600)
    assert len(timed.control("GET", "/messages")["items"]) == 3  # its answer gets no reply


def test_a_reply_is_a_writeback_record_and_a_stop_holds(timed: Driver) -> None:
    timed.sid(number("60"))
    advance(timed, 10)
    assert [(record["messageType"], record["incomingMessage"]) for record in timed.records()] == [
        ("Message alert sent", None),
        ("Opt-Out", "STOP"),
    ]
    later = timed.sid(number("60"))
    advance(timed, 10)
    assert timed.details(later)["status"] == "failed"
    assert len(timed.control("GET", "/messages")["items"]) == 4  # no reply to what was not delivered


def test_a_reply_to_a_tracking_number_shows_as_inbound(timed: Driver) -> None:
    timed.send(to=number("61"), tracking_number=TRACKING_NUMBER)
    advance(timed, 10)
    text = timed.get_messages().text
    assert text.index("<inbound>") < text.index("Thank you!") < text.index("</inbound>")


def test_under_manual_a_handset_replies_to_what_is_reported_delivered(timed: Driver) -> None:
    timed.delivery("manual")
    sid = timed.sid(number("62"))
    advance(timed, 100)
    timed.status(sid, "delivered")
    advance(timed, 2)
    assert [each["text"] for each in timed.control("GET", "/messages?direction=inbound")["items"]] == ["YES"]


def test_a_reply_does_not_come_when_the_delivery_did_not(timed: Driver) -> None:
    sid = timed.sid(number("62"))
    timed.status(sid, "rejected")
    advance(timed, 100)
    assert timed.control("GET", "/messages?direction=inbound")["items"] == []


def test_a_handset_replies_once_to_a_message_whatever_is_forced(timed: Driver) -> None:
    sid = timed.sid(number("62"))
    advance(timed, 10)
    timed.status(sid, "sent", force=True)
    timed.status(sid, "delivered")
    advance(timed, 100)
    assert len(timed.control("GET", "/messages?direction=inbound")["items"]) == 1


def test_simplepay_refuses_one_number_and_staff_do_not(timed: Driver) -> None:
    answer = timed.submit(number("70"))
    assert (answer.status_code, answer.json()["error_message"]) == (400, f"Msisdn is invalid: {number('70')}")
    sent = timed.send(to=number("70"))["id"]
    advance(timed, 10)
    assert timed.message(sent)["status"] == "delivered"


def test_a_landline_has_an_unknown_carrier(timed: Driver) -> None:
    assert timed.send(to=number("71"))["carrier"] == "Unknown"


def test_any_number_can_be_given_a_behaviour_or_a_policy(timed: Driver) -> None:
    numbers = {
        PHONE: {"handset": "60"},
        number("50"): {"mode": "timed", "sent_after": 2, "settled_after": 4, "outcome": "undelivered"},
    }
    answered = timed.control("PUT", "/delivery", {"mode": "manual", "numbers": numbers})
    assert answered == {
        "mode": "manual",
        "sent_after": 1,
        "settled_after": 3,
        "outcome": "delivered",
        "numbers": numbers,
    }
    ruled = timed.sid(number("50"))
    timed.status(timed.sid(PHONE), "delivered")
    advance(timed, 10)
    assert story(timed, ruled) == [("queued", 0), ("sent", 2), ("undelivered", 4)]
    assert [each["text"] for each in timed.control("GET", "/messages?direction=inbound")["items"]] == ["STOP"]


def test_a_fixture_gives_numbers_their_behaviour(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    fixture = tmp_path / "own.yaml"
    fixture.write_text(
        "summary: One console\n"
        "delivery:\n"
        "  mode: manual\n"
        '  numbers: {"4155550101": {handset: "51"}, "4155550102": {mode: immediate}}\n'
        "credentials: {username: demo, password: demo}\n"
        f"consoles: [{{code: {CONSOLE}, name: Own, line: '6155550110', keyword: OWN}}]\n"
    )
    sandbox = open_driver(fixture=str(fixture))
    sids = [sandbox.sid(f"1415555010{n}") for n in (1, 2, 3)]
    sandbox.wall.advance(5)
    assert [sandbox.details(sid)["status"] for sid in sids] == ["undelivered", "delivered", "queued"]


def test_the_numbers_are_listed(sandbox: Driver) -> None:
    listed = sandbox.call("GET", "/_sandbox/handset-numbers").json()
    assert listed["next"] is None
    assert [item["number"] for item in listed["items"]] == ["NPA-555-01xx", *(f"NPA-555-01{xx}" for xx in HANDSETS)]
    assert {"number": "NPA-555-0154", "does": "delivered after 60 s"} in listed["items"]


# What carriers do ----------------------------------------------------------------------------------------------------


def test_a_carrier_says_why_it_filtered(timed: Driver) -> None:
    sid = timed.sid(number("55"))
    advance(timed, 3)
    assert (timed.details(sid)["status"], timed.message(sid)["reason"]) == ("failed", "filtered")


def test_the_fourth_message_within_a_minute_is_rejected(timed: Driver) -> None:
    sids = [timed.sid(number("56")) for _ in range(4)]
    other_line = timed.send(to=number("56"), tracking_number=TRACKING_NUMBER)["id"]
    advance(timed, 59.999)
    sids.append(timed.sid(number("56")))
    advance(timed, 0.001)
    sids.append(timed.sid(number("56")))
    advance(timed, 3)
    statuses = [timed.message(each)["status"] for each in (*sids, other_line)]
    assert statuses == ["delivered"] * 3 + ["rejected", "rejected", "delivered", "delivered"]
    assert timed.message(sids[3])["reason"] == "the handset: rejected from the fourth message within a minute"


def test_under_manual_what_is_one_too_many_is_rejected_all_the_same(timed: Driver) -> None:
    timed.delivery("manual")
    sids = [timed.sid(number("56")) for _ in range(4)]
    advance(timed, 3)
    assert [timed.message(each)["status"] for each in sids] == ["queued"] * 3 + ["rejected"]


def test_a_handset_without_a_receipt_ends_unknown_after_three_days(timed: Driver) -> None:
    sid = timed.sid(number("58"))
    advance(timed, 72 * 3600 - 0.001)
    assert timed.message(sid)["status"] == "sent"
    advance(timed, 0.001)
    assert timed.message(sid)["status"] == "unknown"


@pytest.mark.rule("NET-consent")
def test_a_handset_that_is_opted_out_from_the_first_is_as_one_that_texted_stop(timed: Driver) -> None:
    phone = number("57")
    sid = timed.sid(phone)
    advance(timed, 3)
    assert timed.message(sid)["reason"] == "the phone is opted out of this line"
    ledger = timed.control("GET", f"/consents/{phone}")["items"]
    assert [(each["state"], each["why"], each["word"]) for each in ledger] == [
        ("opted_in", "first_contact", None),
        ("opted_out", "handset", None),
    ]
    assert timed.inbound("Hello", phone=phone)["answer"] is None
    assert timed.inbound("START", phone=phone)["answer"] is not None
    sid = timed.sid(phone)
    advance(timed, 3)
    assert timed.message(sid)["status"] == "delivered"


def test_it_is_opted_out_too_when_it_writes_first_or_staff_enter_it(timed: Driver) -> None:
    wrote, entered = number("57", "212"), number("57", "907")
    assert timed.inbound("Hello", phone=wrote)["answer"] is None
    timed.control("POST", "/people", {"first_name": "Ann", "phone": entered})
    sids = [timed.sid(phone) for phone in (wrote, entered)]
    advance(timed, 3)
    assert [timed.message(sid)["status"] for sid in sids] == ["rejected", "rejected"]
    sent = timed.broadcast(to="everyone")["messages"]
    assert entered in [message["to"] for message in sent], "staff's list of everyone has it"
