"""One clear sentence, and nothing is served."""

import socket
from pathlib import Path

import pytest

from .conftest import Start
from .processes import HERE

FILTERS = "SALON_EFFECTS_FILTERS"


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({FILTERS: ""}, f"{FILTERS}: must be module:function, several separated by commas"),
        ({FILTERS: "no-colon"}, f"{FILTERS}: must be module:function, several separated by commas"),
        ({FILTERS: "os:system('ls')"}, f"{FILTERS}: must be module:function, several separated by commas"),
        ({"SALON_EFFECTS_THREADS": "0"}, "SALON_EFFECTS_THREADS: input should be greater than or equal to 1"),
        ({"SALON_EFFECTS_MAX_LOAD": "1.5"}, "SALON_EFFECTS_MAX_LOAD: input should be less than or equal to 1"),
        ({"SALON_EFFECTS_FRAMES_ADDRESS": "host"}, "SALON_EFFECTS_FRAMES_ADDRESS: must be host:port"),
        ({"SALON_EFFECTS_FRAMES_BIND": "host:70000"}, "SALON_EFFECTS_FRAMES_BIND: must be host:port"),
        ({"SALON_EFFECTS_ID": "a.b"}, "SALON_EFFECTS_ID: string should match pattern '^[0-9A-Za-z_-]{0,64}$'"),
    ],
)
def test_a_bad_setting_is_one_sentence(start: Start, settings: dict[str, str], sentence: str) -> None:
    process = start(**settings)
    assert process.wait() == 2
    assert process.log.strip() == sentence


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("no_such_module:apply", "cannot be imported: ModuleNotFoundError: No module named 'no_such_module'"),
        ("broken:apply", "cannot be imported: ZeroDivisionError: division by zero"),
        ("trial_filters:missing", "does not exist: trial_filters has no missing"),
        ("trial_filters:NOT_A_FUNCTION", "is not a function"),
        ("trial_filters:wrong_signature", "fails on a grey picture: TypeError: wrong_signature() takes 1 positional"),
    ],
)
def test_a_filter_that_cannot_be_used_is_one_sentence(start: Start, tmp_path: Path, name: str, why: str) -> None:
    (tmp_path / "broken.py").write_text("1 / 0\n")
    process = start(SALON_EFFECTS_FILTERS=f"trial_filters:copy,{name}", PYTHONPATH=f"{HERE}:{tmp_path}")
    assert process.wait() == 1
    assert f"effects cannot start: The filter {name} {why}" in process.log
    assert "Traceback" not in process.log


def test_a_port_that_is_taken_is_one_sentence(start: Start) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        where = f"127.0.0.1:{taken.getsockname()[1]}"
        process = start(SALON_EFFECTS_FRAMES_ADDRESS=where, SALON_EFFECTS_FRAMES_BIND=where)
        assert process.wait() == 1
    assert f"effects cannot start: SALON_EFFECTS_FRAMES_BIND: {where} cannot be used" in process.log
