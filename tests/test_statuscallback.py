"""StatusCallback: what a client is told of its messages, when, and how often it is tried (rule SP-statuscallback)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpcore
import pytest
from driver import CONSOLE, DEFAULT, DEMO, LINE, PHONE, SIMPLEPAY, Driver
from receiver import Got, Receiver

from sandbox.store import StoreUnavailable
from sandbox.world import sinks
from sandbox.world.callbacks import claims
from sandbox.world.callbacks.attempts import note_attempt
from sandbox.world.workspaces import find

pytestmark = pytest.mark.rule("SP-statuscallback")

PATIENT_S = 60
"""Nothing waits for it to pass; a wait that hangs ends with it."""


@pytest.fixture
def timed(sandbox: Driver) -> Driver:
    """Its clock stands at 09:00:00, its policy is the default one."""
    sandbox.delivery("timed")
    sandbox.control("POST", "/clock", {"action": "freeze"})
    return sandbox


def at(time: str) -> str:
    return f"2026-05-06T{time}.000Z"


def sink(sandbox: Driver, **fields: Any) -> str:
    """The URL of a sink called `mine`."""
    return str(sandbox.control("PUT", "/sinks/mine", fields)["url"])


def advance(sandbox: Driver, seconds: float) -> None:
    """Turns the clock, and waits until all that is due was tried."""
    turned = sandbox.control("POST", "/clock", {"action": "advance", "seconds": seconds, "settle": PATIENT_S})
    assert turned["settled"] is True


def received(sandbox: Driver) -> list[tuple[str, str]]:
    """What the sink `mine` got: when on the workspace's clock, and which status."""
    got = sandbox.control("GET", "/sinks/mine")["received"]
    return [(each["at"][11:19], each["form"]["MessageStatus"]) for each in got]


def callback_states(sandbox: Driver) -> list[tuple[str, str, int]]:
    """The callbacks: of which status, how far they got, and in how many attempts."""
    listed = sandbox.control("GET", "/callbacks")["items"]
    return [(each["status"], each["state"], len(each["attempts"])) for each in listed]


# What is told ----------------------------------------------------------------------------------------------------


def test_each_change_of_status_is_told_in_the_words_of_simplepay(timed: Driver) -> None:
    sid = timed.sid(callback=sink(timed))
    advance(timed, 3)
    assert [each["form"] for each in timed.control("GET", "/sinks/mine")["received"]] == [
        {
            "MessageSid": sid,
            "SmsSid": sid,
            "AccountSid": CONSOLE,
            "MessageStatus": word,
            "SmsStatus": word,
            "To": PHONE,
            "From": LINE,
            "ApiVersion": "15.1",
        }
        for word in ("sent", "delivered")
    ]


@pytest.mark.parametrize(
    ("xx", "word", "error"),
    [
        ("50", "failed", "the handset: rejected"),
        ("51", "undelivered", "the handset: undelivered"),
        ("53", "UNKNOWN", None),
    ],
)
def test_a_failure_is_told_with_its_reason(timed: Driver, xx: str, word: str, error: str | None) -> None:
    timed.sid(f"141555501{xx}", callback=sink(timed))
    advance(timed, 3)
    form = timed.control("GET", "/sinks/mine")["received"][-1]["form"]
    assert (form["MessageStatus"], form.get("ErrorMessage")) == (word, error)


def test_an_injected_status_tells_the_moves_between_too(timed: Driver) -> None:
    timed.delivery("manual")
    sid = timed.sid(callback=sink(timed))
    timed.status(sid, "undelivered", reason="switched off")
    advance(timed, 0)
    got = [each["form"] for each in timed.control("GET", "/sinks/mine")["received"]]
    assert [(form["MessageStatus"], form.get("ErrorMessage")) for form in got] == [
        ("sent", None),
        ("undelivered", "switched off"),
    ]


def test_an_injected_status_replaces_what_was_still_to_be_told(timed: Driver) -> None:
    sid = timed.sid(callback=sink(timed))
    advance(timed, 1)
    timed.status(sid, "rejected")
    advance(timed, 0)
    advance(timed, 10)
    assert received(timed) == [("09:00:01", "sent"), ("09:00:01", "failed")]


def test_a_fact_of_the_past_is_not_told(timed: Driver) -> None:
    timed.delivery("manual")
    sid = timed.sid(callback=sink(timed))
    advance(timed, 60)
    timed.status(sid, "delivered", at=at("09:00:30"))
    timed.status(sid, "sent", force=True)
    advance(timed, 0)
    advance(timed, 60)
    assert received(timed) == [("09:01:00", "sent")]


