"""Snapshots: taken, restored, and carried to another server as a file that is not trusted."""

import json
import random
import re
from collections.abc import Callable
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from driver import CONSOLE, KEYS, LINE, PHONE, STRANGER, Driver, Wall
from hypothesis import given, settings
from hypothesis import strategies as st
from spaces import PATH as WORKSPACES
from spaces import basic, control, copied, create, filled, keys, rows

from sandbox.clock import LATEST
from sandbox.store.tables import SCHEMA, Part, Row, entities, table_of
from sandbox.world import delivery
from sandbox.world.commands import COMMANDS
from sandbox.world.messages.search import MessageFilters
from sandbox.world.snapshots.rows import ARGUMENTS, FiltersInFile, StateInFile, parameters_of

FROZEN = {"start_at": "2026-05-06T09:00:00Z", "clock": "frozen"}
COPIED = (Part.SETUP, Part.CONTENT)


def state(sandbox: Driver, workspace: Any) -> Any:
    """All that a snapshot holds: rows, clock, delivery, profile."""
    seen = [control(sandbox, workspace, "GET", path) for path in ("/clock", "/delivery", "/callbacks/profile")]
    return copied(sandbox, workspace), seen


def file_of(sandbox: Driver, workspace: Any, name: str = "before") -> bytes:
    answer = sandbox.call("GET", f"{WORKSPACES}/{workspace['id']}/snapshots/{name}")
    assert answer.status_code == 200
    return answer.content


def bring(sandbox: Driver, workspace: Any, file: bytes, name: str = "brought") -> Any:
    return sandbox.call("PUT", f"{WORKSPACES}/{workspace['id']}/snapshots/{name}", content=file)


def plain(sandbox: Driver) -> str:
    return sandbox.settings.fixture


def lived_in(sandbox: Driver) -> Any:
    """A workspace with everything in it, and things still to come, on a clock that stands."""
    workspace = filled(sandbox, **FROZEN)
    numbers = {PHONE: {"handset": "51"}, STRANGER: {"mode": "timed", "outcome": "unknown"}}
    control(sandbox, workspace, "PUT", "/delivery", {"mode": "timed", "settled_after": 60, "numbers": numbers})
    control(sandbox, workspace, "PUT", "/callbacks/profile", {"duplicate": 0.5, "delay": 2, "seed": 3})
    sink = control(sandbox, workspace, "PUT", "/sinks/mine")["url"]
    form = {"To": "12125550160", "From": LINE, "Body": "Ça va? 😀", "StatusCallback": sink}
    sandbox.call("POST", f"/dialoghealth-simplepay-api/submit/{CONSOLE}", auth=basic(workspace), data=form)
    control(sandbox, workspace, "POST", "/inbound", {"from": STRANGER, "to": LINE, "text": "STOP"})
    return workspace


# Taken and restored --------------------------------------------------------------------------------------------------


@pytest.mark.inline
def test_a_workspace_is_put_back_into_the_state_it_was_in(sandbox: Driver) -> None:
    workspace = lived_in(sandbox)
    taken = control(sandbox, workspace, "PUT", "/snapshots/before")
    before = state(sandbox, workspace)
    assert taken == {
        "name": "before",
        "now": "2026-05-06T09:01:00.000Z",
        "state": "frozen",
        "taken_at": "2026-05-06T09:00:00.000Z",
        "messages": len(before[0]["message"]),
    }
    for restore in (("/snapshots/before/restore", None), ("/reset", {"to": "snapshot", "name": "before"})):
        control(sandbox, workspace, "POST", "/clock", {"action": "advance", "seconds": 7200})
        control(sandbox, workspace, "PUT", "/delivery", {"mode": "manual"})
        control(sandbox, workspace, "PUT", "/callbacks/profile", {})
        control(sandbox, workspace, "POST", "/consoles")
        sandbox.submit(STRANGER, auth=basic(workspace))
        assert state(sandbox, workspace) != before
        answer = control(sandbox, workspace, "POST", *restore)
        assert answer == {**workspace, "consoles": answer["consoles"]}
        assert state(sandbox, workspace) == before


