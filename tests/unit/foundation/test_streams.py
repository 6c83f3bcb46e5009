"""Keyed random numbers: published answers of Philox, independence of order and chunking, distribution."""

import numpy as np
import pytest

from trialsim.foundation import streams
from trialsim.foundation.elementary import log, normal_quantile

SEED = 2**63 + 20240611
TEST = streams.label("test")


@pytest.mark.parametrize(
    ("counter", "key", "words"),
    [
        # Random123 1.14, kat_vectors, philox4x32 10.
        ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
        ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
        (
            (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
            (0xA4093822, 0x299F31D0),
            (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
        ),
    ],
)
def test_philox_gives_the_published_words(counter, key, words):
    assert streams.philox(*(np.uint64(word) for word in counter + key)) == words


def uniform_by_integers(seed, label, trial, patient, index):
    """The definition of ``uniform`` in unbounded integers."""
    c0, c1, c2, c3 = label, index, patient, trial
    k0, k1 = seed % 2**32, seed >> 32
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c0, 0xCD9E8D57 * c2
        c0, c1, c2, c3 = (p1 >> 32) ^ c1 ^ k0, p1 % 2**32, (p0 >> 32) ^ c3 ^ k1, p0 % 2**32
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    return (2 * (((c0 << 32) | c1) >> 12) + 1) / 2**53


@pytest.mark.parametrize("key", [(0, 0, 0, 0, 0), (SEED, 2**32 - 1, 7, 123456, 3), (2**64 - 1, 5, 2**32 - 1, 1, 2**31)])
def test_uniform_follows_its_definition(key):
    expected = uniform_by_integers(*key)
    assert streams.uniform(np.uint64(key[0]), *key[1:]) == expected
    assert streams.uniforms(*key) == expected


def test_normal_and_exponential_are_transforms_of_the_same_uniform():
    u = streams.uniforms(SEED, TEST, 3, np.arange(50), 2)
    assert streams.normals(SEED, TEST, 3, np.arange(50), 2).tolist() == [normal_quantile(v) for v in u]
    assert streams.exponentials(SEED, TEST, 3, np.arange(50), 2).tolist() == [-log(v) for v in u]


def test_numbers_depend_neither_on_order_nor_on_chunks():
    trials, patients, index = np.repeat(np.arange(7), 11), np.tile(np.arange(11), 7), np.arange(77) % 3
    whole = streams.normals(SEED, TEST, trials, patients, index)
    backwards = streams.normals(SEED, TEST, trials[::-1], patients[::-1], index[::-1])
    assert whole.tolist() == backwards[::-1].tolist()
    for size in (1, 5, 33):
        cuts = range(0, 77, size)
        parts = [
            streams.normals(SEED, TEST, trials[i : i + size], patients[i : i + size], index[i : i + size]) for i in cuts
        ]
        assert np.concatenate(parts).tolist() == whole.tolist()


def test_every_part_of_the_key_matters():
    key = {"seed": 1, "label": 2, "trials": 3, "patients": 4, "index": 5}
    base = float(streams.uniforms(**key))
    changed = [float(streams.uniforms(**{**key, name: value + 1})) for name, value in key.items()]
    assert len({base, *changed, float(streams.uniforms(**{**key, "seed": 1 + 2**32}))}) == 7


def test_uniforms_fill_the_unit_interval_evenly():
    n = 200_000
    u = streams.uniforms(SEED, TEST, np.arange(n) // 1000, np.arange(n) % 1000)
    counts = np.bincount((u * 100).astype(int), minlength=100)
    # Chi-squared with 99 degrees of freedom: 173 is passed once in 200,000 times.
    assert ((counts - n / 100) ** 2 / (n / 100)).sum() < 173.0
    # Neighbouring patients, trials and indices: correlations have a standard error of 1 / sqrt(n); five of them.
    for trials, patients, index in ((0, 1, 0), (1, 0, 0), (0, 0, 1)):
        v = streams.uniforms(SEED, TEST, np.arange(n) // 1000 + trials, np.arange(n) % 1000 + patients, index)
        assert abs(np.corrcoef(u, v)[0, 1]) < 5.0 / np.sqrt(n)


def test_uniforms_are_never_zero_or_one():
    smallest, largest = 2.0**-53, 1.0 - 2.0**-53
    u = streams.uniforms(SEED, TEST, 0, np.arange(100_000))
    assert smallest <= u.min() and u.max() <= largest


def test_labels_are_the_first_bytes_of_sha_256():
    # printf measurement/ldl/w12 | sha256sum
    assert streams.label("measurement", "ldl", "w12") == 0x5D2294AF
    labels = {streams.label(purpose, str(i)) for purpose in streams.PURPOSES for i in range(20)}
    assert len(labels) == 20 * len(streams.PURPOSES)


def test_a_label_of_an_unknown_purpose_is_refused():
    purposes = ", ".join(streams.PURPOSES)
    with pytest.raises(ValueError) as caught:
        streams.label("luck", "a")
    assert str(caught.value) == f"a label begins with one of the purposes {purposes}, not with 'luck'"
    with pytest.raises(ValueError) as caught:
        streams.label()
    assert str(caught.value) == f"a label begins with one of the purposes {purposes}, not with nothing"


def test_a_label_with_a_slash_is_refused():
    with pytest.raises(ValueError) as caught:
        streams.label("test", "a/b")
    assert str(caught.value) == "the word 'a/b' of a label contains a slash"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ((-1, 0, 0, 0, 0), "the seed -1 is not between 0 and 2^64 - 1"),
        ((2**64, 0, 0, 0, 0), "the seed 18446744073709551616 is not between 0 and 2^64 - 1"),
        ((0, 0, -1, 0, 0), "a trial is not between 0 and 2^32 - 1"),
        ((0, 0, 0, [0, 2**32], 0), "a patient is not between 0 and 2^32 - 1"),
        ((0, 0, 0, 0, 0.5), "an index is not a whole number: the array holds float64"),
    ],
)
def test_keys_out_of_range_are_refused(key, message):
    with pytest.raises(ValueError) as caught:
        streams.uniforms(*key)
    assert str(caught.value) == message


@pytest.mark.parametrize("n_draws", [1, 2, 5, 97])
def test_trials_go_through_every_draw_once_before_any_again(n_draws):
    first = [streams.draw_of_trial(SEED, k, n_draws) for k in range(n_draws)]
    again = streams.draws_of_trials(SEED, np.arange(n_draws, 2 * n_draws), n_draws)
    assert sorted(first) == list(range(n_draws))
    assert again.tolist() == first


def test_the_order_of_draws_belongs_to_the_seed():
    orders = {tuple(streams.draws_of_trials(seed, np.arange(30), 30).tolist()) for seed in range(5)}
    assert len(orders) == 5


def test_no_draws_are_refused():
    with pytest.raises(ValueError) as caught:
        streams.draw_of_trial(SEED, 0, 0)
    assert str(caught.value) == "there are 0 draws to choose from; at least one is needed"


def test_permutations_of_three_are_equally_frequent():
    n = 6000
    counts = {}
    for trial in range(n):
        order = tuple(streams.permutation(SEED, TEST, trial, 3).tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    # Chi-squared with 5 degrees of freedom: 30.9 is passed once in 100,000 times.
    assert sum((c - n / 6) ** 2 / (n / 6) for c in counts.values()) < 30.9
