"""The matrix of clients is as good as what judges them: the reference, what a player made of it, and the document."""

import numpy as np
import pytest

from tests.clients import matrix
from tests.clients.client import Direction, Row
from tests.clients.outcome import Outcome, Result
from tests.clients.reference import FPS, RATE_HZ, is_tone, number_of, picture, tone
from tests.clients.seen import Seen


@pytest.mark.parametrize("number", [0, 1, 90, 165, 255])
def test_a_picture_says_its_number_in_any_size(number: int) -> None:
    pixels = picture(number)
    assert number_of(pixels) == number
    assert number_of(pixels[::5, ::5]) == number
    assert number_of(np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1)) == number


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((240, 320, 3), np.uint8),
        np.full((240, 320, 3), 128, np.uint8),
        picture(90)[:, :, ::-1],
        picture(90)[::-1],
    ],
    ids=["black", "grey", "red and blue exchanged", "upside down"],
)
def test_another_picture_has_no_number(pixels: np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]) -> None:
    assert number_of(np.ascontiguousarray(pixels)) is None


def test_only_the_tone_is_the_tone() -> None:
    played = tone(12_345, RATE_HZ // 10)
    noise = np.random.default_rng(1).normal(0, 2_000, len(played)).astype(np.int16)
    assert is_tone(played, RATE_HZ)
    assert is_tone((played // 8).astype(np.int16), RATE_HZ), "quiet"
    assert not is_tone(np.zeros_like(played), RATE_HZ), "silence"
    assert not is_tone(noise, RATE_HZ)
    assert not is_tone(played, RATE_HZ // 2), "an octave too low"


def test_a_frozen_picture_or_silence_is_not_the_reference() -> None:
    good, frozen, silent = Seen(), Seen(), Seen()
    for number in range(4 * FPS):
        good.picture(picture(number))
        frozen.picture(picture(7))
        silent.picture(picture(number))
        for seen in (good, frozen):
            seen.sound(tone(number * 3_200, 3_200), RATE_HZ)
    assert good.problem == ""
    assert good.enough.is_set()
    assert frozen.problem == "only 1 different pictures"
    assert silent.problem.startswith("only 0.0 s of the tone")
    assert Seen().problem == "neither picture nor sound"
    assert not frozen.enough.is_set()


def test_a_row_without_sound_is_judged_by_its_pictures_alone() -> None:
    moving, frozen = Seen(wants_sound=False), Seen(wants_sound=False)
    for number in range(4 * FPS):
        moving.picture(picture(number))
        frozen.picture(picture(7))
    assert moving.problem == ""
    assert moving.enough.is_set()
    assert frozen.problem == "only 1 different pictures"
    row = Row(Direction.PUBLISHES, "VP8", has_sound=False)
    assert f"| {4 * FPS} |  | works |" in matrix.section("a 1.0", [Outcome.of("a", row, moving, moving.problem)])


def test_a_known_failure_is_not_taken_for_ours_nor_for_a_pass() -> None:
    known = Row(Direction.PUBLISHES, "H264", known="their curve")
    assert Outcome.of("it", known, None, "no handshake").result is Result.KNOWN
    assert Outcome.of("it", Row(Direction.PUBLISHES, "H264"), None, "no handshake").result is Result.FAILS
    assert Outcome.of("it", known, Seen(), "").result is Result.WORKS


def test_only_the_section_of_the_client_that_ran_is_written_anew() -> None:
    text = "# Clients\n<!-- rows: a -->\nold a\n<!-- end: a -->\nbetween\n<!-- rows: b -->\nold b\n<!-- end: b -->\n"
    outcome = Outcome.of("a", Row(Direction.PLAYS, "VP8", "this | that"), None, "it\nbroke")
    changed = matrix.replaced(text, "a", matrix.section("a 1.0", [outcome]))
    assert "old a" not in changed
    assert "between\n<!-- rows: b -->\nold b\n<!-- end: b -->\n" in changed
    assert "| plays | VP8 | this \\| that |  |  | fails: it broke |" in changed
    assert matrix.replaced(changed, "a", matrix.section("a 1.0", [outcome])) == changed
    with pytest.raises(ValueError, match="no place for c"):
        matrix.replaced(text, "c", "")


def test_the_document_has_a_place_for_every_client() -> None:
    from tests.clients.__main__ import CLIENTS

    for name in CLIENTS:
        matrix.replaced(matrix.DOCUMENT.read_text(), name, "")
