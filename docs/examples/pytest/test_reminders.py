import httpx
import pytest

PATIENT = "14155550123"


def submit(sandbox, text, to=PATIENT):
    """Your own client stands here; it needs an address, a console and credentials."""
    url = f"{sandbox.simplepay_url}/submit/{sandbox.consoles[0].code}"
    form = {"To": to, "From": sandbox.consoles[0].line, "Body": text}
    return httpx.post(url, data=form, auth=(sandbox.basic.username, sandbox.basic.password))


def test_a_reminder_is_delivered(sandbox):
    sid = submit(sandbox, "See you tomorrow.").json()["sid"]
    assert sandbox.message(sid).status == "delivered"


def test_a_patient_who_says_stop_gets_no_more(sandbox):
    sandbox.reply(submit(sandbox, "See you tomorrow?").json()["sid"], "STOP")
    sid = submit(sandbox, "Are you sure?").json()["sid"]
    assert sandbox.message(sid).status == "rejected"


def test_a_code_is_sent(sandbox):
    submit(sandbox, "Your code is 402913.")
    assert sandbox.wait_for(to=PATIENT, text="code", timeout=5).codes == ["402913"]


def test_the_vendor_is_down(sandbox):
    with sandbox.fault("simplepay.submit", status=503, times=1):
        assert submit(sandbox, "Hello").status_code == 503
        assert submit(sandbox, "Hello").status_code == 200
    sandbox.verify("simplepay.submit", to=PATIENT, outcome="accepted", count=1, no_findings=True)


@pytest.mark.sandbox(fixture="clinic", seed=7, delivery="timed")
def test_delivery_takes_three_seconds(sandbox):
    sid = submit(sandbox, "See you tomorrow.").json()["sid"]
    assert sandbox.message(sid).status == "queued"
    sandbox.clock.advance(seconds=3)
    assert sandbox.message(sid).status == "delivered"
