"""Patients write back, and some want no more."""

from datetime import UTC, datetime, timedelta

import pytest
from reminders.vendors import VendorDown

PATIENT = "14155550123"
MOBILE = "4155550123"
SAYS_STOP = "14155550160"
TODAY = datetime(2026, 5, 6, tzinfo=UTC)
TONIGHT = datetime(2026, 5, 6, 23, 59, 59, tzinfo=UTC)


def test_an_answer_is_found(reminders, sandbox):
    sid = reminders.remind(PATIENT, "See you tomorrow?")
    sandbox.reply(sid, "Yes, thank you!")
    assert reminders.answers(TODAY, TONIGHT) == {MOBILE: ["Yes, thank you!"]}


def test_nobody_has_answered_yet(reminders):
    reminders.remind(PATIENT, "See you tomorrow?")
    assert reminders.answers(TODAY, TONIGHT) == {}


def test_who_says_stop_is_known_and_gets_no_more(reminders, sandbox):
    sandbox.reply(reminders.remind(PATIENT, "See you tomorrow?"), "STOP")
    assert reminders.stopped(TODAY, TONIGHT) == {MOBILE}
    reminders.remind(PATIENT, "Are you sure?")
    assert reminders.outcomes() == {"failed": 1}


def test_who_says_start_again_gets_more(reminders, sandbox):
    sandbox.reply(reminders.remind(PATIENT, "See you tomorrow?"), "STOP")
    sandbox.inbound(from_=PATIENT, to=sandbox.consoles[0].line, text="START")
    reminders.remind(PATIENT, "Welcome back.")
    assert reminders.outcomes() == {"delivered": 1}


@pytest.mark.sandbox(delivery="timed")
def test_a_phone_that_says_stop_by_itself(reminders, sandbox):
    reminders.remind(SAYS_STOP, "See you tomorrow?")
    sandbox.clock.advance(minutes=1)
    assert reminders.stopped(TODAY, TONIGHT) == {SAYS_STOP[1:]}


def test_opting_out_is_silent(reminders, simplepay, sandbox):
    reminders.remind(PATIENT, "See you tomorrow?")
    assert simplepay.opt_out(PATIENT)
    assert not simplepay.opt_out("14155550199")
    assert len(sandbox.messages()) == 1


def test_a_long_time_range_is_read_in_windows(reminders, sandbox):
    reminders.remind(PATIENT, "First")
    sandbox.clock.advance(days=20)
    reminders.remind(PATIENT, "Second")
    read = list(reminders._writeback.records(TODAY, TODAY + timedelta(days=21)))
    assert [record["outgoingMessage"] for record in read] == ["First", "Second"]
    sandbox.verify("writeback.responses", count=3, no_findings=True)


def test_a_broadcast_of_the_clinic_is_no_reminder_of_ours(reminders, writeback, sandbox):
    sandbox.add_person(PATIENT, first_name="Ada", last_name="Quill")
    sandbox.broadcast("Flu shots", "Come on Friday", to="everyone")
    (record,) = writeback.records(TODAY, TONIGHT)
    assert (record["broadcastName"], record["personName"], record["delivered"]) == ("Flu shots", "Ada Quill", "true")
    assert reminders.answers(TODAY, TONIGHT) == {}


@pytest.mark.sandbox(fixture="clinic", seed=7)
def test_a_clinic_with_two_weeks_behind_it(reminders, sandbox):
    answers = reminders.answers(TODAY - timedelta(days=14), TONIGHT)
    assert len(answers) > 5
    assert len(sandbox.people()) > 50


def test_broken_json_is_no_answer(writeback, sandbox):
    with sandbox.fault("writeback.responses", malformed=True), pytest.raises(VendorDown, match="broken JSON"):
        list(writeback.records(TODAY, TONIGHT))


def test_back_to_where_it_was(reminders, sandbox):
    reminders.remind(PATIENT, "See you tomorrow?")
    sandbox.snapshot("before")
    sandbox.inbound(from_=PATIENT, to=sandbox.consoles[0].line, text="STOP")
    sandbox.restore("before")
    assert reminders.stopped(TODAY, TONIGHT) == set()


def test_what_one_test_sends_no_other_sees(writeback):
    assert list(writeback.records(TODAY, TONIGHT)) == []
