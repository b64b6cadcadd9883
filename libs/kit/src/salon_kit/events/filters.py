"""Subject filters and what they have in common; pure."""

from collections import Counter


class RoomFilters:
    """What is followed of one room."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.outermost: list[str] = []

    def add(self, subject_filter: str) -> bool:
        """True the first time."""
        self.counts[subject_filter] += 1
        if self.counts[subject_filter] > 1:
            return False
        self.outermost = outermost(sorted(self.counts))
        return True

    def remove(self, subject_filter: str) -> bool:
        """True the last time."""
        self.counts[subject_filter] -= 1
        if self.counts[subject_filter] > 0:
            return False
        del self.counts[subject_filter]
        self.outermost = outermost(sorted(self.counts))
        return True


def room_of(subject_filter: str) -> str:
    """What all filters of one room begin with: `salon.evt.v1.<app>.<room>`."""
    return ".".join(subject_filter.split(".")[:5])


def contains(outer: str, inner: str) -> bool:
    """Whether every subject that matches `inner` matches `outer`."""
    outers, inners = outer.split("."), inner.split(".")
    for index, part in enumerate(outers):
        if part == ">":
            return len(inners) > index
        if index >= len(inners) or inners[index] == ">" or part not in ("*", inners[index]):
            return False
    return len(outers) == len(inners)


def crosses(one: str, other: str) -> bool:
    """Whether they have subjects in common and neither contains the other."""
    if contains(one, other) or contains(other, one):
        return False
    for left, right in zip(one.split("."), other.split("."), strict=False):
        if ">" in (left, right):
            return True
        if left != right and "*" not in (left, right):
            return False
    return one.count(".") == other.count(".")


def outermost(filters: list[str]) -> list[str]:
    """Without those that another one contains: the server refuses filters that overlap."""
    return [one for one in filters if not any(other != one and contains(other, one) for other in filters)]
