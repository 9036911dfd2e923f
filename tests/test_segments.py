"""Counting SMS segments (rule NET-segments; 3GPP TS 23.038 and 23.040)."""

import pytest
from driver import Driver

from sandbox.world.segments import encoding, segments

BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
"""The default alphabet in the order of its codes, but for 0x1B, which is the escape."""
EXTENSION = "\f^{}\\[~]|€"


@pytest.mark.rule("NET-segments")
def test_the_alphabet_is_the_standards_and_nothing_else() -> None:
    assert len(BASIC) == 127
    plane = [chr(code) for code in range(0x10000) if not 0xD800 <= code < 0xE000]
    assert {character for character in plane if encoding(character) == "GSM-7"} == set(BASIC + EXTENSION)


@pytest.mark.rule("NET-segments")
@pytest.mark.parametrize("text", ["", BASIC, EXTENSION, "Ç", "Hello {name}, it costs 5 €"])
def test_a_text_of_the_alphabet_is_gsm_7(text: str) -> None:
    assert encoding(text) == "GSM-7"


@pytest.mark.rule("NET-segments")
@pytest.mark.parametrize(
    "text", ["ç", "`", "\t", "\x1b", "’", "á", "👋", "x" * 159 + "ç", "\u00a0", "Ω̈", "\u2126", "\u212a"]
)
def test_one_other_character_makes_the_whole_text_ucs_2(text: str) -> None:
    assert encoding(text) == "UCS-2"


@pytest.mark.rule("NET-segments")
@pytest.mark.parametrize(
    ("length", "count"), [(0, 1), (1, 1), (160, 1), (161, 2), (306, 2), (307, 3), (459, 3), (460, 4), (20_000, 131)]
)
def test_gsm_7_has_room_for_160_or_153_each(length: int, count: int) -> None:
    assert segments("x" * length) == count


@pytest.mark.rule("NET-segments")
@pytest.mark.parametrize(("length", "count"), [(70, 1), (71, 2), (134, 2), (135, 3), (201, 3), (202, 4), (20_000, 299)])
def test_ucs_2_has_room_for_70_or_67_each(length: int, count: int) -> None:
    assert segments("ç" * length) == count


@pytest.mark.rule("NET-segments")
@pytest.mark.parametrize("character", EXTENSION)
def test_an_extension_character_counts_two(character: str) -> None:
    assert segments(character * 80) == 1
    assert segments(character * 80 + "x") == 2


@pytest.mark.rule("NET-segments")
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("€" * 81, 2),  # 76 and 5: the 77th does not fit whole into the last of 153
        ("€" * 152, 2),
        ("€" * 153, 3),
        ("x" * 152 + "€" + "x" * 151, 2),
        ("x" * 152 + "€" + "x" * 152, 3),
        ("x" * 153 + "€" + "x" * 151, 2),
    ],
)
def test_no_escape_is_split_over_two_segments(text: str, count: int) -> None:
    assert segments(text) == count


@pytest.mark.rule("NET-segments")
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("👋" * 35, 1),
        ("👋" * 36, 2),
        ("👋" * 66, 2),
        ("👋" * 67, 3),
        ("ç" * 66 + "👋" + "ç" * 65, 2),
        ("ç" * 66 + "👋" + "ç" * 66, 3),
        ("ç" * 67 + "👋" + "ç" * 65, 2),
        ("€" * 69 + "ç", 1),  # in UCS-2 what would be an extension counts one
    ],
)
def test_no_surrogate_pair_is_split_over_two_segments(text: str, count: int) -> None:
    assert segments(text) == count


@pytest.mark.rule("NET-segments")
@pytest.mark.parametrize(
    ("text", "expected"), [("x" * 161, ("GSM-7", 2)), ("ç", ("UCS-2", 1)), ("👋" * 36, ("UCS-2", 2))]
)
def test_every_view_of_a_message_counts_alike(sandbox: Driver, text: str, expected: tuple[str, int]) -> None:
    answer = sandbox.submit(text=text).json()
    message = sandbox.message(answer["sid"])
    assert (message["encoding"], message["segments"]) == expected
    assert answer["num_segments"] == str(expected[1])