def test_a_scheduled_status_is_told_at_its_time(timed: Driver) -> None:
    timed.delivery("manual")
    sid = timed.sid(callback=sink(timed))
    timed.status(sid, "delivered", at=at("09:00:30"))
    advance(timed, 29)
    assert received(timed) == []
    advance(timed, 1)
    assert received(timed) == [("09:00:30", "sent"), ("09:00:30", "delivered")]


def test_only_a_submit_with_a_statuscallback_is_told_of(timed: Driver) -> None:
    timed.sid()
    timed.send()
    timed.sid(callback="")
    advance(timed, 10)
    assert timed.control("GET", "/callbacks") == {"items": [], "next": None}


def test_a_removed_message_is_told_of_no_more(timed: Driver) -> None:
    url = sink(timed)
    timed.sid(callback=url)
    assert timed.call("DELETE", f"{DEFAULT}/messages").json() == {"deleted": 1}
    advance(timed, 10)
    assert received(timed) == []


# When, and how often ---------------------------------------------------------------------------------------------


def test_it_is_tried_again_after_1_4_16_and_64_seconds_then_given_up(timed: Driver) -> None:
    sid = timed.sid(callback=sink(timed, status=503))
    message = timed.message(sid)["id"]
    timed.status(sid, "rejected", reason="no such phone")
    for second in (0, 0.999, 0.001, 3.999, 0.001, 16, 64, 1000):
        advance(timed, second)
    attempts = [("09:00:00", "09:00:01"), ("09:00:01", "09:00:05"), ("09:00:05", "09:00:21"), ("09:00:21", "09:01:25")]
    (callback,) = timed.message(sid)["callbacks"]
    assert all(attempt.pop("ms") >= 0 for attempt in callback["attempts"])
    assert callback == {
        "id": "cb_00000003",
        "message": message,
        "url": sink(timed),
        "status": "rejected",
        "payload": {
            "MessageSid": sid,
            "SmsSid": sid,
            "AccountSid": CONSOLE,
            "MessageStatus": "failed",
            "SmsStatus": "failed",
            "To": PHONE,
            "From": LINE,
            "ApiVersion": "15.1",
            "ErrorMessage": "no such phone",
        },
        "state": "given_up",
        "due_at": at("09:00:00"),
        "reason": "5 attempts failed",
        "attempts": [
            *({"at": at(then), "status": 503, "error": None, "next_at": at(next_at)} for then, next_at in attempts),
            {"at": at("09:01:25"), "status": 503, "error": None, "next_at": None},
        ],
    }


def test_what_fell_due_in_one_long_leap_is_tried_to_the_end(timed: Driver) -> None:
    timed.sid(callback=sink(timed, status=500))
    advance(timed, 365 * 24 * 3600)
    assert callback_states(timed) == [("sent", "given_up", 5), ("delivered", "given_up", 5)]


@pytest.mark.parametrize(("seconds", "attempts"), [(85, 4), (86, 5)])
def test_attempts_of_a_leap_bear_the_time_that_was_leapt_to_and_fired_lists_the_first(
    timed: Driver, seconds: int, attempts: int
) -> None:
    timed.sid(callback=sink(timed, status=503))
    turned = timed.control("POST", "/clock", {"action": "advance", "seconds": seconds, "settle": PATIENT_S})
    callback = timed.control("GET", "/callbacks")["items"][0]
    assert [each["at"] for each in callback["attempts"]] == [turned["now"]] * attempts
    due = [callback["due_at"], *(each["next_at"] for each in callback["attempts"])]
    assert due[:5] == [at(f"09:{time}") for time in ("00:01", "00:02", "00:06", "00:22", "01:26")]
    fired = [each["at"] for each in turned["fired"] if each["event"] == "callback"]
    assert fired == [at("09:00:01"), at("09:00:03")]


def test_it_recovers_with_its_receiver(timed: Driver) -> None:
    timed.sid(callback=sink(timed, status=500))
    advance(timed, 1)
    advance(timed, 1)
    sink(timed, status=200)
    advance(timed, 3)
    advance(timed, 1)
    assert callback_states(timed) == [("sent", "delivered", 3), ("delivered", "delivered", 1)]
    assert received(timed) == [
        ("09:00:01", "sent"),
        ("09:00:02", "sent"),
        ("09:00:06", "sent"),
        ("09:00:06", "delivered"),
    ]


