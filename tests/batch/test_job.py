import pytest
from batch.small import MODEL

from vcmodel import Control
from vcmodel.batch import load_job
from vcmodel.batch.job import JobError, parse_job
from vcmodel.batch.model_entry import ModelEntry, Selection
from vcmodel.design.known import load_known
from vcmodel.errors import RelationshipError
from vcmodel.options import FitOptions
from vcmodel.tables.options import ReadOptions


def read(tmp_path, text):
    (tmp_path / "job.toml").write_text(text, encoding="utf-8")
    return load_job(tmp_path / "job.toml")


def test_the_smallest_job(tmp_path):
    job = read(tmp_path, 'files = "trials/*.csv"\n[model]\nfixed = "y ~ site"\nrandom = "line"\nresidual = "units"\n')
    assert job.files == ("trials/*.csv",)
    assert job.models == (ModelEntry("model", "y ~ site", "line", "units"),)
    assert (job.traits, job.responses, job.known, job.select) == ("together", (), (), None)
    assert job.base == tmp_path


def test_records_of_unknown_levels(tmp_path):
    text = 'files = "a.csv"\n[model]\nfixed = "y ~ site"\nrandom = "line"\nmissing = "zero"\n'
    assert read(tmp_path, text).models == (ModelEntry("model", "y ~ site", "line", options=FitOptions(missing="zero")),)
    with pytest.raises(JobError, match=r"missing = 'zeros': did you mean 'zero'|missing = 'zeros': .*drop, zero"):
        read(tmp_path, text.replace('"zero"', '"zeros"'))


def test_a_job_with_everything(tmp_path):
    (tmp_path / "ped.csv").write_text("animal,f,m\n1,,\n2,1,\n", encoding="utf-8")
    job = read(
        tmp_path,
        """
files = ["a.csv", "b/*.csv"]
traits = "pairs"
responses = ["x", "plant height"]
weights = "w"
[read]
missing = [-9, "none"]
decimal = ","
[columns]
x = "Yield (t/ha)"
[model]
fixed = "~ trait"
[[ladder]]
name = "diag"
random = "diag(trait):vm(line, A)"
[[ladder]]
random = "us(trait):vm(line, A)"
start = {"units:trait!trait_x:x" = 1}
bounds = {"units:trait!trait_x:x" = "F"}
equal = [["p", "q"]]
[known.A]
pedigree = "ped.csv"
id = "animal"
sire = "f"
dam = "m"
[select]
by = "lrt"
alpha = 0.01
[control]
max_iterations = 50
""",
    )
    assert job.columns == {"Yield (t/ha)": "x"}
    assert job.read == ReadOptions(missing=["-9", "none"], decimal=",")
    assert [entry.name for entry in job.models] == ["diag", "model2"]
    assert [entry.fixed for entry in job.models] == ["~ trait", "~ trait"]
    assert job.models[1].options.equal == (("p", "q"),)
    assert job.select == Selection("lrt", 0.01)
    assert [entry.options.control for entry in job.models] == [Control(max_iterations=50)] * 2
    assert load_known(job.known)["A"].labels == ("1", "2")


