"""Whether a regular expression takes time in proportion to the text, whatever the text is.

The engine tries one way after another. It does so in linear time when, at every point, the next character leaves it
one way only (the expression is deterministic: no position of it has two followers that share a character; Glushkov,
Brüggemann-Klein). A search that is not anchored begins anew at every character, so what can fail must not have read
far before it does.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

COPIES_MAX = 1000
"""Of a counted repetition: more is not looked at but refused."""
ALPHABET = frozenset(
    [*map(chr, range(0x250)), "’", "\u0660", "\u2028", "\u3000", "\uff10", "\uff21", "\U0010ffff"],
)
"""One or more of every kind of character that a class can tell apart."""
DIGITS = frozenset(character for character in ALPHABET if re.match(r"\d", character))
SPACES = frozenset(character for character in ALPHABET if re.match(r"\s", character))
WORD = frozenset(character for character in ALPHABET if re.match(r"\w", character))
CATEGORIES = {
    sre.CATEGORY_DIGIT: DIGITS,
    sre.CATEGORY_NOT_DIGIT: ALPHABET - DIGITS,
    sre.CATEGORY_SPACE: SPACES,
    sre.CATEGORY_NOT_SPACE: ALPHABET - SPACES,
    sre.CATEGORY_WORD: WORD,
    sre.CATEGORY_NOT_WORD: ALPHABET - WORD,
}
REPETITIONS = (sre.MAX_REPEAT, sre.MIN_REPEAT, sre.POSSESSIVE_REPEAT)

Item = tuple[Any, Any]
Characters = frozenset[str]


class Ambiguous(Exception):
    """Why the time may not be linear."""


def problem(pattern: str | bytes, flags: int, *, anchored: bool) -> str | None:
    """Why it may take more than linear time, or None. `anchored`: it is only ever asked for at the text's beginning
    (`match`, `fullmatch`)."""
    parsed = parser.parse(pattern, flags)
    flags = parsed.state.flags
    try:
        if not anchored:
            _check_search(list(parsed))
        _Positions(flags).add(list(parsed))
    except Ambiguous as ambiguous:
        return str(ambiguous)
    return None


@dataclass(frozen=True, slots=True)
class _Part:
    """First and last positions of a part of the expression, and whether it can match nothing."""

    first: frozenset[int] = frozenset()
    last: frozenset[int] = frozenset()
    can_be_empty: bool = True


@dataclass(slots=True)
class _Positions:
    """The positions of an expression: one for each character it reads, counted repetitions written out. A follower
    that two repetitions lead to stands there twice."""

    flags: int
    _characters: list[Characters] = field(default_factory=list)
    _followers: list[list[int]] = field(default_factory=list)

    def add(self, items: list[Item]) -> None:
        """Raises Ambiguous."""
        whole = self._sequence(items)
        self._require_disjoint(whole.first)
        for followers in self._followers:
            self._require_disjoint(followers)

    def _require_disjoint(self, positions: Iterable[int]) -> None:
        seen: set[str] = set()
        for position in positions:
            both = seen & self._characters[position]
            if both:
                raise Ambiguous(f"{min(both)!r} can be read in two ways at one place")
            seen |= self._characters[position]

    def _sequence(self, items: list[Item]) -> _Part:
        whole = _Part()
        for item in items:
            whole = self._follow(whole, self._part(item))
        return whole

    def _follow(self, left: _Part, right: _Part) -> _Part:
        for position in left.last:
            self._followers[position].extend(right.first)
        return _Part(
            left.first | right.first if left.can_be_empty else left.first,
            left.last | right.last if right.can_be_empty else right.last,
            left.can_be_empty and right.can_be_empty,
        )

    def _part(self, item: Item) -> _Part:
        code, argument = item
        if code in (sre.LITERAL, sre.NOT_LITERAL, sre.ANY, sre.IN):
            self._characters.append(self._read_by(code, argument))
            self._followers.append([])
            only = frozenset([len(self._characters) - 1])
            return _Part(only, only, can_be_empty=False)
        if code is sre.AT:
            return _Part()
        if code is sre.SUBPATTERN:
            _, on, off, items = argument
            outside, self.flags = self.flags, (self.flags | on) & ~off
            part = self._sequence(list(items))
            self.flags = outside
            return part
        if code is sre.ATOMIC_GROUP:
            return self._sequence(list(argument))
        if code is sre.BRANCH:
            parts = [self._sequence(list(branch)) for branch in argument[1]]
            return _Part(
                frozenset[int]().union(*(part.first for part in parts)),
                frozenset[int]().union(*(part.last for part in parts)),
                any(part.can_be_empty for part in parts),
            )
        if code in REPETITIONS:
            return self._repeated(*argument)
        if code in (sre.ASSERT, sre.ASSERT_NOT):
            if any(_unbounded(list(argument[1]))):
                raise Ambiguous("it looks ahead without bound")
            return _Part()
        raise Ambiguous(f"{code} is not understood here")

    def _repeated(self, least: int, most: int, items: Any) -> _Part:
        """Written out as x x (x (x)?)?, which is how the engine goes about it."""
        endless = most is sre.MAXREPEAT
        copies = max(least, 1) if endless else most
        if copies > COPIES_MAX:
            raise Ambiguous(f"a repetition of {copies}")
        whole = _Part()
        for number in reversed(range(copies)):
            part = self._sequence(list(items))
            if endless and number == copies - 1:
                if part.can_be_empty:
                    raise Ambiguous("what is repeated without end can be empty")
                for position in part.last:
                    self._followers[position].extend(part.first)
            whole = self._follow(part, whole)
            if number >= least:
                whole = _Part(whole.first, whole.last, can_be_empty=True)
        return whole

    def _read_by(self, code: Any, argument: Any) -> Characters:
        found: set[str] = set()
        negated = code is sre.NOT_LITERAL
        if code is sre.ANY:
            return ALPHABET if self.flags & re.DOTALL else ALPHABET - {"\n"}
        for kind, value in [(code, argument)] if code is not sre.IN else argument:
            if kind is sre.NEGATE:
                negated = True
            elif kind in (sre.LITERAL, sre.NOT_LITERAL):
                found.add(chr(value))
            elif kind is sre.RANGE:
                found.update(each for each in ALPHABET if value[0] <= ord(each) <= value[1])
            else:
                found |= CATEGORIES[value]
        if self.flags & re.IGNORECASE:
            found |= {other for each in found for other in (each.lower(), each.upper())}
        return ALPHABET - found if negated else frozenset(found)


def _check_search(items: list[Item]) -> None:
    """A repetition without end is the last thing, so that an attempt which has read far succeeds. Raises Ambiguous."""
    for item in items[:-1]:
        if any(_unbounded([item])):
            raise Ambiguous("a search from every character reads far and can fail then")
    if items and items[-1][0] is sre.SUBPATTERN:
        _check_search(list(items[-1][1][3]))
    elif items and items[-1][0] in REPETITIONS:
        if any(_unbounded(list(items[-1][1][2]))):
            raise Ambiguous("a search from every character reads far and can fail then")
    elif items and any(_unbounded(items[-1:])):
        raise Ambiguous("a search from every character reads far and can fail then")


def _unbounded(items: list[Item]) -> Iterator[bool]:
    """Something for each repetition without end in it, at any depth."""
    for code, argument in items:
        if code in REPETITIONS:
            if argument[1] is sre.MAXREPEAT:
                yield True
            yield from _unbounded(list(argument[2]))
        elif code is sre.SUBPATTERN:
            yield from _unbounded(list(argument[3]))
        elif code is sre.BRANCH:
            for branch in argument[1]:
                yield from _unbounded(list(branch))
        elif code is sre.ATOMIC_GROUP:
            yield from _unbounded(list(argument))
        elif code in (sre.ASSERT, sre.ASSERT_NOT):
            yield from _unbounded(list(argument[1]))
