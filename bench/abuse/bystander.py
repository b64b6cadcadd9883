"""Somebody who has nothing to do with it: a member who sends heartbeats, newcomers who log in, encoders that publish.

What waits longer than `GIVE_UP_S` counts as having waited that long.
"""

import asyncio
import json
import ssl
import time
import urllib.error
import urllib.request
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from bench.abuse.dev_cloud import unverified
from bench.abuse.observer import Config, main, serve
from bench.abuse.offers import plain_offer

GIVE_UP_S = 30.0
HEARTBEAT_EVERY_S = 0.1
NEWCOMER_EVERY_S = 0.5
ENCODER_EVERY_S = 2.0


class Bystander:
    def __init__(self, config: Config) -> None:
        self._config = config
        self._tls: ssl.SSLContext | None = unverified() if config["server"].startswith("wss") else None
        self._started: dict[str, dict[int, float]] = {}
        self._next = 0
        self.mark()

    def mark(self) -> None:
        self._took_s: dict[str, list[float]] = {"member": [], "newcomer": [], "encoder": []}
        self._failed: dict[str, int] = dict.fromkeys(self._took_s, 0)
        self.reasons: dict[str, int] = {}

    def report(self) -> dict[str, Any]:
        now_s = time.monotonic()
        figures: dict[str, Any] = {}
        for kind, took_s in self._took_s.items():
            waiting_s = [now_s - began_s for began_s in self._started.get(kind, {}).values()]
            figures[f"{kind}_worst_ms"] = round(max([*took_s, *waiting_s], default=0) * 1000)
            figures[f"{kind}_count"] = len(took_s)
            figures[f"{kind}_failed"] = self._failed[kind]
        return figures | {"reasons": self.reasons}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            members = tasks.create_task(self._members())
            others = [
                tasks.create_task(self._again_and_again("newcomer", NEWCOMER_EVERY_S, self._newcomer)),
                tasks.create_task(self._again_and_again("encoder", ENCODER_EVERY_S, self._encoder)),
            ]
            await serve(self)
            for task in (members, *others):
                task.cancel()

    async def _members(self) -> None:
        """A member whose connection is lost comes back; what it waited for meanwhile has failed."""
        while True:
            try:
                await self._member()
            except (OSError, WebSocketException, TimeoutError, RuntimeError) as error:
                self._note("member", error)
                await asyncio.sleep(0.1)

    async def _member(self) -> None:
        async with self._connect() as socket:
            await self._log_in(socket)
            while True:
                began_s = time.monotonic()
                with _Timed(self, "member"):
                    await self._ask(socket, {"heartbeat": {}})
                await asyncio.sleep(max(0.0, HEARTBEAT_EVERY_S - (time.monotonic() - began_s)))

    async def _newcomer(self) -> None:
        with _Timed(self, "newcomer"):
            async with self._connect() as socket:
                await self._log_in(socket)
                await self._ask(socket, {"logout": {}})

    async def _encoder(self) -> None:
        with _Timed(self, "encoder"):
            await asyncio.to_thread(self._publish)

    def _publish(self) -> None:
        """By WHIP, and away again: whether there is room for it is what is asked."""
        config = self._config
        user, token = config["people"].pop()
        base = config["http"]
        query = f"app_id={config['app_id']}&room_id={config['room']}&stream_id={user}"
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/sdp"}
        post = urllib.request.Request(f"{base}/whip?{query}", plain_offer().encode(), headers)
        with urllib.request.urlopen(post, timeout=GIVE_UP_S, context=self._tls) as answer:
            location = answer.headers["location"]
        delete = urllib.request.Request(f"{base}{location}", headers=headers, method="DELETE")
        urllib.request.urlopen(delete, timeout=GIVE_UP_S, context=self._tls).close()

    async def _again_and_again(self, kind: str, every_s: float, once: Any) -> None:
        while True:
            began_s = time.monotonic()
            try:
                await once()
            except urllib.error.HTTPError as error:
                self._note(kind, RuntimeError(f"{error.code} {error.read().decode()[:200]}"))
            except (OSError, WebSocketException, TimeoutError, RuntimeError) as error:
                self._note(kind, error)
            await asyncio.sleep(max(0.0, every_s - (time.monotonic() - began_s)))

    def _connect(self) -> connect:
        return connect(self._config["server"], ssl=self._tls, open_timeout=GIVE_UP_S, compression=None)

    async def _log_in(self, socket: ClientConnection) -> None:
        config = self._config
        await self._ask(socket, {"hello": {"protocolVersions": [1], "sdkName": "bench", "sdkVersion": "1"}})
        user, token = config["people"].pop()
        login = {"appId": config["app_id"], "roomId": config["room"], "token": token, "userId": user}
        await self._ask(socket, {"login": login})

    async def _ask(self, socket: ClientConnection, body: dict[str, Any]) -> None:
        self._next += 1
        request_id = self._next
        async with asyncio.timeout(GIVE_UP_S):
            await socket.send(json.dumps({"requestId": request_id, **body}))
            while True:
                reply = json.loads(await socket.recv()).get("reply", {})
                if reply.get("requestId") == request_id:
                    break
        if "failed" in reply:
            raise RuntimeError(reply["failed"]["reason"])

    def _note(self, kind: str, error: Exception) -> None:
        self._failed[kind] += 1
        reason = f"{kind}: {type(error).__name__} {error}"[:200]
        self.reasons[reason] = self.reasons.get(reason, 0) + 1


class _Timed:
    def __init__(self, bystander: Bystander, kind: str) -> None:
        self._waiting = bystander._started.setdefault(kind, {})
        self._took_s = bystander._took_s[kind]

    def __enter__(self) -> None:
        self._began_s = time.monotonic()
        self._waiting[id(self)] = self._began_s

    def __exit__(self, *_: object) -> None:
        del self._waiting[id(self)]
        self._took_s.append(time.monotonic() - self._began_s)


async def run(config: Config) -> None:
    await Bystander(config).run()


if __name__ == "__main__":
    main(run)
