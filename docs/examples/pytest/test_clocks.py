from datetime import UTC, datetime, timedelta

import freezegun
import pytest
import time_machine

HOUR = timedelta(hours=1)


@pytest.mark.sandbox(start_at=None, clock="running", delivery="immediate")
def test_a_client_that_reads_the_time_itself(sandbox):
    before = datetime.now(UTC)
    message = sandbox.send("14155550123", "See you tomorrow.")
    assert abs(message.timeline[0].at - before) < HOUR


def test_with_freezegun(sandbox):
    with freezegun.freeze_time(sandbox.clock.now) as ours:
        ours.tick(HOUR)
        sandbox.clock.advance(HOUR)
        assert sandbox.clock.now == datetime.now(UTC)


def test_with_time_machine(sandbox):
    with time_machine.travel(sandbox.clock.now, tick=False) as ours:
        ours.shift(HOUR)
        sandbox.clock.advance(HOUR)
        assert sandbox.clock.now == datetime.now(UTC)
