"""The page on field trials says what its code prints, and its formulas and its job are read."""

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

import vcmodel as vc
from vcmodel.batch.job import parse_job

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "fields.md").read_text(encoding="utf-8")


@pytest.mark.filterwarnings("error::vcmodel.VcmodelWarning")
def test_the_page_shows_what_its_code_prints():
    spec = importlib.util.spec_from_file_location("readme", ROOT / "tools" / "readme.py")
    readme = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(readme)
    assert readme.refreshed(TEXT) == TEXT
    assert TEXT.count("```text") >= 6


def test_the_job_is_one():
    (block,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    job = parse_job(tomllib.loads(block), ROOT)
    assert job.models[0].name == "independent"
    assert (job.select.by, job.select.within) == ("aic", 2.0)


@pytest.mark.parametrize(
    ("random", "residual"),
    [
        ("gen + ar1v(row):ar1(col)", None),
        (None, "id(row):ar1(col)"),
        ("gen + row + col", "ar1(row):ar1(col)"),
        (
            "at(county):units",
            'dsum(~ ar1(row):ar1(col) + id(row):ar1(col) + units | county, levels=[["C1", "C2"], ["C3"], ["C4", "C5", "C6"]])',
        ),
        ("ar1(season):gen", None),
        ("ar1v(col):id(row)", None),
    ],
)
def test_formulas_of_the_page(random, residual):
    assert all(text in TEXT for text in (random, residual) if text)
    vc.Model("yield ~ I(row)", random, residual)


def test_formulas_of_several_traits():
    assert all(text in TEXT for text in ("us(trait):units", "us(trait):ar1(row):ar1(col)"))
    vc.Model("a + b ~ trait", "us(trait):units", "us(trait):ar1(row):ar1(col)")
