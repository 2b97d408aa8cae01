"""Many fits in one run: jobs, ledger, executors, tables.

The line of a batch: TOML → :class:`~vcmodel.batch.job.Job` → tasks, one per fit → an executor → the ledger, one row per fit as it ends →
tables in the order of the input. For callers there are five names::

    load_job(path) -> Job
    run_job(job, out, *, executor="local", workers=None, scheduler=None, progress=None, log_json=None, retry_failed=False, pages=None)
             -> Summary
    fit_many(model, files_or_frames, *, known=None, weights=None, columns=None, traits="together", responses=(), select=None, alpha=0.05,
             within=0.0, control=None, executor="local", workers=None, scheduler=None, out=None, progress=False, log_json=None)
             -> iterator of BatchResult, in input order
    load_results(out) -> iterator of BatchResult, in input order (may be called while a batch runs, or after one was killed)
    combine_pairs(results) -> list of Combination

What a run leaves in its folder `out`::

    ledger.sqlite            one row per finished fit, written as it ends; everything below is made from it
    fits.csv                 file model traits id status converged message n_observations n_fixed n_parameters loglik loglik_full aic
                             bic iterations selected notes
    varcomp.csv              file model traits row trait trait2 component std_error z_ratio bound pct_change
    correlations.csv         file model traits term row column correlation std_error lower upper p_zero
    fixed.csv                file model traits name trait effect std_error z_ratio
    random.csv               file model traits term level inner trait effect std_error pev reliability
    selection.csv            with a ladder and [select]: every comparison and why a model was taken
    pairs.csv                with traits = "pairs": pairwise estimates, standard errors, and the combined positive semi-definite matrix
    timings.csv              the only table that differs between two runs of the same job
    <table>.parquet          beside each, when pyarrow is installed
    fits/<id>.json           Fit.to_dict() of each fit that ran, without the seconds of its iterations

An `id` is made of letters, digits, ``-``, ``_`` and a hash: it is safe as a file name and as an HTML anchor, whatever the files and models
are called. Statuses: ``converged``, ``not_converged`` (the fit ended with another status of ``Fit.status``), ``failed`` (no fit: the
message says why), ``left_out`` (a model of the ladder for a field, where the file lacks the rows or columns that it needs).
"""

from __future__ import annotations

from vcmodel.batch.job import Job, load_job
from vcmodel.batch.many import fit_many
from vcmodel.batch.pairs import Combination, combine_pairs
from vcmodel.batch.result import BatchResult
from vcmodel.batch.run import load_results, run_job
from vcmodel.batch.summary import Summary

__all__ = ["BatchResult", "Combination", "Job", "Summary", "combine_pairs", "fit_many", "load_job", "load_results", "run_job"]
