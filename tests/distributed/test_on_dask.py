"""A Dask cluster writes the same bytes as one process, loses workers, and names a part that kills them."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest
from distributed import Client

from tests.unit.campaign.fakes import PAPERS, digests, fake_plan, fake_simulate, worlds_of
from trialsim.campaign.on_dask import cluster_client, dask_pool
from trialsim.campaign.run import run
from trialsim.foundation.errors import TrialsimError
from trialsim.store.read import read_table

PLAN = fake_plan(randomised=1000, at_least=60, at_most=200, until=0.05)


def go(folder, plan, client=None, world=None, **options):
    pool_of = dask_pool(client, plan) if client else None
    world_of = worlds_of(plan, **(world or {}))
    return run(plan, folder, PAPERS, world_of, simulate=fake_simulate, pool_of=pool_of, **options)


@pytest.fixture(scope="module")
def client():
    with cluster_client(None, workers=2) as client:
        yield client


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("alone") / "fake"
    go(folder, PLAN)
    return digests(folder)


def test_a_cluster_writes_the_same_bytes(client, undisturbed, tmp_path):
    told = []
    go(tmp_path / "fake", PLAN, client, on_progress=told.append)
    assert digests(tmp_path / "fake") == undisturbed
    assert told[-1].done == told[-1].at_most


def test_a_worker_lost_in_the_middle_changes_nothing(client, undisturbed, tmp_path):
    folder = tmp_path / "fake"
    first = next(iter(client.run(os.getpid).values()))

    def kill_one():
        while len(list(folder.glob("parts/**/part-*.json"))) < 2:
            time.sleep(0.02)
        os.kill(first, signal.SIGKILL)

    killer = threading.Thread(target=kill_one)
    killer.start()
    result = go(folder, PLAN, client, world={"seconds": 0.01})
    killer.join()
    assert result.exit_code == 0
    assert first not in client.run(os.getpid).values()
    assert digests(folder) == undisturbed


def test_a_part_that_kills_every_worker_is_named_and_the_run_goes_on(client, tmp_path):
    flag = tmp_path / "flag"
    flag.touch()
    plan = fake_plan(randomised=1000, at_least=40, at_most=60, scenarios=(("expected", ()),))
    deadly = {"kills": 25, "flag": str(flag)}
    result = go(tmp_path / "fake", plan, client, world=deadly)
    assert (result.exit_code, result.n_failed, result.n_trials) == (4, 20, 40)
    failures = read_table(result.folder, "failures")
    whole = failures[failures["patient"].isna()]
    assert whole["trial"].tolist() == list(range(20, 40))
    assert set(whole["reason"]) == {
        "computing scenario expected, typical parameters, design base, trials 20 to 39 killed every worker that tried"
    }
    flag.unlink()
    assert go(tmp_path / "fake", plan, client, world=deadly, resume=True).exit_code == 0
    go(tmp_path / "alone", plan)
    assert digests(tmp_path / "fake") == digests(tmp_path / "alone")


def test_a_part_that_was_held_by_workers_that_died_is_not_blamed(tmp_path):
    flag = tmp_path / "flag"
    flag.touch()
    plan = fake_plan(randomised=1000, at_least=40, at_most=60, scenarios=(("expected", ()),))
    # One worker holds both parts that are in flight, so that each of its deaths is both parts' death.
    with cluster_client(None, workers=1) as lonely:
        result = go(tmp_path / "fake", plan, lonely, world={"kills": 5, "flag": str(flag)})
    failures = read_table(result.folder, "failures")
    assert (result.exit_code, result.n_failed, result.n_trials) == (4, 20, 40)
    assert failures[failures["patient"].isna()]["trial"].tolist() == list(range(20))


def test_a_cluster_whose_workers_are_not_started_again_gets_new_ones(undisturbed, tmp_path, monkeypatch):
    """As when one dies while it starts: nobody looks after it any more."""
    monkeypatch.setattr("trialsim.campaign.on_dask.CHECKS_ALONE", 3)
    folder = tmp_path / "fake"
    with cluster_client(None, workers=2) as deserted:
        keepers = list(deserted.cluster.workers.values())

        def desert():
            while len(list(folder.glob("parts/**/part-*.json"))) < 2:
                time.sleep(0.02)
            for keeper in keepers:
                deserted.sync(keeper.close)

        leaver = threading.Thread(target=desert)
        leaver.start()
        result = go(folder, PLAN, deserted, world={"seconds": 0.01})
        leaver.join()
    assert result.exit_code == 0
    assert digests(folder) == undisturbed


def test_another_ones_cluster_without_workers_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr("trialsim.campaign.on_dask.CHECKS_ALONE", 3)
    with cluster_client(None, workers=1) as owner, Client(owner.scheduler.address) as guest:
        owner.cluster.scale(0)
        while guest.scheduler_info(n_workers=-1)["workers"]:
            time.sleep(0.05)
        with pytest.raises(TrialsimError) as refusal:
            go(tmp_path / "fake", PLAN, guest)
    assert refusal.value.message == "the cluster has lost all its workers"
    assert refusal.value.notes == ("the run folder is left as it can be resumed",)


def test_an_address_where_nobody_listens_is_told():
    with pytest.raises(TrialsimError) as refusal, cluster_client("tcp://127.0.0.1:9", workers=1, patience=0.5):
        pass
    assert refusal.value.message == "there is no Dask scheduler at tcp://127.0.0.1:9"
    assert refusal.value.exit_code == 4


def test_a_worker_that_does_not_see_the_folder_is_told(client, tmp_path):
    other = fake_plan(seed=8)
    with pytest.raises(TrialsimError) as refusal:
        run(
            PLAN,
            tmp_path / "fake",
            PAPERS,
            worlds_of(PLAN),
            simulate=fake_simulate,
            pool_of=dask_pool(client, other),
        )
    assert refusal.value.message == f"a worker does not see the run folder {tmp_path / 'fake'}"
    assert refusal.value.notes == ("put the run on a file system that all workers share under the same path",)


def test_workers_with_other_versions_are_refused(client, monkeypatch):
    monkeypatch.setattr("trialsim.store.manifest.VERSION", "9.9")
    with pytest.raises(TrialsimError) as refusal:
        dask_pool(client, PLAN)
    assert refusal.value.slug == "workers-differ"
    assert len(refusal.value.notes) == 1
    assert refusal.value.notes[0].startswith("trialsim: 9.9 here, ")
