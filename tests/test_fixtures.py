"""What may stand in a fixture, and what is said to somebody who made a mistake in one."""

import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from sandbox.clock import DAY, HOUR, MINUTE
from sandbox.world import fixtures
from sandbox.world.errors import FixtureRefused
from sandbox.world.fixtures import lines
from sandbox.world.fixtures.references import PLACEHOLDERS
from sandbox.world.fixtures.values import Moment, duration, moment, share
from sandbox.world.seed.texts import FILLINGS

CHECKOUT = Path(__file__).resolve().parents[1]
PACKAGED = ("clinic", "documented", "empty", "hospital")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", (CHECKOUT / "docs/fixtures.md").read_text("utf-8"), re.M | re.S)
HEAD = """\
summary: A test
consoles:
  - code: SANDBX1001
    name: Sandbox
    line: "6155550120"
    keyword: SANDBOX
"""
CROWD = HEAD + "crowd:\n  count: 1\n  area_codes: [629]\n"
SENT = HEAD + "history:\n  - do: broadcast\n    name: A\n    at: -1d\n"
TEXT = SENT + "    text: hi\n"
TIME_HELP = "write -2h 30m (before the start), -13d 09:00 (UTC, days before) or 2026-05-06T21:00:00Z"
EVENTS = "broadcast, submit, message, inbound, conversation, opt_in, opt_out"
WORDS = "first_name, organisation, keyword, phone, weekday, time, code"


def refusal(tmp_path: Path, text: str | bytes) -> str:
    file = tmp_path / "my.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(FixtureRefused) as refused:
        fixtures.load(str(file))
    return str(refused.value).removeprefix(f"{tmp_path}{os.sep}")


def loaded(tmp_path: Path, text: str) -> fixtures.LoadedFixture:
    file = tmp_path / "my.yaml"
    file.write_text(text, "utf-8")
    return fixtures.load(str(file))


def test_the_packaged_fixtures_are_listed_by_name_with_a_sentence_each() -> None:
    listed = fixtures.available()
    assert tuple(fixture.name for fixture in listed) == PACKAGED
    assert listed[2].summary == "One console and one account with nobody and nothing in them; credentials are made"


@pytest.mark.parametrize("name", PACKAGED)
def test_every_packaged_fixture_loads_by_its_name(name: str) -> None:
    assert fixtures.load(name).name == name


def test_a_fixture_of_ones_own_is_named_by_its_whole_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("my.yaml").write_text(HEAD)
    assert fixtures.load("my.yaml").name == str(tmp_path / "my.yaml")


def test_a_name_that_is_no_fixtures_is_answered_with_those_that_are() -> None:
    with pytest.raises(FixtureRefused) as refused:
        fixtures.load("clinc")
    assert str(refused.value) == (
        "there is no fixture 'clinc'. Did you mean clinic?"
        " Allowed: clinic, documented, empty, hospital, or the path of a file that ends in .yaml"
    )


@pytest.mark.parametrize(
    ("name", "why"), [("absent.yaml", "No such file or directory"), ("folder.yaml", "Is a directory")]
)
def test_a_file_that_cannot_be_read_is_named_with_the_reason(tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "folder.yaml").mkdir()
    with pytest.raises(FixtureRefused) as refused:
        fixtures.load(str(tmp_path / name))
    assert str(refused.value) == f"Cannot read the fixture {tmp_path / name}: {why}."


@pytest.mark.parametrize(
    ("text", "expected_error"),
    [
        ("", "line 1: there is nothing in it"),
        ("summary: a\nsummary: b", "line 2: the key 'summary' is there twice"),
        ("summary: a\nconsoles: [", "line 3: not YAML: while parsing a flow node did not find expected node content"),
        (
            "a:\n\t- b",
            "line 2: not YAML: while scanning for the next token found character that cannot start any token",
        ),
        ("--- a\n--- b", "line 2: not YAML: expected a single document in the stream but found another document"),
        ("a: b\nsummary: \x07", "line 2: YAML forbids the character U+0007: write it as an escape"),
        (b"a: b\nsummary: \xff", "line 2: it is not UTF-8 text"),
        ("a: b\nsummary: *a", "line 2: not YAML: found undefined alias"),
        ("&a [*a]", "line 1: not YAML: found unconstructable recursive node"),
        ("a: b\n? [a]\n: b", "line 2: a key must be a plain word"),
        ("- a", "line 1: a mapping of keys and values is needed here"),
        ("[" * 100_000, "line 1: it is nested too deeply"),
    ],
)
def test_what_is_no_yaml_mapping_is_refused_with_the_line(
    tmp_path: Path, text: str | bytes, expected_error: str
) -> None:
    assert refusal(tmp_path, text) == f"my.yaml, {expected_error}"


