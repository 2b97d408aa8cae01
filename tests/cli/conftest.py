"""A command run in this process, and a trial as a file."""

from pathlib import Path

import pytest
from example_fits import oats

from vcmodel.cli import app


@pytest.fixture
def command(capsys):
    """Run a command in this process: its exit code, output and errors."""

    def run(*arguments: object) -> tuple[int, str, str]:
        code = app([str(item) for item in arguments], standalone_mode=False)
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


@pytest.fixture
def trial(tmp_path) -> Path:
    path = tmp_path / "oats.csv"
    oats().to_csv(path, index=False)
    return path
