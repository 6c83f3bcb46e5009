"""Pictures of a population."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import numpy as np
import pandas as pd

from trialsim.report.population import histogram, population_figure, sparkline


def test_a_line_of_blocks_follows_the_counts():
    assert sparkline(np.array([0.0, 1.0, 1.0, 2.0]), width=3) == "▄█▄"
    assert sparkline(np.array([2.5, 2.5])) == "█"
    assert len(sparkline(np.random.default_rng(1).normal(size=1000))) == 16


def test_a_histogram_counts_everybody_once():
    values = np.random.default_rng(2).lognormal(size=5000)
    low, counts, high = histogram(values, 30)
    assert sum(counts) == 5000
    inside = (values >= low) & (values < high)
    expected = np.histogram(values[inside], bins=30, range=(low, high))[0]
    assert counts[1:-1] == expected[1:-1].tolist()


def test_the_picture_names_every_property():
    frame = pd.DataFrame(
        {
            "patient": range(4),
            "weight": [60.0, 70.0, 71.0, 90.0],
            "sex": pd.Categorical.from_codes([0, 1, 1, 1], ["female", "male"]),
            "V": [3.0] * 4,
        }
    )
    titles = {"weight": "Body weight (kg)", "sex": "Sex & more", "V": "V (L)"}
    text = population_figure(frame, titles, "Adults <all>: 4 virtual patients")
    root = ET.fromstring(text)
    words = " ".join(element.text or "" for element in root.iter() if element.tag.endswith("text"))
    assert all(each in words for each in ("Body weight (kg)", "Sex & more", "V (L)", "25%", "75%", "Adults <all>"))
    assert text == population_figure(frame, titles, "Adults <all>: 4 virtual patients")
