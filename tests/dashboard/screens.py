"""A page in a real browser that remembers what went wrong and measures itself."""

from __future__ import annotations

from pathlib import Path

MEASURES = (Path(__file__).parent / "measures.js").read_text()


class Screen:
    """A page of one browser context; remembers what went wrong and what was fetched."""

    def __init__(self, page, base_url: str):
        self.page, self.base_url = page, base_url
        self.problems: list[str] = []
        self.responses: list = []
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on("console", lambda message: self.problems.append(message.text) if message.type == "error" else None)
        page.on("request", self._asked)
        page.on("response", lambda response: self.responses.append(response))

    def _asked(self, request) -> None:
        if not request.url.startswith((self.base_url, "data:")):
            self.problems.append(f"asked {request.url}")

    def open(self, path: str) -> None:
        self.page.goto(self.base_url + path)

    def measure(self, name: str):
        return self.page.evaluate(f"({MEASURES}).{name}()")

    def pulse(self) -> None:
        """What the page does by itself every 5 s."""
        with self.page.expect_response(lambda answer: "shape=" in answer.url):
            self.page.evaluate("document.body.dispatchEvent(new Event('live'))")
