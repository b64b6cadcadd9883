"""Requests of WHIP and WHEP, for the clients that have none of their own."""

import asyncio
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from tests.clients.client import ClientFailed


@dataclass(frozen=True)
class Session:
    """What a POST made."""

    location: str
    token: str
    answer: str

    async def delete(self) -> None:
        await asyncio.to_thread(_send, "DELETE", self.location, self.token, None)


async def post(endpoint: str, token: str, offer: str, deadline_s: float) -> Session:
    """Waits for a stream that is not there yet."""
    end = time.monotonic() + deadline_s
    while True:
        status, location, body = await asyncio.to_thread(_send, "POST", endpoint, token, offer)
        if status == 201:
            return Session(urllib.parse.urljoin(endpoint, location), token, body)
        if status != 404 or time.monotonic() > end:
            raise ClientFailed(f"HTTP {status}: {body.strip()[:200]}")
        await asyncio.sleep(0.25)


def _send(method: str, url: str, token: str, body: str | None) -> tuple[int, str, str]:
    request = urllib.request.Request(url, data=body.encode() if body else None, method=method)
    request.add_header("Authorization", f"Bearer {token}")
    if body:
        request.add_header("Content-Type", "application/sdp")
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, answer.headers.get("Location") or "", answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, "", error.read().decode(errors="replace")
