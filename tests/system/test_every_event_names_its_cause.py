"""What a participant asks for can be followed through every service that had a part in it."""

from salon.relay.v1.relay_pb2 import TransportOpened
from salon.room.v1.events_pb2 import StreamAdded, UserLoggedIn
from salon_kit.events import StoredEvent
from salon_sdk import PatternVideo, SalonEngine

from tests.system.beauty import stored_events
from tests.system.cloud import Cloud
from tests.system.rooms import fresh


async def test_every_event_names_its_cause(cloud: Cloud) -> None:
    room, robot, stream = fresh("room"), fresh("robot"), fresh("stream")
    async with SalonEngine(cloud.app_id, cloud.ws_url()) as engine:
        await engine.login_room(room, cloud.mint(robot), robot, "Robot")
        await engine.start_publishing_stream(stream, engine.create_stream(video=PatternVideo()))
        events = await stored_events(cloud, room)
    assert all(event.envelope.cause_id for event in events)

    entered, added, opened = (the_only(events, kind) for kind in (UserLoggedIn, StreamAdded, TransportOpened))
    assert entered.envelope.traceparent is not None
    assert added.envelope.traceparent is not None
    assert entered.envelope.traceparent != added.envelope.traceparent, "two requests"
    assert opened.envelope.source != added.envelope.source
    assert opened.envelope.traceparent == added.envelope.traceparent, "the relay did it for the same request"


def the_only(events: list[StoredEvent], kind: type[UserLoggedIn | StreamAdded | TransportOpened]) -> StoredEvent:
    (found,) = [event for event in events if isinstance(event.message, kind)]
    return found
