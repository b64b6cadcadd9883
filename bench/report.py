"""Figures out: a JSON line each on stdout and in artefacts/bench.jsonl, a table at the end on stderr."""

import json
import platform
import statistics
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ARTEFACTS = Path(__file__).parents[1] / "artefacts"


@dataclass
class Report:
    rows: list[dict[str, str | float]] = field(default_factory=list)

    def add(self, bench: str, **figures: str | float) -> None:
        """A figure `bar` says in words what was asked for, where something was."""
        row = {"bench": bench, **figures}
        self.rows.append(row)
        line = json.dumps(row)
        print(line, flush=True)
        ARTEFACTS.mkdir(exist_ok=True)
        with (ARTEFACTS / "bench.jsonl").open("a") as file:
            file.write(json.dumps({"machine": platform.processor() or platform.machine(), **row}) + "\n")

    def table(self) -> None:
        print(file=sys.stderr)
        for row in self.rows:
            figures = ", ".join(f"{key} {_short(value)}" for key, value in row.items() if key not in {"bench", "bar"})
            bar = f"   [asked: {row['bar']}]" if "bar" in row else ""
            print(f"  {row['bench']:<22} {figures}{bar}", file=sys.stderr)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which that share of the values lies; nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, round(share * (len(ordered) - 1)))]


def summary(values: Sequence[float], unit: str) -> dict[str, float]:
    return {
        f"p50_{unit}": round(statistics.median(values), 3),
        f"p95_{unit}": round(quantile(values, 0.95), 3),
        f"p99_{unit}": round(quantile(values, 0.99), 3),
        f"max_{unit}": round(max(values), 3),
    }


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
