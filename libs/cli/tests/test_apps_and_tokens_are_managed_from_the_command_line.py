"""An operator's day: an app, its tokens, a rotation, the end."""

import json
from pathlib import Path

import pytest

from .conftest import Salon, bus_environment

pytestmark = pytest.mark.usefixtures("token_service")
SECRET = "0123456789abcdef0123456789abcdef"


def make_app(run_salon: Salon, *options: str) -> int:
    result = run_salon("app", "create", "--json", *options)
    assert result.exit_code == 0, result.stderr
    return int(json.loads(result.stdout)["app_id"])


def test_an_app_is_created_for_people(run_salon: Salon) -> None:
    result = run_salon("app", "create", "--name", "Our shop")
    assert result.exit_code == 0
    first, second = result.stdout.splitlines()
    assert first.startswith("AppID         ")
    assert second.startswith("ServerSecret  ")
    assert len(second.split()[1]) == 32
    assert "only now" in result.stderr
    assert "\x1b" not in result.output  # not a terminal


def test_an_app_is_created_for_programs(run_salon: Salon) -> None:
    result = run_salon("app", "create", "--app-id", "41", "--json")
    made = json.loads(result.stdout)
    assert made["app_id"] == 41
    assert len(made["server_secret"]) == 32
    assert result.stderr == ""


def test_a_secret_is_taken_from_standard_input(run_salon: Salon) -> None:
    result = run_salon("app", "create", "--app-id", "42", "--secret-from-stdin", "--json", input=f"{SECRET}\n")
    assert json.loads(result.stdout) == {"app_id": 42, "server_secret": SECRET}
    assert run_salon("app", "create", "--secret-from-stdin", input="").exit_code == 1


def test_apps_are_listed(run_salon: Salon) -> None:
    app_id = make_app(run_salon, "--name", "Löwe 🦁", "--require-privileges", "--max-token-age-s", "5400")
    plain = run_salon("app", "list")
    (line,) = [line for line in plain.stdout.splitlines() if str(app_id) in line]
    assert "Löwe 🦁" in line
    assert "privileges required, tokens at most 1 h 30 min old" in line
    listed = {one["app_id"]: one for one in json.loads(run_salon("app", "list", "--json").stdout)}
    assert listed[app_id]["require_privileges"] is True
    assert listed[app_id]["max_token_age_s"] == 5400
    assert "secret" not in plain.stdout.lower().replace("secret since", "")


def test_a_policy_is_changed_in_what_is_named(run_salon: Salon) -> None:
    app_id = make_app(run_salon, "--require-privileges")
    changed = run_salon("app", "change-policy", str(app_id), "--allow-play-across-rooms", "--max-token-age-s", "60")
    assert changed.stdout == (
        f"App {app_id}: privileges required, tokens at most 1 min old, streams of other rooms too\n"
    )
    undone = run_salon(
        *("app", "change-policy", str(app_id), "--no-require-privileges", "--no-allow-play-across-rooms", "--json"),
    )
    assert json.loads(undone.stdout) == {
        "app_id": app_id,
        "require_privileges": False,
        "max_token_age_s": 60,
        "accept_cbc": False,
        "allow_play_across_rooms": False,
    }
    assert run_salon("app", "change-policy", str(app_id)).exit_code == 2


def test_whoever_accepts_the_cbc_form_is_told_what_it_means(run_salon: Salon) -> None:
    created = run_salon("app", "create", "--accept-cbc", "--json")
    app_id = str(json.loads(created.stdout)["app_id"])
    assert "not authenticated" in created.stderr
    assert "first 16 characters" in created.stderr
    off = run_salon("app", "change-policy", app_id, "--no-accept-cbc")
    assert (off.stdout, off.stderr) == (f"App {app_id}: -\n", "")
    refused = run_salon("token", "mint", "--app-id", app_id, "--user-id", "alice", "--form", "cbc")
    assert refused.stderr == "Error: form is illegal; allowed: a form the app accepts.\n"
    on = run_salon("app", "change-policy", app_id, "--accept-cbc")
    assert on.stdout == f"App {app_id}: tokens of the CBC form too\n"
    assert "not authenticated" in on.stderr
    assert run_salon("token", "mint", "--app-id", app_id, "--user-id", "alice", "--form", "cbc").exit_code == 0


