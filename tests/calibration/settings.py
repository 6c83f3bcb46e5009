"""What is calibrated: whole trials whose rejection rates theory knows, in numbers that no test suite could afford."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from scipy import stats


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Arms of normal patients: a control and doses that shift them; what is analysed, how, how many trials."""

    name: str
    sizes: tuple[int, ...]
    effects: tuple[float, ...]
    sd: float  # between patients
    error: float  # of the measurement
    alpha: float
    method: str
    multiplicity: str
    trials: int

    def data(self) -> dict[str, Any]:
        """Return the setting as plain data, as JSON gives it back."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items()}

    @property
    def expected(self) -> float:
        """The exact probability that any comparison is rejected (noncentral t; alpha for a family that holds it)."""
        if not any(self.effects):
            return self.alpha
        control, treated = self.sizes
        spread = np.hypot(self.sd, self.error) * np.sqrt(1 / control + 1 / treated)
        df = control + treated - 2
        return float(stats.nct.sf(stats.t.isf(self.alpha, df), df, self.effects[0] / spread))


def setting(name: str, sizes: tuple[int, ...], effects: tuple[float, ...], alpha: float, **other: Any) -> Setting:
    values = {"sd": 1.0, "error": 0.5, "method": "t_test", "multiplicity": "none", "trials": 40_000} | other
    return Setting(name=name, sizes=sizes, effects=effects, alpha=alpha, **values)


SETTINGS = (
    setting("t, null, small arms", (6, 6), (0.0,), 0.025),
    setting("t, null, unequal arms", (5, 20), (0.0,), 0.025),
    setting("t, effect", (15, 15), (1.2,), 0.025),
    setting("t, effect, unequal arms", (8, 24), (1.2,), 0.025),
    setting("Dunnett, three nulls", (10, 10, 10, 10), (0.0, 0.0, 0.0), 0.025, method="ancova", multiplicity="dunnett"),
    setting(
        "step-down Dunnett, three nulls", (8, 12, 10, 10), (0.0, 0.0, 0.0), 0.025, method="ancova",
        multiplicity="step_down_dunnett",
    ),  # fmt: skip
)
