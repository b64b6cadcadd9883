"""Which service does what on the bus: the one table that its permissions there come from.

What is not here a service may not do, whoever has its password.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from salon_contracts.subjects import (
    APPS_BUCKET,
    EVENTS_STREAM,
    PRESENCE_BUCKET,
    RELAYS_BUCKET,
    STREAM_CLAIMS_BUCKET,
    EntityKind,
    command,
    query,
)

ANY_RELAY = "salon.cmd.v1.relay.*"
FRAMES_TO_WORKERS = "salon.frm.v1.effects.*.*"
FRAMES_TO_RELAYS = "salon.frm.v1.relay.*"


def bucket_stream(bucket: str) -> str:
    """The stream that a key-value bucket is kept in."""
    return f"KV_{bucket}"


@dataclass(frozen=True, slots=True)
class Access:
    """What one service does. Streams are named as JetStream names them, a bucket's too."""

    answers: tuple[str, ...] = ()
    """Subjects of requests it serves."""
    asks: tuple[str, ...] = ()
    hears: tuple[str, ...] = ()
    """Subjects of bare messages it takes."""
    sends: tuple[str, ...] = ()
    appends: tuple[EntityKind, ...] = ()
    """Kinds of entities it says events of."""
    writes: tuple[str, ...] = ()
    """Buckets."""
    gets: tuple[str, ...] = ()
    """Streams it reads single messages of, by subject."""
    reads: tuple[str, ...] = ()
    """Streams it follows, too."""
    purges: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    """Streams it makes if they are not there yet."""
    owns: tuple[str, ...] = ()
    """Streams whose configuration is that of this service's settings; it makes them, too."""


ACCESS: Mapping[str, Access] = {
    "token": Access(
        answers=(
            query("token", "verify-token"),
            query("token", "list-apps"),
            command("token", "create-app"),
            command("token", "change-policy"),
            command("token", "rotate-secret"),
            command("token", "delete-app"),
            command("token", "mint-token"),
        ),
        appends=("app",),
        writes=(APPS_BUCKET,),
        reads=(bucket_stream(APPS_BUCKET),),
        needs=(EVENTS_STREAM,),
        owns=(bucket_stream(APPS_BUCKET),),
    ),
    "room": Access(
        asks=(
            query("token", "verify-token"),
            command("token", "mint-token"),
            f"{ANY_RELAY}.negotiate",
            f"{ANY_RELAY}.close-transport",
            f"{ANY_RELAY}.set-effects",
        ),
        appends=("room", "user", "stream", "effects", "placement", "message", "refusal"),
        writes=(PRESENCE_BUCKET, STREAM_CLAIMS_BUCKET),
        gets=(bucket_stream(STREAM_CLAIMS_BUCKET),),
        reads=(EVENTS_STREAM, bucket_stream(PRESENCE_BUCKET), bucket_stream(RELAYS_BUCKET)),
        purges=(EVENTS_STREAM,),
        needs=(bucket_stream(RELAYS_BUCKET),),
        owns=(EVENTS_STREAM, bucket_stream(PRESENCE_BUCKET), bucket_stream(STREAM_CLAIMS_BUCKET)),
    ),
    "relay": Access(
        answers=(f"{ANY_RELAY}.negotiate", f"{ANY_RELAY}.close-transport", f"{ANY_RELAY}.set-effects"),
        asks=(command("effects", "open"),),
        hears=(FRAMES_TO_RELAYS,),
        sends=(FRAMES_TO_WORKERS,),
        appends=("transport", "effects-state"),
        writes=(RELAYS_BUCKET,),
        gets=(bucket_stream(RELAYS_BUCKET),),
        needs=(EVENTS_STREAM,),
        owns=(bucket_stream(RELAYS_BUCKET),),
    ),
    "effects": Access(
        answers=(command("effects", "open"),),
        hears=(FRAMES_TO_WORKERS,),
        sends=(FRAMES_TO_RELAYS,),
    ),
}
