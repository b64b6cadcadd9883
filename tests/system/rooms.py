"""Ids that no other test uses."""

import itertools
import os

_numbers = itertools.count(1)


def fresh(prefix: str) -> str:
    return f"{prefix}-{os.getpid()}-{next(_numbers)}"
