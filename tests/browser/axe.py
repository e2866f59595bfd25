"""Accessibility by axe-core."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
ALL = {"type": "tag", "values": TAGS}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}


def assert_accessible(page, rules=ALL):
    """No violation of WCAG 2.2 AA or axe's best practice on the page as it stands when no request of it is on its way.

    rules: COLOURS for a page that has been looked at and is now shown in other colours.
    """
    settled(page)
    options = {"runOnly": rules, "resultTypes": ["violations"]}
    violations = Axe().run(page, options=options).response["violations"]
    assert not violations, f"{page.url}\n" + "\n".join(map(readable, violations))


def settled(page):
    """Wait until the page has all that it asked for, and what came asks the server in its turn."""
    expect(page.locator(".htmx-request, .htmx-settling")).to_have_count(0)


def readable(violation):
    lines = [f"{violation['id']} ({violation['impact']}): {violation['help']}"]
    for node in violation["nodes"]:
        reasons = [check["message"] for kind in ("all", "any", "none") for check in node[kind]]
        lines += [
            f"  {' '.join(map(str, node['target']))}",
            f"    {node['html'][:200]}",
            *(f"    {r}" for r in reasons),
        ]
    return "\n".join(lines)
