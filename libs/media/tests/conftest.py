from collections.abc import Callable
from pathlib import Path

import pytest

OFFERS = Path(__file__).parent / "offers"
OFFER_NAMES = sorted(path.stem for path in OFFERS.glob("*.sdp"))

ReadOffer = Callable[[str], str]


@pytest.fixture
def read_offer() -> ReadOffer:
    """The text of a recorded offer, line ends as recorded."""
    return lambda name: (OFFERS / f"{name}.sdp").read_bytes().decode()


@pytest.fixture(params=OFFER_NAMES)
def recorded_offer(request: pytest.FixtureRequest) -> str:
    """Each recorded offer in turn."""
    return (OFFERS / f"{request.param}.sdp").read_bytes().decode()
