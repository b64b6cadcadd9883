"""What became of a row."""

from dataclasses import asdict, dataclass
from enum import StrEnum

from tests.clients.client import Row
from tests.clients.seen import Seen


class Result(StrEnum):
    WORKS = "works"
    FAILS = "fails"
    KNOWN = "fails, known"
    NOT_RUN = "not run"


@dataclass(frozen=True)
class Outcome:
    client: str
    row: Row
    result: Result
    reason: str = ""
    seen: Seen | None = None

    @classmethod
    def of(cls, client: str, row: Row, seen: Seen | None, problem: str) -> "Outcome":
        if not problem:
            return cls(client, row, Result.WORKS, seen=seen)
        if row.known:
            return cls(client, row, Result.KNOWN, f"{row.known} (seen: {problem})", seen)
        return cls(client, row, Result.FAILS, problem, seen)

    def as_json(self) -> dict[str, object]:
        figures = (
            {} if self.seen is None else {"pictures": len(self.seen.numbers), "tone_s": round(self.seen.tone_s, 1)}
        )
        row = asdict(self.row)
        row.pop("known")
        return {"client": self.client, **row, "result": self.result, "reason": self.reason, **figures}
