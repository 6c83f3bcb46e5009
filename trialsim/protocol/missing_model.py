"""How missing values are imputed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingValues:
    """How missing values of an endpoint are imputed, from its values at several visits."""

    strategy: Literal["missing_at_random", "jump_to_reference", "copy_reference", "copy_increment"]
    reference: str | None  # arm; None under missing_at_random
    after: tuple[str, ...]  # events; none: whatever is missing after a patient's last value follows the strategy
    variance: Literal["rubin", "jackknife"]
    imputations: int  # 1 for the jackknife
    visits: tuple[str, ...]  # ascending, the endpoint's the last
    delta: tuple[tuple[str, float], ...]  # by arm, added to its imputed values, in the endpoint's unit
    delta_text: tuple[tuple[str, str], ...]
