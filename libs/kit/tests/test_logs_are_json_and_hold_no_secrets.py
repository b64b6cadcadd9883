import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from salon_kit.log import bound, get_logger, redact, set_up_logging

Capture = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _undo() -> Iterator[None]:
    yield
    structlog.reset_defaults()
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if getattr(handler, "salon", False)]:
        root.removeHandler(handler)
    root.setLevel(logging.WARNING)


def lines(capsys: Capture) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_line_is_one_object_with_its_ids(capsys: Capture) -> None:
    set_up_logging(service="room", node_id="room-1")
    with bound(room_id="r"):
        get_logger().info("stream-added", stream_id="s", count=3)
    get_logger().info("after")
    first, second = lines(capsys)
    assert first["event"] == "stream-added"
    assert (first["service"], first["node_id"], first["room_id"], first["stream_id"]) == ("room", "room-1", "r", "s")
    assert first["level"] == "info"
    assert "time" in first
    assert "room_id" not in second


def test_secrets_are_redacted_at_any_depth(capsys: Capture) -> None:
    set_up_logging()
    get_logger().info(
        "x", token="t0p", offer_sdp="t0p", request={"ServerSecret": "t0p", "list": [{"password": "t0p"}], "ok": 1}
    )
    (line,) = lines(capsys)
    assert "t0p" not in json.dumps(line)
    assert line["request"] == {"ServerSecret": "[redacted]", "list": [{"password": "[redacted]"}], "ok": 1}
    assert redact(None, "", {"resume_key": "k", "count": 1}) == {"resume_key": "[redacted]", "count": 1}


def test_the_standard_library_goes_the_same_way(capsys: Capture) -> None:
    set_up_logging(service="room")
    logging.getLogger("uvicorn.error").warning("hello %s", "there")
    logging.getLogger("somewhere").info("with extra", extra={"token": "t0p"})
    first, second = lines(capsys)
    assert (first["event"], first["logger"], first["service"]) == ("hello there", "uvicorn.error", "room")
    assert second["token"] == "[redacted]"


def test_an_exception_is_one_line(capsys: Capture) -> None:
    set_up_logging()
    try:
        held = "in a local" + " variable"
        raise ValueError("why", len(held))
    except ValueError:
        get_logger().exception("broken")
    (line,) = lines(capsys)
    assert line["level"] == "error"
    assert "why" in json.dumps(line["exception"])
    assert "in a local variable" not in json.dumps(line)


def test_levels_and_repetition(capsys: Capture) -> None:
    set_up_logging(level="warning")
    set_up_logging(level="warning")
    get_logger().info("quiet")
    get_logger().warning("loud")
    assert [line["event"] for line in lines(capsys)] == ["loud"]


def test_for_people(capsys: Capture) -> None:
    set_up_logging(format_="console")
    get_logger().info("stream-added", stream_id="s")
    text = capsys.readouterr().err
    assert "stream-added" in text
    assert "{" not in text
