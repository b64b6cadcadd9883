"""Names of the files in which transcoders share frames with workers, and their removal when the process is dead."""

import re
import secrets
from pathlib import Path

from salon_contracts.ids import RelayId
from salon_kit.log import get_logger

log = get_logger()


def new_prefix(relay_id: RelayId) -> str:
    """For one transcoder process: its files are called `<prefix>.<number>`."""
    return f"salon-{relay_id}-{secrets.token_hex(8)}"


def remove_rings(folder: Path, prefix: str) -> int:
    """Removes what a process that has ended left; how many files."""
    return _remove(folder, re.compile(rf"{re.escape(prefix)}\.[0-9]+"))


def remove_leftovers(folder: Path, relay_id: RelayId) -> int:
    """Removes what processes of an earlier relay of the same id left, which was killed with them."""
    return _remove(folder, re.compile(rf"salon-{re.escape(relay_id)}-[0-9a-f]{{16}}\.[0-9]+"))


def _remove(folder: Path, name: re.Pattern[str]) -> int:
    removed = 0
    try:
        for path in folder.iterdir():
            if name.fullmatch(path.name):
                path.unlink(missing_ok=True)
                removed += 1
    except OSError as error:
        log.warning("rings-not-removed", detail=str(error))
    return removed