@pytest.mark.parametrize("status", [200, 204, 299])
def test_any_2xx_settles_it(timed: Driver, status: int) -> None:
    timed.sid(callback=sink(timed, status=status))
    advance(timed, 100)
    assert callback_states(timed) == [("sent", "delivered", 1), ("delivered", "delivered", 1)]


@pytest.mark.parametrize("status", [302, 400, 404, 410, 500])
def test_nothing_else_does(timed: Driver, status: int) -> None:
    timed.sid(callback=sink(timed, status=status))
    advance(timed, 1)
    assert callback_states(timed) == [("sent", "pending", 1)]


def test_a_callback_waits_for_its_predecessor_and_goes_when_that_is_given_up(timed: Driver) -> None:
    timed.sid(callback=sink(timed, status=500))
    advance(timed, 1)
    advance(timed, 2)
    assert callback_states(timed) == [("sent", "pending", 2), ("delivered", "pending", 0)]
    advance(timed, 83)
    assert callback_states(timed) == [("sent", "given_up", 5), ("delivered", "pending", 1)]


def test_messages_do_not_wait_for_one_another(timed: Driver) -> None:
    down = timed.sid(callback=sink(timed, status=500))
    up = timed.sid(callback=timed.control("PUT", "/sinks/other", {})["url"])
    advance(timed, 3)
    states = {each["message"]: each["state"] for each in timed.control("GET", "/callbacks")["items"]}
    assert states == {timed.message(down)["id"]: "pending", timed.message(up)["id"]: "delivered"}


def test_a_receiver_that_is_not_there_is_an_error_that_is_told(timed: Driver) -> None:
    with Receiver() as gone:
        url = gone.url
    sid = timed.sid(callback=url)
    advance(timed, 1)
    (callback,) = timed.message(sid)["callbacks"]
    (attempt,) = callback["attempts"]
    assert (callback["state"], attempt["status"], attempt["next_at"]) == ("pending", None, at("09:00:02"))
    assert attempt["error"].startswith("ConnectError: ")


def test_a_receiver_that_is_too_slow_is_an_error_that_is_told(timed: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    hurry(timed, monkeypatch)
    sid = timed.sid(callback=sink(timed, delay=60))
    advance(timed, 1)
    (callback,) = timed.message(sid)["callbacks"]
    (attempt,) = callback["attempts"]
    assert (callback["state"], attempt["status"], attempt["error"]) == ("pending", None, "no answer within 0.05 s")


def hurry(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets an attempt take a twentieth of a second instead of ten."""
    monkeypatch.setattr(sandbox.app.ticker._sender._client, "timeout_s", 0.05)


def test_over_the_network_it_is_a_form_like_any_other(timed: Driver) -> None:
    with Receiver() as receiver:
        sid = timed.sid(callback=f"http://user:p%40ss@127.0.0.1:{receiver.port}/a%20b?c=d&e#f")
        advance(timed, 3)
    first = receiver.got[0]
    assert first.path == "/a%20b?c=d&e"
    assert first.form["MessageSid"] == sid
    assert first.headers == {
        "host": f"127.0.0.1:{receiver.port}",
        "content-type": "application/x-www-form-urlencoded",
        "user-agent": "dialog-sandbox",
        "authorization": "Basic dXNlcjpwQHNz",
        "content-length": first.headers["content-length"],
    }


SECRET_URL = "https://ann:hunter2secret@receiver.test:9/a;pin=4711?b=1&api_key=key0815&c=2#jwt=abc.def"
CLEAN_URL = "https://receiver.test:9/a;pin=[redacted]?b=1&api_key=[redacted]&c=2#jwt=[redacted]"
IN_IT = ("hunter2secret", "ann:", "4711", "key0815", "abc.def")


def test_the_secrets_of_a_url_are_shown_nowhere(timed: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where errors of the network repeat what was sent, neither there."""
    told = f"no {SECRET_URL} for Basic YW5uOmh1bnRlcjJzZWNyZXQ= of hunter2secret"
    monkeypatch.setattr(httpcore.AsyncHTTPConnection, "handle_async_request", fails_with(RuntimeError(told)))
    begun = timed.call("HEAD", f"{DEFAULT}/events").headers["last-event-id"]
    sid = timed.sid(callback=SECRET_URL)
    timed.submit(callback=SECRET_URL.replace("https", "ftp"))  # refused, with a finding that repeats it
    multipart = {each: (None, value) for each, value in {"To": PHONE, "StatusCallback": SECRET_URL}.items()}
    timed.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, files=multipart)
    query = {"To": PHONE, "From": LINE, "Body": "Hi", "StatusCallback": SECRET_URL}
    timed.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, params=query)
    advance(timed, 1)
    first = timed.control("GET", "/callbacks")["items"][0]
    assert first["url"] == timed.message(sid)["callbacks"][0]["url"] == CLEAN_URL
    assert first["attempts"][0]["error"] == (
        "RuntimeError: no https://[redacted]@receiver.test:9/a;pin=[redacted]&api_key=[redacted]&c=2#jwt=[redacted]"
    )
    timed.control("PUT", "/snapshots/before")
    file = timed.call("GET", f"{DEFAULT}/snapshots/before").text
    assert file.count(json.dumps(CLEAN_URL)[1:-1]) == 2
    events = timed.call("GET", f"{DEFAULT}/events?limit=8", headers={"last-event-id": begun}).text
    assert CLEAN_URL in events
    journal = json.dumps(timed.control("GET", "/journal")["items"])
    assert journal.count("redacted") >= 12
    for text in (file, events, journal, json.dumps(timed.control("GET", "/callbacks"))):
        assert [secret for secret in IN_IT if secret in text] == []


