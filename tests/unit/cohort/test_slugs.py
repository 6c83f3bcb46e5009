import re
from importlib import import_module
from pathlib import Path

import trialsim.cohort.slugs as cohort_slugs
from trialsim.foundation.slugs import SLUGS

FOLDER = Path(cohort_slugs.__file__).parent
QUOTED = re.compile(r'"([a-z]+(?:-[a-z]+)+)"')
OURS = [p for p in FOLDER.glob("*.py") if not re.match(r"bayes|fits|sample|slugs", p.name)]


def raised():
    return {slug for path in OURS for slug in QUOTED.findall(path.read_text(encoding="utf-8"))}


def test_every_fault_is_explained_and_every_explanation_has_its_fault():
    modules = [import_module(f"trialsim.cohort.{path.stem}") for path in FOLDER.glob("slugs*.py")]
    explained = {slug for module in modules for slug in module.SLUGS}
    assert raised() - SLUGS.keys() <= explained
    assert cohort_slugs.SLUGS.keys() <= raised()


def test_explanations_say_something():
    for explanation in cohort_slugs.SLUGS.values():
        assert all((explanation.title, explanation.meaning, explanation.wrong_example, explanation.remedy))
        assert not explanation.title.endswith(".") and explanation.meaning.endswith(".")