def test_a_token_is_minted(run_salon: Salon) -> None:
    app_id = str(make_app(run_salon, "--accept-cbc"))
    result = run_salon("token", "mint", "--app-id", app_id, "--user-id", "alice", "--lifetime-s", "90")
    assert result.exit_code == 0
    assert result.stdout.startswith("04")
    assert len(result.stdout.splitlines()) == 1  # ready for $(…)
    assert "Good until" in result.stderr
    narrowed = run_salon(
        *("token", "mint", "--app-id", app_id, "--user-id", "bob", "--room-id", "room1", "--no-publish"),
        *("--stream-id", "s1", "--stream-id", "s2", "--play-room-id", "stage", "--form", "cbc", "--json"),
    )
    minted = json.loads(narrowed.stdout)
    assert minted["token"].startswith("04")
    assert minted["expires_at_unix_s"] > 1_700_000_000


def test_an_app_that_requires_privileges_takes_an_empty_room_for_any(run_salon: Salon) -> None:
    mint = ("token", "mint", "--app-id", str(make_app(run_salon, "--require-privileges")), "--user-id", "alice")
    refused = run_salon(*mint)
    assert refused.exit_code == 1
    assert refused.stderr == "Error: privileges is empty; allowed: this app requires them.\n"
    assert run_salon(*mint, "--room-id", "").exit_code == 0


def test_a_secret_is_rotated_and_an_app_deleted(run_salon: Salon) -> None:
    app_id = str(make_app(run_salon))
    rotated = run_salon("app", "rotate-secret", app_id, "--grace-s", "3600")
    assert rotated.exit_code == 0
    assert "accepted for 1 h more" in rotated.stderr
    assert "void" in run_salon("app", "rotate-secret", app_id, "--grace-s", "0").stderr
    assert json.loads(run_salon("app", "rotate-secret", app_id, "--json").stdout)["app_id"] == int(app_id)
    assert run_salon("app", "delete", app_id).stdout == f"App {app_id} is deleted.\n"
    again = run_salon("app", "delete", app_id, "--yes", "--json")
    assert (again.exit_code, again.stdout, again.stderr) == (1, "", f"Error: There is no app {app_id}.\n")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("app", "create", "--name", "a\nb"), "Error: name is illegal; allowed: 128 bytes of printable text.\n"),
        (("app", "rotate-secret", "77"), "Error: There is no app 77.\n"),
        (("token", "mint", "--app-id", "77", "--user-id", "alice"), "Error: There is no app 77.\n"),
        (("token", "mint", "--app-id", "77", "--user-id", ""), "Error: user_id is empty; allowed: 1 to 64 bytes.\n"),
    ],
)
def test_what_is_refused_is_one_sentence(run_salon: Salon, arguments: tuple[str, ...], sentence: str) -> None:
    result = run_salon(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", sentence)


@pytest.mark.parametrize(
    "arguments",
    [
        ("app", "create", "--app-id", "0"),
        ("app", "delete", "x"),
        ("app", "rotate-secret", "7", "--grace-s", "-1"),
        ("token", "mint", "--app-id", "7"),
        ("token", "mint", "--app-id", "7", "--user-id", "a", "--lifetime-s", "2592001"),
        ("nonsense",),
    ],
)
def test_a_wrong_call_says_how_it_is_meant(run_salon: Salon, arguments: tuple[str, ...]) -> None:
    result = run_salon(*arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.stderr


def test_what_salon_dev_has_started_is_found(
    run_salon: Salon, nats_server: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from salon_kit.testing import NatsServer

    assert isinstance(nats_server, NatsServer)
    lines = [f"{name}={value}" for name, value in bus_environment(nats_server).items()]
    text = "\n".join(["# written by salon dev", *lines, "SALON_DEV_APP_ID=1", ""])
    for folder in (tmp_path / "var" / "dev", tmp_path / "elsewhere"):
        folder.mkdir(parents=True)
        (folder / "environment").write_text(text)
        assert run_salon("app", "list", env={}).exit_code == 0
        (folder / "environment").unlink()
        monkeypatch.setenv("SALON_STATE_DIR", str(tmp_path / "elsewhere"))
