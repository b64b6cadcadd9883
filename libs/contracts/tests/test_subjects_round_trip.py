import pytest
from hypothesis import given
from hypothesis import strategies as st
from salon_contracts.ids import AppId, RelayId, RoomId, RoomSessionId
from salon_contracts.subjects import (
    ENTITY_KINDS,
    EVENTS_SUBJECTS,
    NONE,
    STATE_KINDS,
    Entity,
    command,
    decode,
    encode,
    parse_event,
    presence_key,
    query,
    room_entity,
    room_session_events,
    room_session_state,
    stream_claim_key,
)

names = st.text(st.characters(codec="utf-8"), max_size=40)
apps = st.integers(1, 2**32 - 1).map(AppId)
entities = st.builds(
    Entity,
    apps,
    st.none() | names.map(RoomId),
    st.none() | names.map(RoomSessionId),
    st.sampled_from(sorted(ENTITY_KINDS)),
    st.none() | names,
)


@given(names)
def test_every_name_comes_back(name: str) -> None:
    assert decode(encode(name)) == name


@given(names)
def test_an_encoded_name_is_one_token_and_a_valid_key_part(name: str) -> None:
    token = encode(name)
    assert token
    assert token != NONE
    assert set(token) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-=")


@given(names, names)
def test_different_names_are_different_tokens(one: str, other: str) -> None:
    assert (encode(one) == encode(other)) == (one == other)


@pytest.mark.parametrize(
    "token", ["", "a.b", "a b", "=2d", "=4", "=41", "==", "a=", "=FF", "é", "=2Dx", "*", ">", "a\n", "=ED=A0=80"]
)
def test_what_encode_cannot_have_made_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        decode(token)


def test_names_that_mean_something_in_subjects() -> None:
    assert encode("-") == "=2D"
    assert encode("") == "="
    assert encode("a.b") == "a=2Eb"
    assert encode("*") == "=2A"
    assert encode("ü") == "=C3=BC"


@given(entities)
def test_every_entity_comes_back(entity: Entity) -> None:
    assert parse_event(entity.subject) == entity


@given(entities)
def test_a_subject_is_within_the_stream_and_under_the_filter_of_its_session(entity: Entity) -> None:
    assert entity.subject.startswith(EVENTS_SUBJECTS.removesuffix(">"))
    if entity.room_id is not None and entity.room_session_id is not None:
        prefix = room_session_events(entity.app_id, entity.room_id, entity.room_session_id).removesuffix(">")
        assert entity.subject.startswith(prefix)
        state = room_session_state(entity.app_id, entity.room_id, entity.room_session_id)
        covered = [one for one in state if entity.subject.startswith(one.removesuffix("*"))]
        assert len(covered) == (entity.kind in STATE_KINDS)


@pytest.mark.parametrize(
    "subject",
    [
        "",
        "salon.evt.v1",
        "salon.evt.v2.1.r.s.user.k",
        "salon.evt.v1.1.r.s.nothing.k",
        "salon.evt.v1.x.r.s.user.k",
        "salon.evt.v1.01.r.s.user.k",
        "salon.evt.v1.1.r.s.user.k.more",
        "salon.evt.v1.1.r..user.k",
        "salon.evt.v1.1.=41.s.user.k",
        "salon.cmd.v1.1.r.s.user.k",
        "salon.evt.v1.+1.r.s.user.k",
    ],
)
def test_foreign_subjects_are_refused(subject: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_event(subject)


def test_the_grammar() -> None:
    app, room, session = AppId(7), RoomId("lobby 1"), RoomSessionId("rs_1")
    assert room_entity(app, room).subject == "salon.evt.v1.7.lobby=201.-.room.-"
    assert Entity(app, room, session, "user", "a-b").subject == "salon.evt.v1.7.lobby=201.rs_1.user.a-b"
    assert Entity(app, None, None, "app", None).subject == "salon.evt.v1.7.-.-.app.-"
    assert room_session_events(app, room, session) == "salon.evt.v1.7.lobby=201.rs_1.>"
    assert query("token", "verify-token") == "salon.qry.v1.token.verify-token"
    assert command("token", "create-app") == "salon.cmd.v1.token.create-app"
    assert command("relay", "negotiate", RelayId("r.1")) == "salon.cmd.v1.relay.r=2E1.negotiate"
    assert presence_key(app, "a.b") == "7.a=2Eb"
    assert stream_claim_key(app, "s") == "7.s"


@pytest.mark.parametrize("verb", ["", "Verify", "verify_token", "a.b", "-a", "a-", "*"])
def test_verbs_that_are_none(verb: str) -> None:
    with pytest.raises(ValueError, match="not a verb"):
        query("token", verb)
    with pytest.raises(ValueError, match="not a verb"):
        command("token", verb)
