"""What the instants of a course ask of a solver: the pattern that the linear and the adaptive kernel follow."""

from typing import Any

from numba import njit


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def parameters_changed(p: Any, w: Any, lane: int) -> int:
    """Return a status, having brought up to date what a solver keeps of the parameters."""
    return 0


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def root_values(w: Any, lane: int, t: float, tc: float, at: int, slope: int, to: int) -> None:
    """Fill rows from `to` with the values whose rise through zero a step must land on, triggers first."""


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def settled(first: int, last: int, interval: float, added: bool, b: Any, w: Any, lane: int, rtol: float) -> int:
    """Return a status, having put the states where doses every interval for ever have brought them (or added that).

    The doses are first to last - 1 of what is under way; `interval` 0 is an inflow that never ends.
    """
    return 0


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def propagator_at(dt: float, t_next: float, fed: float, x: Any) -> int:
    """Return the slot of the propagator of an interval; `together` has it, compiled when it is imported."""
    return 0


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def states_seen(n: int, clock: float, fed: float, x: Any) -> int:
    """Return at how many of the next times states have been filled; `together` has it."""
    return 0


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def moved_by_modes(dt: float, fed: float, x: Any) -> int:
    """Return whether the states after a time are known from modes; `together` has it."""
    return 0


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def laid_out(i: int, known: Any, line: Any) -> int:
    """Return whether all that happens to a patient is plain, having laid it out; `timeline` has it."""
    return 0


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def stretch_known(q: int, known: Any, line: Any, x: Any) -> int:
    """Return whether the states that outputs see are known from modes in a stretch; `timeline` has it."""
    return 0


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def moved_on(q: int, line: Any, x: Any) -> int:
    """Return whether the states at the end of a stretch are known, having moved to them; `timeline` has it."""
    return 0
