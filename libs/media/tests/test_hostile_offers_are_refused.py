"""Whatever comes from the network, parse_offer raises OfferMalformed or OfferUnacceptable and nothing else."""

import random
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from salon_contracts.errors import OfferMalformed, OfferUnacceptable
from salon_media.offer import OFFER_MAX_BYTES, parse_offer

ReadOffer = Callable[[str], str]

BASE = (
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=setup:actpass\r\n"
    f"a=fingerprint:sha-256 {':'.join(['AB'] * 32)}\r\n"
    "a=rtpmap:111 opus/48000/2\r\na=ssrc:1234 cname:x\r\n"
)


def attempt(text: str) -> str:
    """The refusal's sentence; empty if it was accepted."""
    try:
        parse_offer(text)
    except (OfferMalformed, OfferUnacceptable) as error:
        return str(error)
    return ""


def test_base_is_accepted() -> None:
    assert attempt(BASE) == ""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (BASE, "", "no media section"),
        (BASE, "junk", "line 1"),
        ("a=mid:0\r\n", "a=mid:a b\r\n", "mid"),
        ("a=mid:0\r\n", f"a=mid:{'x' * 17}\r\n", "16 characters"),
        ("a=ice-ufrag:abcd\r\n", "", "no media section has ICE"),
        ("a=ice-ufrag:abcd\r\n", "a=ice-ufrag:ab cd\r\n", "ICE credentials"),
        ("a=ice-ufrag:abcd\r\n", "a=ice-ufrag:abcä\r\n", "ICE credentials"),
        ("a=ice-ufrag:abcd\r\n", f"a=ice-ufrag:{'a' * 257}\r\n", "ICE credentials"),
        ("a=ice-pwd:abcdefghijklmnopqrstuv\r\n", "a=ice-pwd:short\r\n", "ICE credentials"),
        ("sha-256 AB:", "sha-256 ", "not a digest"),
        ("sha-256 AB:", "sha-256 XX:", "not a digest"),
        ("a=fingerprint:sha-256", "a=fingerprint:sha-1", "sha-256"),
        ("m=audio 9", "m=audio 99999", "m-line"),
        ("m=audio 9", "m=audio -1", "m-line"),
        ("SAVPF 111", "SAVPF", "m-line"),
        ("a=ssrc:1234", "a=ssrc:4294967296", "SSRC"),
        ("a=ssrc:1234", "a=ssrc-group:FID 5 0\r\na=ssrc:1234", "SSRC"),
        ("a=ssrc:1234 cname:x\r\n", "".join(f"a=ssrc:{n} cname:x\r\n" for n in range(1, 40)), "SSRCs"),
        ("a=ssrc:1234", "a=extmap:1 urn:y\r\na=extmap:1 urn:z\r\na=ssrc:1234", "twice"),
        ("a=ssrc:1234", "a=rtpmap:111 G722/8000\r\na=ssrc:1234", "two codecs"),
        ("a=ssrc:1234", f"a=fmtp:111 {'x' * 2049}\r\na=ssrc:1234", "fmtp"),
        ("SAVPF 111", f"SAVPF {' '.join(map(str, range(65)))}", "64 payload types"),
        ("SAVPF 111", f"SAVPF 111 {'1' * 65}", "payload type"),
        (
            "a=ssrc:1234",
            "".join(f"a=extmap:{n} urn:{n}\r\n" for n in range(1, 34)) + "a=ssrc:1234",
            "32 header extensions",
        ),
        ("a=mid:0", "a=fingerprint:sha-256 AB\r\n" * 8 + "a=mid:0", "8 fingerprints"),
        ("s=-", "s=-\r\na=ice-lite", "ICE-lite"),
        ("a=group:BUNDLE 0", "a=group:BUNDLE 0\r\na=group:BUNDLE 0", "BUNDLE"),
        ("s=-", "s=-\r\nno equals sign", "line 4"),
        ("a=mid:0", "a=mid:ü", "mid"),
        ("a=mid:0", "a=mid:0\u2028a=x", "ASCII"),
        ("a=mid:0", "a=mid:0\x0ba=x", "ASCII"),
        ("a=mid:0", "a=mid:\ud800", "ASCII"),
        (BASE, BASE + "".join(f"a=x:{n}\r\n" for n in range(600)), "lines"),
        (BASE, BASE + "x" * OFFER_MAX_BYTES, "bytes"),
        (BASE, BASE + "\n" * 20_000, "lines"),
        (BASE, BASE + BASE[BASE.index("m=") :], "mid"),
        (BASE, BASE + BASE[BASE.index("m=") :].replace("mid:0", "mid:1"), "two things"),
        (
            BASE,
            BASE.replace("actpass", "active").replace("E 0", "E 0 1")
            + BASE[BASE.index("m=") : BASE.index("a=ssrc")].replace("d:0", "d:1").replace("actpass", "passive"),
            "section 0 says a=setup:active and section 1 a=setup:passive",
        ),
        (
            BASE,
            BASE
            + "".join(BASE[BASE.index("m=") : BASE.index("a=ssrc")].replace("d:0", f"d:{n}") for n in range(1, 66)),
            "64 media sections",
        ),
    ],
)
def test_refusal_says_what_is_wrong(old: str, new: str, says: str) -> None:
    assert old in BASE
    assert says in attempt(BASE.replace(old, new, 1))


