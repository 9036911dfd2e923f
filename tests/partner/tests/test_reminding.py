"""Reminders go out, and we learn what became of them."""

from datetime import timedelta

import pytest
from reminders.vendors import VendorDown, VendorRefused

PATIENT = "14155550123"
ANOTHER = "14155550124"
REJECTED = "14155550150"
UNDELIVERED = "14155550151"
NEVER_SENT = "14155550152"
LANDLINE = "14155550171"
REFUSED = "14155550170"


def test_a_reminder_is_delivered(reminders, sandbox):
    sid = reminders.remind(PATIENT, "See you tomorrow at 9.")
    assert reminders.outcomes() == {"delivered": 1}
    message = sandbox.message(sid)
    assert (message.to, message.text, message.vendor) == (PATIENT, "See you tomorrow at 9.", "simplepay")


def test_a_reminder_comes_from_our_line(reminders, sandbox):
    reminders.remind(PATIENT, "See you tomorrow.")
    assert sandbox.messages(to=PATIENT)[0].from_ == sandbox.consoles[0].line
    sandbox.verify("simplepay.submit", to=PATIENT, from_=sandbox.consoles[0].line, count=1, no_findings=True)


def test_text_beyond_ascii_arrives_as_it_was_written(reminders, sandbox):
    reminders.remind(PATIENT, "Señora Núñez, see you at 9 — bring your card 💳")
    message = sandbox.wait_for(to=PATIENT)
    assert (message.text, message.encoding) == ("Señora Núñez, see you at 9 — bring your card 💳", "UCS-2")


def test_the_link_in_a_reminder_is_whole(reminders, sandbox):
    reminders.remind(PATIENT, "Confirm at https://clinic.example/c/8f3a?x=1 with code 402913.")
    message = sandbox.wait_for(to=PATIENT, text="confirm")
    assert message.links == ["https://clinic.example/c/8f3a?x=1"]
    assert message.codes == ["402913"]


def test_a_number_that_is_none_is_refused_with_the_vendors_words(simplepay, sandbox):
    with pytest.raises(VendorRefused, match="Msisdn is invalid: 1455156"):
        simplepay.submit("1455156", sandbox.consoles[0].line, "Hello")
    assert sandbox.messages() == []


def test_an_empty_text_is_refused(simplepay, sandbox):
    with pytest.raises(VendorRefused):
        simplepay.submit(PATIENT, sandbox.consoles[0].line, "")


def test_a_phone_that_the_vendor_refuses(reminders):
    with pytest.raises(VendorRefused, match=f"Msisdn is invalid: {REFUSED}"):
        reminders.remind(REFUSED, "Hello")


@pytest.mark.parametrize(
    ("phone", "status"),
    [(REJECTED, "failed"), (LANDLINE, "failed"), (UNDELIVERED, "undelivered"), (NEVER_SENT, "queued")],
)
def test_a_reminder_that_does_not_arrive(reminders, phone, status):
    reminders.remind(phone, "Hello")
    assert reminders.outcomes() == {status: 1}


def test_outcomes_count_each_patient(reminders):
    for phone in (PATIENT, ANOTHER, REJECTED):
        reminders.remind(phone, "Hello")
    assert reminders.outcomes() == {"delivered": 2, "failed": 1}


@pytest.mark.sandbox(delivery="timed")
def test_a_reminder_takes_its_time(reminders, sandbox):
    reminders.remind(PATIENT, "Hello")
    assert reminders.outcomes() == {"queued": 1}
    sandbox.clock.advance(seconds=1)
    assert reminders.outcomes() == {"sent": 1}
    sandbox.clock.advance(seconds=2)
    assert reminders.outcomes() == {"delivered": 1}


@pytest.mark.sandbox(delivery="manual")
def test_the_network_says_no(reminders, sandbox):
    sid = reminders.remind(PATIENT, "Hello")
    sandbox.status(sid, "rejected", vendor_status="UNREACHABLE")
    assert reminders.outcomes() == {"failed": 1}


@pytest.mark.sandbox(delivery="timed")
def test_we_are_called_back_at_each_step(reminders, sandbox):
    sink = sandbox.sink("statuses")
    sid = reminders.remind(PATIENT, "Hello", callback=sink.url)
    sandbox.clock.advance(minutes=1, settle=60)
    told = [(request.form["MessageSid"], request.form["MessageStatus"]) for request in sink.received()]
    assert told == [(sid, "sent"), (sid, "delivered")]


@pytest.mark.sandbox(delivery="timed")
def test_a_callback_that_fails_comes_again(reminders, sandbox):
    sink = sandbox.sink("statuses", status=500)
    reminders.remind(PATIENT, "Hello", callback=sink.url)
    sandbox.clock.advance(seconds=1, settle=60)
    sandbox.sink("statuses", status=200)
    sandbox.clock.advance(minutes=1, settle=60)
    assert [request.form["MessageStatus"] for request in sink.received()] == ["sent", "sent", "delivered"]


def test_a_vendor_that_is_down_twice_is_asked_a_third_time(reminders, sandbox):
    sandbox.fault("simplepay.submit", status=503, times=2)
    reminders.remind(PATIENT, "Hello")
    sandbox.verify("simplepay.submit", outcome="faulted", count=2)
    sandbox.verify("simplepay.submit", outcome="accepted", count=1)


@pytest.mark.parametrize("effect", [{"reset": True}, {"close": True}, {"rate_limit": {"requests": 0, "seconds": 60}}])
def test_a_vendor_that_stays_down(reminders, sandbox, effect):
    with sandbox.fault("simplepay.submit", **effect), pytest.raises(VendorDown):
        reminders.remind(PATIENT, "Hello")
    reminders.remind(PATIENT, "Hello")


def test_the_clock_stands_still(reminders, sandbox):
    before = sandbox.clock.now
    sid = reminders.remind(PATIENT, "Hello")
    assert sandbox.message(sid).timeline[0].at == before
    assert sandbox.clock.advance(days=1).now == before + timedelta(days=1)