@pytest.mark.parametrize(
    ("text", "expected_error"),
    [
        ("summary: a", "line 1: the key 'consoles' is missing"),
        (
            HEAD.replace("code:", "cod:"),
            "line 3: consoles[0]: there is no key 'cod'. Did you mean code?"
            " Allowed: code, name, line, keyword, help_text, auto_reply",
        ),
        (
            HEAD.replace("SANDBX1001", "Sandbox1"),
            "line 3: consoles[0].code: 'Sandbox1' is no console code: write six capital letters and four digits",
        ),
        (
            HEAD.replace('"6155550120"', "12"),
            "line 5: consoles[0].line: '12' is no telephone number: write 11 to 15 digits with the country code",
        ),
        (HEAD.replace("name: Sandbox", "name:"), "line 4: consoles[0].name: a text is needed here"),
        (
            HEAD.replace("name: Sandbox", 'name: ""'),
            "line 4: consoles[0].name: a text is needed here, not an empty one",
        ),
        (
            HEAD + "accounts:\n  - name: A\n    tracking_numbers: ['6155550120']",
            "line 9: accounts[0].tracking_numbers[0]: the line 16155550120 is there twice",
        ),
        (
            HEAD + "accounts:\n  - name: A\n    tracking_numbers: []",
            "line 9: accounts[0].tracking_numbers: at least 1 is needed here",
        ),
    ],
)
def test_a_mistake_in_a_line_is_told(tmp_path: Path, text: str, expected_error: str) -> None:
    assert refusal(tmp_path, text) == f"my.yaml, {expected_error}"


@pytest.mark.parametrize(
    ("text", "expected_error"),
    [
        ("people: 3", "line 7: people: a list is needed here"),
        ("people: [3]", "line 7: people[0]: a mapping of keys and values is needed here"),
        ("people:\n  - first_name: A", "line 8: people[0]: the key 'phone' is missing"),
        ("people:\n  - phone:", "line 8: people[0].phone: a telephone number is needed here"),
        (
            "people:\n  - phone: 6295550101\n    recipient_type: nurse",
            "line 9: people[0].recipient_type: 'nurse' is not allowed here. Allowed: patient, caregiver, staff",
        ),
        (
            "people:\n  - phone: 6295550101\n    misc: [a, b, c, d, e, f]",
            "line 9: people[0].misc: at most 5 are allowed here",
        ),
        (
            'people:\n  - phone: 6295550101\n    first_name: "\\0"',
            "line 9: people[0].first_name: a text may not hold the character U+0000",
        ),
        (
            "people:\n  - phone: 6295550101\n  - phone: 16295550101",
            "line 9: people[1].phone: the phone 16295550101 is there twice",
        ),
        (
            "people:\n  - {person_id: A, phone: 6295550101}\n  - {person_id: A, phone: 6295550102}",
            "line 9: people[1].person_id: the person_id A is there twice",
        ),
    ],
)
def test_a_mistake_in_a_person_is_told(tmp_path: Path, text: str, expected_error: str) -> None:
    assert refusal(tmp_path, HEAD + text) == f"my.yaml, {expected_error}"


