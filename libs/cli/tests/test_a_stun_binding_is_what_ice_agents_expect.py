"""The STUN request of `salon doctor`, read back by an independent implementation, and its answers."""

import secrets

from aioice import stun
from salon_cli.stun import IceCredentials, binding_request, is_success

OURS = IceCredentials("ours", "our-password-of-22-chars")
THEIRS = IceCredentials("theirs", "their-password-of-22-ch")
ID = bytes(range(12))


def test_another_implementation_accepts_it() -> None:
    message = stun.parse_message(binding_request(OURS, THEIRS, ID))
    message.check_message_integrity(THEIRS.pwd.encode())
    assert message.message_method is stun.Method.BINDING
    assert message.message_class is stun.Class.REQUEST
    assert message.transaction_id == ID
    assert message.attributes["USERNAME"] == "theirs:ours"
    assert {"PRIORITY", "ICE-CONTROLLING", "MESSAGE-INTEGRITY", "FINGERPRINT"} <= message.attributes.keys()


def test_the_good_answer_is_recognised() -> None:
    answer = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, transaction_id=ID)
    answer.attributes["XOR-MAPPED-ADDRESS"] = ("127.0.0.1", 4000)
    answer.add_message_integrity(THEIRS.pwd.encode())
    assert is_success(bytes(answer), ID)
    assert not is_success(bytes(answer), secrets.token_bytes(12))
    assert not is_success(bytes(answer)[:-1], ID)


def test_anything_else_is_not() -> None:
    refusal = stun.Message(stun.Method.BINDING, stun.Class.ERROR, transaction_id=ID)
    for datagram in (bytes(refusal), b"", b"\x01\x01", secrets.token_bytes(20), binding_request(OURS, THEIRS, ID)):
        assert not is_success(datagram, ID)
