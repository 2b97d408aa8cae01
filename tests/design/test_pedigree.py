"""Pedigrees against the tabular method, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vcmodel import datasets
from vcmodel.design.pedigree import Pedigree
from vcmodel.errors import RelationshipError


def tabular(parents):
    """A by the recursive rules, one row after the other."""
    n = len(parents)
    a = np.zeros((n, n))
    for i, (sire, dam) in enumerate(parents):
        for j in range(i):
            a[i, j] = a[j, i] = 0.5 * sum(a[j, p] for p in (sire, dam) if p >= 0)
        a[i, i] = 1.0 + (0.5 * a[sire, dam] if min(sire, dam) >= 0 else 0.0)
    return a


def random_pedigree(n, seed, sires=None):
    """Rows in random order; parents unknown, from a few sires, sometimes selfed."""
    generator = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        picks = [int(generator.integers(0, min(i, sires or i))) if i and generator.random() < 0.85 else None for _ in range(2)]
        if generator.random() < 0.1:
            picks[1] = picks[0]
        rows.append((i, *picks))
    table = pd.DataFrame(rows, columns=["id", "sire", "dam"]).map(lambda x: None if pd.isna(x) else f"a{int(x)}")
    return table.sample(frac=1.0, random_state=int(seed % 2**31))


@settings(max_examples=40, deadline=None)
@given(n=st.integers(1, 45), seed=st.integers(0, 2**32 - 1), sires=st.sampled_from([None, 3]))
def test_against_the_tabular_method(n, seed, sires):
    pedigree = Pedigree(random_pedigree(n, seed, sires))
    a = tabular(pedigree.parents)
    assert np.all(pedigree.parents < np.arange(n)[:, None])
    assert np.allclose(pedigree.inbreeding, a.diagonal() - 1.0, atol=1e-13)
    assert np.allclose(pedigree.precision().toarray() @ a, np.eye(n), atol=1e-8)
    assert pedigree.logdet() == pytest.approx(np.linalg.slogdet(a)[1], abs=1e-9)


def test_large_families_and_long_chains_agree_with_the_tabular_method():
    """Both ways of computing inbreeding: by sire for many mates, by ancestors for few."""
    generator = np.random.default_rng(5)
    rows = [(i, None, None) for i in range(60)]
    for i in range(60, 400):
        rows.append((i, int(generator.integers(i - 60, i - 50)), int(generator.integers(i - 50, i))))
    rows += [(i, 2 * (i - 400), 2 * (i - 400) + 1) for i in range(400, 520)]
    pedigree = Pedigree(pd.DataFrame(rows, columns=["id", "sire", "dam"]))
    assert np.allclose(pedigree.inbreeding, tabular(pedigree.parents).diagonal() - 1.0, atol=1e-12)
    assert pedigree.inbreeding.max() > 0.05


def test_selfing():
    """F after t generations of selfing is 1 - 2^-t."""
    rows = [("g0", None, None)] + [(f"g{t}", f"g{t - 1}", f"g{t - 1}") for t in range(1, 9)]
    pedigree = Pedigree(pd.DataFrame(rows, columns=["id", "sire", "dam"]))
    assert np.allclose(pedigree.inbreeding, 1.0 - 0.5 ** np.arange(9))
    assert np.allclose(pedigree.precision().toarray() @ tabular(pedigree.parents), np.eye(9))


def test_gryphon():
    pedigree = Pedigree(datasets.path("gryphon_ped"), sire="father", dam="mother")
    assert len(pedigree) == 1309
    assert np.allclose(pedigree.inbreeding, tabular(pedigree.parents).diagonal() - 1.0, atol=1e-14)
    assert "1309 individuals" in repr(pedigree)


def table(*rows):
    return pd.DataFrame(rows, columns=["id", "sire", "dam"])


def test_columns_go_by_name():
    frame = table(("c", "a", "b"), ("d", "a", "c")).rename(columns={"id": "animal", "sire": "father", "dam": "mother"})
    given = Pedigree(frame, id="animal", sire="father", dam="mother")
    shuffled = Pedigree(frame[["mother", "animal", "father"]], id="animal", sire="father", dam="mother")
    assert given.labels == shuffled.labels == ("a", "b", "c", "d")
    assert np.array_equal(given.parents, shuffled.parents)


@pytest.mark.parametrize("unknown", [None, np.nan, pd.NA, "", "  ", "0", "NA", "*", "."])
def test_unknown_parents(unknown):
    pedigree = Pedigree(table(("a", unknown, unknown), ("b", "a", unknown)))
    assert pedigree.labels == ("a", "b")
    assert pedigree.parents.tolist() == [[-1, -1], [0, -1]]
    assert bool(pedigree.notes) == (unknown in ("0", "NA", "*", ".") if isinstance(unknown, str) else False)


def test_numeric_zero_is_unknown_unless_somebody_is_called_zero():
    assert Pedigree(table((1, 0, 0), (2, 1, 0))).labels == ("1", "2")
    named = Pedigree(table((0, None, None), (1, 0, None)))
    assert named.labels == ("0", "1")
    assert named.parents.tolist() == [[-1, -1], [0, -1]]


def test_integral_floats_are_integers():
    assert Pedigree(table((3.0, 1.0, np.nan), (1.0, np.nan, np.nan))).labels == ("1", "3")
    mixed = Pedigree(table((3, 1.0, "x"), ("x", np.nan, np.nan)))
    assert set(mixed.labels) == {"1", "3", "x"}


def test_parents_without_a_row_are_founders():
    pedigree = Pedigree(table(("c", "a", "b")))
    assert pedigree.labels == ("a", "b", "c")
    assert pedigree.notes == ("2 parents without a row of their own added as founders",)


def test_sire_and_dam_at_once_is_noted():
    pedigree = Pedigree(table(("c", "a", "b"), ("d", "b", "a")))
    assert any("used both as sire and as dam: a, b" in note for note in pedigree.notes)


def test_identical_rows_count_once():
    pedigree = Pedigree(table(("c", "a", "b"), ("c", "a", "b")))
    assert len(pedigree) == 3
    assert any("1 repeated identical row counted once" in note for note in pedigree.notes)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([("c", "a", "b"), ("c", "b", "a")], "'c' has different parents in rows 1 and 2: keep the right one"),
        ([("c", "c", "b")], "row 1 names individual 'c' as its own parent: correct"),
        ([("a", "b", None), ("b", "c", None), ("c", None, "a"), ("d", "c", None)], "'a' <- 'b' <- 'c' <- 'a'"),
        ([("d", "c", None), ("a", "b", None), ("b", None, "a"), ("c", None, None)], "their own ancestors: 'a' <- 'b' <- 'a'"),
        ([(None, "a", "b")], "no identifier in row 1: give every individual a name"),
        ([], "the table has no rows"),
    ],
)
def test_what_is_refused(rows, message):
    with pytest.raises(RelationshipError, match=message):
        Pedigree(table(*rows))


def test_missing_columns_and_files():
    with pytest.raises(RelationshipError, match=r"no column 'sire' \(the sires\); name the columns with id=, sire=, dam=.*father"):
        Pedigree(table(("c", "a", "b")).rename(columns={"sire": "father"}))
    with pytest.raises(RelationshipError, match="three different columns"):
        Pedigree(table(("c", "a", "b")), sire="dam")
    with pytest.raises(RelationshipError, match=r"there is no file 'nowhere\.csv'"):
        Pedigree("nowhere.csv")
