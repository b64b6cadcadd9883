import dataclasses
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from salon.bus.v1.failure_pb2 import Failure
from salon_contracts import errors
from salon_contracts.errors import BY_CODE, InvariantBroken, SalonError, TokenError, from_failure, to_failure

VALUES = {str: "some {braces} & ünicode", int: 7, float: 2.5}


def example(kind: type[SalonError]) -> SalonError:
    return kind(**{field.name: VALUES[field.type] for field in dataclasses.fields(kind)})  # type: ignore[index]


def classes() -> list[type[SalonError]]:
    found, todo = [], [SalonError]
    while todo:
        kind = todo.pop()
        found.append(kind)
        todo.extend(kind.__subclasses__())
    return [kind for kind in found if kind not in (SalonError, TokenError)]


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_every_error_comes_back_as_it_was(kind: type[SalonError]) -> None:
    error = example(kind)
    failure = Failure.FromString(to_failure(error).SerializeToString())
    assert from_failure(failure) == error
    assert type(from_failure(failure)) is kind
    assert failure.retryable == kind.retryable
    assert failure.message == str(error)


@pytest.mark.parametrize("kind", classes(), ids=lambda kind: kind.__name__)
def test_every_error_has_a_code_and_a_sentence(kind: type[SalonError]) -> None:
    assert "code" in vars(kind)
    assert "sentence" in vars(kind)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.code)
    sentence = str(example(kind))
    assert re.fullmatch(r"[^\n]+\.", sentence)
    assert BY_CODE[kind.code] is kind
    assert kind.code == re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def test_codes_are_unique_and_the_drawing_is_complete() -> None:
    assert len(BY_CODE) == len(classes())
    drawing = (errors.__doc__ or "").partition("`InvariantBroken`")[0]
    drawn = set(re.findall(r"── (\w+)", drawing))
    assert drawn == {kind.__name__ for kind in classes()} | {"TokenError"}


def test_what_cannot_be_understood_is_a_plain_error() -> None:
    assert type(from_failure(Failure(code="from-the-future"))) is SalonError
    assert type(from_failure(Failure(code="room-full", fields={"limit": "many"}))) is SalonError
    assert type(from_failure(Failure(code="internal"))) is SalonError
    assert str(SalonError()) == "Something went wrong."


@given(st.sampled_from(sorted(BY_CODE)), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_no_failure_breaks_the_reader(code: str, fields: dict[str, str]) -> None:
    assert isinstance(from_failure(Failure(code=code, fields=fields)), SalonError)


def test_a_bug_is_no_error() -> None:
    assert not issubclass(InvariantBroken, SalonError)