def test_sentence_never_repeats_secrets() -> None:
    said = attempt(BASE.replace("a=ice-pwd:abcdefghijklmnopqrstuv", "a=ice-pwd:hunter2!"))
    assert said
    assert "hunter2" not in said


def test_names_in_free_text_lines_may_be_unicode() -> None:
    assert attempt(BASE.replace("s=-", "s=Привет 🎥")) == ""


def mutate(text: str, random_: random.Random) -> str:
    lines = text.split("\r\n")
    for _ in range(random_.randint(1, 6)):
        position = random_.randrange(len(lines))
        match random_.randrange(7):
            case 0:
                del lines[position]
            case 1:
                lines.insert(random_.randrange(len(lines) + 1), lines[position])
            case 2:
                lines[position] = lines[position][: random_.randint(0, len(lines[position]))]
            case 3:
                characters = list(lines[position])
                random_.shuffle(characters)
                lines[position] = "".join(characters)
            case 4 if lines[position]:
                at = random_.randrange(len(lines[position]))
                lines[position] = lines[position][:at] + chr(random_.choice([0, 9, 32, 58, 0x2028, 255, 0x1F3A5]))
            case 5:
                lines[position] = lines[position].replace(" ", random_.choice(["", "  ", ":", " x "]))
            case _:
                lines[position] = lines[position].replace("1", random_.choice(["", "-1", "99999999999", "x"]))
        if not lines:
            lines = [""]
    return "\r\n".join(lines)


@pytest.mark.parametrize("seed", range(8))
def test_mutated_offers(recorded_offer: str, seed: int) -> None:
    random_ = random.Random(seed)
    outcomes = [attempt(mutate(recorded_offer, random_)) for _ in range(60)]
    assert "" in outcomes
    assert any(outcomes)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(max_size=400))
def test_any_text(text: str) -> None:
    attempt(text)
    attempt(BASE + text)


ATTRIBUTES = [
    "mid",
    "fmtp",
    "rtpmap",
    "rtcp-fb",
    "extmap",
    "ssrc",
    "ssrc-group",
    "fingerprint",
    "ice-ufrag",
    "group",
    "rid",
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(ATTRIBUTES), st.text(alphabet="0159 :;=/*axFID-", max_size=24)), max_size=6))
def test_any_attribute_values(attributes: list[tuple[str, str]]) -> None:
    lines = "".join(f"a={name}:{value}\r\n" for name, value in attributes)
    attempt(BASE + lines)
    attempt(lines + BASE)
