"""Which relay a room's media goes to: the power of two choices among those that are fit."""

from collections.abc import Iterable
from random import Random

from salon.relay.v1.relay_pb2 import RelayAnnouncement


def load_of(relay: RelayAnnouncement) -> float:
    """Packets carried against packets it can carry; transports break ties between idle relays."""
    return relay.packets_per_s / max(1, relay.capacity_packets_per_s) + relay.transports * 1e-6


def choose(relays: Iterable[RelayAnnouncement], region: str, random: Random) -> RelayAnnouncement | None:
    """The less loaded of two drawn at random: always taking the least loaded sends everybody to the same one between
    two announcements. Relays of `region` come first, if there are any; draining ones never."""
    fit = [relay for relay in relays if not relay.draining]
    near = [relay for relay in fit if region and relay.region == region] or fit
    if not near:
        return None
    drawn = random.sample(near, min(2, len(near)))
    return min(drawn, key=load_of)
