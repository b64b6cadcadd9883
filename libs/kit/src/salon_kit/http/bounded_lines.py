"""So many lines a minute of libraries that write one for what a peer did."""

import logging
import time

LINES_PER_MINUTE = 20
LOGGERS = ("uvicorn.error", "asyncio", "websockets")


class LinesPerMinute(logging.Filter):
    """Lets the first ones of each minute through. The last of them says that others may be missing."""

    def __init__(self, lines: int = LINES_PER_MINUTE) -> None:
        super().__init__()
        self._lines = lines
        self._left = lines
        self._began_at_s = time.monotonic()

    def filter(self, record: logging.LogRecord) -> bool:
        now_s = time.monotonic()
        if now_s - self._began_at_s >= 60:
            self._left, self._began_at_s = self._lines, now_s
        if not self._left:
            return False
        self._left -= 1
        if not self._left:
            record.msg = f"{record.msg} (and perhaps others like it: no more lines of {record.name} in this minute)"
        return True


def bound_lines() -> None:
    """Puts it before the loggers of the libraries; more than once is once."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        if not any(isinstance(each, LinesPerMinute) for each in logger.filters):
            logger.addFilter(LinesPerMinute())
