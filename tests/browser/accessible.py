"""axe-core's opinion of a page as it stands: no finding of WCAG A or AA is accepted."""

from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Page

AXE: Final = Path(__file__).parent / "vendor" / "axe.min.js"
RULES: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


def findings(page: Page) -> list[str]:
    """One line each: the rule, where, and why. The page's own policy lets no foreign script in; this door does."""
    page.evaluate(AXE.read_text("utf-8") + "\n;undefined")
    result: dict[str, Any] = page.evaluate(
        "rules => axe.run(document, {runOnly: {type: 'tag', values: rules}, resultTypes: ['violations']})",
        RULES,
    )
    return [
        f"{found['id']} at {node['target']}: {node['failureSummary'].strip()}"
        for found in result["violations"]
        for node in found["nodes"]
    ]


def assert_accessible(page: Page) -> None:
    """Everybody can use the page as it is drawn now."""
    found = findings(page)
    assert found == [], f"{page.url}\n" + "\n".join(found)
