"""One line of the summary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from trialsim.campaign.figures import Figure

Arrays = dict[str, np.ndarray[Any, Any]]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the summary, but for its cell."""

    quantity: str
    figure: Figure
    meaning: str
    unit: str = ""
    analysis: str | None = None
    comparison: str | None = None
    milestone: str | None = None
