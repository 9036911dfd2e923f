"""The numbers of exchanges, and so the ids of answers, over the end of a process."""

import httpx
from driver import CONSOLE, DEMO, WRITEBACK
from served import Serve, Served

from sandbox.world import AHEAD

PATH = f"{WRITEBACK}/{CONSOLE}/2026-05-06%2000:00:00/2026-05-06%2000:00:01"


def reads(served: Served, count: int) -> list[tuple[int, str]]:
    """The number and the requestId of each answer."""
    with httpx.Client(base_url=served.url, auth=DEMO) as client:
        answers = [client.get(PATH) for _ in range(count)]
    return [
        (int(answer.headers["x-sandbox-exchange"].removeprefix("ex_")), answer.json()["requestId"])
        for answer in answers
    ]


def test_after_a_kill_no_exchange_has_the_id_of_another(serve: Serve) -> None:
    served = serve()
    before = reads(served, AHEAD + 2)
    served.kill()
    after = reads(serve(), 2)
    assert [number for number, _ in before + after] == [*range(1, AHEAD + 3), 2 * AHEAD + 1, 2 * AHEAD + 2]
    assert len({request_id for _, request_id in before + after}) == len(before + after)


def test_after_a_stop_the_numbers_go_on_where_they_ended(serve: Serve) -> None:
    served = serve()
    before = reads(served, 3)
    served.process.terminate()
    served.process.wait()
    after = reads(serve(), 2)
    assert [number for number, _ in before + after] == [1, 2, 3, 4, 5]
