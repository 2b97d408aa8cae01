import json
import os
import pty
import select
import subprocess
import sys
import termios

from batch.small import folder

from vcmodel.batch import run_job
from vcmodel.batch.progress import Bar, JsonLines, observers

RUN = "import sys; from vcmodel.batch import run_job; run_job(*sys.argv[1:3], executor='serial', pages='all')"


def test_json_lines(tmp_path):
    job = folder(tmp_path / "job", files=3)
    run_job(job, tmp_path / "out", executor="serial", log_json=tmp_path / "log")
    lines = [json.loads(line) for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines()]
    assert [line["event"] for line in lines] == ["start", "fit", "fit", "fit", "end"]
    assert (lines[0]["total"], lines[0]["reused"]) == (3, 0)
    assert (lines[2]["file"], lines[2]["status"], lines[2]["done"], lines[2]["failed"]) == ("trials/t1.csv", "failed", 2, 1)
    assert "no column 'line'" in lines[2]["message"]
    assert (lines[4]["converged"], lines[4]["failed"], lines[4]["remaining"], lines[4]["interrupted"]) == (2, 1, 0, False)
    run_job(job, tmp_path / "out", executor="serial", log_json=tmp_path / "log")
    again = [json.loads(line) for line in (tmp_path / "log").read_text(encoding="utf-8").splitlines()][5:]
    assert [line["event"] for line in again] == ["start", "end"]


def test_pages_are_counted(tmp_path):
    job, log = folder(tmp_path / "job", files=3), tmp_path / "log"

    def events():
        log.unlink(missing_ok=True)
        run_job(job, tmp_path / "out", executor="serial", log_json=log, pages="all")
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]

    lines = events()
    assert [line["event"] for line in lines] == ["start", *["fit"] * 3, "pages", *["page"] * 3, "end"]
    assert lines[4]["total"] == 3
    assert [(line["drawn"], line["done"], line["total"]) for line in lines[5:8]] == [(True, 1, 3), (False, 2, 3), (True, 3, 3)]
    # started again, nothing is drawn
    lines = events()
    assert [line["event"] for line in lines] == ["start", "pages", *["page"] * 3, "end"]
    assert not any(line["drawn"] for line in lines[2:5])
    (job.parent / "trials" / "t2.csv").write_bytes((job.parent / "trials" / "t0.csv").read_bytes())
    assert [line["drawn"] for line in events() if line["event"] == "page"] == [False, False, True]


def test_quiet_when_not_a_terminal(tmp_path, capfd):
    run_job(folder(tmp_path / "job", files=2), tmp_path / "out", executor="serial")
    assert capfd.readouterr() == ("", "")


def test_json_on_standard_error_only(tmp_path, capfd):
    run_job(folder(tmp_path / "job", files=1, broken=False), tmp_path / "out", executor="serial", log_json="-")
    said, errors = capfd.readouterr()
    assert said == ""
    assert [json.loads(line)["event"] for line in errors.splitlines()] == ["start", "fit", "end"]


def test_a_bar_on_a_terminal(tmp_path):
    job = folder(tmp_path / "job", files=3)
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (25, 100))  # the size of no other terminal decides
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen([sys.executable, "-c", RUN, str(job), str(tmp_path / "out")], stderr=theirs, env=environment)
    text = b""
    # this side is held open: a terminal that hangs up may drop what nobody has read yet
    while process.poll() is None or select.select([ours], [], [], 0.1)[0]:
        if select.select([ours], [], [], 0.1)[0]:
            text += os.read(ours, 4096)
    os.close(theirs)
    os.close(ours)
    assert process.wait() == 0
    assert b"3/3" in text
    assert b"1 failed, 0 not converged" in text
    assert b"2 drawn" in text


def test_which_observers(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    assert [type(item) for item in observers(None, None)] == [Bar]
    assert observers(False, None) == []
    assert [type(item) for item in observers(None, "-")] == [JsonLines]
    both = observers(True, tmp_path / "log")
    assert [type(item) for item in both] == [Bar, JsonLines]
    for item in both:
        item.close()


def test_a_log_that_nobody_reads_does_not_end_the_batch():
    class Broken:
        def write(self, text):
            raise BrokenPipeError

        def flush(self):
            raise BrokenPipeError

    log = JsonLines("-")
    log._stream = Broken()
    log.start(3, 0)
    log.start(3, 0)
    assert log._lost
