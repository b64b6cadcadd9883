import pytest
from pydantic import Field, SecretStr, ValidationError
from salon_kit.settings import BusSettings, HealthSettings, ProcessSettings, load, markdown_table, prefixed, problems


class RoomSettings(HealthSettings):
    model_config = prefixed("SALON_ROOM_")

    port: int = Field(ge=1, le=65535, description="TCP port | of the gateway.")
    health_port: int = Field(default=9102, ge=0, le=65535, description="TCP port of the health server.")
    key: SecretStr = Field(default=SecretStr("hush"), description="A secret.")


def test_values_are_read_and_frozen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALON_ROOM_PORT", "8080")
    monkeypatch.setenv("SALON_ROOM_HEALTH_HOST", "0.0.0.0")  # noqa: S104
    monkeypatch.setenv("SALON_NATS_URL", "nats://a:4222, nats://b:4222")
    settings = load(RoomSettings)
    assert (settings.port, settings.health_host, settings.health_port) == (8080, "0.0.0.0", 9102)  # noqa: S104
    assert load(BusSettings).servers == ["nats://a:4222", "nats://b:4222"]
    with pytest.raises(ValidationError):
        settings.port = 1


def test_a_bad_value_ends_the_process_with_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SALON_ROOM_PORT", "90000")
    with pytest.raises(SystemExit) as caught:
        load(RoomSettings)
    assert caught.value.code == 2
    assert capsys.readouterr().err == "SALON_ROOM_PORT: input should be less than or equal to 65535\n"


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SALON_ROOM_PORT", raising=False)
    assert problems(RoomSettings) == ["SALON_ROOM_PORT: is required"]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SALON_NATS_URL", "http://x"),
        ("SALON_NATS_URL", "nats://user:geheim@x:1"),
        ("SALON_NATS_URL", ""),
        ("SALON_NATS_REPLICAS", "geheim"),
        ("SALON_NATS_PING_INTERVAL_S", "-1"),
    ],
)
def test_problems_name_the_variable_and_never_its_value(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    (problem,) = problems(BusSettings)
    assert problem.startswith(f"{name}: ")
    assert "geheim" not in problem
    assert "\n" not in problem


def test_the_table_has_every_variable_and_no_secret() -> None:
    table = markdown_table(RoomSettings, BusSettings, ProcessSettings)
    assert "| `SALON_ROOM_PORT` | required | TCP port \\| of the gateway. |" in table
    assert "| `SALON_ROOM_HEALTH_PORT` | `9102` |" in table
    assert "SALON_NATS_URL" in table
    assert "SALON_STARTUP_TIMEOUT_S" in table
    assert "hush" not in table


def test_every_field_is_described() -> None:
    class Undescribed(HealthSettings):
        bare: int = 1

    with pytest.raises(ValueError, match="bare has no description"):
        markdown_table(Undescribed)