@pytest.mark.parametrize(
    ("text", "expected_error"),
    [
        (
            CROWD.replace("629", "615"),
            "line 9: crowd.area_codes[0]: '615' is no area code for people:"
            " write three digits, such as 629, but none of 212, 415, 615",
        ),
        (
            CROWD.replace("count: 1", "count: 51"),
            "line 8: crowd.count: 51 people need more area codes: 1 have room for 50",
        ),
        (CROWD.replace("count: 1", "count: many"), "line 8: crowd.count: 'many' is no whole number"),
        (CROWD.replace("count: 1", "count: 0"), "line 8: crowd.count: 0 is too small: at least 1"),
        (
            CROWD.replace("count: 1", "count: 60000"),
            "line 8: crowd.count: 60000 is too large: at most 50000",
        ),
        (CROWD + "  carriers: {A: x}", "line 10: crowd.carriers.A: 'x' is no number"),
        (CROWD + "  carriers: {A: nan}", "line 10: crowd.carriers.A: 'nan' is no number"),
        (CROWD + "  carriers: {A: -1}", "line 10: crowd.carriers.A: -1 is too small: at least 0"),
        (CROWD + "  carriers: {A: 0}", "line 10: crowd.carriers: give at least one of these a weight above 0"),
        (CROWD + "  carriers: [A]", "line 10: crowd.carriers: a mapping of keys and values is needed here"),
        (
            CROWD + "  recipient_types: {nurse: 1}",
            "line 10: crowd.recipient_types.nurse: 'nurse' is not allowed here. Allowed: patient, caregiver, staff",
        ),
        (
            CROWD + "  caregivers: 120%",
            "line 10: crowd.caregivers: '120%' is no share: write a percentage such as 25%, from 0% to 100%",
        ),
    ],
)
def test_a_mistake_in_the_crowd_is_told(tmp_path: Path, text: str, expected_error: str) -> None:
    assert refusal(tmp_path, text) == f"my.yaml, {expected_error}"


def test_somebody_of_the_crowd_cannot_bear_the_id_of_somebody_who_is_listed(tmp_path: Path) -> None:
    text = CROWD + "  person_id: X\npeople:\n  - {person_id: X0002, phone: 6295550101}"
    assert refusal(tmp_path, text) == (
        "my.yaml, line 12: people[0].person_id: somebody of the crowd is X0002 too: choose another"
    )


@pytest.mark.parametrize(
    ("text", "expected_error"),
    [
        (
            HEAD + "history:\n  - at: -1d",
            f"line 8: history[0]: the key 'do' is missing: it says what happens. Allowed: {EVENTS}",
        ),
        (
            HEAD + "history:\n  - do: brodcast",
            f"line 8: history[0]: there is no event 'brodcast'. Did you mean broadcast? Allowed: {EVENTS}",
        ),
        (
            SENT + "    txt: hi",
            "line 11: history[0]: there is no key 'txt'. Did you mean text? Allowed: text, template, at, repeat, share,"
            " spread, console, to, outcomes, replies, ids, do, name, sent_by, campaign, broadcast_id, campaign_id",
        ),
        (SENT, "line 8: history[0]: give one of the two: text, template"),
        (
            TEXT.replace("-1d", "tomorrow"),
            f"line 10: history[0].at: 'tomorrow' is no time: {TIME_HELP}",
        ),
        (
            TEXT.replace("-1d", "2026-02-30T09:00:00Z"),
            f"line 10: history[0].at: '2026-02-30T09:00:00Z' is no real date and time: {TIME_HELP}",
        ),
        (
            TEXT + "    spread: soon",
            "line 12: history[0].spread: 'soon' is no duration: write a duration such as 45s, 20m, 1h 30m or 2d",
        ),
        (TEXT + "    repeat: {every: 1d}", "line 12: history[0].repeat: the key 'times' is missing"),
        (
            TEXT + "    to: everybody",
            "line 12: history[0].to: there is no person 'everybody'. Did you mean everyone?"
            " Allowed: everyone, patients, caregivers, staff",
        ),
        (
            TEXT + "    console: SANDBX1002",
            "line 12: history[0].console: there is no console 'SANDBX1002'. Did you mean SANDBX1001?"
            " Allowed: SANDBX1001",
        ),
        (
            TEXT.replace("broadcast\n    name: A", "message\n    tracking_number: 6155550121"),
            "line 9: history[0].tracking_number: there is no tracking number '16155550121'. Allowed: none",
        ),
        (
            TEXT + "    outcomes: {lost: 1}",
            "line 12: history[0].outcomes.lost: 'lost' is not allowed here."
            " Allowed: delivered, undelivered, rejected, unknown",
        ),
        (TEXT + "    replies: {share: 5%}", "line 12: history[0].replies: give texts or templates, each with a weight"),
        (
            TEXT + "    ids: {sid: a}",
            "line 12: history[0].ids: ids can be given to one message only: address one person, and do not repeat it",
        ),
        (
            TEXT.replace(" hi", " hi {fist_name}"),
            "line 11: history[0].text: there is no word to fill in 'fist_name'. Did you mean first_name?"
            f" Allowed: {WORDS}",
        ),
        (
            SENT + "    template: flu_shot\ntemplates: {}",
            "line 11: history[0].template: there is no template 'flu_shot'. Did you mean flu_shots?"
            f" Allowed: {', '.join(fixtures.catalogue().templates)}",
        ),
        (
            HEAD + "history:\n  - {do: conversation, at: -1d, with: everyone, turns: [{says: phone, text: a}]}",
            "line 8: history[0]: a conversation needs an account with a tracking number",
        ),
        (
            HEAD + "history:\n  - {do: conversation, at: -1d, with: everyone, turns: [{says: nurse, text: a}]}",
            "line 8: history[0].turns[0].says: 'nurse' is not allowed here. Allowed: phone, staff",
        ),
        (
            HEAD + "templates:\n  mine:\n    texts: {English: '{foo}'}",
            f"line 9: templates.mine.texts.English: there is no word to fill in 'foo'. Allowed: {WORDS}",
        ),
    ],
)
def test_a_mistake_in_the_history_or_a_text_is_told(tmp_path: Path, text: str, expected_error: str) -> None:
    assert refusal(tmp_path, text) == f"my.yaml, {expected_error}"


