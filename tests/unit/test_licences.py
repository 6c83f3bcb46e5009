"""Nothing that a run needs is under a licence that would bind what is built with it."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, distribution

from tests.whole_runs import ROOT

# These say nothing in their metadata; what their licence files say.
LOOKED_UP = {"cons": "LGPL-3.0", "minikanren": "BSD-3-Clause"}

STRONG = re.compile(r"\bA?GPL|Affero|GNU General Public", re.IGNORECASE)
WEAK = re.compile(r"\bLGPL|Lesser General Public", re.IGNORECASE)


def locked(name: str) -> list[str]:
    """Return the packages that a lock names."""
    return re.findall(r"^([A-Za-z0-9][-\w.]*)==", (ROOT / name).read_text(encoding="utf-8"), re.MULTILINE)


def licences(package: str) -> list[str]:
    """Return what a package says of its licence: expression, short licence field, classifiers."""
    metadata = distribution(package).metadata
    field = metadata.get("License") or ""
    said = [metadata.get("License-Expression") or "", field if len(field) < 200 else field.splitlines()[0]]
    said += [line for line in metadata.get_all("Classifier") or [] if line.startswith("License ::")]
    return [text for text in said if text]


def test_no_package_of_a_run_is_gpl() -> None:
    packages = locked("requirements.lock")
    assert len(packages) > 40
    bound = {}
    for package in packages:
        said = [text for text in licences(package) if STRONG.search(WEAK.sub("", text))]
        if said:
            bound[package] = said
    assert bound == {}


def test_silence_is_no_permission() -> None:
    silent = {package for package in locked("requirements.lock") if not licences(package)}
    assert silent == set(LOOKED_UP)
    assert not [text for text in LOOKED_UP.values() if STRONG.search(WEAK.sub("", text))]


def test_the_rule_knows_what_it_looks_for() -> None:
    for text in ("GPL-3.0-or-later", "AGPL-3.0", "License :: OSI Approved :: GNU General Public License v3 (GPLv3)"):
        assert STRONG.search(WEAK.sub("", text))
    for text in ("LGPL-2.1", "MIT", "BSD-3-Clause", "GNU Lesser General Public License"):
        assert not STRONG.search(WEAK.sub("", text))


def test_every_package_of_the_lock_is_installed_as_locked() -> None:
    missing = []
    for package in locked("requirements.lock"):
        try:
            distribution(package)
        except PackageNotFoundError:
            missing.append(package)
    assert missing == []
