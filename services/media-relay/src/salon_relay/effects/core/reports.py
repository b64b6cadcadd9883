"""What has been reported of a stream's effects, and until when whoever asked for them waits for an answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from salon_relay.effects.core.outputs import Answer, Output, ReportInterrupted, ReportStarted, ReportStopped
from salon_relay.effects.core.request import Outcome, Problem
from salon_relay.effects.core.timing import PATIENCE_NS


@dataclass(slots=True)
class Reports:
    """Reports go to everybody, and only when they are news; answers go to whoever asked."""

    answer_by_ns: int | None = None
    """When whoever asked is answered that it cannot be had for now, ..."""
    report_by_ns: int | None = None
    """... and when it is reported, if frames have come only since then."""
    _last: Literal["started"] | Problem | None = None

    @property
    def problem(self) -> Problem | None:
        """The last report, if it is one of a problem."""
        return self._last if isinstance(self._last, Problem) else None

    def expect_answer(self, now_ns: int) -> None:
        """Somebody asked; who asked before does not wait longer for it."""
        if self.answer_by_ns is None:
            self.answer_by_ns = now_ns + PATIENCE_NS

    def expect_report(self, now_ns: int) -> None:
        self.report_by_ns = now_ns + PATIENCE_NS

    def is_due(self, now_ns: int) -> bool:
        """An answer or a report."""
        return any(at_ns is not None and at_ns <= now_ns for at_ns in (self.answer_by_ns, self.report_by_ns))

    def answered(self, outcome: Outcome) -> Answer:
        self.answer_by_ns = None
        return Answer(outcome)

    def started(self, worker_id: str, version: int) -> Sequence[Output]:
        if self._last == "started":
            return (self.answered("on"),)
        self._last = "started"
        return (ReportStarted(worker_id, version), self.answered("on"))

    def interrupted(self, problem: Problem, version: int) -> Sequence[Output]:
        self.report_by_ns = None
        if self._last is problem:
            return (self.answered(problem),)
        self._last = problem
        return (ReportInterrupted(problem, version), self.answered(problem))

    def stopped(self, version: int) -> Sequence[Output]:
        if self._last is None:
            return ()
        self._last = None
        return (ReportStopped(version),)
