"""All peer connections of a relay, and whom each counts for."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Final

from salon_contracts.ids import AppId, TransportId, UserId

from salon_relay.peers.peer import Peer
from salon_relay.peers.quotas import Owner

_CLOSED_IDS_KEPT: Final = 20_000


class PeerTable:
    def __init__(self) -> None:
        self._by_id: dict[TransportId, Peer] = {}
        self._by_number: dict[int, Peer] = {}
        self._by_user: dict[tuple[AppId, UserId], set[Peer]] = {}
        self._owners: dict[int, Owner] = {}
        self._of_one_stream: set[int] = set()
        self._closed_ids: OrderedDict[TransportId, None] = OrderedDict()

    def __iter__(self) -> Iterator[Peer]:
        """Those that are there now, also when some are closed meanwhile."""
        return iter(list(self._by_id.values()))

    def add(self, peer: Peer, owner: Owner, *, plays_one_stream: bool) -> None:
        """`plays_one_stream`: it is there for that alone (WHEP), and its client cannot be told to offer again."""
        identity = peer.identity
        self._by_id[identity.transport_id] = self._by_number[peer.number] = peer
        self._by_user.setdefault((identity.app_id, identity.user_id), set()).add(peer)
        self._owners[peer.number] = owner
        if plays_one_stream:
            self._of_one_stream.add(peer.number)

    def remove(self, peer: Peer) -> Owner:
        """Its id is not found any more; whom it counted for."""
        identity = peer.identity
        del self._by_id[identity.transport_id], self._by_number[peer.number]
        of_user = self._by_user[identity.app_id, identity.user_id]
        of_user.remove(peer)
        if not of_user:
            del self._by_user[identity.app_id, identity.user_id]
        self._of_one_stream.discard(peer.number)
        self.remember_closed(identity.transport_id)
        return self._owners.pop(peer.number)

    def get(self, transport_id: TransportId) -> Peer | None:
        return self._by_id.get(transport_id)

    def of_number(self, number: int) -> Peer | None:
        """By its number in the packet path."""
        return self._by_number.get(number)

    def of_user(self, app_id: AppId, user_id: UserId) -> Iterable[Peer]:
        return self._by_user.get((app_id, user_id), ())

    def owner(self, peer: Peer) -> Owner:
        return self._owners[peer.number]

    def plays_one_stream(self, peer: Peer) -> bool:
        return peer.number in self._of_one_stream

    def was_closed(self, transport_id: TransportId) -> bool:
        """As far as is remembered."""
        return transport_id in self._closed_ids

    def remember_closed(self, transport_id: TransportId) -> None:
        self._closed_ids[transport_id] = None
        if len(self._closed_ids) > _CLOSED_IDS_KEPT:
            self._closed_ids.popitem(last=False)
