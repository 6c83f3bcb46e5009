"""What the kernels of plain courses are given and work on: those in which nothing happens but doses and samples."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Wholes = NDArray[np.int64]

# Closed forms: how many patients stand side by side, and the rows of their work space, each of which is as wide: times,
# the time before and the end of the course, then parameters, terms of these, outputs.
WIDE = 64
ACROSS_BEGIN, ACROSS_END, ACROSS_P = 1, 2, 3


class Plainly(NamedTuple):
    """What is known of N patients; S samples, of each or of all alike."""

    rows: Floats  # [N, parameters]
    samples: Floats  # [N or 1, S]
    span: Floats  # [N, 2]: begin, horizon
    offsets: Wholes  # [N + 1]
    time: Floats  # [doses], as the following
    amount: Floats
    duration: Floats
    rate: Floats
    inlet: Wholes
    kind: Wholes


class Across(NamedTuple):
    """What patients of a closed form work on side by side."""

    ws: Floats
    odd: Wholes
