"""Arms and randomisation: who is compared, in what proportion, in what blocks and strata."""

from __future__ import annotations

from trialsim.protocol.draft import Draft, Path

SITE = "site"


def check_arms(draft: Draft) -> None:
    """A trial of this version compares at least two arms."""
    arms = list(draft.written.arms)
    if len(arms) < 2:
        message = "a trial of one arm is not supported by this version" if arms else "a trial needs arms"
        draft.error(draft.key("arms"), "not-yet" if arms else "no-arms", message, "", ["give it a control arm"])


def check_ratio(draft: Draft) -> None:
    """The allocation ratio names every arm."""
    randomise = draft.written.randomise
    if randomise is None or randomise.ratio is None:
        return
    for arm in randomise.ratio:
        draft.is_known(draft.key("randomise", "ratio", arm), "arm", arm, draft.written.arms)
    missing = [arm for arm in draft.written.arms if arm not in randomise.ratio]
    if missing:
        said = "the ratio says nothing of " + " and ".join(f"'{arm}'" for arm in missing)
        notes = ["an arm nobody is allocated to is left out of arms"]
        draft.error(draft.key("randomise", "ratio"), "ratio-incomplete", said, "", notes)


def ratio_of(draft: Draft) -> dict[str, int]:
    """Return each arm's share in the allocation; equal shares unless written."""
    randomise = draft.written.randomise
    ratio = randomise.ratio if randomise and randomise.ratio is not None else {}
    return {arm: ratio.get(arm, 1) for arm in draft.written.arms}


def check_blocks(draft: Draft) -> None:
    """A block holds every arm in its proportion."""
    randomise = draft.written.randomise
    total = sum(ratio_of(draft).values())
    if randomise is None or randomise.blocks is None or total == 0 or randomise.blocks % total == 0:
        return
    shares = ":".join(str(share) for share in ratio_of(draft).values())
    message = f"blocks of {randomise.blocks} cannot hold arms in the ratio {shares}"
    notes = [f"blocks are multiples of {total}: {total}, {2 * total}, {3 * total}, …"]
    draft.error(("randomise", "blocks"), "block-ratio", message, "", notes)


def check_number(draft: Draft) -> None:
    """Every arm has at least two patients, or nothing can be compared."""
    patients = draft.written.patients
    ratio = ratio_of(draft)
    if patients is None or not ratio:
        return
    least = 2 * sum(ratio.values())
    if patients.randomised < least:
        message = f"{patients.randomised} patients are too few for {len(ratio)} arms"
        notes = [f"at least {least} patients: two in the smallest arm"]
        draft.error(("patients", "randomised"), "too-few-randomised", message, "", notes)


def check_strata(draft: Draft) -> None:
    """Randomisation is stratified by categories."""
    randomise = draft.written.randomise
    if randomise:
        check_factors(draft, ("randomise", "strata"), randomise.strata)


def check_factors(draft: Draft, path: Path, factors: tuple[str, ...]) -> None:
    """Gather what is wrong with a list of stratification factors: each is a categorical covariate, or `site`."""
    covariates = {covariate.name: covariate for covariate in draft.cohort.covariates}
    categorical = [name for name, covariate in covariates.items() if covariate.categories]
    for i, name in enumerate(factors):
        if name in factors[:i]:
            draft.error((*path, i), "said-twice", f"'{name}' is given twice")
        elif name in covariates and name not in categorical:
            notes = [
                f"factors: {', '.join([*categorical, SITE])}",
                "a continuous covariate goes into ancova's covariates",
            ]
            message = f"'{name}' is a number and cannot make strata"
            draft.error((*path, i), "stratum-not-categorical", message, "", notes)
        elif name != SITE:
            draft.is_known((*path, i), "factor", name, [*categorical, SITE])
