"""What can be wrong with a run folder, explained for `trialsim explain SLUG`."""

from __future__ import annotations

from trialsim.foundation.slugs import Explanation

SLUGS: dict[str, Explanation] = {
    "cannot-write": Explanation(
        "A file cannot be written",
        "The disk is full, or the folder may not be written to. What was finished is whole and stays.",
        "runs/bp-7f3a/tables/looks/… cannot be written: No space left on device",
        "Make room or choose another place, then run the same command with --resume.",
    ),
    "run-exists": Explanation(
        "There is a run in this folder already",
        "A run is never overwritten by accident.",
        "runs/bp-7f3a holds a run already",
        "Continue it with --resume, or replace it with --force.",
    ),
    "run-changed": Explanation(
        "A run cannot be resumed with other inputs",
        "Parts computed from another protocol, cohort, posterior, seed or version do not belong into one run.",
        "seed: 7 then, 8 now",
        "Run without --resume: changed inputs make a folder of their own.",
    ),
    "run-in-use": Explanation(
        "Another process is working in this run folder",
        "Two processes that write one run would stand in each other's way.",
        "another process is working in runs/bp-7f3a",
        "Wait for the other process, or stop it; nothing needs to be deleted.",
    ),
    "not-a-run": Explanation(
        "The folder holds no run, or none that is finished",
        "A run folder is known by its plan.json, a finished one by its manifest.json.",
        "trialsim verify holidays/",
        "Name the folder of a run; one that was stopped is finished by --resume.",
    ),
    "broken-run": Explanation(
        "A file of the run folder is not what it should be",
        "A marker or manifest was changed or cut short by something other than trialsim.",
        "parts/…/part-00003.json is no marker of a part",
        "Delete the file and run with --resume: what is missing is computed again.",
    ),
    "unknown-table": Explanation(
        "A run has no such table",
        "The tables of a run are listed, with every column, in tables/data_dictionary.json.",
        "patient",
        "Write one of the names listed.",
    ),
}
