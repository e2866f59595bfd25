"""Accessibility by axe-core."""

from axe_playwright_python.sync_playwright import Axe

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
OPTIONS = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"]}


def assert_accessible(page):
    """No violation of WCAG 2.2 AA or axe's best practice on the page as it stands."""
    violations = Axe().run(page, options=OPTIONS).response["violations"]
    assert not violations, f"{page.url}\n" + "\n".join(map(readable, violations))


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