def test_what_comes_next_is_what_came_next_the_first_time(sandbox: Driver) -> None:
    workspace = lived_in(sandbox)

    def next_things() -> list[Any]:
        sent = sandbox.submit(STRANGER, "Hello", auth=basic(workspace))
        fired = control(sandbox, workspace, "POST", "/clock", {"action": "advance", "seconds": 100_000})
        read = sandbox.writeback(auth=basic(workspace))
        return [sent.content, read.json()["response"], {**fired, "wall": None}]

    control(sandbox, workspace, "PUT", "/snapshots/before")
    first = next_things()
    control(sandbox, workspace, "POST", "/snapshots/before/restore")
    assert next_things() == first
    assert len(first[-1]["fired"]) > 3


def test_a_running_clock_goes_on_from_the_snapshots_reading(sandbox: Driver) -> None:
    sandbox.control("POST", "/clock", {"action": "advance", "seconds": 100})
    assert sandbox.control("PUT", "/snapshots/before")["state"] == "running"
    sandbox.wall.advance(1000)
    sandbox.control("POST", "/clock", {"action": "freeze"})
    sandbox.control("POST", "/snapshots/before/restore")
    sandbox.wall.advance(5)
    assert sandbox.control("GET", "/clock") == {
        "now": "2026-05-06T09:01:45.000Z",
        "wall": "2026-05-06T09:16:45.000Z",
        "state": "running",
    }


def test_what_callers_did_is_forgotten_by_a_restore(sandbox: Driver) -> None:
    sandbox.submit()
    sandbox.control("PUT", "/snapshots/before")
    sandbox.submit()
    assert len(sandbox.control("GET", "/journal")["items"]) == 2
    sandbox.control("POST", "/snapshots/before/restore")
    assert sandbox.control("GET", "/journal")["items"] == []
    sandbox.submit()
    assert len(sandbox.control("GET", "/journal")["items"]) == 1


def test_accounts_keep_their_keys_and_one_that_was_gone_gets_new_ones(sandbox: Driver) -> None:
    added = sandbox.control("POST", "/accounts", {"access_key": "added", "secret_access_key": "a-secret"})
    sandbox.control("PUT", "/snapshots/before")
    sandbox.control("POST", "/snapshots/before/restore")
    assert "<result>success" in sandbox.get_messages(**keys(added)).text
    sandbox.control("POST", "/reset")
    assert "<result>failed" in sandbox.get_messages(**keys(added)).text
    again = sandbox.control("POST", "/snapshots/before/restore")["accounts"]
    assert keys(again[0]) == KEYS
    assert again[1]["tracking_numbers"] == added["tracking_numbers"]
    assert keys(again[1]) != keys(added)
    assert "<result>success" in sandbox.get_messages(**keys(again[1])).text
    assert "<result>failed" in sandbox.get_messages(**keys(added)).text


def test_they_are_listed_replaced_and_forgotten(sandbox: Driver) -> None:
    before = rows(sandbox)
    sandbox.control("PUT", "/snapshots/one")
    sandbox.submit()
    sandbox.control("PUT", "/snapshots/two")
    sandbox.control("PUT", "/snapshots/one")
    listed = sandbox.control("GET", "/snapshots")
    assert [(each["name"], each["messages"]) for each in listed["items"]] == [("two", 1), ("one", 1)]
    assert listed["next"] is None
    for name in ("one", "two"):
        answer = sandbox.call("DELETE", f"{WORKSPACES}/default/snapshots/{name}")
        assert (answer.status_code, answer.content) == (204, b"")
    sandbox.control("POST", "/reset")
    # Numbers go on, those who follow the workspace are told of its reset, and its world is now a hidden workspace's.
    but_for = {"counter": 0, "change": 0, "workspace": 0}
    assert {**rows(sandbox), **but_for} == {**before, **but_for}


@pytest.mark.parametrize("call", ["GET /snapshots/no", "POST /snapshots/no/restore", "DELETE /snapshots/no"])
def test_one_that_is_not_there_is_404(sandbox: Driver, call: str) -> None:
    method, path = call.split()
    assert sandbox.control(method, path, status=404)["title"] == "Unknown snapshot"


def test_they_are_a_workspaces_own_and_go_with_it(sandbox: Driver) -> None:
    sandbox.control("PUT", "/snapshots/before")
    before = rows(sandbox)
    workspace = create(sandbox)
    assert control(sandbox, workspace, "GET", "/snapshots")["items"] == []
    control(sandbox, workspace, "PUT", "/snapshots/before")
    control(sandbox, workspace, "PUT", "/snapshots/after")
    sandbox.call("DELETE", f"{WORKSPACES}/{workspace['id']}")
    assert rows(sandbox) == before
    assert len(sandbox.control("GET", "/snapshots")["items"]) == 1


