"""Drawings: the same bytes twice, in the page's colours, told in words, no identifier twice."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialsim.report.content import report_content
from trialsim.report.figures import figures
from trialsim.report.svg import STAND_INS, labels_apart, page_svg

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def report(told):
    return report_content(told)


@pytest.fixture(scope="module")
def drawings(report):
    made = figures(report)
    return [made.schedule, *made.profiles, *(drawing for _, drawing in made.curves)]


def test_there_is_a_drawing_for_everything(report, drawings):
    assert len(drawings) == 1 + 2 * 3 + 2
    assert len(report.profiles.panels) == 6


def test_the_same_content_gives_the_same_bytes(report, drawings):
    again = figures(report)
    assert [again.schedule, *again.profiles, *(drawing for _, drawing in again.curves)] == drawings


def test_every_drawing_is_sound_and_told_in_words(drawings):
    for drawing in drawings:
        root = ET.fromstring(drawing.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1))
        title, description = root[0], root[1]
        assert (title.tag, description.tag) == (f"{SVG}title", f"{SVG}desc")
        assert root.get("role") == "img"
        assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert len(title.text) > 10 and len(description.text) > 40


def test_colours_and_type_are_left_to_the_page(drawings):
    for drawing in drawings:
        assert not any(stand_in in drawing for stand_in in STAND_INS.values())
        assert not re.search(r"font-family|font: |#[0-9a-f]{6}\b(?!;?[)])", drawing)
        assert "var(--arm-2)" in drawing


def test_no_identifier_occurs_twice(drawings):
    found = [name for drawing in drawings for name in re.findall(r'\bid="([^"]+)"', drawing)]
    assert len(found) == len(set(found)) > 20
    wanted = {name for drawing in drawings for name in re.findall(r'(?:href="#|url\(#)([^")]+)', drawing)}
    assert wanted <= set(found)


def test_the_schedule_has_a_tick_a_dose_and_a_band_for_many(report, drawings):
    lane = drawings[0].split('class="arm"')
    assert len(re.findall(r'<line x1="[^"]+" x2="[^"]+" y1', lane[2])) - 1 == 28
    assert lane[3].count("<rect") == 1 and "20 mg &lt;twice&gt;" in drawings[0]


def test_the_words_of_a_curve_are_its_numbers(drawings):
    description = re.search(r"<desc[^>]*>(.*?)</desc>", drawings[-2])[1].replace("\u00a0", " ")
    assert "10 mg vs placebo, typical parameters: 30% ± 6 at 40, 48% ± 6 at 80" in description


@given(st.lists(st.floats(-100, 100), min_size=1, max_size=9), st.floats(0.1, 20))
def test_labels_moved_apart_keep_their_order_and_distance(heights, gap):
    moved = labels_apart(heights, gap)
    order = sorted(range(len(heights)), key=lambda i: heights[i])
    distances = [moved[b] - moved[a] for a, b in zip(order, order[1:], strict=False)]
    assert all(distance >= gap - 1e-6 for distance in distances)
    assert sum(moved) == pytest.approx(sum(heights), abs=1e-5)


def test_labels_with_room_stay():
    assert labels_apart([5.0, 1.0, 3.0], 1.5) == [5.0, 1.0, 3.0]


def test_foreign_identifiers_and_colours_are_translated():
    made = page_svg(
        f'<?xml version="1.0"?><svg viewBox="0 0 1 1" width="1pt"><metadata>x</metadata><path id="p" '
        f'style="fill: {STAND_INS["ink"]}"/><use xlink:href="#p" clip-path="url(#c)"/></svg>',
        "f", "A <title>", "what & why",
    )  # fmt: skip
    assert made == (
        '<svg viewBox="0 0 1 1" role="img" aria-labelledby="f-title f-desc"><title id="f-title">A &lt;title&gt;</title>'
        '<desc id="f-desc">what &amp; why</desc><path id="f-p" style="fill: var(--ink)"/>'
        '<use href="#f-p" clip-path="url(#f-c)"/></svg>'
    )


def test_matplotlib_pandas_and_jinja_wait_until_they_are_needed():
    code = (
        "import sys, trialsim.report.content, trialsim.report.figures, trialsim.report.population\n"
        "print(sorted({'matplotlib', 'pandas', 'jinja2'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[]\n", "")
