import re
from pathlib import Path

import pytest
from salon_contracts import errors
from salon_contracts.errors import InvalidField, SalonError
from salon_room.error_codes import FIELDS, TABLE, Asked, code_of, failed
from salon_room.http.errors import status_of


def all_kinds(root: type[SalonError]) -> list[type[SalonError]]:
    return [root] + [kind for child in root.__subclasses__() for kind in all_kinds(child)]


def test_every_class_of_the_tree_has_a_row() -> None:
    ours = {kind for kind in all_kinds(SalonError) if kind.__module__ == "salon_contracts.errors"}
    assert set(TABLE) == ours


@pytest.mark.parametrize(
    ("error", "asked", "code"),
    [
        (errors.TokenExpired(ago_s=3), Asked.ROOM, 1102018),
        (errors.TokenExpired(ago_s=3), Asked.PUBLISH, 1102018),
        (errors.TokenPrivilegeMissing(privilege="publish"), Asked.PUBLISH, 1103019),
        (errors.TokenMalformed(problem="x"), Asked.ROOM, 1102016),
        (errors.TokenForged(app_id=1), Asked.ROOM, 1102020),
        (errors.TokenFormRefused(problem="x"), Asked.ROOM, 1102016),
        (errors.TokenFormRefused(problem="x"), Asked.PLAY, 1104046),
        (errors.RoomFull(limit=1), Asked.ROOM, 1002034),
        (errors.LoggedInElsewhere(), Asked.ROOM, 1002086),
        (errors.StreamExists(stream_id="s"), Asked.PUBLISH, 1003028),
        (errors.StreamNotFound(stream_id="s"), Asked.PLAY, 1004002),
        (errors.RelayLost(relay_id="r"), Asked.PUBLISH, 1103021),
        (errors.RelayLost(relay_id="r"), Asked.PLAY, 1104021),
        (errors.RateLimited(limit="x"), Asked.MESSAGE, 1009015),
        (InvalidField(field="user_id", problem="empty", limit=""), Asked.ROOM, 1002005),
        (InvalidField(field="extra_info", problem="too long", limit=""), Asked.PUBLISH, 1003051),
        (InvalidField(field="mid", problem="illegal", limit=""), Asked.PUBLISH, 1100001),
    ],
)
def test_the_numbers_app_authors_know(error: SalonError, asked: Asked, code: int) -> None:
    assert code_of(error, asked) == code


def test_a_token_fault_carries_the_native_code_and_never_the_token() -> None:
    reply = failed(errors.TokenUserMismatch(user_id="bob"), Asked.ROOM)
    assert reply.message.startswith("[1002077] ")
    assert (reply.reason, reply.retryable) == ("token-user-mismatch", False)


def test_every_error_has_an_http_status() -> None:
    assert status_of(errors.NoRelayAvailable()) == 503
    assert status_of(errors.TokenExpired(ago_s=1)) == 401
    assert status_of(errors.TokenPrivilegeMissing(privilege="publish")) == 403
    assert status_of(errors.RateLimited(limit="x")) == 429
    assert status_of(SalonError()) == 500


def test_the_protocol_page_has_every_row() -> None:
    page = (Path(__file__).parents[3] / "docs" / "protocol.md").read_text()
    for kind, row in TABLE.items():
        if kind in (SalonError, errors.TokenError):
            continue
        assert f"`{kind.code}`" in page, kind
        for number in {row.code, row.publish, row.play, row.message} - {None}:
            assert str(number) in page, (kind, number)
    for number in FIELDS.values():
        assert re.search(rf"\b{number}\b", page), number