def test_nothing_happens_in_a_snapshot_by_itself(open_driver: Callable[..., Driver], tmp_path: Path) -> None:
    """Its clock may be long past what was to come."""
    sandbox = open_driver(database=str(tmp_path / "kept.db"))
    sandbox.send("Later.", at="2026-05-06T10:00:00Z")
    sandbox.control("PUT", "/snapshots/before")
    sandbox.wall.advance(100_000)
    sandbox.restart()
    sandbox.control("GET", "/messages")
    sandbox.control("POST", "/snapshots/before/restore")
    assert sandbox.control("GET", "/messages")["items"] == []
    sandbox.wall.advance(3600)
    assert [each["text"] for each in sandbox.control("GET", "/messages")["items"]] == ["Later."]


def test_a_story_goes_on_where_it_was_even_where_its_fixture_is_not(open_driver: Callable[..., Driver]) -> None:
    here = open_driver(fixture="clinic")
    default = here.control("GET", "")
    story = here.control("GET", "/stories")["items"][0]["name"]
    here.control("POST", f"/stories/{story}", {"action": "play"})
    here.control("POST", "/clock", {"action": "freeze"})
    here.control("PUT", "/snapshots/before")
    other = create(here)
    assert bring(here, other, file_of(here, default)).status_code == 200
    fired = []
    for workspace, restored in ((default, "before"), (other, "brought")):
        control(here, workspace, "POST", f"/snapshots/{restored}/restore")
        turned = control(here, workspace, "POST", "/clock", {"action": "advance", "seconds": 100_000})
        control(here, workspace, "GET", "/stories")
        fired.append(turned["fired"])
    assert fired[0] == fired[1]
    assert fired[0]


# As a file -----------------------------------------------------------------------------------------------------------


def test_a_file_brings_the_state_to_another_server(open_driver: Callable[..., Driver]) -> None:
    here, there = open_driver(seed=5), open_driver(wall=Wall(2_000_000_000_000))
    workspace = lived_in(here)
    control(here, workspace, "PUT", "/snapshots/before")
    file = file_of(here, workspace)
    other = create(there, fixture="empty", seed=9)
    answer = bring(there, other, file)
    assert answer.status_code == 200, answer.text
    assert {**answer.json(), "name": "before"} == control(here, workspace, "GET", "/snapshots")["items"][-1]
    restored = control(there, other, "POST", "/snapshots/brought/restore")
    assert restored["consoles"] == workspace["consoles"]
    wall = {"wall": None}
    (rows_here, (clock_here, *rest_here)), (rows_there, (clock_there, *rest_there)) = (
        state(here, workspace),
        state(there, other),
    )
    assert (rows_there, {**clock_there, **wall}, rest_there) == (rows_here, {**clock_here, **wall}, rest_here)
    sent = [
        sandbox.submit(STRANGER, "Hello", auth=basic(each)).content
        for sandbox, each in ((here, workspace), (there, restored))
    ]
    assert sent[0] == sent[1]
    assert file_of(there, other, "brought") == file


def test_a_file_has_no_credentials_and_no_journal(sandbox: Driver) -> None:
    workspace = lived_in(sandbox)
    of_account = {"account": workspace["accounts"][0]["access_key"], "number": "6155550100"}
    control(sandbox, workspace, "POST", "/faults", {"match": of_account, "effect": {"status": 503}})
    control(sandbox, workspace, "PUT", "/snapshots/before")
    answer = sandbox.call("GET", f"{WORKSPACES}/{workspace['id']}/snapshots/before")
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers["content-disposition"] == 'attachment; filename="before.snapshot"'
    secrets = [*basic(workspace), workspace["id"], workspace["name"], *keys(workspace["accounts"][0]).values()]
    assert not [secret for secret in secrets if secret in answer.text]
    assert "Authorization" not in answer.text
    assert r"\"account\": \"[redacted]\"" in answer.text
    head, *lines = map(json.loads, answer.text.splitlines())
    assert (head["format"], head["schema"]) == ("dialog-sandbox snapshot", SCHEMA)
    tables = {line["table"]: line["columns"] for line in lines if "table" in line}
    assert list(tables) == [table_of(entity).name for entity in entities() if entity.__part__ in COPIED]
    assert lines[-1] == {"rows": sum(isinstance(line, list) for line in lines)}


def lines_of(file: bytes) -> list[Any]:
    return [json.loads(line) for line in file.splitlines()]


