"""What a seeded workspace holds, and that it is the same wherever and whenever it is seeded."""

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import DatabaseFor
from counter import counted
from sqlalchemy import select, text

from sandbox.clock import DAY, HOUR, MINUTE, SECOND, rfc3339
from sandbox.store import Query, Store, Tx, WorkspaceView
from sandbox.store.tables import WORKSPACES
from sandbox.store.tables import Row as TableRow
from sandbox.store.workspace_view import SERVER
from sandbox.vendors import VENDORS
from sandbox.world import fixtures
from sandbox.world.errors import AlreadyTaken
from sandbox.world.lines import console_line
from sandbox.world.messages.accept import Draft, accept
from sandbox.world.messages.search import find_message
from sandbox.world.seed import seed_workspace
from sandbox.world.seed.seeded_random import SeededRandom, WeightedChoice
from sandbox.world.workspaces import find
from sandbox.world.workspaces.remove import SEED, mark_gone, sweep

START = 1_778_058_000_000
"""2026-05-06T09:00:00Z in ms."""
NOON = 1_778_155_200_000
"""2026-05-07T12:00:00Z: after all but one of the documented records."""
AFTERWARDS = 1_778_803_200_000
"""2026-05-15T00:00:00Z: after all documented records."""
HEAD = """\
summary: A test
consoles:
  - {code: SANDBX1001, name: Sandbox, line: "6155550120", keyword: SANDBOX, auto_reply: Noted.}
  - {code: SANDBX1002, name: Second, line: "6155550122", keyword: SECOND}
accounts:
  - {name: Sandbox, tracking_numbers: ["6155550121", "6155550123"]}
people:
  - {person_id: A, first_name: Ada, last_name: Quill, phone: "6295550100", carrier: T-Mobile, misc: [Spanish]}
  - {person_id: B, first_name: "", last_name: Bo Reyes, phone: "6295550101", carrier: AT&T, recipient_type: staff}
  - {person_id: C, first_name: null, last_name: null, phone: "6295550102", carrier: AT&T, recipient_type: caregiver}
"""

Row = dict[str, Any]

NAMED = """
WITH named AS (
    SELECT message.*, sid.value AS sid, key.value AS outgoing_key, number.value AS msg_id FROM message
    LEFT JOIN vendor_id sid ON (sid.workspace_id, sid.message_id, sid.name)
        = (message.workspace_id, message.id, 'sid')
    LEFT JOIN vendor_id key ON (key.workspace_id, key.message_id, key.name)
        = (message.workspace_id, message.id, 'outgoing_message_id')
    LEFT JOIN vendor_id number ON (number.workspace_id, number.message_id, number.name)
        = (message.workspace_id, message.id, 'msg_id')
)
"""
"""Messages with what their vendors call them."""
KEPT_SEEDS = Query(int, select(WORKSPACES.c.id).where(WORKSPACES.c.hidden == SEED))


class Seeded:
    """A store with one or more seeded workspaces, whose wall clock stands still."""

    def __init__(self, database: str | None, wall: int = START) -> None:
        self.store = Store(database, lambda: wall, [each for vendor in VENDORS for each in vendor.id_formats])

    def seed(self, fixture: str | Path, **options: Any) -> WorkspaceView:
        """And without the copy that is kept of it, so that a query sees what was seeded once."""

        def work(tx: Tx) -> WorkspaceView:
            workspace = seed_workspace(tx, fixtures.load(str(fixture)), **options)
            for clone_id in tx.all(KEPT_SEEDS):
                mark_gone(tx, clone_id)
            while sweep(tx):
                pass
            return workspace

        return self.store.write_now(work)

    def rows(self, query: str, **values: object) -> list[Row]:
        def read(tx: Tx) -> list[Row]:
            with_names = NAMED + query if " named" in query else query
            return [dict(row) for row in tx.connection.execute(text(with_names), values).mappings()]

        return self.store.read_now(read)

    def values(self, query: str, **values: object) -> list[Any]:
        """Of a query for one column."""
        return [value for row in self.rows(query, **values) for value in row.values()]


@pytest.fixture
def opened(database_for: DatabaseFor) -> Iterator[Callable[..., Seeded]]:
    """Makes stores, and closes them after the test."""
    made: list[Seeded] = []

    def make(fixture: str | Path | None = None, wall: int = START, **options: Any) -> Seeded:
        made.append(Seeded(database_for(None), wall))
        if fixture:
            made[-1].seed(fixture, **options)
        return made[-1]

    yield make
    for seeded in made:
        seeded.store.close()


@pytest.fixture
def written(tmp_path: Path, opened: Callable[..., Seeded]) -> Callable[..., Seeded]:
    """Seeds from the head above and what is given."""

    def write(text: str, **options: Any) -> Seeded:
        file = tmp_path / "my.yaml"
        file.write_text(HEAD + text, "utf-8")
        return opened(file, **options)

    return write


def digest(store: Store) -> str:
    """Of every row but what is another one each time, and the server's own."""
    return store.read_now(digest_in)


def digest_in(tx: Tx) -> str:
    taken = hashlib.sha256()
    for name, table in sorted(TableRow.metadata.tables.items()):
        columns = [column for column in table.c if column is not WORKSPACES.c.key]
        rows = select(*columns) if table is not WORKSPACES else select(*columns).where(WORKSPACES.c.id != SERVER)
        # Sorted here: each engine has a place of its own for nulls.
        for row in sorted(repr((name, tuple(row))) for row in tx.connection.execute(rows)):
            taken.update(row.encode("utf-8", "surrogatepass"))
    return taken.hexdigest()


