"""Many arrays handed from kernel to kernel as one address.

An array is seven numbers to a compiler, and twenty of them in every call cost more, to compile and to run, than what a
kernel does at one instant of one patient. A bundle is a named tuple of arrays written once into a block of memory, of
which only the address is passed on; `bundle.name` reads the array back from there. It lives as long as the function
that made it runs.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir  # type: ignore[import-untyped]
from numba import typeof
from numba.core import cgutils, config, types
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, models, register_model
from numba.np.arrayobj import populate_array

WORD = ir.IntType(64)


class Bundle(types.Type):  # type: ignore[misc]
    """The type of an address of arrays: name and type of each, in order."""

    def __init__(self, name: str, fields: tuple[tuple[str, Any], ...]) -> None:
        self.fields = fields
        super().__init__(name=f"Bundle({name}, {fields})")

    def place(self, wanted: str) -> tuple[int, Any] | None:
        """Return where a field begins in the block, in words, and its type."""
        at = 0
        for name, kind in self.fields:
            if name == wanted:
                return at, kind
            at += words(kind)
        return None


def words(kind: Any) -> int:
    """Return how many words a field takes: an array's address and lengths, or a number."""
    return 1 + kind.ndim if isinstance(kind, types.Array) else 1


@register_model(Bundle)
class BundleModel(models.PrimitiveModel):  # type: ignore[misc]
    """A bundle is an address."""

    def __init__(self, manager: Any, kind: Bundle) -> None:
        super().__init__(manager, kind, WORD.as_pointer())


@infer_getattr
class BundleFields(AttributeTemplate):  # type: ignore[misc]
    """What a field of a bundle is."""

    key = Bundle

    def generic_resolve(self, kind: Bundle, name: str) -> Any:
        """Return the type of a field; None if there is none of that name."""
        found = kind.place(name)
        return None if found is None else found[1]


@lower_getattr_generic(Bundle)  # type: ignore[untyped-decorator]
def read_field(context: Any, builder: Any, kind: Bundle, block: Any, name: str) -> Any:
    """Return a field, an array without an owner or a number."""
    found = kind.place(name)
    assert found is not None
    at, field = found

    def word(k: int) -> Any:
        return builder.load(cgutils.gep_inbounds(builder, block, at + k))

    if not isinstance(field, types.Array):
        return word(0)
    array = context.make_array(field)(context, builder)
    size = context.get_abi_sizeof(context.get_data_type(field.dtype))
    lengths = [word(1 + d) for d in range(field.ndim)]
    strides: list[Any] = []
    step = WORD(size)
    for length in reversed(lengths):
        strides.insert(0, step)
        step = builder.mul(step, length)
    data = builder.inttoptr(word(0), array.data.type)
    populate_array(array, data=data, shape=lengths, strides=strides, itemsize=WORD(size), meminfo=None, parent=None)
    return array._getvalue()


@intrinsic  # type: ignore[untyped-decorator]
def bundle(_: Any, arrays: Any) -> Any:
    """Return a named tuple of contiguous arrays and whole numbers as a bundle, valid while the caller runs."""
    kind = Bundle(arrays.instance_class.__name__, tuple(zip(arrays.fields, arrays.types, strict=True)))

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        n_words = sum(words(field) for _, field in kind.fields)
        block = cgutils.alloca_once(builder, WORD, size=n_words)
        at = 0
        for k, (_, field) in enumerate(kind.fields):
            value = builder.extract_value(arguments[0], k)
            if isinstance(field, types.Array):
                array = context.make_array(field)(context, builder, value)
                numbers = [builder.ptrtoint(array.data, WORD), *cgutils.unpack_tuple(builder, array.shape)]
            else:
                numbers = [value]
            for number in numbers:
                builder.store(number, cgutils.gep_inbounds(builder, block, at))
                at += 1
        return block

    return kind(arrays), code


def bundle_kind(arrays: Any) -> Bundle:
    """Return the type of the bundle of a named tuple."""
    found = typeof(arrays)
    return Bundle(type(arrays).__name__, tuple(zip(found.fields, found.types, strict=True)))


def _as_it_is(arrays: Any) -> Any:
    """Return the named tuple itself: a kernel as plain Python, to be followed step by step, reads it as well."""
    return arrays


if config.DISABLE_JIT:
    bundle = _as_it_is
