"""Remake the calibration records: `make calibration` (some minutes)."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import numpy as np

from tests.calibration import survival
from tests.calibration.settings import SETTINGS, Setting
from tests.calibration.share_settings import SHARE_SETTINGS, TRIALS, ShareSetting
from tests.unit.trial.worlds import comparison, method, shift_world
from trialsim.foundation.version import VERSION
from trialsim.protocol.model import Analysis
from trialsim.trial.simulate import simulate_trials

RECORDS = Path(__file__).parent / "records"
CHUNK = 1000


def record(setting: Setting) -> dict[str, object]:
    """Return what the whole path, from candidate to decision, gave in a setting."""
    analysis = Analysis(
        name="primary",
        estimand="main",
        method=method(setting.method),
        comparisons=tuple(comparison(f"dose{i + 1}", "control", "higher", 0.0) for i in range(len(setting.effects))),
        alpha=setting.alpha,
        multiplicity=setting.multiplicity,
    )
    world = shift_world(setting.sizes, setting.effects, setting.sd, setting.error, analysis, seed=20261121)
    rejected, covered = 0, 0
    for first in range(0, setting.trials, CHUNK):
        looks = simulate_trials(world, range(first, first + CHUNK), 0)["looks"]
        shape = (CHUNK, len(setting.effects))
        rejected += int(looks["rejected"].reshape(shape).any(axis=1).sum())
        inside = (looks["lower"] <= looks["truth"]) & (looks["truth"] <= looks["upper"])
        covered += int(np.asarray(inside).reshape(shape)[:, 0].sum())
    return {
        "setting": setting.data(),
        "made": datetime.date.today().isoformat(),
        "version": VERSION,
        "rejected": rejected,
        "first_covered": covered,
    }


def share_record(setting: ShareSetting) -> dict[str, object]:
    """Return how often every test of a setting rejected, on the same trials."""
    world = setting.world(seed=20261121)
    rejected = np.zeros(len(setting.tests), np.int64)
    for first in range(0, TRIALS, CHUNK):
        looks = simulate_trials(world, range(first, first + CHUNK), 0)["looks"]
        rejected += looks["rejected"].reshape(CHUNK, len(setting.tests)).sum(axis=0)
    return {
        "setting": setting.data(),
        "made": datetime.date.today().isoformat(),
        "version": VERSION,
        "rejected": {test.name: int(number) for test, number in zip(setting.tests, rejected, strict=True)},
    }


def remake_shares() -> None:
    """Write the records of tests of shares."""
    for share_setting in SHARE_SETTINGS:
        made = share_record(share_setting)
        (RECORDS / "shares").mkdir(parents=True, exist_ok=True)
        (RECORDS / "shares" / f"{share_setting.name.replace(' ', '-')}.json").write_text(
            json.dumps(made, indent=2) + "\n"
        )
        print(share_setting.name, made["rejected"])


def main() -> None:
    RECORDS.mkdir(exist_ok=True)
    remake_shares()
    for setting in SETTINGS:
        made = record(setting)
        name = setting.name.replace(",", "").replace(" ", "-").lower()
        (RECORDS / f"{name}.json").write_text(json.dumps(made, indent=2) + "\n")
        print(f"{setting.name}: {made['rejected'] / setting.trials:.4f}, exactly {setting.expected:.4f}")  # type: ignore[operator]
    remake_survival()


def remake_survival() -> None:
    """Remake the records of analyses of times to an event, all in one file."""
    today = datetime.date.today().isoformat()
    records = [survival.record(setting, today, VERSION) for setting in survival.SETTINGS]
    lines = ",\n".join(json.dumps(each) for each in records)
    (RECORDS / "survival" / "times.json").write_text(f"[\n{lines}\n]\n")
    for each, setting in zip(records, survival.SETTINGS, strict=True):
        rejected, covered = sum(each["rejected"]) / setting.trials, sum(each["covered"]) / setting.trials
        print(f"{setting.name}: rejected {rejected:.4f}, covered {covered:.4f}")


if __name__ == "__main__":
    main()
