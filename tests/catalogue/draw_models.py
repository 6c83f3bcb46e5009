"""Draw the figures of docs/models: `make models` (some minutes, for every model is compiled).

A figure shows a typical patient's course as a line and the middle 90% of 200 patients as a band, by regimen.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from tests.catalogue.model_courses import Dose, engine_outputs
from trialsim.cohort.draws import typical_values
from trialsim.cohort.model import Cohort, Covariate
from trialsim.cohort.patients import covariate_factor
from trialsim.cohort.read import read_cohort
from trialsim.cohort.sample import sampled_candidates
from trialsim.report.svg import arm_colour, colour, new_figure, standalone_svg, svg_text

# The colours of regimens, readable on light and dark ground alike: a figure by itself has no page to ask.
COLOURS = ("#2f7fb5", "#d9822b", "#4f9d69", "#a45bb0", "#8a8d3f")
HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
FIGURES: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "library_figures.yaml").read_text(encoding="utf-8"))
CASES: dict[str, dict[str, Any]] = yaml.safe_load((HERE / "library_cases.yaml").read_text(encoding="utf-8"))
N_PATIENTS, SEED, N_TIMES = 200, 1, 100
WIDTH, HEIGHT = 330.0, 190.0  # points
BOX = (0.12, 0.2, 0.85, 0.62)  # left, bottom, width, height of the axes


def regimen(written: list[dict[str, Any]]) -> list[Dose]:
    """Return the doses of a regimen, repeated ones written out."""
    doses = []
    for each in written:
        every, count = each.get("every", 0.0), each.get("count", 1)
        plain = {key: value for key, value in each.items() if key not in ("every", "count", "time")}
        doses += [Dose(**plain, time=each.get("time", 0.0) + i * every) for i in range(count)]
    return doses


def usual(covariate: Covariate) -> float:
    """Return the middle of a covariate's distribution, or its most frequent category."""
    if covariate.distribution is None:
        return float(np.argmax(covariate.shares))
    if covariate.distribution.kind == "uniform":
        return (covariate.distribution.location + covariate.distribution.spread) / 2
    return covariate.distribution.location


def people(cohort: Cohort) -> tuple[dict[str, np.ndarray], int]:
    """Return parameters and covariates by name of a typical patient, who comes first, and of the sampled ones."""
    sampled = sampled_candidates(cohort, N_PATIENTS, SEED, Path("fits"))
    one = {covariate.name: np.array([usual(covariate)]) for covariate in cohort.covariates}
    truth, row = typical_values(cohort, SEED, np.array([0]), "typical", None), np.array([0])
    for parameter in cohort.parameters:
        covariates = {name: one[name] for name in (c.name for c in cohort.covariates)}
        one[parameter.name] = parameter.typical * covariate_factor(parameter, truth, covariates, row)
    many = {**sampled.parameters, **sampled.covariates}
    return {name: np.concatenate([one[name], many[name]]) for name in one}, N_PATIENTS + 1


def outputs(
    cohort: Cohort, columns: dict[str, np.ndarray], n: int, doses: list[Dose], times: Sequence[float]
) -> dict[str, np.ndarray]:
    """Return all outputs that the tests compare, [n, times] each: the same model, which is then compiled once."""
    names = CASES[cohort.id]["outputs"]
    made = engine_outputs(cohort, columns, n, doses, names, times)
    return {name: made[:, :, i] for i, name in enumerate(names)}


