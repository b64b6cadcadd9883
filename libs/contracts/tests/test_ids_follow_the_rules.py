import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from salon_contracts import ids
from salon_contracts.errors import InvalidField
from salon_contracts.subjects import decode, encode, encoded_size


@pytest.mark.parametrize("value", [1, 2**32 - 1])
def test_app_ids(value: int) -> None:
    assert ids.parse_app_id(value) == value


@pytest.mark.parametrize("value", [0, -1, 2**32])
def test_app_ids_out_of_range(value: int) -> None:
    with pytest.raises(InvalidField) as caught:
        ids.parse_app_id(value)
    assert caught.value.field == "app_id"
    assert caught.value.problem == "out of range"


@pytest.mark.parametrize("value", ["s" * 256, "team#1_ann.b@x_main", "a.b", "..", "~!@#$^&*()_+=-;'’,.<>/`"])
def test_stream_ids_have_the_characters_of_what_they_are_made_of(value: str) -> None:
    assert ids.parse_stream_id(value) == value
    assert decode(encode(value)) == value
    assert encoded_size(value) == len(encode(value)) <= 768


@pytest.mark.parametrize("value", ["room1", "a" * 128, "~!@#$^&*()_+=-;'’,.<>/`"])
def test_room_ids(value: str) -> None:
    assert ids.parse_room_id(value) == value


@pytest.mark.parametrize(
    ("value", "problem"),
    [("", "empty"), ("a" * 129, "too long"), ("’" * 43, "too long"), ("a b", "illegal"), ("raum ä", "illegal")],
)
def test_room_ids_that_are_none(value: str, problem: str) -> None:
    with pytest.raises(InvalidField) as caught:
        ids.parse_room_id(value)
    assert (caught.value.field, caught.value.problem) == ("room_id", problem)


@pytest.mark.parametrize(
    ("value", "problem"), [("", "empty"), ("u" * 65, "too long"), ("a/b", "illegal"), ("a\n", "illegal")]
)
def test_user_ids_that_are_none(value: str, problem: str) -> None:
    with pytest.raises(InvalidField) as caught:
        ids.parse_user_id(value)
    assert (caught.value.field, caught.value.problem) == ("user_id", problem)


@pytest.mark.parametrize(
    ("value", "problem"),
    [("", "empty"), ("s" * 257, "too long"), ("’" * 86, "too long"), ("a%b", "illegal"), ("a\n", "illegal")],
)
def test_stream_ids_that_are_none(value: str, problem: str) -> None:
    with pytest.raises(InvalidField) as caught:
        ids.parse_stream_id(value)
    assert (caught.value.field, caught.value.problem) == ("stream_id", problem)


def test_what_is_wrong_is_said_in_a_sentence() -> None:
    for parse, value, last in (
        (ids.parse_user_id, "a/b", "- ; ' ’ , . ` (not '/')."),
        (ids.parse_room_id, "a%b", "` < > / (not '%')."),
        (ids.parse_stream_id, "a\nb", "` < > / (not '\\n')."),
    ):
        with pytest.raises(InvalidField) as caught:
            parse(value)
        sentence = str(caught.value)
        assert sentence.startswith(
            f"{caught.value.field} is illegal; allowed: letters A to Z and a to z, digits, and ~ !"
        )
        assert sentence.endswith(last)


def test_texts_are_bounded() -> None:
    assert ids.parse_user_name("") == ""
    assert ids.parse_user_name("ü" * 128) == "ü" * 128
    assert ids.parse_extra_info("e" * 1024) == "e" * 1024
    assert ids.parse_message_text("m" * 1024) == "m" * 1024
    for parse, value in (
        (ids.parse_user_name, "ü" * 129),
        (ids.parse_user_name, "\ud800"),
        (ids.parse_extra_info, "e" * 1025),
        (ids.parse_message_text, ""),
        (ids.parse_message_text, "ü" * 513),
        (ids.parse_message_text, "\udfff"),
    ):
        with pytest.raises(InvalidField):
            parse(value)


@pytest.mark.parametrize("value", ["", "p" * 33, "a.b", "a b", "pc\n"])
def test_peer_connection_ids_that_are_none(value: str) -> None:
    with pytest.raises(InvalidField):
        ids.parse_peer_connection_id(value)


@given(st.text(max_size=200))
def test_nothing_but_invalid_field_comes_out(value: str) -> None:
    for parse in (
        ids.parse_room_id,
        ids.parse_user_id,
        ids.parse_stream_id,
        ids.parse_user_name,
        ids.parse_extra_info,
        ids.parse_message_text,
        ids.parse_peer_connection_id,
    ):
        with contextlib.suppress(InvalidField):
            assert parse(value) == value


def test_new_ids_are_different_and_safe_in_subjects() -> None:
    made = {ids.new_id("ses") for _ in range(1000)}
    assert len(made) == 1000
    for one in made:
        assert one.startswith("ses_")
        assert len(one) == 24
        assert decode(encode(one)) == one == encode(one)