# The same bytes -------------------------------------------------------------------------------------------------------


def test_the_same_seed_and_start_give_the_same_bytes(opened: Callable[..., Seeded]) -> None:
    assert digest(opened("clinic").store) == digest(opened("clinic").store)


def test_another_seed_or_start_gives_others(opened: Callable[..., Seeded]) -> None:
    digests = {digest(opened("clinic", seed=seed, start_at=at).store) for seed in (1, 2) for at in (START, START - DAY)}
    assert len(digests) == 4


DIGESTS = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from test_seed import Seeded, digest
for fixture in ("clinic", "documented"):
    seeded = Seeded(None, {AFTERWARDS})
    seeded.seed(fixture, seed=7)
    print(digest(seeded.store))
    seeded.store.close()
"""


def test_neither_hash_seed_nor_time_zone_nor_language_nor_process_matters(opened: Callable[..., Seeded]) -> None:
    here = [digest(opened(fixture, wall=AFTERWARDS, seed=7).store) for fixture in ("clinic", "documented")]
    elsewhere = [
        subprocess.run(
            [sys.executable, "-c", DIGESTS],
            env=os.environ | {"PYTHONHASHSEED": hash_seed, "TZ": zone, "LC_ALL": language},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for hash_seed, zone, language in (("1", "Asia/Kathmandu", "C"), ("2", "America/Chicago", "de_DE.UTF-8"))
    ]
    assert elsewhere == [here, here]


def test_draws_come_out_alike_on_every_python() -> None:
    random = SeededRandom(1, "a test")
    assert [random.below(1000) for _ in range(5)] == [228, 689, 10, 44, 333]
    assert random.some_of("abcdefgh", 3) == ["d", "e", "h"]
    assert random.one_of("abc") == "b"
    assert random.between(10, 20) == 12
    assert [WeightedChoice({"a": 8, "b": 1, "c": 1}).draw(random) for _ in range(8)] == [
        "a",
        "c",
        "a",
        "a",
        "a",
        "a",
        "b",
        "a",
    ]


def test_a_draw_of_some_takes_each_at_most_once_and_keeps_their_order() -> None:
    random = SeededRandom(3, "some")
    for n in range(11):
        some = random.some_of(range(10), n)
        assert len(some) == n
        assert some == sorted(set(some))


def test_what_has_no_weight_is_never_drawn() -> None:
    random = SeededRandom(3, "choices")
    assert {WeightedChoice({"a": 0, "b": 1, "c": 0}).draw(random) for _ in range(200)} == {"b"}


def test_what_one_event_draws_does_not_hang_on_the_others(written: Callable[..., Seeded]) -> None:
    event = "  - {do: broadcast, name: N, at: -1d, share: 34%, text: '{code}'}\n"
    crowd = "crowd: {count: 30, area_codes: [931]}\nhistory:\n"
    alone = written(crowd + event).rows("SELECT phone, text FROM message")
    among = written(crowd + event + "  - {do: broadcast, name: M, at: -2d, share: 50%, text: hi}\n")
    assert among.rows("SELECT phone, text FROM message WHERE text <> 'hi'") == alone


# The default workspace and others -------------------------------------------------------------------------------------

DEFAULTS = {
    "clinic": ("demo", "demo", ["HARBOR1001"], "demo-access-key", "demo-secret-key", ["16155550100", "16155550101"]),
    "documented": (
        "partner",
        "partner-secret",
        ["WEBMAG6745", "XXXXXX1234", "SIDJUL8079"],
        "foo",
        "bar",
        ["15554443210"],
    ),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_the_default_workspace_has_the_credentials_codes_and_keys_that_are_promised(
    opened: Callable[..., Seeded], name: str
) -> None:
    seeded = opened(name)
    row = seeded.rows("SELECT * FROM workspace WHERE hidden IS NULL")[0]
    account = seeded.rows("SELECT * FROM account")[0]
    assert (row["name"], row["fixture"], row["seed"], row["start_at"]) == ("default", name, 1, None)
    assert (
        row["username"],
        row["password"],
        seeded.values("SELECT code FROM console ORDER BY id"),
        account["access_key"],
        account["secret_access_key"],
        seeded.values("SELECT number FROM line WHERE account_id = 1 ORDER BY number"),
    ) == DEFAULTS[name]


def test_the_clinics_line_is_the_promised_one(opened: Callable[..., Seeded]) -> None:
    assert opened("clinic").values("SELECT line FROM console") == ["16155550110"]


def test_empty_has_one_console_and_one_account_with_made_credentials_and_nothing_else(
    opened: Callable[..., Seeded],
) -> None:
    seeded, other = opened("empty"), opened("empty")
    assert seeded.rows("SELECT code, line, keyword FROM console") == [
        {"code": "SANDBX1001", "line": "16155550120", "keyword": "SANDBOX"}
    ]
    assert seeded.values("SELECT number FROM line WHERE account_id IS NOT NULL") == ["16155550121"]
    assert [seeded.values(f"SELECT count(*) FROM {name}")[0] for name in ("person", "message", "consent")] == [0, 0, 0]
    secrets = (
        "SELECT username || password FROM workspace WHERE hidden IS NULL",
        "SELECT access_key || secret_access_key FROM account",
    )
    assert all(seeded.values(query) != other.values(query) for query in secrets)


def test_a_further_workspace_keeps_codes_lines_people_and_history_and_gets_credentials_of_its_own(
    opened: Callable[..., Seeded],
) -> None:
    seeded = opened("clinic")
    seeded.seed("clinic", name="second", seed=1)
    first, second = seeded.rows("SELECT * FROM workspace WHERE hidden IS NULL ORDER BY id")
    assert len({first["username"], second["username"], first["password"], second["password"]}) == 3  # demo, demo
    keys = seeded.values("SELECT access_key FROM account UNION SELECT secret_access_key FROM account")
    assert len(keys) == 4
    for query in (
        "SELECT code, line, name, keyword, help_text, auto_reply FROM console WHERE workspace_id = :ws",
        "SELECT number FROM line WHERE workspace_id = :ws ORDER BY number",
        "SELECT key, phone, first_name, last_name, misc1 FROM person WHERE workspace_id = :ws ORDER BY id",
        "SELECT id, sid, msg_id, outgoing_key, text, accepted_at FROM named WHERE workspace_id = :ws ORDER BY id",
        "SELECT kind, n FROM counter WHERE workspace_id = :ws ORDER BY kind",
    ):
        assert seeded.rows(query, ws=first["id"]) == seeded.rows(query, ws=second["id"])


def test_a_seeding_that_fails_leaves_nothing(opened: Callable[..., Seeded]) -> None:
    seeded = opened("documented", wall=AFTERWARDS)
    before = digest(seeded.store)
    with pytest.raises(AlreadyTaken):
        seeded.seed("clinic")
    assert digest(seeded.store) == before


def test_what_is_numbered_afterwards_goes_on_from_the_seed(opened: Callable[..., Seeded]) -> None:
    seeded = opened("clinic")

    def send(tx: Tx) -> tuple[int, int | None]:
        tx.enter(find.find_workspace(tx, "default"))
        draft = Draft("19015550133", "hi", START, "writeback", "staff")
        message = accept(tx, console_line(tx, "HARBOR1001"), draft)
        return message.id, message.person_id

    assert seeded.store.write_now(send) == (seeded.values("SELECT max(id) FROM message")[0], 61)


def test_the_clock_begins_at_the_start_asked_for(opened: Callable[..., Seeded]) -> None:
    seeded = opened()
    workspace = seeded.seed("empty", start_at=START - DAY)
    assert workspace.now(START) == START - DAY
    assert seeded.values("SELECT start_at FROM workspace WHERE hidden IS NULL") == [START - DAY]


# How a history is played ----------------------------------------------------------------------------------------------


def outbound(seeded: Seeded) -> list[Row]:
    return seeded.rows(
        "SELECT accepted_at, phone, text, purpose, outcome FROM message WHERE direction = 'outbound' ORDER BY id"
    )


def test_a_broadcast_is_one_event_for_many_repeated_for_others(written: Callable[..., Seeded]) -> None:
    seeded = written(
        "crowd: {count: 37, area_codes: [931]}\nhistory:\n"
        "  - {do: broadcast, name: Hello, campaign: Greetings, at: -3d 08:00, repeat: {every: 1d, times: 3},"
        " share: 25%, spread: 10m, text: hi, sent_by: ann@example.org}"
    )
    rows = seeded.rows("SELECT * FROM message ORDER BY id")
    assert [row["broadcast_id"] for row in rows] == [1] * 10 + [2] * 10 + [3] * 10
    assert {row["campaign_id"] for row in rows} == {1}
    assert {(row["vendor"], row["cause"], row["sent_by"], row["purpose"]) for row in rows} == {
        ("writeback", "broadcast", "ann@example.org", "alert")
    }
    begins = [START - 3 * DAY - HOUR + n // 10 * DAY for n in range(30)]
    assert all(0 <= row["accepted_at"] - at <= 10 * MINUTE for row, at in zip(rows, begins, strict=True))
    assert len({row["accepted_at"] for row in rows}) > 20
    assert [row["accepted_at"] for row in rows] == sorted(row["accepted_at"] for row in rows)
    assert len({row["phone"] for row in rows}) > 10
    assert seeded.rows("SELECT name FROM broadcast") == [{"name": "Hello"}] * 3
    assert seeded.values("SELECT name FROM campaign") == ["Greetings"]


def test_what_would_come_after_the_start_has_not_happened(written: Callable[..., Seeded]) -> None:
    seeded = written(
        "history:\n"
        "  - {do: message, to: A, at: 0d 08:59, text: before}\n"
        "  - {do: message, to: A, at: 0d 09:00, text: now}\n"
        "  - {do: message, to: A, at: 0d 09:01, text: after}\n"
        "  - {do: message, to: A, at: 2026-05-06T09:00:00.001Z, text: later}\n"
        "  - {do: message, to: A, at: -1m, text: replied, replies: {share: 100%, within: 30d, texts: {late: 1}}}\n"
    )
    assert [row["text"] for row in outbound(seeded)] == ["before", "replied", "now"]
    assert seeded.values("SELECT text FROM message WHERE direction = 'inbound'") == []


def test_people_are_addressed_by_group_by_id_and_by_phone_and_nobody_twice(written: Callable[..., Seeded]) -> None:
    seeded = written(
        "history:\n"
        "  - {do: broadcast, name: N, at: -9h, to: everyone, text: '1'}\n"
        "  - {do: broadcast, name: N, at: -8h, to: patients, text: '2'}\n"
        "  - {do: broadcast, name: N, at: -7h, to: [staff, B, caregivers], text: '3'}\n"
        "  - {do: broadcast, name: N, at: -6h, to: [A, '6295550100', 1-901-555-0133], text: '4'}\n"
    )
    assert [(row["text"], row["phone"][-4:]) for row in outbound(seeded)] == [
        ("1", "0100"),
        ("1", "0101"),
        ("1", "0102"),
        ("2", "0100"),
        ("3", "0101"),
        ("3", "0102"),
        ("4", "0100"),
        ("4", "0133"),
    ]
    assert seeded.rows("SELECT key, first_name FROM person WHERE phone = '19015550133'")[0]["first_name"] is None


def test_texts_are_in_their_readers_language_with_the_words_in_braces_filled_in(written: Callable[..., Seeded]) -> None:
    seeded = written(
        "templates:\n"
        "  greeting: {texts: {English: 'Hello {first_name} of {organisation}, {weekday}',"
        " Spanish: 'Hola {first_name}, {weekday}'}}\n"
        "  plain: {texts: 'One for {first_name}'}\n"
        "history:\n"
        "  - {do: broadcast, name: N, at: -3h, template: greeting}\n"
        "  - {do: submit, at: -2h, to: A, template: plain}\n"
        "  - {do: submit, at: -1h, to: A, text: '{keyword} {phone} {braces left alone} { }'}\n".replace(
            "{braces left alone} ", ""
        )
    )
    assert [row["text"] for row in outbound(seeded)] == [
        "Hola Ada, jueves",
        "Hello Bo of Sandbox, Thursday",
        "Hello neighbor of Sandbox, Thursday",
        "One for Ada",
        "SANDBOX 615-555-0120 { }",
    ]


def test_times_of_day_and_codes_look_like_ones(written: Callable[..., Seeded]) -> None:
    seeded = written("history: [{do: submit, at: -2h, repeat: {every: 1m, times: 60}, text: '{time} {code}'}]")
    for words in seeded.values("SELECT text FROM message"):
        clock, half, code = words.split(" ")
        hour, minute = clock.split(":")
        assert (minute in ("00", "15", "30", "45"), half in ("AM", "PM"), len(code)) == (True, True, 6), words
        assert 8 <= int(hour) + (12 if half == "PM" and hour != "12" else 0) <= 16, words


def test_a_message_goes_out_of_the_line_and_by_the_door_that_its_event_names(written: Callable[..., Seeded]) -> None:
    seeded = written(
        "history:\n"
        "  - {do: submit, at: -9h, to: A, text: a}\n"
        "  - {do: submit, at: -8h, to: A, text: b, console: SANDBX1002, sender: '18052849243'}\n"
        "  - {do: message, at: -7h, to: A, text: c, console: SANDBX1002, sent_by: ann@example.org}\n"
        "  - {do: message, at: -6h, to: A, text: d, tracking_number: '6155550123'}\n"
    )
    columns = (
        "text, vendor, cause, line, sender, sent_by, status_callback, sid IS NULL AS no_sid, msg_id IS NULL AS no_id"
    )
    assert [tuple(row.values()) for row in seeded.rows(f"SELECT {columns} FROM named ORDER BY id")] == [
        ("a", "simplepay", "simplepay.submit", "16155550120", "16155550120", None, None, 0, 1),
        ("b", "simplepay", "simplepay.submit", "16155550122", "18052849243", None, None, 0, 1),
        ("c", "writeback", "staff", "16155550122", "16155550122", "ann@example.org", None, 0, 1),
        ("d", "dialogtech", "staff", "16155550123", "16155550123", None, None, 1, 0),
    ]


def test_without_a_network_everything_is_delivered_within_seconds(written: Callable[..., Seeded]) -> None:
    seeded = written("history: [{do: submit, at: -2h, repeat: {every: 1m, times: 60}, text: hi}]")
    for row in seeded.rows("SELECT * FROM message"):
        assert (row["outcome"], row["reason"], row["plan_cause"]) == ("delivered", None, "network")
        assert row["accepted_at"] < row["sent_at"] < row["settled_at"] <= row["accepted_at"] + 8 * SECOND


def test_the_event_the_carrier_or_the_network_says_what_becomes_of_a_message(written: Callable[..., Seeded]) -> None:
    seeded = written(
        "network:\n"
        "  outcomes: {undelivered: 1}\n"
        "  carriers: {AT&T: {rejected: 1}}\n"
        "  reasons: {undelivered: [switched off], rejected: [a landline]}\n"
        "history:\n"
        "  - {do: submit, at: -2h, text: a}\n"
        "  - {do: submit, at: -1h, to: A, text: b, outcomes: {unknown: 1}}\n"
    )
    assert [tuple(row.values()) for row in seeded.rows("SELECT outcome, reason FROM message ORDER BY id")] == [
        ("undelivered", "switched off"),
        ("rejected", "a landline"),
        ("rejected", "a landline"),
        ("unknown", None),
    ]


def test_those_whom_a_message_reached_reply_and_are_answered(written: Callable[..., Seeded]) -> None:
    seeded = written(
        "network: {outcomes: {delivered: 1}, carriers: {AT&T: {rejected: 1}}}\n"
        "history: [{do: broadcast, name: N, at: -3h, text: hi, replies: {share: 100%, within: 1h, texts: {Thanks: 1}}}]"
    )
    sent, *_, reply, answer = seeded.rows("SELECT * FROM message ORDER BY id")
    assert len(seeded.values("SELECT id FROM message")) == 5
    assert (reply["direction"], reply["text"], reply["cause"]) == ("inbound", "Thanks", "reply")
    assert (reply["phone"], reply["lead_id"], answer["caused_by_id"]) == (sent["phone"], sent["id"], reply["id"])
    assert (answer["text"], answer["purpose"]) == ("Noted.", "reply")
    assert sent["settled_at"] < reply["accepted_at"] <= sent["settled_at"] + HOUR + 15 * SECOND


def test_a_phone_that_texted_stop_gets_nothing_until_it_comes_back(written: Callable[..., Seeded]) -> None:
    seeded = written(
        "history:\n"
        "  - {do: inbound, at: -9h, from: A, text: Stop}\n"
        "  - {do: submit, at: -8h, to: A, text: a}\n"
        "  - {do: submit, at: -7h, to: A, text: b, outcomes: {delivered: 1}, console: SANDBX1002}\n"
        "  - {do: inbound, at: -6h, from: A, text: sandbox}\n"
        "  - {do: submit, at: -5h, to: A, text: c}\n"
    )
    assert [(row["purpose"], row["text"], row["outcome"]) for row in outbound(seeded)][1:] == [
        ("alert", "a", "rejected"),
        ("alert", "b", "delivered"),
        ("opt_in", "Sandbox: you are subscribed to our texts. Text HELP for help, STOP to end.", "delivered"),
        ("alert", "c", "delivered"),
    ]


@pytest.mark.rule("NET-staff-optout")
def test_staff_and_programs_opt_people_in_and_out(written: Callable[..., Seeded]) -> None:
    seeded = written(
        "history:\n"
        "  - {do: opt_out, at: -9h, to: A}\n"
        "  - {do: message, at: -8h, to: A, text: a}\n"
        "  - {do: opt_in, at: -7h, to: A}\n"
        "  - {do: opt_out, at: -6h, to: A, by: api}\n"
        "  - {do: message, at: -5h, to: A, text: b}\n"
        "  - {do: opt_in, at: -4h, to: A, text: Welcome, outcomes: {rejected: 1}}\n"
        "  - {do: opt_out, at: -3h, to: A, silent: true}\n"
        "  - {do: submit, at: -2h, to: A, text: c}\n"
    )
    stopped = "Sandbox: you will get no more texts from us. Text SANDBOX to subscribe again."
    assert [(row["purpose"], row["text"], row["outcome"]) for row in outbound(seeded)] == [
        ("opt_out", stopped, "delivered"),
        ("alert", "a", "rejected"),
        ("staff_opt_in", "Sandbox: you asked us to text you. Text HELP for help, STOP to end.", "delivered"),
        ("alert", "b", "rejected"),
        ("staff_opt_in", "Welcome", "rejected"),
        ("alert", "c", "rejected"),
    ]
    ledger = "SELECT opted_in, cause FROM consent WHERE phone = '16295550100' AND line = '16155550120' ORDER BY id"
    assert [tuple(row.values()) for row in seeded.rows(ledger)] == [
        (1, "enrolled"),
        (0, "staff"),
        (1, "staff"),
        (0, "api"),
        (1, "staff"),
        (0, "staff"),
    ]


def test_a_conversation_goes_to_and_fro(written: Callable[..., Seeded]) -> None:
    seeded = written(
        "history:\n"
        "  - {do: conversation, at: -3h, with: A, tracking_number: '6155550123', turns: [{says: phone, text: 'Open?'},"
        " {says: staff, after: 4m, text: 'Until 5, {first_name}'}, {says: phone, after: 90s, text: STOP},"
        " {says: staff, after: 1m, text: Bye}]}\n"
    )
    rows = seeded.rows("SELECT direction, text, accepted_at, outcome FROM message ORDER BY id")
    began = START - 3 * HOUR
    stopped = "Sandbox: you will get no more texts from us. Text START to subscribe again."
    assert [tuple(row.values()) for row in rows if row["text"] != stopped] == [
        ("inbound", "Open?", began + MINUTE, None),
        ("outbound", "Until 5, Ada", began + 5 * MINUTE, "delivered"),
        ("inbound", "STOP", began + 6 * MINUTE + 30 * SECOND, None),
        ("outbound", "Bye", began + 7 * MINUTE + 30 * SECOND, "rejected"),
    ]
    assert len(rows) == 5


def test_people_are_enrolled_before_anything_happens_to_them(written: Callable[..., Seeded]) -> None:
    event = "history: [{do: message, at: -5d, to: A, text: a}, {do: message, at: -1d, to: A, text: b}]\n"
    assert set(written(event).values("SELECT at FROM consent")) == {START - 6 * DAY}
    assert set(written("enrolled: -30d\n" + event).values("SELECT at FROM consent")) == {START - 30 * DAY}
    assert set(written("").values("SELECT at FROM consent")) == {START}


def test_what_is_null_or_empty_in_a_person_stays_so_and_what_is_absent_is_made(tmp_path: Path, written: Any) -> None:
    seeded = written(
        "  - {phone: '6295550103', misc: [Vietnamese, '', null]}\n"
        "  - {phone: '6295550104', carrier: null, last_name: Only, caregiver_name: Bo, caregiver_phone: 629-555-0105}\n"
    )
    made, given = seeded.rows("SELECT * FROM person WHERE phone >= '16295550103' ORDER BY id")
    assert (made["misc1"], made["misc2"], made["misc3"], made["misc4"]) == ("Vietnamese", "", None, None)
    assert made["first_name"]
    assert made["last_name"]
    assert len(made["key"]) == 32
    assert made["carrier"] is not None
    assert (given["first_name"], given["last_name"], given["carrier"]) == (None, "Only", None)
    assert (given["caregiver_name"], given["caregiver_phone"]) == ("Bo", "16295550105")


# The documented world -------------------------------------------------------------------------------------------------

RECORD = """
SELECT lead.text AS lead_text, reply.text AS reply_text, m.direction, m.outgoing_key, m.record_at, m.text, m.purpose,
       m.sent_by, m.outcome, m.vendor_status, m.phone, p.first_name, p.last_name, p.key, p.caregiver_name,
       p.caregiver_phone, p.recipient_type, p.carrier, p.misc1, p.misc2, p.misc3, p.misc4, p.misc5,
       c.name AS campaign, b.name AS broadcast, b.key AS broadcast_key
