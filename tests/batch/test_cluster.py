import os
import signal
import threading
import time

import pytest
from batch.small import contents, folder, recorded

import vcmodel as vc
from vcmodel.batch import load_results, run_job
from vcmodel.batch.tasks import Outcome

distributed = pytest.importorskip("distributed")


@pytest.fixture(scope="module")
def cluster():
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0", silence_logs=50) as found:
        yield found


def test_a_worker_killed_during_the_run_changes_nothing(cluster, tmp_path):
    job = folder(tmp_path / "job", files=12)
    run_job(job, tmp_path / "reference", executor="serial")
    with distributed.Client(cluster) as client:
        victim = next(iter(client.run(os.getpid).values()))
    out = tmp_path / "out"

    def kill():
        while recorded(out) < 3:
            time.sleep(0.002)
        os.kill(victim, signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    summary = run_job(job, out, executor="dask", scheduler=cluster.scheduler_address)
    killer.join()
    assert summary.counts() == {"total": 12, "converged": 11, "not_converged": 0, "failed": 1, "reused": 0, "remaining": 0}
    assert contents(out) == contents(tmp_path / "reference")


def test_relationships_reach_the_cluster_and_frames_too(cluster):
    from batch.small import trial

    data = trial(1)
    table = vc.Relationship.from_covariance
    import pandas as pd

    names = sorted(set(data["line"]))
    matrix = pd.DataFrame([[1.0 if i == j else 0.25 for j in names] for i in names], index=names, columns=names)
    model = vc.Model("a ~ 1", "vm(line, K)")
    (result,) = vc.fit_many(model, data, known={"K": table(matrix)}, executor="dask", scheduler=cluster.scheduler_address)
    assert result.fit["loglik"] == model.fit(data, known={"K": matrix}).loglik


def test_a_cluster_of_its_own(tmp_path):
    job = folder(tmp_path / "job", files=2)
    (job.parent / "trials" / "it's\\.csv").write_text("", encoding="utf-8")
    summary = run_job(job, tmp_path / "out", executor="dask", workers=1)
    assert (summary.converged, summary.failed) == (1, 2)
    first, *_ = load_results(tmp_path / "out")
    # not under the name of the copy on the worker
    assert "trials/it's\\.csv" in first.message
    assert "is empty" in first.message
    assert run_job(job, tmp_path / "out", executor="dask").reused == 3


def test_a_fit_that_kills_workers_is_given_up(tmp_path):
    from vcmodel.batch.cluster import _outcome

    class Lost:
        def exception(self):
            return distributed.KilledWorker("fit", None, 2)

    class Broken:
        def exception(self):
            return ValueError("no")

    lost = _outcome(Lost())
    assert isinstance(lost, Outcome)
    assert (lost.status, lost.attempts) == ("failed", 2)
    assert lost.message.startswith("the worker process died in each of 2 attempts")
    assert _outcome(Broken()).message == "the cluster could not run the fit: ValueError: no"


def test_a_scheduler_that_is_not_there(tmp_path, monkeypatch):
    job = folder(tmp_path / "job", files=1, broken=False)
    monkeypatch.setattr("vcmodel.batch.cluster.PATIENCE", 0.3)
    with pytest.raises(vc.VcmodelError, match=r"no Dask scheduler answers at 'tcp://127\.0\.0\.1:9'"):
        run_job(job, tmp_path / "out", executor="dask", scheduler="tcp://127.0.0.1:9")
    with pytest.raises(vc.VcmodelError, match="no Dask scheduler answers at 'nonsense://x'"):
        run_job(job, tmp_path / "out", executor="dask", scheduler="nonsense://x")
    assert list(load_results(tmp_path / "out")) == []


def test_without_dask(tmp_path, monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(vc.VcmodelError, match=r"executor 'dask' needs the extra vcmodel\[dask\]"):
        run_job(folder(tmp_path / "job", files=1), tmp_path / "out", executor="dask")
