"""One service sets how a stream is configured; whoever uses it without owning it finds an owner."""

from collections import Counter

from salon_contracts.access import ACCESS


def test_each_stream_has_one_owner() -> None:
    owners = Counter(stream for access in ACCESS.values() for stream in access.owns)
    assert set(owners.values()) == {1}
    used = {
        stream for access in ACCESS.values() for stream in (*access.gets, *access.reads, *access.purges, *access.needs)
    }
    assert used <= owners.keys()
