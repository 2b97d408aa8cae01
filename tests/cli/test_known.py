"""Relationships from files."""

import numpy as np
import pandas as pd
import pytest

import vcmodel as vc


def test_a_pedigree_from_a_file(command, tmp_path):
    data, pedigree = (vc.datasets.load(name) for name in ("gryphon", "gryphon_ped"))
    names = dict(zip(pedigree.columns[:3], ("animal", "father", "mother"), strict=True))
    pedigree.rename(columns=names).to_csv(tmp_path / "ped:2.csv", index=False, sep=";", na_rep="NA")
    data.to_csv(tmp_path / "gryphon.tsv", index=False, sep="\t", na_rep=".")
    known = f"A={tmp_path / 'ped:2.csv'}:pedigree:animal,father,mother"
    arguments = (tmp_path / "gryphon.tsv", "-f", "bwt ~ sex", "-r", "vm(animal, A)", "-k", known)
    code, out, _ = command("fit", *arguments)
    assert code == 0
    # published: -1165.093, 3.060441, 2.938412; there sex is a factor, with two levels the same model
    assert "logL     -1165.093" in out
    assert "3.06044" in out


@pytest.mark.parametrize("kind", ["covariance", "precision", "markers", "markers:2"])
def test_matrices_from_files(command, tmp_path, kind):
    rng = np.random.default_rng(5)
    lines = [f"{i:02d}" for i in range(15)]
    counts = pd.DataFrame(rng.integers(0, 3, (15, 60)), index=lines, columns=[f"m{j}" for j in range(60)])
    root = rng.normal(size=(15, 30))
    matrix = pd.DataFrame(root @ root.T / 30, index=lines, columns=lines)
    (counts if kind.startswith("markers") else matrix).to_csv(tmp_path / "k.csv")
    pd.DataFrame({"line": np.repeat(lines, 4), "y": rng.normal(size=60)}).to_csv(tmp_path / "y.csv", index=False)
    code, out, err = command("fit", tmp_path / "y.csv", "-f", "y ~ 1", "-r", "vm(line, K)", "-k", f"K={tmp_path / 'k.csv'}:{kind}")
    assert (code, err) == (0, "")
    assert "vm(line, K)" in out
