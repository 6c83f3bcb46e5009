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


def closed(p, local):
    """Adjusted p values by closed testing: the greatest local p value of all families a hypothesis belongs to."""
    families = [[i for i in range(len(p)) if mask >> i & 1] for mask in range(1, 2 ** len(p))]
    tests = [(family, local(family)) for family in families]
    return [min(max(value for family, value in tests if i in family), 1.0) for i in range(len(p))]


def hommel(p):
    """The closure of Simes' tests."""

    def simes(family):
        ordered = sorted(p[i] for i in family)
        return min(len(family) * value / (rank + 1) for rank, value in enumerate(ordered))

    return closed(p, simes)


def passed_on(weights, transitions, j):
    """The weights and transitions of a graph without hypothesis j, as dicts (Bretz et al. 2009)."""
    left = [i for i in weights if i != j]
    new_weights = {i: weights[i] + weights[j] * transitions[j, i] for i in left}
    new = {(i, i): 0.0 for i in left}
    for i in left:
        for k in left:
            if i != k:
                back = transitions[i, j] * transitions[j, i]
                through = transitions[i, k] + transitions[i, j] * transitions[j, k]
                new[i, k] = through / (1 - back) if back < 1 else 0.0
    return new_weights, new


def graph_weights(weights, transitions, family):
    """The weights of a family of hypotheses that are not rejected yet, the others taken out last first."""
    n = len(weights)
    shares = dict(enumerate(weights))
    edges = {(i, k): transitions[i][k] for i in range(n) for k in range(n)}
    for j in reversed(range(n)):
        if j not in family:
            shares, edges = passed_on(shares, edges, j)
    return shares


def graph(p, weights, transitions):
    """The closure of weighted Bonferroni tests with the weights of the graph."""

    def bonferroni(family):
        shares = graph_weights(weights, transitions, family)
        return min((p[i] / shares[i] for i in family if shares[i] > 0), default=1.0)

    return closed(p, bonferroni)


def step_down_dunnett(statistic, exceedance_of):
    """The closure of Dunnett's tests: P(max over the family > its greatest statistic)."""
    return closed(statistic, lambda family: exceedance_of(family, max(statistic[i] for i in family)))
