"""The definition of right for adjusted p values: one trial, in words of the procedures, slow and plain."""


def holm(p):
    """The smallest level at which the step-down procedure rejects each hypothesis."""
    adjusted, running = [0.0] * len(p), 0.0
    for step, i in enumerate(sorted(range(len(p)), key=lambda j: p[j])):
        running = max(running, (len(p) - step) * p[i])
        adjusted[i] = min(running, 1.0)
    return adjusted


def hochberg(p):
    """The smallest level at which the step-up procedure rejects each hypothesis."""
    adjusted, running = [0.0] * len(p), 1.0
    for step, i in enumerate(sorted(range(len(p)), key=lambda j: -p[j])):
        running = min(running, (step + 1) * p[i])
        adjusted[i] = running
    return adjusted


def fixed_sequence(p, order):
    """The smallest level at which each hypothesis and all before it are rejected."""
    return [max(p[j] for j in order[: order.index(i) + 1]) for i in range(len(p))]
