"""What several tests of the batch share."""

import pytest
from batch.small import folder

from vcmodel.batch import run_job


@pytest.fixture(scope="session")
def batch(tmp_path_factory):
    """A job of six files and its uninterrupted run in this process."""
    job = folder(tmp_path_factory.mktemp("batch"))
    return job, job.parent / "reference", run_job(job, job.parent / "reference", executor="serial")
