"""Viewers that are sent a codec which they were not answered: who they are, and what that may cost them. Pure.

Looked at once a second. A stray packet costs nothing; a publisher that goes from codec to codec costs others their
peer connections once a minute at most, and after that only the pictures of its own streams.
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from salon_contracts.ids import AppId, UserId

if TYPE_CHECKING:
    from salon_packets._native import SinkStats

Publisher = tuple[AppId, UserId]

_LOOKS_IN_A_ROW: Final = 2
_TOGETHER_LOOKS: Final = 5
"""All viewers of one stream notice within so many looks of each other."""
_APART_LOOKS: Final = 60
_PUBLISHERS_KEPT: Final = 10_000


class CodecMismatches:
    def __init__(self) -> None:
        self._looks = 0
        self._seen: dict[int, tuple[int, int]] = {}
        """By sink: the packets that could not be sent so far, and in how many looks in a row there were more."""
        self._began: OrderedDict[Publisher, int] = OrderedDict()
        """At which look a publisher's streams cost peer connections last, the latest at the end."""

    def look(self, sinks: "Mapping[int, SinkStats]") -> set[int]:
        """The sinks that go on being given what they cannot send."""
        self._looks += 1
        seen = {}
        for sink, stats in sinks.items():
            count = stats["codec_mismatches"]
            if count:
                before, in_a_row = self._seen.get(sink, (0, 0))
                seen[sink] = count, in_a_row + 1 if count > before else 0
        self._seen = seen
        return {sink for sink, (_, in_a_row) in seen.items() if in_a_row >= _LOOKS_IN_A_ROW}

    def may_cost_connections(self, publisher: Publisher) -> bool:
        """Asked for each viewer that would lose other streams as well."""
        began = self._began.get(publisher)
        if began is None or self._looks - began >= _APART_LOOKS:
            self._began[publisher] = self._looks
            self._began.move_to_end(publisher)
            if len(self._began) > _PUBLISHERS_KEPT:
                self._began.popitem(last=False)
            return True
        return self._looks - began < _TOGETHER_LOOKS