FROM named m JOIN person p ON p.id = m.person_id
LEFT JOIN message lead ON lead.id = m.lead_id LEFT JOIN message reply ON reply.id = m.caused_by_id
LEFT JOIN broadcast b ON b.id = m.broadcast_id LEFT JOIN campaign c ON c.id = m.campaign_id
WHERE m.console_id = 1 AND m.record_at BETWEEN :first AND :last ORDER BY m.record_at, m.id
"""
IN_NOVEMBER = (1_699_142_400_000, 1_699_487_990_000)
"""The window of the sample request: 2023-11-05 00:00:00 to 2023-11-08 23:59:50."""
IN_MAY = (1_777_939_200_000, 1_778_198_399_000)
"""2026-05-05 00:00:00 to 2026-05-07 23:59:59."""
PLAIN = {
    "lead_text": None,
    "reply_text": None,
    "direction": "outbound",
    "purpose": "alert",
    "sent_by": None,
    "outcome": "delivered",
    "vendor_status": None,
    "caregiver_name": None,
    "caregiver_phone": None,
    "recipient_type": "patient",
    "campaign": None,
    "broadcast": None,
    "broadcast_key": None,
    "misc3": None,
    "misc4": None,
    "misc5": None,
}


def documented_records(seeded: Seeded, window: tuple[int, int]) -> list[Row]:
    """Without our texts, which are replaced by whether there is one."""
    records = seeded.rows(RECORD, first=window[0], last=window[1])
    for record in records:
        assert record["text"]
        if record["text"] != "API":
            del record["text"]
        if record["lead_text"]:
            record["lead_text"] = "ours"
        if record["reply_text"] not in (None, "Stop"):
            record["reply_text"] = "ours"
        record["record_at"] = rfc3339(record["record_at"])
    return records


def test_the_documented_records_of_november_are_there_with_all_their_values(opened: Callable[..., Seeded]) -> None:
    assert documented_records(opened("documented", wall=AFTERWARDS), IN_NOVEMBER) == [
        PLAIN
        | {
            "lead_text": "ours",
            "reply_text": "ours",
            "outgoing_key": "4c700b54f524a5948253f24067cb9714",
            "record_at": "2023-11-07T08:32:00.000Z",
            "purpose": "reply",
            "phone": "15552194675",
            "first_name": "",
            "last_name": "Thomas Smith",
            "key": "DHD1897",
            "carrier": "T-MOBILE",
            "misc1": "English",
            "misc2": "BCBS",
            "misc3": "Active",
            "misc4": "",
            "misc5": "",
        },
        PLAIN
        | {
            "outgoing_key": "4b002f5643a227dc3c3bb533b3df7542",
            "record_at": "2023-11-07T08:34:00.000Z",
            "text": "API",
            "purpose": "staff_opt_in",
            "outcome": "rejected",
            "phone": "15555559865",
            "first_name": "API",
            "last_name": "Failed",
            "key": "Qyujyuj",
            "carrier": "C Spire Wireless",
            "misc1": "misc1",
            "misc2": "PMisc222",
            "misc3": "PMisc333",
            "misc4": "PMisc444",
            "misc5": "PMisc555",
        },
    ]


def test_the_documented_records_of_may_are_there_with_all_their_values(opened: Callable[..., Seeded]) -> None:
    assert documented_records(opened("documented", wall=AFTERWARDS), IN_MAY) == [
        PLAIN
        | {
            "outgoing_key": "9b37fa8bf1eababadb1fa94ce60860ab",
            "record_at": "2026-05-06T21:00:00.000Z",
            "sent_by": "Angela@DialogHealth.com",
            "phone": "16159737483",
            "first_name": "Simon",
            "last_name": "Lemon",
            "key": "DH013",
            "carrier": "T-Mobile",
            "misc1": "German",
            "misc2": "Cigna",
            "broadcast": "Email Server Down",
            "broadcast_key": "6217658c907cec0dbd13c047e29eda5e",
        },
        PLAIN
        | {
            "lead_text": "ours",
            "reply_text": "Stop",
            "outgoing_key": "fb39a51aad0cc6494d9f36f942db9c22",
            "record_at": "2026-05-06T21:05:00.000Z",
            "purpose": "opt_out",
            "phone": "16154294252",
            "first_name": "Bradley",
            "last_name": "Cooper",
            "key": "DH009",
            "carrier": "Verizon Wireless",
            "misc1": "English",
            "misc2": "UHC",
        },
        PLAIN
        | {
            "outgoing_key": "fc23112021a7ba9cdf8e191969a97a2c",
            "record_at": "2026-05-07T13:05:00.000Z",
            "sent_by": "Angela@DialogHealth.com",
            "phone": "16159316279",
            "first_name": "Sami",
            "last_name": "Elliott",
            "key": "DH001",
            "caregiver_name": "Angela",
            "caregiver_phone": "16015732549",
            "carrier": "Verizon Wireless",
            "misc1": "English",
            "misc2": "BCBS",
            "misc3": "",
            "misc4": "",
            "misc5": "",
            "broadcast": "MRI Machine Down",
            "broadcast_key": "a19fb4521bbe92d9b3b74e21cb495198",
        },
    ]


def test_the_documented_replies_answer_the_same_text_as_the_sample_more_than_a_week_before(
    opened: Callable[..., Seeded],
) -> None:
    seeded = opened("documented", wall=AFTERWARDS)
    outage = seeded.values("SELECT text FROM named WHERE outgoing_key = '9b37fa8bf1eababadb1fa94ce60860ab'")
    stop = seeded.rows(
        "SELECT answer.record_at - lead.record_at AS after, lead.text, answer.text AS answer"
        " FROM message answer JOIN message lead ON lead.id = answer.lead_id WHERE answer.caused_by_id IS NOT NULL"
        " ORDER BY answer.record_at"
    )
    assert all(row["after"] > 7 * DAY for row in stop)
    assert stop[1]["text"] == outage[0]
    assert "Text WYNTER" in stop[1]["answer"]


def test_the_documented_message_has_its_sid_numbers_and_moment(opened: Callable[..., Seeded]) -> None:
    seeded = opened("documented", wall=AFTERWARDS)
    row = seeded.rows("SELECT * FROM named WHERE sid = '2721Z-0622U-14171-480RH'")[0]
    assert (row["text"], row["phone"], row["sender"]) == ("Message text", "14153755156", "18052849243")
    assert (row["console_id"], row["vendor"], row["outcome"]) == (1, "simplepay", "unknown")
    assert rfc3339(row["accepted_at"]) == "2021-06-22T14:17:48.095Z"


def test_the_documented_opt_out_finds_nobody(opened: Callable[..., Seeded]) -> None:
    seeded = opened("documented", wall=AFTERWARDS)
    assert seeded.values("SELECT id FROM consent WHERE phone = '18052849243'") == []


def test_the_documented_texts_of_a_tracking_number_have_their_ids_numbers_and_times(
    opened: Callable[..., Seeded],
) -> None:
    seeded = opened("documented", wall=AFTERWARDS)
    rows = seeded.rows("SELECT msg_id, direction, line, phone, accepted_at FROM named WHERE account_id = 1 ORDER BY id")
    assert [(row["msg_id"], row["direction"], rfc3339(row["accepted_at"])) for row in rows] == [
        ("177931295", "inbound", "2017-01-01T09:30:00.000Z"),
        ("131086044", "outbound", "2017-01-01T09:30:01.000Z"),
        ("133185904", "outbound", "2017-01-01T10:07:31.000Z"),
    ]
    assert {(row["line"], row["phone"]) for row in rows} == {("15554443210", "15554443210")}


def test_a_workspace_that_starts_before_a_documented_record_does_not_have_it(opened: Callable[..., Seeded]) -> None:
    assert len(opened("documented", wall=NOON).rows(RECORD, first=IN_MAY[0], last=IN_MAY[1])) == 2


# The believable worlds ------------------------------------------------------------------------------------------------

SEEDS = (1, 2, 3)


def check_everybody(seeded: Seeded) -> None:
    """People have fictional numbers that no behaviour hangs on, and full names."""
    for row in seeded.rows("SELECT * FROM person"):
        assert row["phone"][4:9] == "55501"
        assert row["phone"][9:] < "50"
        assert row["phone"][1:4] not in ("212", "415", "615")
        assert row["first_name"]
        assert row["last_name"]
        assert not {"  ", "{"} & {row["first_name"], row["last_name"]}
        if row["caregiver_phone"]:
            assert row["caregiver_phone"] != row["phone"]
            assert row["caregiver_phone"][4:9] == "55501"
            assert row["caregiver_phone"][9:] < "50"


def check_history(seeded: Seeded, start: int) -> None:
    """Nothing lies in the future, everything is in order, no reply comes before what it answers."""
    times = seeded.values("SELECT accepted_at FROM message ORDER BY id")
    assert times == sorted(times)
    assert times[-1] <= start
    assert seeded.values("SELECT max(at) FROM consent")[0] <= start
    early = (
        "SELECT count(*) FROM message m JOIN message o ON o.workspace_id = m.workspace_id AND o.id = {}"
        " WHERE m.accepted_at < o.accepted_at"
    )
    assert seeded.values(early.format("m.lead_id")) == [0]
    assert seeded.values(early.format("m.caused_by_id")) == [0]
    assert seeded.values("SELECT count(*) FROM message WHERE text LIKE '%{%'") == [0]


def check_consent(seeded: Seeded) -> None:
    """Who is opted out by the ledger gets no message but the answers; whoever is opted in is not barred."""
    ledger: dict[tuple[str, str], list[tuple[int, bool]]] = {}
    for row in seeded.rows("SELECT line, phone, at, opted_in FROM consent ORDER BY at, id"):
        ledger.setdefault((row["line"], row["phone"]), []).append((row["at"], bool(row["opted_in"])))
    for row in seeded.rows("SELECT * FROM message WHERE direction = 'outbound' AND purpose NOT IN ('opt_out', 'help')"):
        known = [opted_in for at, opted_in in ledger[row["line"], row["phone"]] if at <= row["accepted_at"]]
        assert (row["plan_cause"] == "consent") == (not known[-1]), row
        if not known[-1]:
            assert row["outcome"] == "rejected"


@pytest.mark.parametrize("seed", SEEDS)
def test_the_clinic_keeps_every_rule(opened: Callable[..., Seeded], seed: int) -> None:
    seeded = opened("clinic", seed=seed)
    check_everybody(seeded)
    check_history(seeded, START)
    check_consent(seeded)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_clinic_is_as_manifold_as_promised(opened: Callable[..., Seeded], seed: int) -> None:
    seeded = opened("clinic", seed=seed)
    assert seeded.values("SELECT count(*) FROM person") == [60]
    assert 500 < seeded.values("SELECT count(*) FROM message")[0] < 1000
    for column, least in (("misc1", 3), ("misc2", 5), ("carrier", 5), ("recipient_type", 3)):
        assert seeded.values(f"SELECT count(DISTINCT {column}) FROM person")[0] >= least
    assert set(seeded.values("SELECT DISTINCT outcome FROM message WHERE direction = 'outbound'")) == {
        "delivered",
        "undelivered",
        "rejected",
        "unknown",
    }
    assert set(seeded.values("SELECT DISTINCT purpose FROM message")) == {
        "alert",
        "opt_out",
        "opt_in",
        "staff_opt_in",
        "help",
        "reply",
    }
    assert set(seeded.values("SELECT DISTINCT vendor FROM message")) == {"writeback", "simplepay", "dialogtech"}
    assert seeded.values("SELECT count(*) FROM campaign")[0] >= 8
    assert seeded.values("SELECT count(*) FROM person WHERE caregiver_name IS NOT NULL")[0] >= 3
    assert len(seeded.values("SELECT DISTINCT direction || line FROM message WHERE account_id = 1")) == 4
    came_back = seeded.values("SELECT count(DISTINCT phone) FROM consent WHERE opted_in AND cause = 'handset'")
    assert came_back == [2]
    unknown = (
        "SELECT DISTINCT m.outcome FROM message m JOIN person p ON p.id = m.person_id"
        " WHERE p.carrier = 'Unknown' AND m.purpose = 'alert'"
    )
    assert seeded.values(unknown) == ["rejected"]


@pytest.mark.parametrize("hour", [0, 5, 9, 14, 23])
def test_the_clinic_has_something_to_show_at_any_hour(opened: Callable[..., Seeded], hour: int) -> None:
    start = START - START % DAY + hour * HOUR + 40 * MINUTE
    seeded = opened("clinic", wall=start)
    check_history(seeded, start)

    def since(ago: int) -> int:
        return int(seeded.values("SELECT count(*) FROM message WHERE accepted_at > :at", at=start - ago)[0])

    assert since(40 * MINUTE) >= 5
    assert since(DAY) >= 30
    assert seeded.values("SELECT min(accepted_at) FROM message")[0] < start - 12 * DAY


def test_seeded_messages_tell_their_story_like_all_others(opened: Callable[..., Seeded]) -> None:
    seeded = opened("clinic")
    sid = seeded.values("SELECT sid FROM named WHERE plan_cause = 'consent' AND sid IS NOT NULL LIMIT 1")[0]

    def reason(tx: Tx) -> str | None:
        tx.enter(find.find_workspace(tx, "default"))
        return find_message(tx, sid).reason

    assert seeded.store.read_now(reason) == "the phone is opted out of this line"


@pytest.mark.sqlite  # 100,000 messages take PostgreSQL minutes, by the same code as the clinic's
def test_the_hospital_is_as_big_as_promised_and_keeps_every_rule(opened: Callable[..., Seeded]) -> None:
    seeded = opened("hospital")
    assert seeded.values("SELECT count(*) FROM person") == [5000]
    assert 100_000 <= seeded.values("SELECT count(*) FROM message")[0] <= 103_000
    first, last = seeded.rows("SELECT min(accepted_at) AS first, max(accepted_at) AS last FROM message")[0].values()
    assert START - 30 * DAY - 10 * HOUR < first < last <= START
    check_everybody(seeded)
    check_history(seeded, START)
    check_consent(seeded)


@pytest.mark.sqlite  # counts SQLite's steps
def test_seeding_costs_as_much_as_there_is_to_seed(opened: Callable[..., Seeded], tmp_path: Path) -> None:
    """Twenty days of broadcasts, to a crowd and to one four times as large."""
    asked = []
    for count in (45, 180):
        crowd = (
            f"crowd: {{count: {count}, area_codes: ['629', '731', '901', '931'], recipient_types: {{patient: 1}}}}\n"
        )
        daily = "{do: broadcast, at: -20d 09:00, name: Daily, text: Hi, to: everyone, repeat: {times: 20, every: 1d}}"
        file = tmp_path / f"{count}.yaml"
        file.write_text(f"{HEAD}{crowd}history:\n  - {daily}\n")
        seeded = opened()
        with counted(seeded.store) as cost:
            seeded.seed(file)
        assert seeded.values("SELECT count(*) FROM message") == [20 * (count + 3)]
        asked.append(cost)
    few, many = asked
    assert many.statements < 4.1 * few.statements
    assert many.steps < 5 * few.steps  # an index's depth grows too
