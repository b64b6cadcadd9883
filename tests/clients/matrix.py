"""The table in docs/clients.md: a section for each client between two marks; what was not run stays as it was."""

import re
from collections.abc import Sequence
from pathlib import Path

from tests.clients.outcome import Outcome, Result

DOCUMENT = Path(__file__).parents[2] / "docs" / "clients.md"
HEAD = "| does | codec | how | pictures | sound | result |\n| --- | --- | --- | --- | --- | --- |\n"


def section(versions: str, outcomes: Sequence[Outcome]) -> str:
    """What stands between the marks of one client."""
    return f"Run with {versions}.\n\n{HEAD}{''.join(_line(each) for each in outcomes)}"


def replaced(text: str, client: str, body: str) -> str:
    """The document with that client's section anew. Raises ValueError when it has no place for it."""
    begin, end = f"<!-- rows: {client} -->\n", f"<!-- end: {client} -->"
    before, found, rest = text.partition(begin)
    _, also_found, after = rest.partition(end)
    if not (found and also_found):
        raise ValueError(f"{DOCUMENT.name} has no place for {client}: {begin.strip()} … {end}")
    return f"{before}{begin}\n{body}\n{end}{after}"


def write(client: str, versions: str, outcomes: Sequence[Outcome]) -> None:
    DOCUMENT.write_text(replaced(DOCUMENT.read_text(), client, section(versions, outcomes)))


def _line(outcome: Outcome) -> str:
    row, seen = outcome.row, outcome.seen
    pictures, sound = "", ""
    if seen is not None and outcome.result is not Result.NOT_RUN:
        pictures, sound = str(len(seen.numbers)), f"{seen.tone_s:.1f} s" if row.has_sound else ""
    result = f"{outcome.result}: {outcome.reason}" if outcome.reason else str(outcome.result)
    return f"| {row.direction} | {row.codec} | {_cell(row.way)} | {pictures} | {sound} | {_cell(result)} |\n"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")
