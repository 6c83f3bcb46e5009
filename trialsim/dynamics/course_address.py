"""Courses by C address: one evaluation of values and slopes as a function without Python in it.

A caller compiled elsewhere (the graph of a fit) calls it through its address. Handed the jitted engine itself, that
caller's compiler would optimise the whole engine once more around the constants of the fit, which takes minutes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import carray, cfunc, njit, types
from numba.core import cgutils
from numba.extending import intrinsic
from numpy.typing import NDArray

from trialsim.dynamics.bench import bench, steps
from trialsim.dynamics.courses import Tolerance, nothing_found
from trialsim.dynamics.generate import compiled
from trialsim.dynamics.given import given
from trialsim.dynamics.sensitivity import Sensitive
from trialsim.dynamics.stiff_system import Solver


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observed:
    """Who is observed when: `times` [patients, most], ascending, NaN-filled; observation m is `times[patient, place]`.

    `fixed` [patients, parameters] holds the parameters that nobody estimates, and anything finite for the others.
    """

    patient: NDArray[np.int64]
    place: NDArray[np.int64]
    times: NDArray[np.float64]
    fixed: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CourseAddress:
    """A C function and all it reads, which lives as long as this object.

    `function(table, estimated, values, slopes)` takes addresses: of `table`, of all estimated parameters [patients, K
    and others], and of what it fills: `values` [observations, outputs] and `slopes` [observations, outputs, K], NaN
    for a patient whose course fails. Any number of threads may call it at once.
    """

    function: Callable[[int, int, int, int], None]
    code: Any  # the compiled function, whose address `function` is
    table: NDArray[np.int64]
    arrays: tuple[NDArray[Any], ...]  # where `table` points
    shape: tuple[int, int, int]  # observations, outputs, K


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class EngineCall:
    """One call of the engine: arguments are arrays, numbers and named tuples of them.

    `rows` are the parameters, `outputs` and `status` (or the first column of it) what is asked for; all that the engine
    writes is `written`.
    """

    run: Any
    arguments: tuple[Any, ...]
    rows: NDArray[np.float64]
    outputs: NDArray[np.float64]
    status: NDArray[Any]
    written: tuple[NDArray[Any], ...]


def engine_call(sensitive: Sensitive, observed: Observed, solver: Solver, tolerance: Tolerance) -> EngineCall:
    """Return the call that `courses` would make of the engine: all begin at 0, and nothing can happen to them."""
    model, schedule, n = sensitive.model, sensitive.schedule, len(observed.times)
    horizon = np.nanmax(np.column_stack([observed.times, np.zeros(n)]), axis=1)
    fixed = np.column_stack([observed.fixed, sensitive.known])
    known = given(model, np.array(fixed, dtype=np.float64), schedule, observed.times, np.zeros((n, 0)), [], [],
                  horizon, 0.0, None, None, None, None)
    module = compiled(model, solver, schedule.has_steady_states)
    found, room, more = nothing_found(model, known.samples.shape, 0), bench(module, model, known), steps(module)
    return EngineCall(
        run=module.run, rows=known.rows, outputs=found.outputs, status=found.counts,
        arguments=(known, found, room, more, tolerance.relative, tolerance.absolute, tolerance.most_steps),
        written=tuple(array for array in (*found, *room, *more) if isinstance(array, np.ndarray)))


def course_address(
    sensitive: Sensitive, others: Sequence[str], observed: Observed, solver: Solver, tolerance: Tolerance
) -> CourseAddress:
    """Return the evaluation of a model with slopes, by address; the engine is compiled if it is not yet.

    `others` are parameters that are estimated too, but whose slopes are not asked for.
    """
    call, n_slopes = engine_call(sensitive, observed, solver, tolerance), len(sensitive.parameters)
    columns = np.array([sensitive.model.parameters.index(name) for name in (*sensitive.parameters, *others)],
                       dtype=np.int64)
    arrays = (columns, observed.patient, observed.place, *_arrays(call.arguments))
    rowwise = tuple(np.ascontiguousarray(array) for array in arrays)
    table = np.array([number for array in rowwise for number in (array.ctypes.data, *array.shape)], dtype=np.int64)
    code = _evaluation(call, arrays, n_slopes)
    return CourseAddress(function=code.ctypes, code=code, table=table, arrays=rowwise,
                         shape=(observed.patient.size, call.outputs.shape[2] // (1 + n_slopes), n_slopes))


def _arrays(arguments: Sequence[Any]) -> Iterator[NDArray[Any]]:
    for argument in arguments:
        if isinstance(argument, np.ndarray):
            yield argument
        elif isinstance(argument, tuple):
            yield from _arrays(argument)


def _evaluation(call: EngineCall, arrays: Sequence[NDArray[Any]], n_slopes: int) -> Any:
    """Return the evaluation as a C function: arrays are found through the table, and what is written is its own."""
    fresh = {id(array) for array in (call.rows, *call.written)}
    known: dict[str, Any] = {
        "called": _called(call.run), "array_at": _array_at, "filled": _filled, "gathered": _gathered}
    names: dict[int, str] = {}
    lines: list[str] = ["table = array_at(table_at, whole, (n_table,))"]
    at = 0
    for k, array in enumerate(arrays):
        names[id(array)], known[f"like_{k}"] = f"array_{k}", array.dtype.type(0)
        shape = "".join(f"table[{at + 1 + d}], " for d in range(array.ndim))
        copied = ".copy()" if id(array) in fresh else ""
        lines.append(f"array_{k} = array_at(table[{at}], like_{k}, ({shape})){copied}")
        at += 1 + array.ndim
    known |= {"whole": np.int64(0), "n_table": at, "n_slopes": n_slopes}
    rows, outputs, status = (names[id(array)] for array in (call.rows, call.outputs, call.status))
    status += "[:, 0]" if call.status.ndim == 2 else ""
    lines += [f"filled({rows}, array_0, estimated_at)",
              f"called(({', '.join(_spelled(argument, names, known) for argument in call.arguments)},))",
              f"gathered({outputs}, {status}, array_1, array_2, n_slopes, values_at, slopes_at)"]
    exec("\n    ".join(["def evaluate(table_at, estimated_at, values_at, slopes_at):", *lines]), known)
    return cfunc("void(uintp, uintp, uintp, uintp)", error_model="numpy")(known["evaluate"])


def _spelled(argument: Any, names: dict[int, str], known: dict[str, Any]) -> str:
    """Return an argument as source; what is no array is put among the known names."""
    if isinstance(argument, np.ndarray):
        return names[id(argument)]
    name = f"known_{len(known)}"
    if isinstance(argument, tuple):
        known[name] = type(argument)
        return f"{name}({', '.join(_spelled(part, names, known) for part in argument)})"
    known[name] = argument
    return name


@intrinsic  # type: ignore[untyped-decorator]
def _pointer(typing: Any, address: Any, like: Any) -> Any:
    """An address as a pointer to numbers of the type of the second argument."""
    kind = types.CPointer(like)

    def code(context: Any, builder: Any, signature: Any, arguments: Sequence[Any]) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(kind))

    return kind(types.uintp, like), code


def _called(run: Any) -> Any:
    """Return a function that calls the engine, compiled as it is, at its address; its argument is all arguments.

    Called by name, the engine would be linked in, and optimised once more.
    """

    @intrinsic  # type: ignore[untyped-decorator]
    def called(typing: Any, arguments: Any) -> Any:
        run.compile(tuple(arguments))
        found = run.overloads[tuple(arguments)]
        address = found.library.get_pointer_to_function(found.fndesc.llvm_func_name)

        def code(context: Any, builder: Any, signature: Any, given: Sequence[Any]) -> Any:
            kind = context.call_conv.get_function_type(types.none, tuple(arguments)).as_pointer()
            engine = builder.inttoptr(context.get_constant(types.uintp, address), kind)
            status, _ = context.call_conv.call_function(
                builder, engine, types.none, tuple(arguments), cgutils.unpack_tuple(builder, given[0], len(arguments)))
            with cgutils.if_unlikely(builder, status.is_error):
                context.call_conv.return_status_propagate(builder, status)
            return context.get_dummy_value()

        return types.none(arguments), code

    return called


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _array_at(address: int, like: Any, shape: Any) -> Any:
    return carray(_pointer(np.uintp(address), like), shape)


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _filled(rows: Any, columns: Any, estimated_at: int) -> None:
    """Put the estimated parameters where they belong."""
    estimated = _array_at(estimated_at, 0.0, (rows.shape[0], columns.size))
    for i in range(rows.shape[0]):
        for k in range(columns.size):
            rows[i, columns[k]] = estimated[i, k]


@njit(error_model="numpy")  # type: ignore[untyped-decorator]
def _gathered(
    outputs: Any, status: Any, patient: Any, place: Any, n_slopes: int, values_at: int, slopes_at: int
) -> None:
    """Put what was computed where the observations stand."""
    n_outputs = outputs.shape[2] // (1 + n_slopes)
    values = _array_at(values_at, 0.0, (patient.size, n_outputs))
    slopes = _array_at(slopes_at, 0.0, (patient.size, n_outputs, n_slopes))
    for m in range(patient.size):
        i = patient[m]
        failed = status[i] != 0
        for o in range(n_outputs):
            values[m, o] = np.nan if failed else outputs[i, place[m], o]
            for k in range(n_slopes):
                slopes[m, o, k] = np.nan if failed else outputs[i, place[m], n_outputs + o * n_slopes + k]