def file_with(lines: list[Any]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def changed(file: bytes, table: str, column: str, value: Any) -> bytes:
    """The file with another value in the table's first row."""
    lines = lines_of(file)
    at = next(n for n, line in enumerate(lines) if isinstance(line, dict) and line.get("table") == table)
    lines[at + 1][lines[at]["columns"].index(column)] = value
    return file_with(lines)


def without_end(file: bytes) -> bytes:
    return b"\n".join(file.splitlines()[:-1]) + b"\n"


def of_schema(file: bytes, schema: Any) -> bytes:
    head, *rest = lines_of(file)
    return file_with([{**head, "schema": schema}, *rest])


def with_head(file: bytes, **columns: Any) -> bytes:
    head, *rest = lines_of(file)
    return file_with([{**head, "workspace": {**head["workspace"], **columns}}, *rest])


def with_list(file: bytes, column: str) -> bytes:
    """In the place of what the workspace's row has there."""
    return with_head(file, **{column: []})


@pytest.fixture
def snapshot_file(sandbox: Driver) -> tuple[Any, bytes]:
    workspace = lived_in(sandbox)
    control(sandbox, workspace, "PUT", "/snapshots/before")
    return workspace, file_of(sandbox, workspace)


def with_a_row_twice(file: bytes) -> bytes:
    row = file.splitlines(keepends=True)[2]
    assert row.startswith(b"[")
    return file.replace(row, row + row, 1)


def with_receiver(file: bytes, url: str) -> bytes:
    """Of the message that names a sink."""
    return re.sub(rb'"http://127[^"]*/_sandbox/sinks/[^"]*"', json.dumps(url).encode(), file)


def with_policy(**values: Any) -> str:
    """A phone's own delivery, as a workspace's row has it."""
    return json.dumps({PHONE: {**delivery.Policy("timed", 1, 2, "delivered")._asdict(), **values}})


NO_FILTERS = asdict(MessageFilters())


def with_deletion(file: bytes, **arguments: Any) -> bytes:
    """With a deletion that is under way, in the place of the first act."""
    file = changed(file, "scheduled", "command", "delete_messages")
    file = changed(file, "scheduled", "message_id", None)
    return changed(file, "scheduled", "arguments", json.dumps({"filters": NO_FILTERS, **arguments}))


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "something else": lambda _: b"hello",
    "JSON of another kind": lambda _: b"[1, 2]\n",
    "a number": lambda _: b"7\n",
    "nesting without end": lambda _: b"[" * 100_000 + b"\n",
    "not UTF-8": lambda file: file.replace(b"Come.", b"\xff"),
    "cut off": lambda file: file[: len(file) // 2],
    "cut off after a line": without_end,
    "the last newline cut off": lambda file: file[:-1],
    "a row too few": lambda file: file.replace(file.splitlines(keepends=True)[3], b"", 1),
    "a row twice": lambda file: with_a_row_twice(file),
    "lines after the end": lambda file: file + b'{"rows": 0}\n',
    "a table that is not copied": lambda file: file.replace(b'"table":"line"', b'"table":"snapshot"'),
    "a column that there is not": lambda file: file.replace(b'"help_text"', b'"access_key"'),
    "a surrogate": lambda file: changed(file, "message", "text", "\ud800"),
    "U+0000": lambda file: changed(file, "message", "text", "a\0b"),
    "a text for a number": lambda file: changed(file, "message", "accepted_at", "now"),
    "a number for a text": lambda file: changed(file, "message", "text", 7),
    "a huge number": lambda file: changed(file, "message", "id", 2**70),
    "a time beyond all times": lambda file: changed(file, "consent", "at", 10**15),
    "null where there must be something": lambda file: changed(file, "person", "phone", None),
    "a phone that is none": lambda file: changed(file, "message", "phone", "123"),
    "a receiver that is no URL": lambda file: with_receiver(file, "http://[127.0.0.1:9/cb"),
    "a receiver that nobody can call": lambda file: with_receiver(file, "mailto:me@example.com"),
    "a receiver of what cannot have one": lambda file: changed(file, "message", "status_callback", "http://x.example"),
    "a direction that there is not": lambda file: changed(file, "message", "direction", "sideways"),
    "an outcome that there is not": lambda file: changed(file, "message", "outcome", "exploded"),
    "an act that there is not": lambda file: changed(file, "scheduled", "command", "explode"),
    "an act without what it needs": lambda file: changed(file, "scheduled", "arguments", "{}"),
    "a deletion by what there is not": lambda file: with_deletion(file, filters={**NO_FILTERS, "colour": "red"}),
    "a deletion by a number that is a text": lambda file: with_deletion(file, filters={**NO_FILTERS, "console": "1"}),
    "a deletion of a time beyond all times": lambda file: with_deletion(file, filters={**NO_FILTERS, "since": 10**17}),
    "a deletion up to a huge number": lambda file: with_deletion(file, last=2**70),
    "a fault that matches nothing": lambda file: changed(file, "fault", "match", '{"operation": "nothing"}'),
    "a fault without an effect": lambda file: changed(file, "fault", "effect", "{}"),
    "dice that are none": lambda file: changed(file, "fault", "probability", "often"),
    "a person who is not there": lambda file: changed(file, "message", "person_id", 999_999),
    "a line that is not there": lambda file: changed(file, "message", "line", "19995550100"),
    "a console that is not there": lambda file: changed(file, "message", "console_id", 999_999),
    "a lead that is not there": lambda file: changed(file, "message", "lead_id", 999_999),
    "a counter that is behind": lambda file: changed(file, "counter", "n", 0),
    "a message from a time to come": lambda file: with_head(file, clock_at=1_000_000_000_000),
    "a mode that there is not": lambda file: with_head(file, delivery_mode="slow"),
    "delays in the wrong order": lambda file: with_head(file, sent_after=90_000),
    "numbers that are none": lambda file: with_head(file, numbers='{"1": {}}'),
    "numbers that are no JSON": lambda file: with_head(file, numbers="{"),
    "a profile that is none": lambda file: with_head(file, callback_profile='{"lose": 2}'),
    "a clock that stands and hurries": lambda file: with_head(file, clock_speed=0),
    "a clock at a time that has no date": lambda file: with_head(file, clock_at=LATEST + 1),
    **{f"a list for the {column}": partial(with_list, column=column) for column in StateInFile.model_fields},
    "a handset that is a list": lambda file: with_head(file, numbers=f'{{"{PHONE}":{{"handset":[]}}}}'),
    "a mode that is an object": lambda file: with_head(file, numbers=with_policy(mode={})),
    "an outcome that is a list": lambda file: with_head(file, numbers=with_policy(outcome=[])),
    "a share that is no number": lambda file: with_head(file, callback_profile='{"lose":NaN}'),
    "another column": lambda file: with_head(file, password="mine"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_refused_and_nothing_is_changed(
    sandbox: Driver, snapshot_file: tuple[Any, bytes], damage: str
) -> None:
    workspace, file = snapshot_file
    damaged = DAMAGES[damage](file)
    assert damaged != file
    before = rows(sandbox)
    answer = bring(sandbox, workspace, damaged)
    assert answer.status_code == 422, answer.text
    problem = answer.json()
    assert problem["title"] == "Damaged snapshot"
    assert problem["detail"].startswith("The file ")
    assert {**rows(sandbox), "counter": 0} == {**before, "counter": 0}


def test_a_deletion_that_was_under_way_goes_on_where_a_snapshot_is_brought(
    sandbox: Driver, snapshot_file: tuple[Any, bytes]
) -> None:
    workspace, file = snapshot_file
    file = changed(file, "scheduled", "due_at", 0)
    assert {each.name for each in fields(MessageFilters)} == set(FiltersInFile.model_fields)
    assert bring(sandbox, workspace, with_deletion(file)).is_success
    assert control(sandbox, workspace, "GET", "/messages")["items"]
    control(sandbox, workspace, "POST", "/snapshots/brought/restore")
    assert control(sandbox, workspace, "GET", "/messages")["items"] == []


def test_a_clock_that_hurries_hurries_on_where_a_snapshot_is_brought(sandbox: Driver) -> None:
    sandbox.control("POST", "/clock", {"action": "run", "speed": 3600})
    sandbox.control("PUT", "/snapshots/before")
    default = sandbox.control("GET", "")
    sandbox.control("POST", "/clock", {"action": "run", "speed": 1})
    assert bring(sandbox, default, file_of(sandbox, default)).is_success
    sandbox.control("POST", "/snapshots/brought/restore")
    sandbox.wall.advance(1)
    assert sandbox.control("GET", "/clock") == {
        "now": "2026-05-06T10:00:00.000Z",
        "wall": "2026-05-06T09:00:01.000Z",
        "state": "running",
        "speed": 3600,
    }


@pytest.mark.parametrize("schema", [SCHEMA - 1, SCHEMA + 1, None, "3"])
def test_a_file_of_another_schema_is_refused_with_a_sentence(
    sandbox: Driver, snapshot_file: tuple[Any, bytes], schema: Any
) -> None:
    workspace, file = snapshot_file
    answer = bring(sandbox, workspace, of_schema(file, schema))
    assert answer.status_code == 409
    assert answer.json() == {
        "type": "urn:dialog-sandbox:foreign-snapshot",
        "title": "Foreign snapshot",
        "status": 409,
        "detail": f"The snapshot is of another schema than this server's, which is {SCHEMA}:"
        " bring it to a server of the version that it was taken with.",
    }


def test_a_file_that_is_too_large_is_refused(sandbox: Driver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sandbox.server.control.snapshots.LARGEST_FILE", 1000)
    sandbox.control("PUT", "/snapshots/before")
    default = sandbox.control("GET", "")
    before = rows(sandbox)
    answer = bring(sandbox, default, file_of(sandbox, default))
    assert answer.status_code == 413
    assert answer.json()["detail"] == "Send at most 1000 bytes."
    assert rows(sandbox) == before


def test_a_file_may_come_in_pieces_of_any_size(sandbox: Driver, snapshot_file: tuple[Any, bytes]) -> None:
    workspace, file = snapshot_file
    cuts = sorted(random.Random(1).sample(range(1, len(file)), 40))

    async def pieces() -> Any:
        for begin, end in zip([0, *cuts], [*cuts, len(file)], strict=True):
            yield file[begin:end]

    path = f"{WORKSPACES}/{workspace['id']}/snapshots/brought"
    assert sandbox.call("PUT", path, content=pieces()).status_code == 200
    assert file_of(sandbox, workspace, "brought") == file


WORDS = st.sampled_from(["{}", "[]", "delivered", "1", 0, 1])
VALUES = st.none() | st.integers(-5, 2**40) | st.text(max_size=8) | WORDS


def test_whatever_a_file_says_it_does_no_harm(sandbox: Driver, snapshot_file: tuple[Any, bytes]) -> None:
    """One value is another one: it is refused, or the workspace works with it."""
    _, file = snapshot_file

    @given(data=st.data())
    @settings(max_examples=40)
    def try_one(data: st.DataObject) -> None:
        lines = lines_of(file)
        row = data.draw(st.sampled_from([line for line in lines if isinstance(line, list)]))
        row[data.draw(st.integers(0, len(row) - 1))] = data.draw(VALUES)
        workspace = create(sandbox)
        answer = bring(sandbox, workspace, file_with(lines))
        assert answer.status_code in (200, 422)
        if answer.status_code == 200:
            live_in(sandbox, workspace)
        sandbox.call("DELETE", f"{WORKSPACES}/{workspace['id']}")

    try_one()


def live_in(sandbox: Driver, workspace: Any) -> None:
    """Nothing fails, whatever happens in it."""
    shown = control(sandbox, workspace, "POST", "/snapshots/brought/restore")
    control(sandbox, workspace, "POST", "/clock", {"action": "advance", "seconds": 100_000})
    for path in ("/messages", "/people", "/consents", "/callbacks", "/delivery"):
        control(sandbox, workspace, "GET", path)
    for account in shown["accounts"]:
        assert sandbox.get_messages(**keys(account)).status_code == 200
    for console in shown["consoles"]:
        code = console["code"]
        assert sandbox.writeback(console=code, auth=basic(workspace)).status_code == 200
        assert sandbox.submit(STRANGER, console=code, auth=basic(workspace)).status_code == 200
    control(sandbox, workspace, "POST", "/reset")


# By declaration ------------------------------------------------------------------------------------------------------


def test_every_table_says_what_becomes_of_its_rows() -> None:
    for entity in Row.__subclasses__():
        assert "__part__" in vars(entity), f"{entity.__name__} must say which Part of a workspace it is"
        is_a_workspaces = "workspace_id" in entity.model_fields
        assert is_a_workspaces == (entity.__part__ is not Part.SERVER), entity.__name__


def test_credentials_are_named_as_such() -> None:
    credentials = {(table_of(entity).name, name) for entity in Row.__subclasses__() for name in entity.__credentials__}
    assert credentials == {("account", "access_key"), ("account", "secret_access_key")}


def test_of_every_argument_of_every_command_it_is_known_what_it_may_be() -> None:
    assert {name for command in COMMANDS for name in parameters_of(command)[1]} <= set(ARGUMENTS)
