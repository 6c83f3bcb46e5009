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
}
