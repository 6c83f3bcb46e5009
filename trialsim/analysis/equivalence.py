"""Equivalence by two one-sided tests: not below the lower end, and not above the upper one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from trialsim.analysis.comparisons import Comparisons


def two_one_sided(above: Comparisons, below: Comparisons, is_equivalence: NDArray[np.bool_]) -> Comparisons:
    """Return comparisons that reject, where ``is_equivalence`` [C], only what both of two one-sided tests reject.

    ``above`` tests against the lower end (greater is better), ``below`` against the upper end (smaller is better);
    both hold the other comparisons too, alike. The p value is the greater of the two (Schuirmann 1987, J Pharmacokinet
    Biopharm 15:657), the statistic is that of this test, positive towards the inside. The interval is that of either,
    of level 1 - 2 alpha, and lies between the ends exactly when the p value is below alpha.
    """
    is_upper = below.p_value > above.p_value
    statistic = np.where(is_upper, -below.statistic, above.statistic)
    p_value = np.where(is_upper, below.p_value, above.p_value)
    return replace(
        above,
        statistic=np.where(is_equivalence, statistic, above.statistic),
        p_value=np.where(is_equivalence, p_value, above.p_value),
        status=np.where(is_equivalence, np.maximum(above.status, below.status), above.status).astype(np.int8),
    )
