"""A course and its slopes as one operation of a PyTensor graph. Imported where a fit builds its graph, not before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytensor.tensor as pt
from numpy.typing import NDArray
from pytensor.graph.basic import Apply
from pytensor.graph.op import Op
from pytensor.link.numba.dispatch import basic as numba_dispatch

from trialsim.dynamics.course_address import CourseAddress


class CourseOp(Op):  # type: ignore[misc]
    """Values [observations, outputs] and their slopes [observations, outputs, K] from parameters [patients, K].

    Both come from one run of the engine; the slopes are the gradient of the values and have none themselves. `others`
    are estimated too, but their slopes are another operation's.
    """

    def __init__(self, address: CourseAddress, patient: NDArray[np.int64]) -> None:
        self.address, self.patient = address, patient

    def make_node(self, estimated: Any, others: Any) -> Apply:
        shape = self.address.shape
        outputs = [pt.tensor(dtype="float64", shape=shape[:2]), pt.tensor(dtype="float64", shape=shape)]
        return Apply(self, [pt.as_tensor(estimated), pt.as_tensor(others)], outputs)

    def perform(self, node: Apply, inputs: Sequence[Any], output_storage: Sequence[Any]) -> None:
        given, table = np.ascontiguousarray(np.concatenate(inputs, axis=1), dtype=np.float64), self.address.table
        values, slopes = np.empty(self.address.shape[:2]), np.empty(self.address.shape)
        self.address.function(table.ctypes.data, given.ctypes.data, values.ctypes.data, slopes.ctypes.data)
        output_storage[0][0], output_storage[1][0] = values, slopes

    def connection_pattern(self, node: Apply) -> list[list[bool]]:
        return [[True, False], [True, False]]

    def L_op(self, inputs: Sequence[Any], outputs: Sequence[Any], output_grads: Sequence[Any]) -> list[Any]:
        each = (output_grads[0][:, :, None] * outputs[1]).sum(axis=1)
        estimated, others = (pt.zeros_like(given) for given in inputs)
        return [pt.inc_subtensor(estimated[self.patient], each), others]


@numba_dispatch.numba_funcify.register(CourseOp)  # type: ignore[untyped-decorator]
def numba_course(op: CourseOp, node: Any = None, **_: Any) -> Any:
    """Return the operation for numba: a call through the address, which numba cannot look into."""
    function, table = op.address.function, int(op.address.table.ctypes.data)
    n_observed, n_outputs, n_slopes = op.address.shape

    def course(estimated: Any, others: Any) -> Any:
        given = np.ascontiguousarray(np.concatenate((estimated, others), axis=1))
        values, slopes = np.empty((n_observed, n_outputs)), np.empty((n_observed, n_outputs, n_slopes))
        function(table, given.ctypes.data, values.ctypes.data, slopes.ctypes.data)
        return values, slopes

    # The code and the arrays behind the address live as long as whoever may call it.
    course.keeps = op.address  # type: ignore[attr-defined]
    return numba_dispatch.numba_njit(course)
