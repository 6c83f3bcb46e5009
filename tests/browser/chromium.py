"""Chromium without a window, spoken to by the DevTools protocol over two pipes: nothing but the standard library."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
PATIENCE = 60.0  # seconds


def chromium_path() -> str:
    """Return where Chromium is; without it the tests fail, for they would prove nothing."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    pytest.fail(f"the tests of the report need a Chromium on the path, as one of: {', '.join(NAMES)}")


class Page:
    """One tab: commands go out, answers and events come in, in order."""

    def __init__(self, read: int, write: int) -> None:
        self.read, self.write, self.number, self.rest = read, write, 0, b""
        self.session: str | None = None
        self.events: list[dict[str, Any]] = []

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Send a command and return its result; events on the way are kept."""
        self.number += 1
        message: dict[str, Any] = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.write, json.dumps(message).encode() + b"\0")
        while True:
            answer = self.next_message()
            if answer.get("id") == self.number:
                assert "error" not in answer, (method, answer)
                return answer["result"]
            self.events.append(answer)

    def next_message(self) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE
        while b"\0" not in self.rest:
            ready, _, _ = select.select([self.read], [], [], max(0.0, deadline - time.monotonic()))
            assert ready, "Chromium does not answer"
            chunk = os.read(self.read, 1 << 20)
            assert chunk, "Chromium has ended"
            self.rest += chunk
        message, self.rest = self.rest.split(b"\0", 1)
        return json.loads(message)

    def wait_for(self, method: str) -> None:
        """Read on until an event has come."""
        while not any(event.get("method") == method for event in self.events):
            self.events.append(self.next_message())

    def seen(self, method: str) -> list[dict[str, Any]]:
        return [event["params"] for event in self.events if event.get("method") == method]

    def value(self, expression: str) -> Any:
        """Return what a JavaScript expression comes to."""
        done = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")


@contextmanager
def opened(path: Path, *, width: int, dark: bool = False, media: str = "screen") -> Iterator[Page]:
    """Yield a page opened from a file, offline, as wide as asked; everything it logs and requests is kept."""
    with tempfile.TemporaryDirectory() as profile, browser(profile) as page:
        target = page.call("Target.createTarget", url="about:blank")["targetId"]
        page.session = page.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            page.call(f"{domain}.enable")
        offline = {"offline": True, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1}
        page.call("Network.emulateNetworkConditions", **offline)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        page.call("Emulation.setEmulatedMedia", media=media, features=[scheme])
        page.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        page.events.clear()
        page.call("Page.navigate", url=path.resolve().as_uri())
        page.wait_for("Page.loadEventFired")
        yield page


@contextmanager
def browser(profile: str) -> Iterator[Page]:
    """Yield a browser by its pipes: it reads commands from file 3 and answers on file 4."""
    command = [
        chromium_path(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
        "--remote-debugging-pipe", f"--user-data-dir={profile}", "about:blank",
    ]  # fmt: skip
    commands_out, commands_in = os.pipe()
    answers_out, answers_in = os.pipe()

    def hand_over() -> None:
        # Twice, so that neither end is overwritten before it is copied, whatever numbers the pipes have.
        first, second = os.dup(commands_out), os.dup(answers_in)
        os.dup2(first, 3)
        os.dup2(second, 4)

    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=hand_over, pass_fds=(3, 4)
    )
    os.close(commands_out)
    os.close(answers_in)
    page = Page(answers_out, commands_in)
    try:
        yield page
        page.session = None
        page.call("Browser.close")
    finally:
        os.close(commands_in)
        os.close(answers_out)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
