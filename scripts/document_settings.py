"""Writes docs/settings.md from the settings classes (`make docs`); `--check` fails if the committed page differs."""

import sys
from pathlib import Path

from salon_effects.config import EffectsSettings
from salon_kit.settings import BusSettings, ProcessSettings, markdown_table
from salon_relay.config import RelaySettings
from salon_room.config import RoomSettings
from salon_token.config import TokenSettings

PAGE = Path(__file__).parents[1] / "docs" / "settings.md"

TEXT = """# Settings

Every service reads its settings from the environment at start; a bad value ends the start with a sentence that names
the variable. `salon dev` sets what one machine needs and passes everything else on. Written by `make docs`.

## Every service

{every}

## token

{token}

## room

{room}

## media-relay

{relay}

## effects

{effects}
"""


def main() -> int:
    page = TEXT.format(
        every=markdown_table(BusSettings, ProcessSettings).rstrip(),
        token=markdown_table(TokenSettings).rstrip(),
        room=markdown_table(RoomSettings).rstrip(),
        relay=markdown_table(RelaySettings).rstrip(),
        effects=markdown_table(EffectsSettings).rstrip(),
    )
    if sys.argv[1:] != ["--check"]:
        PAGE.write_text(page)
        return 0
    if not PAGE.exists() or PAGE.read_text() != page:
        print("docs/settings.md is stale: run `make docs`", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
