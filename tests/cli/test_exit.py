"""How commands end: exit codes, and errors without tracebacks."""

import pytest
from cli.split_plot import SPLIT


def test_debug_shows_the_traceback(command):
    code, _, err = command("fit", "nowhere.csv", "-f", "y ~ 1", "--debug")
    assert code == 3
    assert "Traceback" in err
    assert err.rstrip().endswith("error: data: there is no file 'nowhere.csv'")


def test_an_error_of_the_program_ends_with_1(command, trial, monkeypatch):
    def broken(*_args, **_options):
        raise ZeroDivisionError("oh")

    monkeypatch.setattr("vcmodel.reml.estimate.estimate", broken)
    code, _, err = command("fit", trial, *SPLIT)
    assert code == 1
    assert err == "error: an error of vcmodel itself, ZeroDivisionError: oh. Please report it with the output of --debug\n"


@pytest.mark.parametrize(("problem", "expected"), [(KeyboardInterrupt(), 130), (MemoryError(), 3), (OSError(28, "No space left", "x"), 3)])
def test_other_ends(command, trial, monkeypatch, problem, expected):
    def broken(*_args, **_options):
        raise problem

    monkeypatch.setattr("vcmodel.reml.estimate.estimate", broken)
    code, _, err = command("fit", trial, *SPLIT)
    assert code == expected
    assert "Traceback" not in err
    # Ctrl-C needs no explanation
    assert err == "" or err.startswith(("error: the memory is exhausted", "error: No space left: 'x'"))