def fails_with(error: Exception) -> Callable[..., Any]:
    async def fail(*_: object, **__: object) -> Any:
        raise error

    return fail


def test_a_snapshot_keeps_the_secrets_of_urls_and_its_file_does_not(timed: Driver) -> None:
    with Receiver() as receiver:
        timed.sid(callback=f"http://user:p%40ss@127.0.0.1:{receiver.port}/?key=x&a=1")
        timed.control("PUT", "/snapshots/kept")
        file = timed.call("GET", f"{DEFAULT}/snapshots/kept").content
        assert timed.call("PUT", f"{DEFAULT}/snapshots/brought", content=file).status_code == 200
        for name in ("kept", "brought"):
            timed.control("POST", f"/snapshots/{name}/restore")
            advance(timed, 1)
    assert [(got.path, got.headers.get("authorization")) for got in receiver.got] == [
        ("/?key=x&a=1", "Basic dXNlcjpwQHNz"),
        ("/?key=[redacted]&a=1", None),
    ]


def test_a_sink_shows_no_credentials_of_what_it_got(sandbox: Driver) -> None:
    url = sink(sandbox)
    sandbox.call("POST", url, content=b"x", headers={"Authorization": "Basic YTpi", "X-Api-Key": "k", "X-Other": "o"})
    headers = dict(sandbox.control("GET", "/sinks/mine")["received"][0]["headers"])
    told = {name: value for name, value in headers.items() if name in ("authorization", "x-api-key", "x-other")}
    assert told == {"authorization": "Basic [redacted]", "x-api-key": "[redacted]", "x-other": "o"}


def test_a_receiver_that_hangs_up_is_tried_again(timed: Driver) -> None:
    def answer(got: Got) -> int | bytes:
        return b"" if len(receiver.got) == 1 else 200

    with Receiver(answer) as receiver:
        timed.sid(callback=receiver.url)
        advance(timed, 1)
        advance(timed, 1)
    assert callback_states(timed) == [("sent", "delivered", 2)]
    assert [got.form["MessageStatus"] for got in receiver.got] == ["sent", "sent"]


def test_a_restart_loses_nothing(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    sandbox.delivery("timed")
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.sid(callback=sink(sandbox, status=500))
    for seconds in (1, 1, 4, 16):
        advance(sandbox, seconds)
        sandbox.restart()
    sink(sandbox, status=200)
    advance(sandbox, 64)
    assert callback_states(sandbox) == [("sent", "delivered", 5), ("delivered", "delivered", 1)]


@pytest.mark.inline
def test_what_was_being_sent_when_the_process_ended_is_sent_again(
    open_driver: Callable[..., Driver], tmp_path: Path
) -> None:
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.delivery("timed")
    sandbox.sid(callback=sink(sandbox, delay=30))
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 1})
    sandbox.control("GET", "/clock")  # lets the attempt begin
    assert received(sandbox) == [("09:00:01", "sent")]
    sandbox.restart()
    sink(sandbox)
    advance(sandbox, 0)
    assert received(sandbox) == [("09:00:01", "sent")] * 2
    assert callback_states(sandbox) == [("sent", "delivered", 1)]


