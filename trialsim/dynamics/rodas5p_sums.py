"""The sums of Rodas5P's stages for one state, each a function that becomes part of its caller's loop.

The coefficients of `rodas5p`, written out and added from left to right: what a model's own stiff step calls for each
state, compiled once for all models.
"""

from trialsim.foundation.arithmetic import bits_of, inlined, number_of_bits

_OF = {n: f"float64({', '.join(['float64'] * n)})" for n in range(1, 14)}


@inlined(_OF[2])
def state_at_1(y: float, u0: float) -> float:
    """Return a state at stage 1."""
    return y + (3.0 * u0)


@inlined(_OF[3])
def state_at_2(y: float, u0: float, u1: float) -> float:
    """Return a state at stage 2."""
    return y + (2.849394379747939 * u0 + 0.45842242204463923 * u1)


@inlined(_OF[4])
def state_at_3(y: float, u0: float, u1: float, u2: float) -> float:
    """Return a state at stage 3."""
    return y + (-6.954028509809101 * u0 + 2.489845061869568 * u1 + -10.358996098473584 * u2)


@inlined(_OF[5])
def state_at_4(y: float, u0: float, u1: float, u2: float, u3: float) -> float:
    """Return a state at stage 4."""
    return y + (2.8029986275628964 * u0 + 0.5072464736228206 * u1 + -0.3988312541770524 * u2
        + -0.04721187230404641 * u3)


@inlined(_OF[6])
def state_at_5(y: float, u0: float, u1: float, u2: float, u3: float, u4: float) -> float:
    """Return a state at stage 5."""
    return y + (-7.502846399306121 * u0 + 2.561846144803919 * u1 + -11.627539656261098 * u2
        + -0.18268767659942256 * u3 + 0.030198172008377946 * u4)


@inlined(_OF[2])
def side_at_1(hf: float, u0: float) -> float:
    """Return the right side of stage 1, whose slope times gamma h is `hf`."""
    return hf + (-2.9999999999999996 * u0)


@inlined(_OF[3])
def side_at_2(hf: float, u0: float, u1: float) -> float:
    """Return the right side of stage 2, whose slope times gamma h is `hf`."""
    return hf + (-3.8091454218442613 * u0 + -0.6060764285209964 * u1)


@inlined(_OF[4])
def side_at_3(hf: float, u0: float, u1: float, u2: float) -> float:
    """Return the right side of stage 3, whose slope times gamma h is `hf`."""
    return hf + (31.180572787825447 * u0 + -0.29930119962977564 * u1 + 15.193677275464838 * u2)


@inlined(_OF[5])
def side_at_4(hf: float, u0: float, u1: float, u2: float, u3: float) -> float:
    """Return the right side of stage 4, whose slope times gamma h is `hf`."""
    return hf + (35.06192684914556 * u0 + -0.0973391811550306 * u1 + 9.094110149519661 * u2
        + -1.2635689375669612 * u3)


@inlined(_OF[6])
def side_at_5(hf: float, u0: float, u1: float, u2: float, u3: float, u4: float) -> float:
    """Return the right side of stage 5, whose slope times gamma h is `hf`."""
    return hf + (5.267679439961403 * u0 + -0.6360082444324544 * u1 + 10.065574214296088 * u2
        + 1.1829125077945086 * u3 + -0.1401053916471787 * u4)


@inlined(_OF[7])
def side_at_6(hf: float, u0: float, u1: float, u2: float, u3: float, u4: float, u5: float) -> float:
    """Return the right side of stage 6, whose slope times gamma h is `hf`."""
    return hf + (6.551569121490026 * u0 + -0.6614199047160264 * u1 + 16.48864629450361 * u2 + 7.266588842925774 * u3
        + -4.0474418203933205 * u4 + -5.952890229078954 * u5)


@inlined(_OF[8])
def side_at_7(hf: float, u0: float, u1: float, u2: float, u3: float, u4: float, u5: float, u6: float) -> float:
    """Return the right side of stage 7, whose slope times gamma h is `hf`."""
    return hf + (8.011827217305168 * u0 + -0.6903223744461466 * u1 + 23.794058231422948 * u2
        + 14.185982112070834 * u3 + -8.491530541751638 * u4 + -11.586160874329975 * u5 + -2.0109942639901015 * u6)


@inlined("float64(float64)")
def inverse_tenth_root(x: float) -> float:
    """Return 1 / x^(1/10) to three parts in ten thousand, for x between 1e-200 and 1e200; beyond, that of the bound.

    A first guess from the exponent and two steps of Newton's method: no other function, no division.
    """
    bounded = x if x > 1e-200 else 1e-200
    bounded = bounded if bounded < 1e200 else 1e200
    root = number_of_bits((1179914573 - (((bits_of(bounded) >> 32) * 6554) >> 16)) << 32)
    for _ in range(2):
        square = root * root
        fifth = square * square * root
        root = root * (1.1 - 0.1 * (bounded * (fifth * fifth)))
    return root
