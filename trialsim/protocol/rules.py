"""Every rule across the fields of a protocol, and what each needs to have been read."""

from __future__ import annotations

from collections.abc import Callable

from trialsim.protocol.decisions import check_decisions
from trialsim.protocol.dosing import check_dosing
from trialsim.protocol.draft import Draft
from trialsim.protocol.rules_analyses import check_analyses, check_success
from trialsim.protocol.rules_arms import check_arms, check_blocks, check_number, check_ratio, check_strata
from trialsim.protocol.rules_campaign import (
    check_kept,
    check_nulls,
    check_scenarios,
    check_simulation,
    check_variations,
)
from trialsim.protocol.rules_conduct import check_accrual, check_adherence, check_hazards
from trialsim.protocol.rules_endpoints import check_endpoints, check_estimands
from trialsim.protocol.rules_families import check_families
from trialsim.protocol.rules_milestones import check_milestones, check_spending
from trialsim.protocol.rules_visits import check_assessments, check_eligibility, check_visits
from trialsim.protocol.settings import check_settings

RULES: tuple[tuple[Callable[[Draft], None], tuple[str, ...]], ...] = (
    (check_arms, ("arms",)),
    (check_dosing, ("arms",)),
    (check_settings, ("arms",)),
    (check_ratio, ("arms", "randomise")),
    (check_blocks, ("arms", "randomise")),
    (check_number, ("arms", "randomise", "patients")),
    (check_strata, ("randomise",)),
    (check_visits, ("visits",)),
    (check_assessments, ("visits", "assess", "arms")),
    (check_eligibility, ("patients", "visits", "assess")),
    (check_accrual, ("conduct",)),
    (check_adherence, ("conduct",)),
    (check_hazards, ("conduct",)),
    (check_decisions, ("rules", "arms", "visits", "assess", "conduct")),
    (check_endpoints, ("endpoints", "visits", "assess")),
    (check_estimands, ("estimands", "endpoints", "conduct")),
    (check_analyses, ("analyses", "estimands", "endpoints", "arms", "visits", "assess")),
    (check_families, ("families", "analyses")),
    (check_success, ("success", "analyses")),
    (check_milestones, ("milestones", "analyses", "endpoints", "patients", "success")),
    (check_spending, ("analyses", "estimands", "endpoints")),
    (check_scenarios, ("scenarios", "conduct")),
    (check_nulls, ("scenarios", "analyses")),
    (check_variations, ("vary",)),
    (check_simulation, ("simulate",)),
    (check_kept, ("keep",)),
)


def check_rules(draft: Draft) -> None:
    """Gather every fault that fields have with each other and with the cohort; sections at fault are passed over."""
    for rule, needs in RULES:
        if not draft.written.unreadable.intersection(needs):
            rule(draft)
