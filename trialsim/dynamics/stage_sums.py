"""The sums of DOP853's stages for one state, each a function that becomes part of its caller's loop.

The coefficients of `dop853`, written out with the noughts left out and added from left to right: what a model's own
step calls for each state, compiled once for all models.
"""

from trialsim.foundation.arithmetic import inlined

_OF = {n: f"float64({', '.join(['float64'] * n)})" for n in range(1, 14)}


@inlined(_OF[3])
def state_at_1(y: float, h: float, k0: float) -> float:
    """Return a state at stage 1 of a step h."""
    return y + h * (0.05260015195876773 * k0)


@inlined(_OF[4])
def state_at_2(y: float, h: float, k0: float, k1: float) -> float:
    """Return a state at stage 2 of a step h."""
    return y + h * (0.0197250569845379 * k0 + 0.0591751709536137 * k1)


@inlined(_OF[4])
def state_at_3(y: float, h: float, k0: float, k2: float) -> float:
    """Return a state at stage 3 of a step h."""
    return y + h * (0.02958758547680685 * k0 + 0.08876275643042054 * k2)


@inlined(_OF[5])
def state_at_4(y: float, h: float, k0: float, k2: float, k3: float) -> float:
    """Return a state at stage 4 of a step h."""
    return y + h * (0.2413651341592667 * k0 + -0.8845494793282861 * k2 + 0.924834003261792 * k3)


@inlined(_OF[5])
def state_at_5(y: float, h: float, k0: float, k3: float, k4: float) -> float:
    """Return a state at stage 5 of a step h."""
    return y + h * (0.037037037037037035 * k0 + 0.17082860872947386 * k3 + 0.12546768756682242 * k4)


@inlined(_OF[6])
def state_at_6(y: float, h: float, k0: float, k3: float, k4: float, k5: float) -> float:
    """Return a state at stage 6 of a step h."""
    return y + h * (0.037109375 * k0 + 0.17025221101954405 * k3 + 0.06021653898045596 * k4 + -0.017578125 * k5)


@inlined(_OF[7])
def state_at_7(y: float, h: float, k0: float, k3: float, k4: float, k5: float, k6: float) -> float:
    """Return a state at stage 7 of a step h."""
    return y + h * (0.03709200011850479 * k0 + 0.17038392571223998 * k3 + 0.10726203044637328 * k4
        + -0.015319437748624402 * k5 + 0.008273789163814023 * k6)


@inlined(_OF[8])
def state_at_8(y: float, h: float, k0: float, k3: float, k4: float, k5: float, k6: float, k7: float) -> float:
    """Return a state at stage 8 of a step h."""
    return y + h * (0.6241109587160757 * k0 + -3.3608926294469414 * k3 + -0.868219346841726 * k4
        + 27.59209969944671 * k5 + 20.154067550477894 * k6 + -43.48988418106996 * k7)


@inlined(_OF[9])
def state_at_9(
    y: float, h: float, k0: float, k3: float, k4: float, k5: float, k6: float, k7: float, k8: float
) -> float:
    """Return a state at stage 9 of a step h."""
    return y + h * (0.47766253643826434 * k0 + -2.4881146199716677 * k3 + -0.590290826836843 * k4
        + 21.230051448181193 * k5 + 15.279233632882423 * k6 + -33.28821096898486 * k7
        + -0.020331201708508627 * k8)


@inlined(_OF[10])
def state_at_10(
    y: float, h: float, k0: float, k3: float, k4: float, k5: float, k6: float, k7: float, k8: float, k9: float
) -> float:
    """Return a state at stage 10 of a step h."""
    return y + h * (-0.9371424300859873 * k0 + 5.186372428844064 * k3 + 1.0914373489967295 * k4
        + -8.149787010746927 * k5 + -18.52006565999696 * k6 + 22.739487099350505 * k7 + 2.4936055526796523 * k8
        + -3.0467644718982196 * k9)


@inlined(_OF[11])
def state_at_11(
    y: float, h: float, k0: float, k3: float, k4: float, k5: float, k6: float, k7: float, k8: float, k9: float,
    k10: float,
) -> float:
    """Return a state at stage 11 of a step h."""
    return y + h * (2.273310147516538 * k0 + -10.53449546673725 * k3 + -2.0008720582248625 * k4
        + -17.9589318631188 * k5 + 27.94888452941996 * k6 + -2.8589982771350235 * k7 + -8.87285693353063 * k8
        + 12.360567175794303 * k9 + 0.6433927460157636 * k10)


@inlined(_OF[10])
def state_after(
    y: float, h: float, k0: float, k5: float, k6: float, k7: float, k8: float, k9: float, k10: float, k11: float
) -> float:
    """Return a state after a step h."""
    return y + h * (0.054293734116568765 * k0 + 4.450312892752409 * k5 + 1.8915178993145003 * k6
        + -5.801203960010585 * k7 + 0.3111643669578199 * k8 + -0.1521609496625161 * k9
        + 0.20136540080403034 * k10 + 0.04471061572777259 * k11)


@inlined(_OF[8])
def error_3(k0: float, k5: float, k6: float, k7: float, k8: float, k9: float, k10: float, k11: float) -> float:
    """Return the error of order 3 of a state, per unit of the step."""
    return (-0.18980075407240762 * k0 + 4.450312892752409 * k5 + 1.8915178993145003 * k6
        + -5.801203960010585 * k7 + -0.4226823213237919 * k8 + -0.1521609496625161 * k9
        + 0.20136540080403034 * k10 + 0.02265179219836082 * k11)


@inlined(_OF[8])
def error_5(k0: float, k5: float, k6: float, k7: float, k8: float, k9: float, k10: float, k11: float) -> float:
    """Return the error of order 5 of a state, per unit of the step."""
    return (0.01312004499419488 * k0 + -1.2251564463762044 * k5 + -0.4957589496572502 * k6
        + 1.6643771824549864 * k7 + -0.35032884874997366 * k8 + 0.3341791187130175 * k9
        + 0.08192320648511571 * k10 + -0.022355307863886294 * k11)
