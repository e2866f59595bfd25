"""Every page passes axe at two widths and in both themes, and fits the narrow one.

To add a page, append to PAGES of a module in `tests.browser.samples`: a name, its address, and the role that opens it
(None: a stranger). Where the page needs rows, give a function instead of the address: it is called when the database is
ready, makes them, and returns the address.
"""

import pytest

from tests.browser.axe import ALL, COLOURS, assert_accessible
from tests.browser.samples import audience, data, hub, jobs, notifications, people, queries, schedules, workflows
from tests.conftest import person

AREAS = (audience, schedules, workflows, queries, people, hub, data, jobs, notifications)
PAGES = [page for area in AREAS for page in area.PAGES]
IN_THEME = """async theme => {
  // a page that moves on its own cancels transitions, and some then never end
  const soon = promise => Promise.race([promise, new Promise(done => setTimeout(done, 2000))]);
  document.documentElement.dataset.theme = theme;
  await soon(new Promise(requestAnimationFrame));
  const moving = document.getAnimations().filter(a => a instanceof CSSTransition);
  await soon(Promise.all(moving.map(a => a.finished.catch(() => {}))));
}"""


@pytest.mark.parametrize("shown", PAGES, ids=lambda page: page.name)
def test_it_is_accessible_and_fits(page_as, shown):
    page = page_as(person("reader", shown.role) if shown.role else None, 1440)
    page.goto(shown.address() if callable(shown.address) else shown.address)
    in_both_themes(page)
    page.set_viewport_size({"width": 390, "height": 844})
    in_both_themes(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the window"


def in_both_themes(page):
    for theme, rules in (("light", ALL), ("dark", COLOURS)):
        page.evaluate(IN_THEME, theme)
        assert_accessible(page, rules)
