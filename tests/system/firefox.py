"""A real Firefox, driven over WebDriver BiDi (https://w3c.github.io/webdriver-bidi): Debian has no geckodriver, and a
WebSocket is all that it takes."""

import asyncio
import base64
import contextlib
import itertools
import json
import os
import tempfile
import time
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any, Final

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

FIREFOX: Final = "/usr/bin/firefox-esr"
DEADLINE_S: Final = 60.0
MESSAGE_MAX_BYTES: Final = 1 << 24
PREFERENCES: Final[Mapping[str, bool | int | str]] = {
    # The camera is a picture that changes its colour, the microphone a tone; both are allowed.
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    # Machines that test have no sound card, without which an AudioContext stays suspended.
    "media.cubeb.force_mock_context": True,
    # Debian's build fetches OpenH264 while it runs; a test fetches nothing.
    "media.gmp-manager.updateEnabled": False,
    "media.gmp-manager.url": "http://127.0.0.1:1/",
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.enabled": False,
    "extensions.update.enabled": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "browser.safebrowsing.malware.enabled": False,
    "browser.safebrowsing.phishing.enabled": False,
    "services.settings.server": "http://127.0.0.1:1/",
}

WINDOW: Final = {
    "chrome://browser/content/browser.xhtml": {
        "main-window": {"screenX": "0", "screenY": "0", "width": "1280", "height": "720", "sizemode": "normal"}
    }
}
"""Where Firefox's window is on a display, which has no window manager to ask for all of it."""


class FirefoxError(AssertionError):
    """What Firefox said instead of doing it."""


class Firefox:
    """One process with a profile of its own, and the one session that it serves."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read(), name="firefox-reading")

    async def order(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._ids)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        await self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        async with asyncio.timeout(DEADLINE_S):
            message = await answer
        if message["type"] == "error":
            raise FirefoxError(f"{method}: {message['error']}: {message['message']}")
        result: dict[str, Any] = message["result"]
        return result

    async def new_page(self, *, init_script: Path | None = None) -> "FirefoxPage":
        """A tab; `init_script` runs in each of its documents before the page's own scripts."""
        context = (await self.order("browsingContext.create", type="tab"))["context"]
        if init_script is not None:
            source = f"() => {{ {await asyncio.to_thread(init_script.read_text)} }}"
            await self.order("script.addPreloadScript", functionDeclaration=source, contexts=[context])
        return FirefoxPage(self, context)

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        await self._connection.close()

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):  # a process that is ended says no goodbye
            async for text in self._connection:
                message = json.loads(text)
                answer = self._waiting.pop(message.get("id") or 0, None)
                if answer is not None and not answer.done():
                    answer.set_result(message)
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(FirefoxError("Firefox has ended"))


class FirefoxPage:
    """A tab, with the words of Playwright's pages as far as they are needed."""

    def __init__(self, firefox: Firefox, context: str) -> None:
        self._firefox = firefox
        self._context = context

    async def goto(self, url: str) -> None:
        await self._firefox.order("browsingContext.navigate", context=self._context, url=url, wait="complete")

    async def reload(self) -> None:
        await self._firefox.order("browsingContext.reload", context=self._context, wait="complete")

    async def back(self) -> None:
        await self._firefox.order("browsingContext.traverseHistory", context=self._context, delta=-1)

    async def close(self) -> None:
        """As a person closes a tab."""
        await self._firefox.order("browsingContext.close", context=self._context)

    async def evaluate(self, expression: str, argument: Any = None) -> Any:
        """What the expression gives, as JSON; a function is called with `argument`. Promises are awaited."""
        source = f"""async () => {{
            try {{
                const value = ({expression});
                const given = await (typeof value === "function" ? value({json.dumps(argument)}) : value);
                return JSON.stringify({{ given }});
            }} catch (error) {{
                return JSON.stringify({{ thrown: String(error) }});
            }}
        }}"""
        answer = await self._firefox.order(
            "script.callFunction",
            functionDeclaration=source,
            target={"context": self._context},
            awaitPromise=True,
            userActivation=True,
        )
        if answer["type"] == "exception":  # no JavaScript
            raise FirefoxError(f"{expression}: {answer['exceptionDetails']['text']}")
        outcome = json.loads(answer["result"]["value"])
        if "thrown" in outcome:
            raise FirefoxError(outcome["thrown"])
        return outcome.get("given")

    async def wait_for(self, expression: str, argument: Any = None, *, deadline_s: float = DEADLINE_S) -> Any:
        """Until the expression gives something true, which is returned."""
        end = time.monotonic() + deadline_s
        while not (value := await self.evaluate(expression, argument)):
            if time.monotonic() > end:
                text = await self.evaluate("document.body?.innerText ?? ''")
                raise FirefoxError(f"not within {deadline_s} s: {expression}\nthe page says: {str(text)[:2000]}")
            await asyncio.sleep(0.05)
        return value

    async def fill(self, test_id: str, text: str) -> None:
        await self.evaluate(
            "([id, text]) => { document.querySelector(`[data-testid=${id}]`).value = text; }", [test_id, text]
        )

    async def click(self, test_id: str) -> None:
        await self.evaluate("(id) => document.querySelector(`[data-testid=${id}]`).click()", test_id)

    async def press(self) -> None:
        """A click at the upper left that Firefox takes for a person's."""
        actions = [
            {"type": "pointerMove", "x": 100, "y": 100},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        mouse = {"type": "pointer", "id": "mouse", "actions": actions}
        await self._firefox.order("input.performActions", context=self._context, actions=[mouse])

    async def screenshot(self, path: Path) -> None:
        taken = await self._firefox.order("browsingContext.captureScreenshot", context=self._context)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(taken["data"]))


@contextlib.asynccontextmanager
async def launch(
    preferences: Mapping[str, bool | int | str] | None = None, *, display: str = ""
) -> AsyncIterator[Firefox]:
    """With a profile that is removed at the end. `preferences` come on top of those above.

    Headless, or on an X display, where the page is all that is seen.
    """
    with tempfile.TemporaryDirectory(prefix="salon-firefox-", ignore_cleanup_errors=True) as folder:
        chosen = {**PREFERENCES, **(preferences or {})}
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in chosen.items()]
        (Path(folder) / "user.js").write_text("\n".join(lines))
        (Path(folder) / "xulstore.json").write_text(json.dumps(WINDOW))
        shown = {"DISPLAY": display, "GDK_BACKEND": "x11"} if display else {"MOZ_HEADLESS": "1"}
        process = await asyncio.create_subprocess_exec(
            *(FIREFOX, "--kiosk" if display else "--headless", "--no-remote", "--profile", folder),
            *("--remote-debugging-port", "0", "about:blank"),
            env={**os.environ, **shown, "HOME": folder},
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            url = await _address(process, Path(folder) / "WebDriverBiDiServer.json")
            connection = await connect(f"{url}/session", max_size=MESSAGE_MAX_BYTES, ping_interval=None)
            firefox = Firefox(connection)
            await firefox.order("session.new", capabilities={"alwaysMatch": {"acceptInsecureCerts": True}})
            yield firefox
            await firefox.close()
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _address(process: asyncio.subprocess.Process, file: Path) -> str:
    deadline = time.monotonic() + DEADLINE_S
    while True:
        with contextlib.suppress(FileNotFoundError, ValueError, KeyError):
            told = json.loads(await asyncio.to_thread(file.read_text))
            return f"ws://{told['ws_host']}:{told['ws_port']}"
        assert process.returncode is None, f"Firefox ended with {process.returncode}"
        assert time.monotonic() < deadline, "Firefox does not say where it listens"
        await asyncio.sleep(0.05)
