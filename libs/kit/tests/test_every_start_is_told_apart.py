from salon_kit.identity import Identity
from salon_kit.trace import current_traceparent, new_traceparent, set_cause


def test_epochs_differ_and_sequences_have_no_gaps() -> None:
    one, two = Identity.start("room", "node 1"), Identity.start("room", "node 1")
    assert one.node == two.node == "node=201"
    assert one.epoch != two.epoch
    assert [one.next_sequence() for _ in range(3)] == [1, 2, 3]
    assert two.next_sequence() == 1
    assert one.event_id(3) == f"node=201:{one.epoch}:3"
    assert one.source == "salon/room/node=201"
    assert Identity.start("room").node.startswith("room-")


def test_a_malformed_trace_counts_as_none() -> None:
    trace = new_traceparent()
    set_cause("test", trace)
    assert current_traceparent() == trace
    for bad in ("", "00-1-2-03", trace.upper(), f"{trace}\r\nx: y", None):
        set_cause("test", bad)
        assert current_traceparent() is None