def test_what_is_due_is_sent_when_the_store_answers_again(timed: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    failures = iter([StoreUnavailable("database is locked")])
    claim = claims.claim

    def failing(*args: Any) -> Any:
        for failure in failures:
            raise failure
        return claim(*args)

    monkeypatch.setattr(claims, "claim", failing)
    monkeypatch.setattr("sandbox.server.ticker.STORE_RETRY_S", 0.01)
    timed.sid(callback=sink(timed))
    advance(timed, 3)
    assert received(timed) == [("09:00:03", "sent"), ("09:00:03", "delivered")]


def test_an_attempt_is_written_down_when_the_store_answers_again(
    timed: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    failures = iter([StoreUnavailable("database is locked")])

    def failing(*args: Any) -> None:
        for failure in failures:
            raise failure
        note_attempt(*args)

    monkeypatch.setattr("sandbox.server.callback_sender.note_attempt", failing)
    monkeypatch.setattr("sandbox.server.callback_sender.STORE_RETRY_S", 0.01)
    timed.sid(callback=sink(timed))
    advance(timed, 1)
    assert received(timed) == [("09:00:01", "sent")]
    assert callback_states(timed) == [("sent", "delivered", 1)]


# Again, by hand --------------------------------------------------------------------------------------------------


def test_a_callback_is_delivered_again(timed: Driver) -> None:
    timed.sid(callback=sink(timed))
    advance(timed, 1)
    redelivered = timed.control("POST", "/callbacks/cb_00000001/redeliver", status=202)
    assert redelivered == {"id": "cb_00000001", "state": "pending"}
    advance(timed, 0)
    assert received(timed) == [("09:00:01", "sent")] * 2
    assert callback_states(timed) == [("sent", "delivered", 2)]


def test_a_callback_that_was_given_up_has_all_its_attempts_again(timed: Driver) -> None:
    timed.sid(callback=sink(timed, status=500))
    advance(timed, 1000)
    timed.control("POST", "/callbacks/cb_00000001/redeliver")
    for second in (0, 1, 4):
        advance(timed, second)
    assert callback_states(timed)[0] == ("sent", "pending", 8)
    sink(timed, status=200)
    advance(timed, 16)
    assert callback_states(timed)[0] == ("sent", "delivered", 9)


@pytest.mark.parametrize("unknown", ["cb_00000009", "cb_1", "nothing", "msg_00000001"])
def test_an_unknown_callback_is_404(timed: Driver, unknown: str) -> None:
    problem = timed.control("POST", f"/callbacks/{unknown}/redeliver", status=404)
    assert problem["title"] == "Unknown callback"


def test_a_callback_that_lies_ahead_is_nobodys_to_redeliver(timed: Driver) -> None:
    timed.sid(callback=sink(timed))
    timed.control("POST", "/callbacks/cb_00000001/redeliver", status=404)


# Listed ----------------------------------------------------------------------------------------------------------


def test_callbacks_are_listed_by_pages_and_by_message(timed: Driver) -> None:
    url = sink(timed)
    sids = [timed.sid(callback=url) for _ in range(3)]
    assert timed.control("GET", "/callbacks")["items"] == []
    advance(timed, 3)
    everything = timed.control("GET", "/callbacks")["items"]
    assert [each["id"] for each in everything] == [f"cb_{n:08d}" for n in range(1, 7)]
    first = timed.control("GET", "/callbacks?limit=4")
    second = timed.control("GET", f"/callbacks?limit=4&after={first['next']}")
    assert [*first["items"], *second["items"]] == everything
    assert second["next"] is None
    of_second = timed.control("GET", f"/callbacks?message={sids[1]}")["items"]
    assert of_second == everything[2:4] == timed.message(sids[1])["callbacks"]
    timed.control("GET", "/callbacks?message=nothing", status=404)


def test_the_story_of_a_message_explains_it(timed: Driver) -> None:
    with Receiver() as gone:
        url = gone.url
    sid = timed.sid("14155550151", callback=url)
    advance(timed, 1)
    timed.control("POST", "/clock", {"action": "advance", "seconds": 1, "settle": PATIENT_S})
    story = timed.message(sid)
    assert (story["status"], story["reason"], story["next"]) == (
        "sent",
        None,
        {"status": "undelivered", "at": at("09:00:03")},
    )
    assert story["timeline"] == [
        {"status": "queued", "at": at("09:00:00"), "cause": "simplepay.submit"},
        {"status": "sent", "at": at("09:00:01"), "cause": "handset"},
    ]
    (callback,) = story["callbacks"]
    assert [attempt["next_at"] for attempt in callback["attempts"]] == [at("09:00:02"), at("09:00:06")]
    advance(timed, 1)
    story = timed.message(sid)
    assert (story["status"], story["reason"], story["next"]) == ("undelivered", "the handset: undelivered", None)
    assert [(each["status"], each["state"]) for each in story["callbacks"]] == [
        ("sent", "pending"),
        ("undelivered", "pending"),
    ]


@pytest.mark.inline
def test_what_is_on_its_way_of_a_workspace_that_goes_is_dropped(timed: Driver) -> None:
    made = timed.call("POST", "/_sandbox/workspaces", json={"name": "passing", "fixture": "empty"}).json()
    space = "/_sandbox/workspaces/passing"
    url = timed.call("PUT", f"{space}/sinks/mine", json={"delay": 30}).json()["url"]
    basic = (made["basic"]["username"], made["basic"]["password"])
    timed.call("PUT", f"{space}/delivery", json={"mode": "immediate"})
    for _ in range(20):
        timed.submit(callback=url, console=made["consoles"][0]["code"], auth=basic)
    timed.control("GET", "/clock")  # lets them be claimed
    passing = timed.app.store.read_now(lambda tx: find.find_workspace(tx, "passing")).id
    scheduler = timed.app.ticker._scheduler
    assert scheduler.in_hand(passing) == 20
    assert timed.call("DELETE", space).status_code == 204
    timed.control("GET", "/clock")  # lets those under way end
    assert scheduler.in_hand(passing) == 0


# How it may go wrong ---------------------------------------------------------------------------------------------

WELL = {"duplicate": 0, "lose": 0, "reorder": 0, "delay": 0, "contradict": 0, "before_response": 0, "seed": 1}


def misbehaving(sandbox: Driver, **fields: Any) -> None:
    """Callbacks of one message, sent to the sink `mine` by such a profile, 100 s on."""
    sandbox.control("PUT", "/callbacks/profile", fields)
    sandbox.sid(callback=sink(sandbox))
    for second in (0, 1, 2, 10, 87):
        advance(sandbox, second)


def test_the_profile_is_shown_and_replaced(timed: Driver) -> None:
    assert timed.control("GET", "/callbacks/profile") == WELL
    changed = timed.control("PUT", "/callbacks/profile", {"lose": 0.25, "delay": 1.5, "seed": 9})
    assert changed == {**WELL, "lose": 0.25, "delay": 1.5, "seed": 9}
    assert timed.control("GET", "/callbacks/profile") == changed
    assert timed.control("PUT", "/callbacks/profile", {"duplicate": 1}) == {**WELL, "duplicate": 1}
    assert timed.control("PUT", "/callbacks/profile") == WELL


@pytest.mark.parametrize(
    ("fields", "member"),
    [({"lose": 1.1}, "lose"), ({"delay": -1}, "delay"), ({"seed": -1}, "seed"), ({"late": 1}, "late")],
)
def test_a_profile_that_cannot_be_is_refused(timed: Driver, fields: dict[str, object], member: str) -> None:
    problem = timed.control("PUT", "/callbacks/profile", fields, status=422)
    assert [error["member"] for error in problem["errors"]] == [member]


def test_duplicate_delivers_each_twice(timed: Driver) -> None:
    misbehaving(timed, duplicate=1)
    assert received(timed) == [("09:00:01", "sent")] * 2 + [("09:00:03", "delivered")] * 2
    assert callback_states(timed) == [("sent", "delivered", 2), ("delivered", "delivered", 2)]


def test_lose_never_sends_it_and_says_why(timed: Driver) -> None:
    misbehaving(timed, lose=1)
    assert received(timed) == []
    assert callback_states(timed) == [("sent", "given_up", 0), ("delivered", "given_up", 0)]
    assert {each["reason"] for each in timed.control("GET", "/callbacks")["items"]} == {"lost, by callbacks/profile"}


def test_reorder_changes_places(timed: Driver) -> None:
    misbehaving(timed, reorder=1)
    assert received(timed) == [("09:00:03", "delivered"), ("09:00:03", "sent")]


def test_delay_makes_each_late_by_the_workspaces_clock(timed: Driver) -> None:
    misbehaving(timed, delay=10)
    assert received(timed) == [("09:00:13", "sent"), ("09:00:13", "delivered")]
    assert [each["due_at"] for each in timed.control("GET", "/callbacks")["items"]] == [at("09:00:11"), at("09:00:13")]


def test_contradict_says_the_opposite_in_the_end(timed: Driver) -> None:
    misbehaving(timed, contradict=1)
    assert received(timed) == [("09:00:01", "sent"), ("09:00:03", "delivered"), ("09:00:03", "undelivered")]
    assert timed.control("GET", "/messages")["items"][0]["status"] == "delivered"


def test_before_response_tells_the_first_change_before_the_submit_is_answered(timed: Driver) -> None:
    at_answer: list[Any] = []

    def answer(got: Got) -> int:
        at_answer.append(got.form["MessageStatus"])
        return 200

    with Receiver(answer) as receiver:
        timed.control("PUT", "/callbacks/profile", {"before_response": 1})
        sid = timed.sid(callback=receiver.url)
        assert [got.form["MessageSid"] for got in receiver.got] == [sid]
        assert at_answer == ["sent"]
        advance(timed, 3)
    assert at_answer == ["sent", "delivered"]


def test_misbehaviours_come_together(timed: Driver) -> None:
    misbehaving(timed, duplicate=1, delay=10, contradict=1, before_response=1)
    assert received(timed) == [
        *[("09:00:00", "sent")] * 2,
        *[("09:00:13", "delivered")] * 2,
        *[("09:00:13", "undelivered")] * 2,
    ]


def test_a_dead_receiver_holds_a_submit_up_no_longer_than_an_attempt(
    timed: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    hurry(timed, monkeypatch)
    timed.control("PUT", "/callbacks/profile", {"before_response": 1})
    url = sink(timed, delay=60)
    sids = [timed.sid(callback=url) for _ in range(10)]
    assert [timed.details(sid)["status"] for sid in sids] == ["queued"] * 10
    assert len(received(timed)) == 10


def test_chance_is_decided_by_the_seed(open_driver: Callable[..., Driver]) -> None:
    def fates(seed: int) -> list[bool]:
        """Which of a hundred callbacks are lost."""
        sandbox = open_driver()
        sandbox.control("POST", "/clock", {"action": "freeze"})
        sandbox.control("PUT", "/callbacks/profile", {"lose": 0.5, "seed": seed})
        url = sink(sandbox)
        for _ in range(50):
            sandbox.sid(callback=url)
        advance(sandbox, 0)
        return [each["state"] == "given_up" for each in sandbox.control("GET", "/callbacks")["items"]]

    first = fates(5)
    assert first == fates(5)
    assert first != fates(6)
    assert 25 < sum(first) < 75


# Sinks -----------------------------------------------------------------------------------------------------------


def test_a_sink_keeps_what_it_gets_and_forgets_it_when_told(timed: Driver) -> None:
    url = sink(timed, status=202, delay=0.001)
    answer = timed.call("POST", url + "?a=1", data={"x": "1", "y": "é"})
    assert (answer.status_code, answer.content) == (202, b"")
    shown = timed.control("GET", "/sinks/mine")
    (kept,) = shown.pop("received")
    assert shown == {"name": "mine", "url": url, "status": 202, "delay": 0.001}
    assert ["content-type", "application/x-www-form-urlencoded"] in kept.pop("headers")
    assert kept == {
        "at": at("09:00:00"),
        "method": "POST",
        "query": "a=1",
        "body": "x=1&y=%C3%A9",
        "truncated": False,
        "form": {"x": "1", "y": "é"},
    }
    assert timed.control("DELETE", "/sinks/mine") == {"deleted": 1}
    assert timed.control("GET", "/sinks/mine")["received"] == []
    assert sink(timed) == url


def test_a_sink_takes_what_is_no_form(timed: Driver) -> None:
    url = sink(timed)
    assert timed.call("PUT", url, content=b"\xff{").status_code == 200
    assert timed.call("GET", url).status_code == 200
    got = timed.control("GET", "/sinks/mine")["received"]
    assert [(each["method"], each["body"], each["form"]) for each in got] == [
        ("PUT", "\ufffd{", None),
        ("GET", "", None),
    ]


def test_a_sink_keeps_the_last_ones(timed: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sinks.MOST == 1000
    monkeypatch.setattr(sinks, "MOST", 4)
    url = sink(timed)
    for n in range(7):
        timed.call("POST", url, content=b"%d" % n)
    bodies = [each["body"] for each in timed.control("GET", "/sinks/mine")["received"]]
    assert bodies == ["3", "4", "5", "6"]


def test_a_sink_keeps_the_beginning_of_a_long_body(timed: Driver) -> None:
    url = sink(timed)
    form = {"content-type": "application/x-www-form-urlencoded"}
    longest = "a=" + "x" * (sinks.LONGEST_BODY - 2)
    for body in (longest, longest + "y", longest[:-2] + "\N{GRINNING FACE}"):
        assert timed.call("POST", url, content=body.encode(), headers=form).status_code == 200
    whole, cut, split = timed.control("GET", "/sinks/mine")["received"]
    assert (whole["body"], whole["truncated"], whole["form"]) == (longest, False, {"a": longest[2:]})
    assert (cut["body"], cut["truncated"], cut["form"]) == (longest, True, None)
    assert (split["body"], split["truncated"]) == (longest[:-2], True)


def test_a_sink_keeps_so_much_that_it_can_be_read(timed: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sinks.MOST_BYTES == 16 * 1024 * 1024
    assert sinks.MOST * sinks.SMALL < sinks.MOST_BYTES / 2
    monkeypatch.setattr(sinks, "MOST", 16)
    monkeypatch.setattr(sinks, "MOST_BYTES", 5 * sinks.LONGEST_BODY)
    url, other = sink(timed), timed.control("PUT", "/sinks/other", {})["url"]
    for n in range(8):
        timed.call("POST", url, content=f"{n}{'x' * 1024 * 1024}".encode()[: 1024 * 1024])
        timed.call("POST", url, content=f"{n} little")
    timed.call("POST", other, content="x" * sinks.LONGEST_BODY)
    got = timed.control("GET", "/sinks/mine")["received"]
    assert [each["body"][:2] for each in got] == ["4 ", "5x", "5 ", "6x", "6 ", "7x", "7 "]
    assert sum(len(each["body"]) for each in got) <= sinks.MOST_BYTES
    assert len(timed.control("GET", "/sinks/other")["received"]) == 1


@pytest.mark.parametrize("name", ["a b", "a.b", "x" * 65, "%00"])
def test_a_name_that_no_sink_can_have_is_refused(timed: Driver, name: str) -> None:
    assert timed.call("PUT", f"/_sandbox/workspaces/default/sinks/{name}").status_code == 422


def test_a_sink_that_is_not_there_is_404(timed: Driver) -> None:
    assert timed.control("GET", "/sinks/none", status=404)["title"] == "Unknown sink"
    timed.control("DELETE", "/sinks/none", status=404)
    assert timed.call("POST", "/_sandbox/sinks/guessed").json()["title"] == "Unknown sink"


@pytest.mark.parametrize("fields", [{"status": 99}, {"status": 600}, {"delay": -1}, {"delay": 61}, {"colour": "red"}])
def test_a_sink_that_cannot_be_is_refused(timed: Driver, fields: dict[str, object]) -> None:
    timed.control("PUT", "/sinks/mine", fields, status=422)


@pytest.mark.rule("SP-callback")
def test_a_callback_that_goes_to_a_submit_gets_no_callbacks(timed: Driver) -> None:
    """Which would multiply without end: each submit's changes of status would be submits."""
    url = f"http://127.0.0.1:8080{SIMPLEPAY}/submit/{CONSOLE}"
    form = {"To": PHONE, "From": LINE, "Body": "Again", "StatusCallback": url}
    as_callback = {"User-Agent": "dialog-sandbox"}
    answer = timed.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, data=form, headers=as_callback)
    assert answer.status_code == 200
    advance(timed, 3)
    assert callback_states(timed) == []
    [exchange] = timed.control("GET", "/journal")["items"]
    [finding] = [each for each in exchange["findings"] if each["rule"] == "SP-callback"]
    assert (finding["level"], finding["seen"], finding["mend"]) == (
        *("note", "a StatusCallback in what is a callback itself"),
        "Let StatusCallback lead to your own receiver, not to the sandbox's submit.",
    )
    timed.call("POST", f"{SIMPLEPAY}/submit/{CONSOLE}", auth=DEMO, data={**form, "StatusCallback": sink(timed)})
    advance(timed, 3)
    assert callback_states(timed) == [("sent", "delivered", 1), ("delivered", "delivered", 1)]