def test_a_line_and_a_console_cannot_both_be_named(tmp_path: Path) -> None:
    text = HEAD + (
        "accounts: [{name: A, tracking_numbers: ['6155550121']}]\n"
        "history:\n  - {do: message, at: -1d, text: hi, console: SANDBX1001, tracking_number: '6155550121'}"
    )
    assert refusal(tmp_path, text) == (
        "my.yaml, line 9: history[0].tracking_number: give one of the two: console, tracking_number"
    )


def test_of_several_mistakes_the_first_in_the_file_is_told(tmp_path: Path) -> None:
    text = HEAD.replace("keyword: SANDBOX", "word: SANDBOX") + "people: 3"
    assert refusal(tmp_path, text) == (
        "my.yaml, line 6: consoles[0]: there is no key 'word'. Did you mean keyword?"
        " Allowed: code, name, line, keyword, help_text, auto_reply"
    )


def test_a_long_list_of_choices_is_cut(tmp_path: Path) -> None:
    text = TEXT.replace("history", "crowd: {count: 50, area_codes: [629], person_id: X}\nhistory") + "    to: Y"
    assert refusal(tmp_path, text).endswith("X0045, X0046 and 4 more")


def test_words_that_yaml_reads_as_something_else_stay_texts(tmp_path: Path) -> None:
    text = (
        HEAD.replace("SANDBOX", "YES") + "people: [{person_id: 007, phone: 6295550101, misc: [NO, 1.50, null, ~, '']}]"
    )
    contents = loaded(tmp_path, text).contents
    assert contents.consoles[0].keyword == "YES"
    assert contents.people[0].person_id == "007"
    assert contents.people[0].misc == ["NO", "1.50", None, None, ""]


def test_a_part_can_stand_for_another_by_an_anchor(tmp_path: Path) -> None:
    text = HEAD + "people:\n  - {phone: 6295550101, misc: &misc [Spanish, null]}\n  - {phone: 6295550102, misc: *misc}"
    assert [person.misc for person in loaded(tmp_path, text).contents.people] == [["Spanish", None]] * 2


def test_a_mistake_in_a_part_that_stands_for_another_is_told_where_it_is_used(tmp_path: Path) -> None:
    text = HEAD + "templates: &it\n  a: {texts: hi}\nnetwork: *it"
    assert refusal(tmp_path, text) == (
        "my.yaml, line 9: network: there is no key 'a'. Allowed: outcomes, carriers, reasons"
    )


@pytest.mark.parametrize("text", [HEAD, "a: b: c", HEAD + "people:\n\t- a", "[" * 1000, "a: *b"])
def test_without_its_c_library_yaml_reads_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    file = tmp_path / "my.yaml"
    file.write_text(text)

    def outcome() -> object:
        try:
            return lines.read(file).data
        except FixtureRefused as refused:
            return str(refused).split(": ")[0]

    with_it = outcome()
    monkeypatch.setattr(lines, "LOADER", lines.loader_on(yaml.BaseLoader))
    assert outcome() == with_it


def test_a_byte_order_mark_is_no_mistake(tmp_path: Path) -> None:
    assert loaded(tmp_path, "\ufeff" + HEAD).contents.summary == "A test"


START = 1_778_058_000_000
"""2026-05-06T09:00:00Z."""


