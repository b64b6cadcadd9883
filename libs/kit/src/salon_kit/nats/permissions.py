"""What a service's NATS user may publish and subscribe to: its row of the access table in the words of NATS.

The JetStream subjects are those that the kit's own modules use; a new one there is a new line here.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from salon_contracts.access import ACCESS, Access
from salon_contracts.subjects import PROBES, encode


@dataclass(frozen=True, slots=True)
class Permissions:
    publish: tuple[str, ...]
    subscribe: tuple[str, ...]
    answers: bool
    """May publish once to the reply subject of what it was asked."""


def inbox_prefix(user: str) -> str:
    """Where answers to this user come: nobody else may listen there."""
    return f"_INBOX.{encode(user)}"


def permissions(service: str) -> Permissions:
    """Of the user that is called like the service. KeyError for a service that is not in the table."""
    access = ACCESS[service]
    own_inbox = f"{inbox_prefix(service)}.>"
    return Permissions(
        publish=(own_inbox, *_published(access)),
        subscribe=(own_inbox, *access.answers, *access.hears),
        answers=bool(access.answers),
    )


def may_update(service: str, stream: str) -> bool:
    """Whether it brings the configuration of a stream in line with its settings. A program that is no service may."""
    return service not in ACCESS or stream in ACCESS[service].owns


def _published(access: Access) -> Iterator[str]:
    yield from access.asks
    yield from access.sends
    for kind in access.appends:
        yield f"salon.evt.v1.*.*.*.{kind}.*"
    if access.appends:
        yield PROBES
    for bucket in access.writes:
        yield f"$KV.{bucket}.>"
    for stream in (*access.needs, *access.owns):
        yield f"$JS.API.STREAM.CREATE.{stream}"
    for stream in access.owns:
        yield f"$JS.API.STREAM.UPDATE.{stream}"
    for stream in (*access.gets, *access.reads):
        yield f"$JS.API.DIRECT.GET.{stream}.>"
        yield f"$JS.API.STREAM.MSG.GET.{stream}"
    for stream in access.reads:
        yield f"$JS.API.STREAM.INFO.{stream}"
        yield f"$JS.API.CONSUMER.CREATE.{stream}.*"
        yield f"$JS.API.CONSUMER.DELETE.{stream}.*"
        yield f"$JS.API.CONSUMER.MSG.NEXT.{stream}.*"
        yield f"$JS.ACK.{stream}.>"
        yield f"$JS.FC.{stream}.>"
    for stream in access.purges:
        yield f"$JS.API.STREAM.PURGE.{stream}"
