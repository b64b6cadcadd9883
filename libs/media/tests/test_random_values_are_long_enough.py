"""What goes into answers cannot be guessed and never collides with what is taken."""

import re

from salon_media.ids import new_cname, new_pwd, new_ssrc, new_ufrag


def test_ice_credentials_are_of_the_grammar() -> None:
    assert re.fullmatch(r"[A-Za-z0-9+/]{8}", new_ufrag())
    assert re.fullmatch(r"[A-Za-z0-9+/]{24}", new_pwd())


def test_values_differ() -> None:
    assert len({new_ufrag() for _ in range(1000)}) == 1000
    assert len({new_pwd() for _ in range(1000)}) == 1000
    assert len({new_cname() for _ in range(1000)}) == 1000


class AllBut:
    """Contains every SSRC but one in 16."""

    def __contains__(self, ssrc: object) -> bool:
        return isinstance(ssrc, int) and ssrc % 16 != 3


def test_ssrc_is_never_one_that_is_taken_or_zero() -> None:
    assert all(0 < new_ssrc(AllBut()) < 2**32 for _ in range(20))
    assert new_ssrc(AllBut()) % 16 == 3
