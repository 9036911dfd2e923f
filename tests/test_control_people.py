"""People: listed, entered, changed and removed."""

from typing import Any

import pytest
from driver import PHONE, STRANGER, Driver

ADA = {
    "person_id": "HF0001",
    "first_name": "Ada",
    "last_name": "Quill",
    "phone": PHONE,
    "carrier": "T-Mobile",
    "caregiver_name": "Ben Quill",
    "caregiver_phone": "16295550102",
    "recipient_type": "patient",
    "misc": ["English", "Cigna", "", None, "Active"],
}
REYES = {
    "person_id": "HF0002",
    "first_name": "",
    "last_name": "Reyes",
    "phone": "16295550103",
    "carrier": "AT&T",
    "caregiver_name": None,
    "caregiver_phone": None,
    "recipient_type": "staff",
    "misc": ["Spanish", None, None, None, None],
}


def test_people_are_listed_page_by_page(sandbox: Driver) -> None:
    assert sandbox.control("GET", "/people") == {"items": [ADA, REYES], "next": None}
    first = sandbox.control("GET", "/people?limit=1")
    assert first["items"] == [ADA]
    assert sandbox.control("GET", f"/people?limit=1&after={first['next']}") == {"items": [REYES], "next": None}


@pytest.mark.parametrize("who", ["HF0001", PHONE, "+1 (629) 555-0101", "6295550101"])
def test_a_person_is_found_by_id_and_by_phone_in_any_writing(sandbox: Driver, who: str) -> None:
    assert sandbox.control("GET", f"/people/{who}") == ADA


def test_a_person_id_that_looks_like_a_phone_comes_first(sandbox: Driver) -> None:
    sandbox.control("POST", "/people", {"person_id": PHONE, "phone": STRANGER})
    assert sandbox.control("GET", f"/people/{PHONE}")["phone"] == STRANGER


def test_a_phone_is_all_that_a_person_needs(sandbox: Driver) -> None:
    made = sandbox.control("POST", "/people", {"phone": "+1 415-555-0123"}, status=201)
    assert made == {
        **dict.fromkeys(ADA),
        "person_id": made["person_id"],
        "phone": STRANGER,
        "carrier": made["carrier"],
        "recipient_type": "patient",
        "misc": [None] * 5,
    }
    assert len(made["person_id"]) == 32
    assert sandbox.control("GET", f"/people/{STRANGER}") == made


def test_all_of_a_person_can_be_given(sandbox: Driver) -> None:
    fields = {**ADA, "person_id": "X1", "phone": STRANGER}
    assert sandbox.control("POST", "/people", fields, status=201) == fields


def test_somebody_entered_is_known_to_every_console(sandbox: Driver) -> None:
    sandbox.control("POST", "/people", {"phone": STRANGER})
    assert sandbox.optout(STRANGER) == {"msisdn": STRANGER}
    assert sandbox.optout(STRANGER, console="HARBOR1002") == {"msisdn": STRANGER}


@pytest.mark.parametrize("fields", [{"phone": PHONE}, {"phone": STRANGER, "person_id": "HF0001"}])
def test_two_people_share_neither_id_nor_phone(sandbox: Driver, fields: dict[str, str]) -> None:
    assert sandbox.control("POST", "/people", fields, status=409) == {
        "type": "urn:dialog-sandbox:already-taken",
        "title": "Already taken",
        "status": 409,
        "detail": "Somebody in this workspace has that person_id or phone already.",
    }
    assert sandbox.control("GET", "/people")["items"] == [ADA, REYES]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"first_name": "Ida", "caregiver_phone": None},
        {"misc": ["a", None, None, None, "e"], "recipient_type": "caregiver"},
        {"last_name": None, "caregiver_name": "", "caregiver_phone": "16295550109", "carrier": None},
        {"phone": STRANGER},
    ],
)
def test_only_what_is_given_of_a_person_is_changed(sandbox: Driver, change: dict[str, Any]) -> None:
    assert sandbox.control("PATCH", "/people/HF0001", change) == {**ADA, **change}
    assert sandbox.control("GET", "/people/HF0001") == {**ADA, **change}


def test_a_new_phone_is_known_to_every_console(sandbox: Driver) -> None:
    assert sandbox.optout(STRANGER) == {"msisdn": "Recipient not found"}
    sandbox.control("PATCH", "/people/HF0001", {"phone": STRANGER})
    assert sandbox.optout(STRANGER) == {"msisdn": STRANGER}


def test_a_phone_cannot_be_changed_to_somebody_elses(sandbox: Driver) -> None:
    problem = sandbox.control("PATCH", "/people/HF0001", {"phone": REYES["phone"]}, status=409)
    assert problem["title"] == "Already taken"
    assert sandbox.control("GET", "/people/HF0001") == ADA


@pytest.mark.parametrize(
    ("change", "member", "detail"),
    [
        ({"phone": None}, "phone", "must be text"),
        ({"recipient_type": "doctor"}, "recipient_type", "must be 'patient', 'caregiver' or 'staff'"),
        ({"misc": ["a"]}, "misc", "must have at least 5 items after validation, not 1"),
        ({"misc": ["a", 1, None, None, None]}, "misc[1]", "must be text"),
        (
            {"person_id": "HF0009"},
            "person_id",
            "is not known; known are first_name, last_name, phone, carrier, caregiver_name, caregiver_phone,"
            " recipient_type, misc",
        ),
    ],
)
def test_a_wrong_change_is_refused_by_name(sandbox: Driver, change: dict[str, Any], member: str, detail: str) -> None:
    problem = sandbox.control("PATCH", "/people/HF0001", change, status=422)
    assert problem["errors"] == [{"in": "body", "member": member, "detail": detail}]


def test_the_messages_of_somebody_removed_stay(sandbox: Driver) -> None:
    sid = sandbox.sid()
    assert sandbox.control("DELETE", "/people/HF0001", status=204) is None
    assert sandbox.control("GET", "/people")["items"] == [REYES]
    assert sandbox.control("GET", f"/messages/{sid}")["carrier"] is None
    assert sandbox.records()[0]["personName"] is None
