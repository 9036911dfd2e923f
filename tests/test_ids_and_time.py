"""The one owner of time, the one owner of what looks random, and telephone numbers."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from sandbox import clock
from sandbox.store import WorkspaceView
from sandbox.vendors.dialogtech.ids import msg_id
from sandbox.vendors.simplepay.ids import sid
from sandbox.vendors.writeback.ids import outgoing_message_id
from sandbox.world import ids
from sandbox.world.errors import ImpossiblePhone
from sandbox.world.phones import is_msisdn, national, normalised
from sandbox.world.statuses import Plan, plan_of, planned_entries, reachable, status_at, steps_between

SAMPLE = 1_624_371_468_095
"""2021-06-22T14:17:48.095Z in ms."""


# Time ------------------------------------------------------------------------------------------------------------


def test_wall_time_is_milliseconds_since_1970() -> None:
    assert clock.wall_clock() > 1_700_000_000_000


@pytest.mark.parametrize(
    ("at", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (SAMPLE, "2021-06-22T14:17:48.095Z"),
        (999, "1970-01-01T00:00:00.999Z"),
        (-1, "1969-12-31T23:59:59.999Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
    ],
)
def test_a_moment_is_written_to_the_millisecond_in_utc(at: int, written: str) -> None:
    assert clock.rfc3339(at) == written


def test_seconds_are_cut_and_never_rounded() -> None:
    assert clock.utc(1_999) == datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


def test_a_datetime_is_cut_to_the_millisecond_whatever_its_zone() -> None:
    moment = datetime(2021, 6, 22, 10, 17, 48, 95_999, tzinfo=timezone(timedelta(hours=-4)))
    assert clock.milliseconds(moment) == SAMPLE


def view(**changes: object) -> WorkspaceView:
    fields: dict[str, object] = dict.fromkeys(WorkspaceView._fields) | {"clock_at": 5_000, "clock_wall": 1_000}
    fields["clock_speed"] = 1.0
    return WorkspaceView(**(fields | changes))  # type: ignore[arg-type]  # of several types


def test_a_running_clock_goes_on_with_wall_time_and_a_frozen_one_stays() -> None:
    assert view(clock_frozen=False).now(1_700) == 5_700
    assert view(clock_frozen=True).now(1_700) == 5_000
    assert view(clock_frozen=False, clock_speed=60.0).now(1_700) == 5_000 + 60 * 700


def test_a_running_clock_knows_when_it_will_read_a_time() -> None:
    assert view(clock_frozen=False).wall_at(5_700) == 1_700
    assert view(clock_frozen=False, clock_speed=60.0).wall_at(5_001) == 1_001


# Ids -------------------------------------------------------------------------------------------------------------


def test_the_same_seed_kind_and_number_decide_the_same() -> None:
    assert ids.decided(1, "message", 1) == ids.decided(1, "message", 1)
    others = [(2, "message", 1, 0), (1, "person", 1, 0), (1, "message", 2, 0), (1, "message", 1, 1)]
    assert len({ids.decided(1, "message", 1), *(ids.decided(*other) for other in others)}) == 5


def test_what_is_decided_is_the_same_on_every_machine() -> None:
    assert ids.decided_key(1, "broadcast", 1) == "0884f9e241f47292d10d1d667af5683b"
    assert sid(1, 1, SAMPLE, 0) == "0021V-0622Q-14178-480QK"
    assert outgoing_message_id(1, 1, SAMPLE, 0) == "dd5970f4913aa7d78772ddcb19e35110"
    assert msg_id(1, 1, SAMPLE, 0) == "910391154"


def test_after_a_clash_another_id_is_decided() -> None:
    for make in (sid, outgoing_message_id, msg_id):
        assert len({make(1, 1, SAMPLE, attempt) for attempt in range(50)}) == 50


@pytest.mark.rule("SP-sid")
def test_a_sid_tells_its_moment_as_the_sample_does() -> None:
    for n in range(200):
        assert re.fullmatch(r"\d\d21[A-Z]-0622[A-Z]-1417\d-480[A-Z][A-Z]", sid(1, n, SAMPLE, 0))


@pytest.mark.rule("DT-message")
def test_a_msg_id_has_nine_digits_and_the_first_is_no_zero() -> None:
    for n in range(2_000):
        assert re.fullmatch(r"[1-9]\d{8}", msg_id(1, n, SAMPLE, 0))


@pytest.mark.rule("WB-ids")
def test_a_key_has_32_lower_case_hex_digits() -> None:
    assert all(re.fullmatch(r"[0-9a-f]{32}", outgoing_message_id(1, n, SAMPLE, 0)) for n in range(200))


@pytest.mark.parametrize(
    ("write", "parse", "prefix"),
    [
        (ids.message_id, ids.parse_message_id, "msg_"),
        (ids.callback_id, ids.parse_callback_id, "cb_"),
        (ids.fault_id, ids.parse_fault_id, "fault_"),
    ],
)
def test_an_id_of_ours_is_written_and_read_in_one_way(
    write: Callable[[int], str], parse: Callable[[str], int | None], prefix: str
) -> None:
    assert write(1) == f"{prefix}00000001"
    assert [parse(write(n)) for n in (1, 99_999_999, 100_000_000)] == [1, 99_999_999, 100_000_000]
    for other in (
        "00000001",
        f"{prefix}",
        f"{prefix}1x",
        f"{prefix}-1",
        f"{prefix}٣",
        f"x{prefix}1",
        prefix + 18 * "9",
    ):
        assert parse(other) is None, other


@pytest.mark.rule("WB-envelope")
def test_a_request_id_is_a_version_4_uuid() -> None:
    for _ in range(200):
        assert re.fullmatch(
            r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", ids.new_request_id()
        )
    assert len({ids.new_request_id() for _ in range(1_000)}) == 1_000


def test_an_exchange_id_is_a_uuid_of_version_7_and_tells_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ids, "_exchange_numbers", ids._IncreasingUUIDs())
    monkeypatch.setattr("time.time_ns", lambda: SAMPLE * 1_000_000 + 999_999)
    drawn = ids.new_exchange_id()
    assert re.fullmatch(r"ex_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}", drawn)
    assert int(drawn.removeprefix("ex_")[:12], 16) == SAMPLE


def test_each_exchange_id_is_greater_than_those_before_though_the_machines_clock_goes_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ids, "_exchange_numbers", ids._IncreasingUUIDs())
    moments = iter([SAMPLE, SAMPLE, SAMPLE, SAMPLE - 5_000, SAMPLE - 1, SAMPLE, SAMPLE + 1] * 100)
    monkeypatch.setattr("time.time_ns", lambda: next(moments) * 1_000_000)
    drawn = [ids.new_exchange_id() for _ in range(700)]
    assert drawn == sorted(set(drawn))


def test_secrets_are_drawn_anew_each_time() -> None:
    assert len({ids.secret() for _ in range(100)} | {ids.workspace_key() for _ in range(100)}) == 200
    assert re.fullmatch(r"[a-z0-9]{12}", ids.secret(12))
    assert re.fullmatch(r"ws_[a-z0-9]{6}", ids.workspace_key())


# Telephone numbers -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "written", ["16155550123", "6155550123", "+16155550123", "+1 (615) 555-0123", "615.555.0123", "1-615-555-0123"]
)
def test_a_number_is_kept_as_digits_however_it_is_written(written: str) -> None:
    assert normalised(written) == "16155550123"


@pytest.mark.parametrize(
    "written", ["", "+", "5550123", "26155550123456789", "1615555012x", "٦١٥٥٥٥٠١٢٣", "++16155550123"]
)
def test_what_is_no_number_is_refused(written: str) -> None:
    with pytest.raises(ImpossiblePhone):
        normalised(written)


@pytest.mark.rule("SP-msisdn")
@pytest.mark.parametrize("number", ["16155550123", "447400123456", "4915112345678", "861069445464"])
def test_a_possible_number_is_an_msisdn(number: str) -> None:
    assert is_msisdn(number)


@pytest.mark.rule("WB-phone", "DT-message")
@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("16159737483", "6159737483"),
        ("447400123456", "7400123456"),
        ("390612345678", "0612345678"),
        ("999999999999", "999999999999"),
    ],
)
def test_national_digits_lack_the_country_code(number: str, expected: str) -> None:
    assert national(number) == expected


# Statuses --------------------------------------------------------------------------------------------------------


@pytest.mark.rule("NET-flow")
@pytest.mark.parametrize(
    ("now", "plan", "status"),
    [
        (0, (None, None, None), "queued"),
        (9, (10, 30, "delivered"), "queued"),
        (10, (10, 30, "delivered"), "sent"),
        (29, (10, 30, "delivered"), "sent"),
        (30, (10, 30, "delivered"), "delivered"),
        (30, (None, 30, "rejected"), "rejected"),
        (29, (None, 30, "rejected"), "queued"),
        (10, (10, 10, "undelivered"), "undelivered"),
        (99, (10, None, None), "sent"),
    ],
)
def test_a_plan_and_the_time_give_the_status(now: int, plan: tuple[int, int, str], status: str) -> None:
    assert status_at(now, *plan) == status


@pytest.mark.rule("NET-flow")
@pytest.mark.parametrize(
    ("status", "later"),
    [
        ("queued", ("sent", "rejected", "unknown", "delivered", "undelivered")),
        ("sent", ("delivered", "undelivered", "rejected", "unknown")),
        ("delivered", ()),
        ("undelivered", ()),
        ("rejected", ()),
        ("unknown", ()),
    ],
)
def test_the_moves_are_those_of_the_rules(status: str, later: tuple[str, ...]) -> None:
    assert reachable(status) == later


@pytest.mark.rule("NET-flow")
@pytest.mark.parametrize(
    ("status", "target", "steps"),
    [
        ("queued", "sent", ("sent",)),
        ("queued", "rejected", ("rejected",)),
        ("queued", "unknown", ("unknown",)),
        ("queued", "delivered", ("sent", "delivered")),
        ("queued", "undelivered", ("sent", "undelivered")),
        ("sent", "rejected", ("rejected",)),
    ],
)
def test_a_later_status_takes_the_moves_between(status: str, target: str, steps: tuple[str, ...]) -> None:
    assert steps_between(status, target) == steps


@pytest.mark.parametrize(
    "plan",
    [
        Plan(None, None, None, "manual"),
        Plan(10, None, None, "injected"),
        Plan(10, 30, "delivered", "timed"),
        Plan(None, 30, "rejected", "consent", "opted out"),
    ],
)
def test_a_timeline_gives_its_plan_back(plan: Plan) -> None:
    assert plan_of(planned_entries(0, plan.cause, plan)) == plan