def figure(name: str) -> str:
    """Return the figure of a model as an SVG document."""
    wanted = FIGURES[name]
    cohort, _ = read_cohort(ROOT / "cohorts" / f"{name}.yaml")
    columns, n = people(cohort)
    drawing, axes = new_figure(WIDTH, HEIGHT)
    axes.set_position(BOX)
    draw = draw_values if "at" in wanted else draw_courses
    described = draw(axes, cohort, columns, n, wanted)
    axes.yaxis.grid(True, color=colour("grid"), linewidth=0.6)
    axes.set_axisbelow(True)
    shown = [q for q in cohort.quantities if q.name in (wanted.get("output"), *wanted.get("outputs", []))]
    label = shown[0].label or shown[0].name
    unit_text = f" ({shown[0].unit.text})" if shown[0].unit.text else ""
    drawing.text(
        0.01, 0.94, described if wanted.get("shares") else f"{label}{unit_text}", fontsize=9, color=colour("ink")
    )
    text = standalone_svg(svg_text(drawing, name, cohort.title, f"{label}: {described}."))
    for i, value in enumerate(COLOURS):
        text = text.replace(f"var(--arm-{i})", value)
    return text


def draw_courses(axes: Any, cohort: Cohort, columns: dict[str, np.ndarray], n: int, wanted: dict[str, Any]) -> str:
    """Draw a line and a band for every regimen; return in words what they are."""
    soon = 1e-4 * wanted["until"]  # after a dose
    for position, (label, written) in enumerate(wanted["regimens"].items()):
        corners = [t for dose in regimen(written) for t in (dose.time, dose.time + dose.duration + soon)]
        times = np.unique([*np.linspace(soon, wanted["until"], N_TIMES), *(t for t in corners if t >= soon)])
        values = outputs(cohort, columns, n, regimen(written), times)[wanted["output"]]
        values = np.maximum(values, wanted.get("lowest", -np.inf))
        low, high = np.quantile(values[1:], [0.05, 0.95], axis=0)
        drawn = arm_colour(position)
        axes.fill_between(times, low, high, color=drawn, alpha=0.18, linewidth=0)
        axes.plot(times, values[0], color=drawn, linewidth=1.5, label=label)
    axes.set_xlim(0.0, wanted["until"])
    axes.set_xlabel(cohort.time.text, fontsize=9, color=colour("muted"), labelpad=3)
    axes.legend(
        fontsize=8, frameon=False, loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=len(wanted["regimens"]),
        labelcolor=colour("muted"), handlelength=1.2, columnspacing=1.0, borderaxespad=0.1,
    )  # fmt: skip
    return f"a typical course and the middle 90% of {N_PATIENTS} patients under {', '.join(wanted['regimens'])}"


def draw_values(axes: Any, cohort: Cohort, columns: dict[str, np.ndarray], n: int, wanted: dict[str, Any]) -> str:
    """Draw a typical value and a bar for every regimen, or the shares of patients; return in words what they are."""
    for position, written in enumerate(wanted["regimens"].values()):
        values = outputs(cohort, columns, n, regimen(written), [wanted["at"]])
        for i, name in enumerate(wanted["outputs"]):
            column = values[name][:, 0]
            place, drawn = position + (i - (len(wanted["outputs"]) - 1) / 2) * 0.2, arm_colour(i)
            if wanted.get("shares"):
                axes.bar([place], [column[1:].mean()], width=0.16, color=drawn)
            else:
                axes.vlines([place], *np.quantile(column[1:], [0.05, 0.95]), color=drawn, alpha=0.42, linewidth=3)
                axes.plot([place], [column[0]], "o", color=drawn, markersize=4)
    axes.set_xticks(range(len(wanted["regimens"])), list(wanted["regimens"]))
    axes.set_xlim(-0.5, len(wanted["regimens"]) - 0.5)
    axes.tick_params(axis="x", labelsize=8)
    if wanted.get("shares"):
        return f"Shares of {N_PATIENTS} patients who reach {', '.join(wanted['outputs']).upper()}"
    return f"a typical patient and the middle 90% of {N_PATIENTS} patients under {', '.join(wanted['regimens'])}"


def main(names: list[str]) -> None:
    folder = ROOT / "docs" / "models"
    folder.mkdir(exist_ok=True)
    for name in names or FIGURES:
        (folder / f"{name}.svg").write_text(figure(name), encoding="utf-8")
        print(name)


if __name__ == "__main__":
    main(sys.argv[1:])
