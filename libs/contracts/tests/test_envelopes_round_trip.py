import pytest
from hypothesis import given
from hypothesis import strategies as st
from salon_contracts.envelope import Envelope

tokens = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_=", min_size=1, max_size=20)
envelopes = st.builds(
    Envelope,
    id=tokens,
    type=tokens,
    source=tokens,
    time_unix_ns=st.integers(0, 4_000_000_000_000_000).map(lambda us: us * 1000),
    node_epoch=tokens,
    node_sequence=st.integers(0, 2**63),
    cause_id=st.none() | tokens,
    traceparent=st.none() | tokens,
)
EXAMPLE = Envelope("n:e:1", "user-logged-in", "salon/room/n", 1_700_000_000_123_456_789, "e", 1)


@given(envelopes)
def test_it_comes_back(envelope: Envelope) -> None:
    assert Envelope.from_headers(envelope.to_headers()) == envelope


@given(envelopes)
def test_headers_are_printable_lines(envelope: Envelope) -> None:
    for name, value in envelope.to_headers().items():
        assert name.isascii()
        assert value.isprintable()
        assert value == value.strip()


def test_what_it_says() -> None:
    headers = EXAMPLE.to_headers()
    assert headers == {
        "ce-specversion": "1.0",
        "ce-id": "n:e:1",
        "ce-type": "user-logged-in",
        "ce-source": "salon/room/n",
        "ce-time": "2023-11-14T22:13:20.123457+00:00",
        "content-type": "application/protobuf",
        "salon-node-epoch": "e",
        "salon-node-seq": "1",
    }


@pytest.mark.parametrize("missing", sorted(set(EXAMPLE.to_headers()) - {"content-type"}))
def test_what_is_missing_is_told(missing: str) -> None:
    headers = EXAMPLE.to_headers()
    del headers[missing]
    with pytest.raises(KeyError):
        Envelope.from_headers(headers)


@pytest.mark.parametrize(
    ("name", "value"), [("ce-specversion", "2.0"), ("ce-time", "yesterday"), ("salon-node-seq", "one")]
)
def test_what_is_malformed_is_told(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Envelope.from_headers(EXAMPLE.to_headers() | {name: value})
