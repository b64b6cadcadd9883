"""What `salon dev` shows: a line for each part as it comes up, then what a person needs. Plain where nobody watches."""

import json
import sys
import time
from typing import TextIO

GREEN, RED, YELLOW, DIM, BOLD, RESET = "\x1b[32m", "\x1b[31m", "\x1b[33m", "\x1b[2m", "\x1b[1m", "\x1b[0m"
SHOWN_LEVELS = {"warning", "error", "critical"}


class Screen:
    def __init__(self, out: TextIO = sys.stdout, *, verbose: bool = False) -> None:
        self._out = out
        self._live = out.isatty()
        self._verbose = verbose
        self._started_s = time.monotonic()
        self._waiting: str | None = None
        self._stopping = False

    def stopping(self) -> None:
        """From here on the services' farewells stay in their logs."""
        self._stopping = True
        self.say("\n  stopping …")

    def waiting(self, what: str) -> None:
        """Shows what is being waited for; where a person watches, on a line that the next one replaces."""
        if self._live:
            self._waiting = what
            self._print(f"{DIM}  … {what}{RESET}", end="\r")

    def ready(self, name: str, where: str) -> None:
        elapsed = f"{time.monotonic() - self._started_s:.1f} s"
        mark = f"{GREEN}✓{RESET}" if self._live else "ok"
        self._clear()
        self._print(f"  {mark} {name:<12} {where:<44} {self._dim(elapsed)}")

    def banner(self, rows: list[tuple[str, str]], hints: list[str]) -> None:
        self._clear()
        self._print("")
        for label, value in rows:
            self._print(f"  {self._bold(f'{label:<13}')} {value}")
        self._print("")
        for hint in hints:
            self._print(f"  {self._dim(hint)}")

    def service_said(self, name: str, line: str) -> None:
        """Passes on what a person should see: warnings and errors, or everything with --verbose."""
        level, text = _read_line(line)
        if not self._verbose and (self._stopping or level not in SHOWN_LEVELS):
            return
        self._clear()
        colour = {"warning": YELLOW, "error": RED, "critical": RED}.get(level, DIM)
        self._print(f"  {colour if self._live else ''}{name}: {text}{RESET if self._live else ''}")

    def say(self, text: str) -> None:
        self._clear()
        self._print(text)

    def warn(self, text: str) -> None:
        """Something a person should know of, unless it is Ctrl-C at work."""
        if not self._stopping:
            self.say(f"  {YELLOW}{text}{RESET}" if self._live else f"  {text}")

    def fail(self, sentence: str) -> None:
        self._clear()
        mark = f"{RED}salon: {RESET}" if sys.stderr.isatty() else "salon: "
        print(f"{mark}{sentence}", file=sys.stderr, flush=True)

    def _clear(self) -> None:
        if self._live and self._waiting is not None:
            self._waiting = None
            self._print("\x1b[2K", end="\r")

    def _print(self, text: str, end: str = "\n") -> None:
        print(text, end=end, file=self._out, flush=True)

    def _dim(self, text: str) -> str:
        return f"{DIM}{text}{RESET}" if self._live else text

    def _bold(self, text: str) -> str:
        return f"{BOLD}{text}{RESET}" if self._live else text


def _read_line(line: str) -> tuple[str, str]:
    """Level and readable text of a service's JSON log line; other output counts as a warning."""
    try:
        fields = json.loads(line)
        level, event = str(fields.pop("level")), str(fields.pop("event"))
    except (ValueError, KeyError, AttributeError, TypeError):
        return "warning", line
    for noise in ("time", "service", "node_id", "logger"):
        fields.pop(noise, None)
    return level, " ".join([event, *(f"{key}={value}" for key, value in fields.items())])
