from pathlib import Path

from salon_cli.dev.plan import Plan
from salon_cli.dev.state import DevState
from salon_contracts.access import ACCESS

OLDER = """# Written by `salon dev`. Holds secrets of this machine's cloud.
SALON_DEV_APP_ID=1234567890
SALON_DEV_SERVER_SECRET=0123456789abcdef0123456789abcdef
SALON_NATS_PASSWORD=old-password
SALON_NATS_USER=salon
SALON_TOKEN_MASTER_KEY=00
"""


def test_what_was_kept_stays_and_each_service_gets_a_password(tmp_path: Path) -> None:
    (tmp_path / "environment").write_text(OLDER)
    state = DevState.load(tmp_path)
    assert (state.nats_user, state.nats_password, state.app_id) == ("salon", "old-password", 1234567890)
    assert state.service_passwords.keys() == ACCESS.keys()
    assert len({state.nats_password, *state.service_passwords.values()}) == len(ACCESS) + 1
    assert DevState.load(tmp_path) == state  # written down


def test_each_service_is_a_user_of_its_own(tmp_path: Path) -> None:
    state, plan = DevState.load(tmp_path), Plan.from_environment({})
    for service in ACCESS:
        environment = plan.environment(service, state, None)
        assert environment["SALON_NATS_USER"] == service
        assert environment["SALON_NATS_PASSWORD"] == state.service_passwords[service]
