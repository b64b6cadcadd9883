"""Tables, durations and colours."""

import pytest
from salon_cli.output import duration, print_fields, print_table, styled, when


def test_columns_are_as_wide_as_they_must_be(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("A", "LONG NAME", "C"), [("1", "x", "yes"), ("12345", "y", "")])
    assert capsys.readouterr().out == "A      LONG NAME  C\n1      x          yes\n12345  y\n"


def test_an_empty_table_is_its_head(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("A", "B"), [])
    assert capsys.readouterr().out == "A  B\n"


def test_values_stand_in_one_column(capsys: pytest.CaptureFixture[str]) -> None:
    print_fields({"AppID": "1", "ServerSecret": "2"})
    assert capsys.readouterr().out == "AppID         1\nServerSecret  2\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0 s"), (59, "59 s"), (90, "1 min 30 s"), (3600, "1 h"), (90_061, "1 d 1 h"), (86_460, "1 d 1 min")],
)
def test_durations_have_two_units(seconds: int, text: str) -> None:
    assert duration(seconds) == text


def test_times_are_utc() -> None:
    assert when(1767225600) == "2026-01-01 00:00 UTC"


def test_colours_only_on_a_terminal_that_wants_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert styled("x", stream_is_tty=False, fg="red") == "x"
    assert styled("x", stream_is_tty=True, fg="red") == "\x1b[31mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert styled("x", stream_is_tty=True, fg="red") == "x"
