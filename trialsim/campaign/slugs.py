"""What can go wrong while many trials are computed, explained for `trialsim explain SLUG`."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "no-cluster": Explanation(
        "There is no Dask scheduler at the address given",
        "Nothing answered at that address in time.",
        "--cluster tcp://10.0.0.1:8786",
        "Start a scheduler and its workers, and check the address it prints.",
    ),
    "cluster-lost": Explanation(
        "The Dask cluster went away while a run was going on",
        "The scheduler stopped answering. Parts that were finished are whole and stay.",
        "the cluster was lost while computing scenario expected, …",
        "Start the cluster again and run the same command with --resume.",
    ),
    "folder-not-shared": Explanation(
        "A worker does not see the run folder",
        "Every worker writes its own parts, so the folder must be there under the same path on every machine.",
        "a run folder on the local disk of one machine",
        "Put the run on a shared file system.",
    ),
    "workers-differ": Explanation(
        "A worker runs other versions of the software",
        "The same numbers are promised for the same versions only.",
        "numpy: 2.4 here, 2.1 there",
        "Install the same environment on all machines.",
    ),
    "killed-worker": Explanation(
        "A part ended every worker process that tried it",
        "Most often the worker had too little memory and the system stopped it.",
        "computing scenario expected, …, trials 100 to 199 killed every worker that tried",
        "Give workers more memory or simulate fewer trials at once, then --resume: failed parts are tried again.",
    ),
    "bad-target": Explanation(
        "A target that cannot be meant",
        "A target is a rate of the analysis that decides, a level and a scenario: power, assurance or success to "
        "reach, type_1 not to exceed.",
        'trialsim design urate-dose --target "power > 90 in expected" --over "patients.randomised: 60..300"',
        'Write it like --target "power of high vs placebo >= 90% in expected; type_1 <= 2.5% in no_effect".',
    ),
    "unknown-scenario": Explanation(
        "A target names a scenario that the protocol does not have",
        "A rate is that of a scenario: of one set of truths.",
        'trialsim design urate-dose --target "success >= 90% in optimistic" --over "patients.randomised: 60..300"',
        "Use one of the protocol's scenarios, or add that one.",
    ),
    "target-not-null": Explanation(
        "A type I error is asked for where nothing is null",
        "Only a comparison that the scenario declares null has a type I error there.",
        'trialsim design urate-dose --target "type_1 <= 2.5% in expected" --over "patients.randomised: 60..300"',
        "Name a scenario in which the comparison is null, and declare it: scenarios: {no_effect: {null: [high vs "
        "placebo], …}}.",
    ),
    "target-null": Explanation(
        "Power is asked for where the comparison is null",
        "Where there is nothing to find, rejecting is an error, not power.",
        'trialsim design urate-dose --target "power of high vs placebo >= 90% in no_effect" --over …',
        "Ask for power in a scenario with an effect, and for type_1 in this one.",
    ),
    "bad-range": Explanation(
        "The designs to choose from cannot be meant",
        "A search goes over one field of the protocol that is a whole number: a range or a list, at most 400 values.",
        'trialsim design urate-dose --target "success >= 90% in expected" --over "patients.number: 60..300"',
        'Write it like --over "patients.randomised: 60..300 by 6"; trialsim check … --explain shows every field.',
    ),
    "target-out-of-reach": Explanation(
        "No design of the range reaches a target",
        "The trials of the largest design show that it misses the target.",
        'trialsim design urate-dose --target "success >= 99% in weaker" --over "patients.randomised: 60..100"',
        "Search a wider range, or ask for less; the message says what the largest design reaches.",
    ),
    "target-not-shown": Explanation(
        "A design may reach its target, but the trials do not show it",
        "Rates are known up to a Monte-Carlo error. Either the largest design is too near the target, or several "
        "attempts to verify a design failed.",
        'trialsim design urate-dose --target "success >= 90% in expected" --over "patients.randomised: 60..62" '
        "--trials 100",
        "Give more --trials or a range that reaches further.",
    ),
    "null-rejected-too-often": Explanation(
        "A design rejects a true null more often than it may",
        "The trials show that the rate is above the level asked for. More patients need not mend that.",
        'trialsim design urate-dose --target "success >= 90% in expected; type_1 <= 1% in no_effect" --over …',
        "Use a method that holds its level with so few patients, adjust for multiplicity, or lower alpha.",
    ),
}
