from salon.relay.v1.relay_pb2 import TransportClosed, TransportCloseReason
from salon.room.v1.events_pb2 import LogoutReason, MessageKind, MessageSent, StreamAdded
from salon_room.core.notices import Receiver, includes, notices

from .rooms_by_hand import Log, entity

ALICE = Receiver("alice", "s-alice", wants_user_updates=True)
BOB = Receiver("bob", "s-bob", wants_user_updates=True)
DEAF = Receiver("deaf", "s-deaf", wants_user_updates=False)


def told(log: Log, receiver: Receiver) -> list[str]:
    return [
        notice.message.WhichOneof("body") or ""
        for notice in notices(log.facts[-1])
        if includes(notice.audience, receiver)
    ]


def test_users_come_and_go_for_others_who_asked() -> None:
    log = Log()
    log.user_in("alice")
    assert told(log, BOB) == ["users_changed"]
    assert told(log, DEAF) == []
    assert told(log, ALICE) == []
    log.user_out("alice")
    assert (told(log, BOB), told(log, ALICE)) == (["users_changed"], [])


def test_streams_are_for_all_others() -> None:
    log = Log()
    log.stream("cam", "alice")
    assert (told(log, BOB), told(log, DEAF), told(log, ALICE)) == (["streams_changed"], ["streams_changed"], [])
    log.stream_gone("cam", "alice")
    assert told(log, BOB) == ["streams_changed"]
    assert notices(log.facts[-1])[0].message.sequence == 2


def test_an_update_of_a_stream_is_told_to_nobody() -> None:
    log = Log()
    log.say(entity("stream", "cam"), StreamAdded(stream_id="cam", user_id="alice", is_update=True))
    assert told(log, BOB) == []


def test_a_duplicate_log_in_sends_only_the_older_session_away() -> None:
    log = Log()
    log.user_out("alice", LogoutReason.LOGOUT_REASON_DUPLICATE_LOGIN)
    assert told(log, ALICE) == ["logged_out"]
    assert told(log, Receiver("alice", "s-newer", wants_user_updates=True)) == []
    assert notices(log.facts[-1])[0].message.HasField("logged_out")
    assert notices(log.facts[-1])[0].message.logged_out.code == 1002050


def test_commands_are_for_those_who_are_named() -> None:
    log = Log()
    kind = MessageKind.MESSAGE_KIND_COMMAND
    sent = MessageSent(kind=kind, from_user_id="alice", text="x", to_user_ids=["bob", "alice"])
    log.say(entity("message", "command"), sent)
    assert (told(log, BOB), told(log, DEAF), told(log, ALICE)) == (["message_received"], [], [])
    log.say(entity("message", "command"), MessageSent(kind=kind, from_user_id="alice", text="x"))
    assert (told(log, BOB), told(log, DEAF), told(log, ALICE)) == (["message_received"], ["message_received"], [])


def test_a_lost_peer_connection_is_its_owners_business() -> None:
    log = Log()
    closed = TransportClosed(session_id="s-alice", reason=TransportCloseReason.TRANSPORT_CLOSE_REASON_CONSENT_EXPIRED)
    log.say(entity("transport", "s-alice.send-1"), closed)
    assert (told(log, ALICE), told(log, BOB)) == (["peer_connection_lost"], [])
    lost = notices(log.facts[-1])[0].message.peer_connection_lost
    assert (lost.peer_connection_id, lost.reason) == ("send-1", "consent-expired")
    ordered = TransportClosed(session_id="s-alice", reason=TransportCloseReason.TRANSPORT_CLOSE_REASON_ORDERED)
    log.say(entity("transport", "s-alice.send-2"), ordered)
    assert told(log, ALICE) == []
