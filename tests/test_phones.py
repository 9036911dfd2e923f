"""Phones: the wall, newest conversation first, and what was said with one."""

from typing import Any

from driver import CONSOLE, DEFAULT, LINE, PHONE, STRANGER, TRACKING_NUMBER, Driver

TRACKING_LINE = f"1{TRACKING_NUMBER}"


def wall(sandbox: Driver, query: str = "") -> list[str]:
    return [shown["phone"] for shown in sandbox.control("GET", f"/phones{query}")["items"]]


def texts(sandbox: Driver, phone: str, query: str = "") -> list[str]:
    return [message["text"] for message in sandbox.control("GET", f"/phones/{phone}/messages{query}")["items"]]


def everybody(sandbox: Driver) -> set[str]:
    return {person["phone"] for person in sandbox.control("GET", "/people")["items"]}


def test_the_phone_with_the_latest_message_is_first_and_those_without_one_are_last(sandbox: Driver) -> None:
    others = everybody(sandbox) - {PHONE}
    sandbox.submit(to=PHONE)
    sandbox.wall.advance(1)
    sandbox.send(to=STRANGER, tracking_number=TRACKING_NUMBER)
    assert wall(sandbox)[:2] == [STRANGER, PHONE]
    assert set(wall(sandbox)[2:]) == others
    sandbox.wall.advance(1)
    sandbox.inbound("Hello?")
    assert wall(sandbox)[:2] == [PHONE, STRANGER]


def test_a_phone_tells_whose_it_is_and_its_latest_message_on_whichever_line(sandbox: Driver) -> None:
    sandbox.submit(to=PHONE)
    sandbox.wall.advance(1)
    latest = sandbox.send("Call us.", to=PHONE, tracking_number=TRACKING_NUMBER)
    assert sandbox.control("GET", "/phones")["items"][0] == {
        "phone": PHONE,
        "person_id": "HF0001",
        "first_name": "Ada",
        "last_name": "Quill",
        "carrier": latest["carrier"],
        "recipient_type": "patient",
        "opted_out": [],
        "latest": latest,
    }


def test_a_phone_tells_the_lines_it_is_opted_out_of(sandbox: Driver) -> None:
    sandbox.submit(to=PHONE)
    sandbox.inbound("STOP")
    assert sandbox.control("GET", f"/phones/{PHONE}")["opted_out"] == [LINE]
    sandbox.inbound("STOP", line=TRACKING_LINE)
    assert sandbox.control("GET", "/phones")["items"][0]["opted_out"] == [TRACKING_LINE, LINE]
    sandbox.inbound("START")
    assert sandbox.control("GET", f"/phones/{PHONE}")["opted_out"] == [TRACKING_LINE]


def test_a_phone_that_is_nobodys_can_be_looked_at(sandbox: Driver) -> None:
    nobody: dict[str, Any] = dict.fromkeys(("person_id", "first_name", "last_name", "carrier", "recipient_type"))
    shown = sandbox.control("GET", "/phones/4155550123")
    assert shown == {"phone": STRANGER, **nobody, "opted_out": [], "latest": None}
    assert sandbox.control("GET", f"/phones/{STRANGER}/messages") == {"items": [], "next": None}


def test_a_person_id_that_looks_like_a_phone_is_none(sandbox: Driver) -> None:
    sandbox.control("POST", "/people", {"person_id": PHONE, "phone": STRANGER, "first_name": "Odd"})
    assert sandbox.control("GET", f"/phones/{PHONE}")["first_name"] == "Ada"


def test_the_wall_comes_in_pages_that_hold_everybody_once(sandbox: Driver) -> None:
    sandbox.broadcast()  # all at the same millisecond
    sandbox.wall.advance(1)
    sandbox.send(to=STRANGER)
    found, query = [], "?limit=1"
    while True:
        page = sandbox.control("GET", f"/phones{query}")
        found += [shown["phone"] for shown in page["items"]]
        if page["next"] is None:
            break
        query = f"?limit=1&after={page['next']}"
    assert found == wall(sandbox)
    assert set(found) == everybody(sandbox)
    assert len(found) == len(set(found))


def test_people_are_found_by_name_number_and_id(sandbox: Driver) -> None:
    for search in ("ada", "QUILL", "da%20qu", "629-555-0101", "(629)%20555", "HF0001"):
        assert PHONE in wall(sandbox, f"?search={search}"), search
    assert wall(sandbox, "?search=ada") == [PHONE]
    for search in ("nobody", "999-999", "%25", "_", "--"):
        assert wall(sandbox, f"?search={search}") == [], search


def test_a_conversation_is_that_of_all_lines_newest_first(sandbox: Driver) -> None:
    sandbox.submit(to=PHONE, text="One")
    sandbox.wall.advance(1)
    sandbox.send("Two", to=PHONE, tracking_number=TRACKING_NUMBER)
    sandbox.console(CONSOLE, auto_reply=None)
    sandbox.inbound("Three")
    sandbox.submit(to=STRANGER, text="To somebody else")
    assert texts(sandbox, PHONE) == ["Three", "Two", "One"]
    page = sandbox.control("GET", f"/phones/{PHONE}/messages?limit=2")
    assert [message["text"] for message in page["items"]] == ["Three", "Two"]
    assert texts(sandbox, PHONE, f"?limit=2&after={page['next']}") == ["One"]


def test_what_lies_ahead_shows_on_no_phone(sandbox: Driver) -> None:
    sandbox.send("Later", to=STRANGER, at="2026-05-06T10:00:00Z")
    assert STRANGER not in wall(sandbox)
    sandbox.wall.advance(3600)
    assert wall(sandbox)[0] == STRANGER


def test_what_is_asked_wrongly_is_a_problem(sandbox: Driver) -> None:
    for path, status in {
        "/phones/12": 422,
        "/phones?after=x": 422,
        f"/phones/{PHONE}/messages?after=msg_99999999": 404,
    }.items():
        assert sandbox.control("GET", path, status=status)["status"] == status
    assert sandbox.call("GET", f"{DEFAULT}/phones", params={"serach": "ada"}).json()["errors"] == [
        {"in": "query", "member": "serach", "detail": "is not known; known are limit, search, after"}
    ]
