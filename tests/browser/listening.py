"""What a page asks for and what the browser has to say of it, while a test goes on."""

from playwright.sync_api import ConsoleMessage, Page, Request

OVERTAKEN = ("htmx:afterRequest", "htmx:sendAbort")  # of a look that newer news has overtaken


def asked_by(page: Page) -> set[str]:
    """Whatever the page asks for from now on."""
    asked: set[str] = set()

    def note(request: Request) -> None:
        asked.add(request.url)

    page.on("request", note)
    return asked


def complaints_of(page: Page) -> list[str]:
    """What the browser has to say of the page: broken scripts, and whatever the page's own policy forbids."""
    heard: list[str] = []

    def said(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(OVERTAKEN):
            heard.append(message.text)

    page.on("console", said)
    page.on("pageerror", lambda error: heard.append(str(error)))
    return heard
