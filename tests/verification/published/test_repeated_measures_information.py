"""What dropout costs a mixed model: the inflation of its variance that Lu, Luo and Chen (2008) tabulate."""

import numpy as np
import pytest

from trialsim.analysis.mmrm import RepeatedModel, mmrm

# Lu, Luo and Chen (2008, Int J Biostat 4:9), table 2, as in longpower 1.0.27: AR(1) between visits, correlation of the
# first and last visit in columns, share lost by the last visit in rows, retention linear in between.
CORRELATIONS, LOST = (0.0, 0.3, 0.7), (0.1, 0.4)
INFLATION = {
    2: ((1.11111, 1.10111, 1.05667), (1.66667, 1.60667, 1.34)),
    4: ((1.11111, 1.0828, 1.03997), (1.66667, 1.47489, 1.22199)),
}


@pytest.mark.parametrize("n_visits", [2, 4])
@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("correlation", CORRELATIONS)
def test_the_variance_grows_as_in_the_table(n_visits, lost, correlation):
    n = 40_000  # the variance of a fit is then known within about 0.7%
    rng = np.random.default_rng(5)
    lag = np.abs(np.subtract.outer(range(n_visits), range(n_visits)))
    root = np.linalg.cholesky(np.where(lag == 0, 1.0, correlation ** (lag / (n_visits - 1.0)) if correlation else 0.0))
    y = rng.normal(size=(n, n_visits)) @ root.T
    arm = np.arange(n) % 2
    retained = 1.0 - lost * np.arange(n_visits) / (n_visits - 1.0)
    place = ((np.arange(n) // 2 + 0.5) / (n / 2.0))[:, None]
    complete, _ = mmrm(y, arm, [0, n], n_visits - 1, None, None, None, 0, [(1, 0)], 1, 0.025)
    seen = np.where(place < retained, y, np.nan)
    for structure in ("unstructured", "ar1"):
        model = RepeatedModel(structures=(structure,), df="satterthwaite")
        result, _ = mmrm(seen, arm, [0, n], n_visits - 1, None, None, None, 0, [(1, 0)], 1, 0.025, model=model)
        found = (result.se[0, 0] / complete.se[0, 0]) ** 2
        expected = INFLATION[n_visits][LOST.index(lost)][CORRELATIONS.index(correlation)]
        assert found == pytest.approx(expected, rel=0.03), structure