@pytest.mark.parametrize(
    ("written", "at"),
    [
        ("-2h 30m", START - 2 * HOUR - 30 * MINUTE),
        ("-90s", START - 90_000),
        ("-1d", START - DAY),
        ("-0d 08:15", START - 45 * MINUTE),
        ("0d 08:15", START - 45 * MINUTE),
        ("-2d 09:00:30", START - 2 * DAY + 30_000),
        ("2026-05-06T09:00:00.095Z", START + 95),
        ("2026-05-06t04:00:00-05:00", START),
    ],
)
def test_a_time_is_before_the_start_or_for_ever(written: str, at: int) -> None:
    assert moment(written).at(START) == at


@pytest.mark.parametrize("written", ["", "-", "2h", "-1d 24:00", "-1d 9:00", "-2 h", "-1d 12:60", "2026-05-06", "-٢h"])
def test_what_is_no_time_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match=re.escape(TIME_HELP)):
        moment(written)


def test_durations_and_shares_are_read_as_people_write_them() -> None:
    assert (duration("1d 2h 3m 4s"), duration("2h30m"), duration("0s")) == (93_784_000, 9_000_000, 0)
    assert (share("25%"), share("0.25"), share("100%"), share("0")) == (0.25, 0.25, 1.0, 0.0)
    assert moment("-1d") == Moment(before=DAY)


# The published schema -------------------------------------------------------------------------------------------------


class Yaml12(yaml.SafeLoader):
    """Reads scalars as YAML 1.2 does, and so do the editors that use the schema."""


Yaml12.yaml_implicit_resolvers = {}
for _tag, _pattern, _first in (
    ("null", "null|~|", ["n", "~", ""]),
    ("bool", "true|false", ["t", "f"]),
    ("int", "-?[0-9]+", list("-0123456789")),
    ("float", r"-?[0-9]*\.[0-9]+", list("-0123456789.")),
):
    Yaml12.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(f"^(?:{_pattern})$"), _first)


def published() -> Any:
    return json.loads((CHECKOUT / "fixtures/fixture.schema.json").read_text("utf-8"))


def test_the_schema_is_the_models() -> None:
    """Write it anew: python -c "from sandbox.world import fixtures; print(fixtures.schema(), end='')" > fixtures/..."""
    assert (CHECKOUT / "fixtures/fixture.schema.json").read_text("utf-8") == fixtures.schema()


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(published())


@pytest.mark.parametrize("name", PACKAGED)
def test_every_packaged_fixture_is_valid_by_the_schema(name: str) -> None:
    data = yaml.load((CHECKOUT / f"fixtures/{name}.yaml").read_text("utf-8"), Yaml12)
    assert list(jsonschema.Draft202012Validator(published()).iter_errors(data)) == []


@pytest.mark.parametrize(
    "text",
    [
        HEAD.replace("code:", "cod:"),
        HEAD + "people: [{}]",
        SENT,
        HEAD + "history: [{do: nothing}]",
        TEXT + "    to: []",
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(tmp_path: Path, text: str) -> None:
    refusal(tmp_path, text)
    data = yaml.load(text, Yaml12)
    assert not jsonschema.Draft202012Validator(published()).is_valid(data)


# The rest of what is published ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("example", range(len(EXAMPLES)))
def test_every_example_of_the_documentation_loads(tmp_path: Path, example: int) -> None:
    text = EXAMPLES[example]
    assert loaded(tmp_path, text if example == 0 else EXAMPLES[0] + text).contents.consoles[0].code == "MAPLES1001"


def test_the_documentation_shows_what_a_mistake_gets(tmp_path: Path) -> None:
    text = EXAMPLES[0].split("\n", 1)[1].replace("line:", "lines:").replace("accounts", "people")
    shown = refusal(tmp_path, text)
    assert shown.replace("line 6", "line 4").replace("my.yaml", "my-clinic.yaml") in (
        CHECKOUT / "docs/fixtures.md"
    ).read_text("utf-8")


def test_every_word_in_braces_can_be_filled_in() -> None:
    assert tuple(FILLINGS) == PLACEHOLDERS


def test_what_organisations_send_is_there_in_english_and_spanish() -> None:
    texts = {name: list(template.texts) for name, template in fixtures.catalogue().templates.items()}
    assert texts.pop("staff_shift") == ["English"]
    assert set(map(tuple, texts.values())) == {("English", "Spanish")}
