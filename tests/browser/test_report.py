"""The report in a browser: nothing asked of the network, nothing wrong in the log, readable at any width."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.chromium import Page, opened
from tests.unit.report.told import told_run
from trialsim.report.write import write_report

OPEN_ALL = "document.querySelectorAll('details').forEach(each => each.open = true)"
# Elements that reach beyond the window and lie in nothing that scrolls or clips by itself.
BEYOND = """
[...document.querySelectorAll('body *')].filter(each => {
  const box = each.getBoundingClientRect();
  return box.width > 0 && box.right > innerWidth + 0.5 &&
    !each.closest('.scroll, pre, nav, .schedule-frame, .visually-hidden');
}).map(each => each.outerHTML.slice(0, 120))
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(told_run(tmp_path_factory.mktemp("told")))


def assert_silent(page: Page, report: Path) -> None:
    """Nothing was thrown, logged as an error, or asked for besides the file itself."""
    assert page.seen("Runtime.exceptionThrown") == []
    assert page.seen("Runtime.consoleAPICalled") == []
    assert [told["entry"] for told in page.seen("Log.entryAdded")] == []
    requests = [told["request"]["url"] for told in page.seen("Network.requestWillBeSent")]
    assert [url for url in requests if not url.startswith("data:")] == [report.resolve().as_uri()]


@pytest.mark.parametrize("width", [360, 768, 1440])
def test_it_opens_offline_and_fits_the_window(report, width):
    with opened(report, width=width) as page:
        assert page.value("innerWidth") == width
        assert page.value("document.title") == "X <against> placebo & nothing else: simulated trials"
        for _ in range(2):  # as it opens, then with everything unfolded
            assert page.value("document.documentElement.scrollWidth") <= width
            assert page.value(BEYOND) == []
            page.value(OPEN_ALL)
        assert_silent(page, report)


def test_type_is_readable_on_a_narrow_screen(report):
    """No letter of a drawing is smaller than nine pixels."""
    with opened(report, width=360) as page:
        sizes = page.value(
            """[...document.querySelectorAll('figure svg text')].map(each => {
              const scale = each.getScreenCTM().a;
              return parseFloat(getComputedStyle(each).fontSize) * scale;
            })"""
        )
        assert len(sizes) > 50
        assert min(sizes) >= 9


def test_dark_is_dark(report):
    def ground_and_ink(dark: bool) -> tuple[list[int], list[int]]:
        with opened(report, width=1440, dark=dark) as page:
            style = "getComputedStyle(document.body)"
            told = [page.value(f"{style}.{name}.match(/\\d+/g).map(Number)") for name in ("backgroundColor", "color")]
            line = page.value("getComputedStyle(document.querySelector('.panels svg path[style*=arm-2]')).stroke")
            assert line == ("rgb(109, 183, 232)" if dark else "rgb(20, 96, 143)")
            assert_silent(page, report)
            return told[0], told[1]

    ground, ink = ground_and_ink(dark=True)
    assert max(ground) < 60 and min(ink) > 200
    ground, ink = ground_and_ink(dark=False)
    assert min(ground) > 230 and max(ink) < 60


def test_headings_and_drawings_are_told_to_who_does_not_see(report):
    with opened(report, width=1440) as page:
        page.value(OPEN_ALL)
        nodes = page.call("Accessibility.getFullAXTree")["nodes"]
        shown = [node for node in nodes if not node.get("ignored")]

        def of(role: str) -> list[dict]:
            return [node for node in shown if node["role"]["value"] == role]

        names = [node["name"]["value"] for node in of("img") + of("image")]
        assert len(names) == page.value("document.querySelectorAll('figure svg').length") == 9
        assert all(len(name) > 10 for name in names)
        words = page.value("[...document.querySelectorAll('figure svg desc')].map(each => each.textContent.length)")
        assert len(words) == 9 and min(words) > 40
        assert all(node["name"]["value"] for node in of("table"))
        levels = [
            next(each["value"]["value"] for each in node["properties"] if each["name"] == "level")
            for node in of("heading")
        ]
        assert levels[0] == 1 and levels.count(1) == 1
        assert all(later <= earlier + 1 for earlier, later in zip(levels, levels[1:], strict=False))
        assert page.value("document.documentElement.lang") == "en"


def test_the_keyboard_reaches_what_scrolls_and_what_unfolds(report):
    with opened(report, width=360) as page:
        reached = set()
        for _ in range(60):
            page.call("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
            page.call("Input.dispatchKeyEvent", type="keyUp", key="Tab", code="Tab", windowsVirtualKeyCode=9)
            reached.add(page.value("document.activeElement.className || document.activeElement.tagName"))
        assert {"skip", "A", "scroll", "SUMMARY"} <= reached


def test_paper_shows_everything(report):
    with opened(report, width=800, dark=True, media="print") as page:
        ground = page.value("getComputedStyle(document.body).backgroundColor")
        assert ground == "rgb(255, 255, 255)"
        assert page.value("getComputedStyle(document.querySelector('nav')).display") == "none"
        folded = "[...document.querySelectorAll('details > *:not(summary)')]"
        assert page.value(f"{folded}.length") >= 5
        assert page.value(f"{folded}.every(each => each.checkVisibility() && each.clientHeight > 0)")
        assert_silent(page, report)
