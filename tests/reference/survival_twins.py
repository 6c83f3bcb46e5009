"""The definition of right for analyses of times to an event: one trial, written from the textbook, slow and plain."""

import numpy as np


def weighted_log_rank(time, event, treated, stratum, weight_of):
    """Score, variance and information; weight_of(times with events, S before each, S at a time) gives the weights."""
    score = variance = information = 0.0
    for s in np.unique(stratum):
        t, e, g = time[stratum == s], event[stratum == s], treated[stratum == s]
        moments = np.unique(t[e])
        before, share = [], 1.0
        for moment in moments:
            before.append(share)
            share *= 1.0 - (e & (t == moment)).sum() / (t >= moment).sum()
        before = np.array(before)

        def free_at(moment, moments=moments, before=before, last=share):
            return np.append(before, last)[np.searchsorted(moments, moment, side="right")]

        for moment, w in zip(moments, weight_of(before, free_at), strict=True):
            at_risk = t >= moment
            n, n1 = at_risk.sum(), (at_risk & g).sum()
            d, d1 = (e & (t == moment)).sum(), (e & g & (t == moment)).sum()
            v = d * n1 / n * (n - n1) / n * (n - d) / (n - 1) if n > 1 else 0.0
            score += w * (d1 - d * n1 / n)
            variance += w * w * v
            information += w * v
    return score, variance, information


def survival_at(time, event, horizon):
    """Kaplan and Meier's share free of the event at a horizon, and Greenwood's variance."""
    share, total = 1.0, 0.0
    for moment in np.unique(time[event & (time <= horizon)]):
        n, d = (time >= moment).sum(), (event & (time == moment)).sum()
        share *= 1.0 - d / n
        total += d / (n * (n - d)) if n > d else 0.0
    return share, share * share * total


def restricted_mean(time, event, horizon):
    """The area under the curve up to a horizon, and its variance."""
    moments = np.unique(time[event & (time < horizon)])
    edges = np.concatenate([[0.0], moments, [horizon]])
    heights = np.array([survival_at(time, event, edge)[0] for edge in edges[:-1]])
    pieces = heights * np.diff(edges)
    variance = 0.0
    for i, moment in enumerate(moments):
        n, d = (time >= moment).sum(), (event & (time == moment)).sum()
        variance += pieces[i + 1 :].sum() ** 2 * d / (n * (n - d)) if n > d else 0.0
    return pieces.sum(), variance
