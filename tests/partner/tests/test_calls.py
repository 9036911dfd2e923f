"""Texts to the numbers on our posters, which DialogTech tracks."""

from datetime import UTC, datetime

import pytest
from reminders.vendors import DialogTech, VendorDown, VendorRefused

CALLER = "14155550123"
TODAY = datetime(2026, 5, 6, tzinfo=UTC)


def test_a_text_to_the_poster_and_our_answer(dialogtech, sandbox):
    number = sandbox.accounts[0].tracking_numbers[0]
    asked = sandbox.inbound(from_=CALLER, to=number, text='Do you have <blue> & "left-handed" ones?').inbound
    sandbox.send(CALLER, "We have.", tracking_number=number)
    (text,), (answer,) = dialogtech.messages(TODAY, TODAY)
    assert (text.msg_id, text.sender, text.to) == (asked.ids.msg_id, CALLER[1:], number)
    assert (text.text, text.date) == ('Do you have <blue> & "left-handed" ones?', "2026-05-06 09:00:00")
    assert (answer.sender, answer.to, answer.text) == (number, CALLER[1:], "We have.")


def test_a_day_without_texts(dialogtech):
    assert dialogtech.messages(TODAY, TODAY) == ([], [])


def test_a_number_that_is_not_ours_has_none(dialogtech, sandbox):
    sandbox.inbound(from_=CALLER, to=sandbox.accounts[0].tracking_numbers[0], text="Hello")
    assert dialogtech.messages(TODAY, TODAY, number="6155559999") == ([], [])


def test_wrong_keys_are_refused_though_the_status_is_200(sandbox, http):
    with pytest.raises(VendorRefused):
        DialogTech(http, sandbox.dialogtech_url, "wrong", "keys").messages(TODAY, TODAY)


def test_broken_xml_is_no_answer(dialogtech, sandbox):
    with sandbox.fault("dialogtech.sms.get_messages", malformed=True), pytest.raises(VendorDown, match="broken XML"):
        dialogtech.messages(TODAY, TODAY)
