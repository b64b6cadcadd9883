"""nats-py's client, with a quicker way to read headers."""

from functools import lru_cache

from nats.aio.client import Client


class FastClient(Client):
    """The library's looks at each character of each header's name each time: a tenth of what a log-in costs a room."""

    @staticmethod
    def _parse_header_lines(raw: bytes) -> dict[str, str]:
        lines = (line.partition(b":") for line in raw.split(b"\r\n"))
        named = ((_header_name(name), value) for name, colon, value in lines if colon)
        return {name: value.strip().decode("utf-8", "replace") for name, value in named if name is not None}


@lru_cache(maxsize=256)
def _header_name(raw: bytes) -> str | None:
    """None: it is none."""
    name = raw.strip()
    return name.decode() if name.isascii() and not any(map(str.isspace, name.decode())) else None
