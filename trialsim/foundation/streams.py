"""Random numbers by key: each is a pure function of (seed, purpose, trial, patient, index), in any order, anywhere.

Philox4x32 with ten rounds (Salmon et al. 2011): the key is the 64-bit seed, the counter the four 32-bit words
(label, index, patient, trial). One counter gives one number. See docs/methods/random-numbers.md.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trialsim.foundation.arithmetic import compiled, inlined, number_of_bits
from trialsim.foundation.elementary import log, normal_quantile

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Word = np.uint64

# The first word of every label: what a random number is for. A word once used keeps its meaning for ever.
PURPOSES = (
    "characteristic",  # covariates of a candidate at screening
    "individual",  # deviation of one patient's parameter from the typical value
    "occasion",  # deviation of a patient's parameter on one occasion
    "screening",  # screening failures and consent
    "arrival",  # times at which candidates appear
    "site",  # which site a candidate comes to, and properties of sites
    "allocation",  # randomisation to arms
    "adherence",  # doses taken, missed and delayed
    "visit",  # visits missed and days by which they slip
    "measurement",  # error of a measured value
    "event",  # thresholds of hazards
    "binary",  # thresholds of yes-or-no outcomes drawn from a probability
    "dropout",  # leaving the trial
    "missing",  # values lost
    "delay",  # time from an event to its entry in the database
    "draw",  # order in which trials use the draws of a posterior
    "prior",  # draws from a prior and from a stated distribution of parameters
    "fit",  # seeds of a sampler
    "resampling",  # bootstrap and permutation tests
    "analysis",  # simulation inside an analysis
    "twin",  # weights and resampling for one real patient
    "pilot",  # patients simulated to choose a method
    "test",  # tests of trialsim itself
)

WORD = np.uint64(0xFFFFFFFF)
SHIFT = np.uint64(32)
MULTIPLIER_0 = np.uint64(0xD2511F53)
MULTIPLIER_1 = np.uint64(0xCD9E8D57)
KEY_STEP_0 = np.uint64(0x9E3779B9)
KEY_STEP_1 = np.uint64(0xBB67AE85)
ONE_BITS = np.uint64(0x3FF0000000000000)
UNIFORM_SHIFT = np.uint64(12)
ONE_LESS_HALF_A_STEP = 1.0 - 2.0**-53


def label(*words: str) -> int:
    """Return the stable 32-bit key of a purpose and its particulars, such as ``label("measurement", "ldl", "w12")``.

    The first word must be one of ``PURPOSES``; the key is the first four bytes of the SHA-256 of the words joined by
    slashes. Words may be any text without a slash, so that different words never join to the same text.

    >>> label("measurement", "ldl", "w12")
    1562547375
    """
    if not words or words[0] not in PURPOSES:
        shown = repr(words[0]) if words else "nothing"
        raise ValueError(f"a label begins with one of the purposes {', '.join(PURPOSES)}, not with {shown}")
    for word in words:
        if "/" in word:
            raise ValueError(f"the word {word!r} of a label contains a slash")
    return int.from_bytes(hashlib.sha256("/".join(words).encode("utf-8")).digest()[:4], "big")


@inlined("UniTuple(uint64, 4)(uint64, uint64, uint64, uint64, uint64, uint64)")
def philox(c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word) -> tuple[Word, Word, Word, Word]:
    """Return four random 32-bit words (in 64-bit integers) of a 128-bit counter and a 64-bit key, as 32-bit words."""
    for _ in range(10):
        p0 = MULTIPLIER_0 * c0
        p1 = MULTIPLIER_1 * c2
        c0 = (p1 >> SHIFT) ^ c1 ^ k0
        c2 = (p0 >> SHIFT) ^ c3 ^ k1
        c1 = p1 & WORD
        c3 = p0 & WORD
        k0 = (k0 + KEY_STEP_0) & WORD
        k1 = (k1 + KEY_STEP_1) & WORD
    return c0, c1, c2, c3


@inlined("float64(uint64, int64, int64, int64, int64)")
def uniform(seed: int, label: int, trial: int, patient: int, index: int) -> float:
    """Return a uniform number of the open interval (0, 1): an odd multiple of 2^-53, 52 random bits.

    Label, trial, patient and index are taken modulo 2^32; the array forms refuse numbers out of range.
    """
    w0, w1, _, _ = philox(
        np.uint64(label) & WORD,
        np.uint64(index) & WORD,
        np.uint64(patient) & WORD,
        np.uint64(trial) & WORD,
        np.uint64(seed) & WORD,
        np.uint64(seed) >> SHIFT,
    )
    bits = ((w0 << SHIFT) | w1) >> UNIFORM_SHIFT
    return number_of_bits(int(bits | ONE_BITS)) - ONE_LESS_HALF_A_STEP


@inlined("float64(uint64, int64, int64, int64, int64)")
def normal(seed: int, label: int, trial: int, patient: int, index: int) -> float:
    """Return a standard normal number: the normal quantile of ``uniform`` of the same key."""
    return normal_quantile(uniform(seed, label, trial, patient, index))


@inlined("float64(uint64, int64, int64, int64, int64)")
def exponential(seed: int, label: int, trial: int, patient: int, index: int) -> float:
    """Return a unit exponential number, minus the logarithm of ``uniform`` of the same key; above zero."""
    return -log(uniform(seed, label, trial, patient, index))


@compiled("void(uint64, int64, int64[::1], int64[::1], int64[::1], float64[::1])")
def _uniforms_into(seed: int, label: int, trials: Integers, patients: Integers, index: Integers, out: Floats) -> None:
    for i in range(out.size):
        out[i] = uniform(seed, label, trials[i], patients[i], index[i])


@compiled("void(uint64, int64, int64[::1], int64[::1], int64[::1], float64[::1])")
def _normals_into(seed: int, label: int, trials: Integers, patients: Integers, index: Integers, out: Floats) -> None:
    for i in range(out.size):
        out[i] = normal(seed, label, trials[i], patients[i], index[i])


@compiled("void(uint64, int64, int64[::1], int64[::1], int64[::1], float64[::1])")
def _exponentials_into(
    seed: int, label: int, trials: Integers, patients: Integers, index: Integers, out: Floats
) -> None:
    for i in range(out.size):
        out[i] = exponential(seed, label, trials[i], patients[i], index[i])


def _checked_seed(seed: int) -> int:
    if not 0 <= seed < 2**64:
        raise ValueError(f"the seed {seed} is not between 0 and 2^64 - 1")
    return int(seed)


def _counters(trials: ArrayLike, patients: ArrayLike, index: ArrayLike) -> tuple[tuple[int, ...], list[Integers]]:
    """The common shape, and each as a flat array of that many elements; whole numbers of 32 bits or ValueError."""
    arrays = []
    for name, values in (("a trial", trials), ("a patient", patients), ("an index", index)):
        array = np.asarray(values)
        if array.size and array.dtype.kind not in "iu":
            raise ValueError(f"{name} is not a whole number: the array holds {array.dtype}")
        if array.size and not (array.min() >= 0 and array.max() < 2**32):
            raise ValueError(f"{name} is not between 0 and 2^32 - 1")
        arrays.append(array.astype(np.int64, copy=False))
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    # Writeable copies where needed, because the compiled loops take no read-only array.
    return shape, [np.require(np.broadcast_to(array, shape), np.int64, ["C", "W"]).reshape(-1) for array in arrays]


def uniforms(seed: int, label: int, trials: ArrayLike, patients: ArrayLike, index: ArrayLike = 0) -> Floats:
    """Return uniform numbers of (0, 1), one for each trial, patient and index; whole numbers that broadcast.

    >>> uniforms(1, label("test"), 0, [0, 1]).tolist()
    [0.42738791425674527, 0.46804459735464155]
    """
    shape, (trial, patient, number) = _counters(trials, patients, index)
    out = np.empty(shape)
    _uniforms_into(_checked_seed(seed), label, trial, patient, number, out.reshape(-1))
    return out


def normals(seed: int, label: int, trials: ArrayLike, patients: ArrayLike, index: ArrayLike = 0) -> Floats:
    """Return standard normal numbers, one for each trial, patient and index; whole numbers that broadcast."""
    shape, (trial, patient, number) = _counters(trials, patients, index)
    out = np.empty(shape)
    _normals_into(_checked_seed(seed), label, trial, patient, number, out.reshape(-1))
    return out


def exponentials(seed: int, label: int, trials: ArrayLike, patients: ArrayLike, index: ArrayLike = 0) -> Floats:
    """Return unit exponential numbers, one for each trial, patient and index; whole numbers that broadcast."""
    shape, (trial, patient, number) = _counters(trials, patients, index)
    out = np.empty(shape)
    _exponentials_into(_checked_seed(seed), label, trial, patient, number, out.reshape(-1))
    return out


def permutation(seed: int, label: int, trial: int, n: int, index: int = 0) -> Integers:
    """Return a random order of 0 ... n - 1: the ranking of n keyed uniform numbers, one for each position."""
    return np.argsort(uniforms(seed, label, trial, np.arange(n), index), kind="stable").astype(np.int64, copy=False)


@lru_cache(maxsize=8)
def _draw_order(seed: int, n_draws: int) -> Integers:
    order = permutation(seed, label("draw"), 0, n_draws)
    order.flags.writeable = False
    return order


def draw_of_trial(seed: int, trial: int, n_draws: int) -> int:
    """Return which of n posterior draws a trial uses: one keyed random order, gone through again and again.

    The first n trials use every draw exactly once, and so do the next n.
    """
    return int(draws_of_trials(seed, np.asarray(trial), n_draws))


def draws_of_trials(seed: int, trials: ArrayLike, n_draws: int) -> Integers:
    """Return which of n posterior draws each trial uses, in the shape of trials; see ``draw_of_trial``."""
    if n_draws < 1:
        raise ValueError(f"there are {n_draws} draws to choose from; at least one is needed")
    numbers = np.asarray(trials)
    chosen: Integers = _draw_order(int(seed), int(n_draws))[numbers % n_draws]
    return chosen
