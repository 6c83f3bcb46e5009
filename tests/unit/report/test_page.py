"""The page: escaped, self-contained, in order, readable by a machine that reads it aloud."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from trialsim.foundation.library import shipped
from trialsim.report.write import write_report

LARGEST = 1_500_000  # bytes


class Outline(HTMLParser):
    """Headings, identifiers, addresses, headers of tables, regions, drawings; whether every element is closed."""

    VOID = {"meta", "link", "br", "line", "circle", "rect", "path", "use"}

    def __init__(self) -> None:
        super().__init__()
        self.headings, self.ids, self.addresses, self.headers, self.open = [], [], [], [], []
        self.tags: dict[str, int] = {}
        self.drawings, self.regions = [], []

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        self.tags[tag] = self.tags.get(tag, 0) + 1
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if "id" in found:
            self.ids.append(found["id"])
        self.addresses += [found[name] for name in ("href", "src", "action", "data", "srcset") if name in found]
        if tag == "th":
            self.headers.append(found.get("scope"))
        if tag == "svg":
            self.drawings.append(found)
        if found.get("role") == "region":
            self.regions.append(found)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


@pytest.fixture(scope="module")
def text(told):
    path = write_report(told)
    assert path == told / "report.html"
    return path.read_text("utf-8")


@pytest.fixture(scope="module")
def outline(text):
    parser = Outline()
    parser.feed(text)
    assert parser.open == []
    return parser


def test_written_twice_it_is_the_same_and_small(told, text):
    assert write_report(told).read_text("utf-8") == text
    assert len(text.encode()) < LARGEST


def test_words_of_a_document_are_text_not_markup(text):
    assert "X &lt;against&gt; placebo &amp; nothing else" in text
    assert "<against>" not in text and "<twice>" not in text


def test_it_needs_nothing_but_itself(text, outline):
    assert "script" not in outline.tags and "iframe" not in outline.tags
    assert all(address.startswith("#") or address == "data:," for address in outline.addresses)
    assert not re.search(r"@import|url\((?!#)", text)
    assert {address[1:] for address in outline.addresses if address.startswith("#")} <= set(outline.ids)


def test_headings_are_in_order_and_identifiers_unique(outline):
    assert outline.headings[0] == 1 and outline.headings.count(1) == 1
    steps = list(zip(outline.headings, outline.headings[1:], strict=False))
    assert all(later <= earlier + 1 for earlier, later in steps)
    assert outline.headings.count(2) == 10
    assert len(outline.ids) == len(set(outline.ids))


def test_tables_say_what_their_headers_are_about(outline):
    assert set(outline.headers) == {"col", "row", "rowgroup"}
    assert outline.tags["caption"] == outline.tags["table"] == len(outline.regions)
    assert all(found["tabindex"] == "0" and found["aria-labelledby"] in outline.ids for found in outline.regions)


def test_every_drawing_is_named_or_repeats_its_row(outline):
    for found in outline.drawings:
        if found.get("aria-hidden") == "true":
            assert found["class"] == "strip"
        else:
            assert all(name in outline.ids for name in found["aria-labelledby"].split())


def test_the_sections_come_in_their_order(text):
    told = re.findall(r'<section id="([a-z]+)"', text)
    assert told == ["answer", "design", "cohort", "profiles", "power", "estimands", "conduct", "assumptions",
                    "failures", "reproduction"]  # fmt: skip
    assert text.index("Before you rely on this") < text.index('<section id="design"')


def test_every_rate_stands_with_its_error(text):
    answer = text[text.index('<div class="answer">') : text.index('<section id="design"')].replace("\u00a0", " ")
    words = re.sub(r"<svg.*?</svg>|<thead.*?</thead>|<[^>]+>", " ", answer, flags=re.DOTALL)
    rates = re.findall(r"\d[\d.]*%(?! ?±)", words)
    assert set(rates) <= {"2.5%", "0.0424%", "5.08%"}  # nominal and counted shares: not estimated from trials
    assert len(re.findall(r"% ± \d", words)) >= 12


def test_a_run_without_designs_or_patients_is_told_too(plain_told):
    text = write_report(plain_told).read_text("utf-8")
    assert "Nothing: every trial was simulated, every patient's course was computed" in text
    assert "no baseline table" in text and "no profiles" in text
    assert "<th scope=\"row\">40 patients</th>" in text and "Designs compared" not in text


def test_colours_stand_out_from_their_ground():
    """Contrast of every pair of text and ground, light and dark, by WCAG 2.2, 1.4.3 and 1.4.11."""
    style = (shipped("reports") / "run.css").read_text("utf-8")
    blocks = re.findall(r":root \{(.*?)\}", style, flags=re.DOTALL)
    light = dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6})\b", blocks[0]))
    dark = light | dict(re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6})\b", blocks[1]))
    assert light["paper"] != dark["paper"]
    for colours in (light, dark):
        arms = [f"arm-{i}" for i in range(8)]
        for name in ("ink", "muted", "accent", "fault", "caution", *arms):
            assert contrast(colours[name], colours["paper"]) >= 4.5, name
        for name, ground in (("ink", "raised"), ("fault", "fault-paper"), ("caution", "caution-paper"),
                             ("ink", "fault-paper"), ("ink", "caution-paper"), ("caution", "fault-paper")):  # fmt: skip
            assert contrast(colours[name], colours[ground]) >= 4.5, (name, ground)


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