FILES = 'files = "*.csv"\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("files = ", "job.toml: not a TOML file"),
        (MODEL, "files is missing: name the data"),
        ("files = []" + MODEL, "files is empty"),
        (FILES, r"no model: add a table \[model\]"),
        (FILES + "[model]\nrandom = 'line'", r"fixed is missing in \[model\]"),
        ('file = "*.csv"' + MODEL, "unknown key 'file' in the job: did you mean 'files'"),
        (FILES + MODEL + 'fixd = "y ~ 1"', r"unknown key 'fixd' in \[model\]: did you mean 'fixed'\?"),
        (FILES + MODEL + '[select]\nbi = "aic"', r"unknown key 'bi' in \[select\]"),
        (FILES + MODEL + '[control]\ntolerence = "aic"', "did you mean 'tolerance'"),
        (FILES + MODEL + "[control]\nmax_iterations = true", "max_iterations in .control. must be a whole number, not true or false"),
        (FILES + MODEL + "[control]\ntolerance = -1", "tolerance and start_scale > 0"),
        ("files = 3" + MODEL, "files in the job must be text or a list, not a whole number"),
        (FILES + 'traits = "pair"' + MODEL, "traits = 'pair': did you mean 'pairs'"),
        (FILES + 'traits = "pairs"\nresponses = ["a"]' + MODEL, "needs at least two responses"),
        (FILES + 'responses = ["a", "a"]' + MODEL, "responses: 'a' is listed twice"),
        (FILES + '[columns]\na = "x"\nb = "x"' + MODEL, "columns: 'x' is given two new names"),
        (FILES + "[columns]\na = 3" + MODEL, "columns: a must name a column of the files as text"),
        (FILES + MODEL + '[select]\nby = "aic"', "needs a ladder of at least two models"),
        (FILES + MODEL + '[[ladder]]\n[[ladder]]\n[select]\nby = "aci"', "by = 'aci' in .select.: did you mean 'aic'"),
        (
            FILES + MODEL + '[[ladder]]\n[[ladder]]\n[select]\nby = "aic"\nalpha = 0.1',
            'alpha in .select. has a meaning for by = "lrt" only',
        ),
        (FILES + MODEL + '[[ladder]]\n[[ladder]]\n[select]\nby = "lrt"\nalpha = 2', "alpha = 2 in .select. must lie between 0 and 1"),
        (FILES + MODEL + '[[ladder]]\nname = "x"\n[[ladder]]\nname = "x"', "'x' is listed twice"),
        (FILES + '[model]\nfixed = "a + b ~ trait"\nrandom = "uz(trait):line"', "model 'model': .*uz"),
        (FILES + '[model]\nfixed = "~ trait"', "has no response: write it before ~"),
        (
            FILES + MODEL + "[known.A]\n",
            "must name one file, as pedigree, covariance, precision, triplets or markers; it names 0",
        ),
        (FILES + MODEL + '[known.A]\npedigree = "no.csv"', r"\[known.A\]: there is no file 'no.csv'"),
        (FILES + MODEL + '[known.A]\ncovariance = "job.toml"\nploidy = 2', "ploidy in .known.A. has no meaning for covariance"),
        (FILES + MODEL + 'start = {x = "a"}', r"\[model\]: start: 'x' = 'a' is not a finite number"),
        (FILES + MODEL + "bounds = {x = 1}", r"\[model\]: bounds: 'x' = 1; the codes are 'P'"),
        (FILES + MODEL + 'equal = ["x"]', r"\[model\]: equal must be a list of groups"),
        (FILES + "known = 3" + MODEL, "known in the job must be a table"),
        (FILES + "ladder = [3]" + MODEL, "number 1 must be a table, not a whole number"),
        (FILES + 'responses = ["a`b", "c"]' + MODEL, "a name with a backquote cannot stand in a formula"),
    ],
)
def test_what_is_wrong_with_a_job(tmp_path, text, message):
    with pytest.raises(JobError, match=message):
        read(tmp_path, text)


def test_a_job_that_is_not_text(tmp_path):
    (tmp_path / "job.toml").write_bytes(b"files = '\xff'")
    with pytest.raises(JobError, match=r"job\.toml: not UTF-8 text"):
        load_job(tmp_path / "job.toml")


def test_files_in_order_of_patterns(tmp_path):
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).write_text("x", encoding="utf-8")
    model = {"fixed": "y ~ 1"}
    names = [path.name for path in parse_job({"files": ["c.txt", "*.csv", "gone.csv"], "model": model}, tmp_path).paths()]
    assert names == ["c.txt", "a.csv", "b.csv", "gone.csv"]
    with pytest.raises(JobError, match=r"files: '\*.dat' matches no file in"):
        parse_job({"files": "*.dat", "model": model}, tmp_path).paths()


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("pedigree", "id,sire\n1,\n", "known.A.: "),
        ("covariance", "x\n1\n", "has one column: the first must hold the labels"),
        ("covariance", "x,a,b\na,1,2\nb,2,1\n", "known.A.: covariance"),
        ("markers", "line,m1\na,5\nb,0\n", "not a count between 0 and ploidy"),
    ],
)
def test_a_relationship_that_is_none(tmp_path, kind, text, message):
    (tmp_path / "k.csv").write_text(text, encoding="utf-8")
    job = read(tmp_path, FILES + MODEL + f'[known.A]\n{kind} = "k.csv"')
    with pytest.raises(RelationshipError, match=message):
        load_known(job.known, where="[known.{}]")


def test_a_covariance_with_numbers_as_labels(tmp_path):
    (tmp_path / "k.csv").write_text("line,101,102\n102,0.5,1\n101,1,0.5\n", encoding="utf-8")
    known = load_known(read(tmp_path, FILES + MODEL + '[known.A]\ncovariance = "k.csv"').known)
    assert sorted(known["A"].labels) == ["101", "102"]
