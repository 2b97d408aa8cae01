"""Pedigrees against the tabular method, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from profiles import examples
from tabular import tabular

from vcmodel import datasets
from vcmodel.design.pedigree import Pedigree
from vcmodel.errors import ModelWarning, RelationshipError


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


@settings(max_examples=examples(40))
@given(n=st.integers(1, 45), seed=st.integers(0, 2**32 - 1), sires=st.sampled_from([None, 3]))
def test_against_the_tabular_method(n, seed, sires):
    pedigree = Pedigree(random_pedigree(n, seed, sires))
    a = tabular(pedigree.parents)
    assert np.all(pedigree.parents < np.arange(n)[:, None])
    assert np.allclose(pedigree.inbreeding, a.diagonal() - 1.0, atol=1e-13)
    assert np.allclose(pedigree.precision().toarray() @ a, np.eye(n), atol=1e-8)
    assert pedigree.logdet() == pytest.approx(np.linalg.slogdet(a)[1], abs=1e-9)


def test_large_families_and_long_chains_agree_with_the_tabular_method():
    """Deep and shallow ancestors, families of many and of one."""
    generator = np.random.default_rng(5)
    rows = [(i, None, None) for i in range(60)]
    for i in range(60, 400):
        rows.append((i, int(generator.integers(i - 60, i - 50)), int(generator.integers(i - 50, i))))
    rows += [(i, 2 * (i - 400), 2 * (i - 400) + 1) for i in range(400, 520)]
    pedigree = Pedigree(pd.DataFrame(rows, columns=["id", "sire", "dam"]))
    assert np.allclose(pedigree.inbreeding, tabular(pedigree.parents).diagonal() - 1.0, atol=1e-12)
    assert pedigree.inbreeding.max() > 0.05


@pytest.mark.parametrize(("males", "per", "overlap"), [(1, 20, 0), (10, 20, 0), (18, 20, 0), (3, 12, 2), (6, 12, 5)])
def test_inbreeding_whoever_is_used(males, per, overlap):
    """Few sires of many, many of few, more males than females, and mates of several generations: always that of the tabular method."""
    generator = np.random.default_rng(7)
    rows = [(i, None, None) for i in range(per)]
    for i in range(per, 25 * per):
        # the generation before, or one of the `overlap` ones before that
        start = np.maximum(0, i // per - 1 - np.array([generator.integers(0, overlap + 1), generator.integers(0, overlap + 1)])) * per
        rows.append((i, int(start[0] + generator.integers(0, males)), int(start[1] + generator.integers(males, per))))
    pedigree = Pedigree(table(*rows))
    a = tabular(pedigree.parents)
    assert np.allclose(pedigree.inbreeding, a.diagonal() - 1.0, atol=1e-13)
    assert pedigree.inbreeding.max() > 0.1
    assert pedigree.logdet() == pytest.approx(np.linalg.slogdet(a)[1], abs=1e-7)


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


CODES = ["0", "-9", "-99", "-999", "-9999", "NA", "N/A", "na", ".", "*", "-", "?", "UNK", "Unknown", "NULL", "None", "nan", "#N/A"]
SPELLINGS = [*CODES, *(f" {code} " for code in CODES), "0.0", "-999.0", 0, 0.0, -9, -99, -999, -999.0, -9999, "0000", "n.a."]


@pytest.mark.parametrize("unknown", [None, np.nan, pd.NA, pd.NaT, "", "  "])
def test_missing_parents(unknown):
    pedigree = Pedigree(table(("a", unknown, unknown), ("b", "a", unknown)))
    assert pedigree.labels == ("a", "b")
    assert pedigree.parents.tolist() == [[-1, -1], [0, -1]]
    assert pedigree.notes == ()


@pytest.mark.parametrize("unknown", SPELLINGS)
def test_codes_for_unknown_parents(unknown):
    pedigree = Pedigree(table(("a", unknown, unknown), ("b", "a", unknown), ("c", None, "a")))
    assert pedigree.labels == ("a", "b", "c")
    assert pedigree.parents.tolist() == [[-1, -1], [0, -1], [-1, 0]]
    assert pedigree.notes[0] in (
        f"unknown parents: {str(unknown).strip().removesuffix('.0')!r} (3), empty (1)",
        f"unknown parents: {str(unknown).strip()!r} (3), empty (1)",
    )


@pytest.mark.parametrize("code", CODES)
def test_an_individual_may_be_called_like_a_code(code, tmp_path):
    """Where it has a row, in a table and in a file."""
    rows = table((code, None, None), ("b", code, None), ("c", "b", code.lower()))
    alike = code == code.lower()
    (tmp_path / "pedigree.csv").write_text(rows.to_csv(index=False))
    for source in (rows, tmp_path / "pedigree.csv"):
        pedigree = Pedigree(source)
        assert pedigree.labels == (code, "b", "c")
        assert pedigree.parents.tolist() == [[-1, -1], [0, -1], [1, 0 if alike else -1]]


@pytest.mark.parametrize("missing", [[7777], ["7777"], [7777.0], ["7777.0", "x"]])
def test_further_codes(missing):
    rows = table((1, 7777, 7777), (2, 1, 7777), (3, 1, 2))
    assert Pedigree(rows, missing=missing).parents.tolist() == [[-1, -1], [0, -1], [0, 1]]
    with pytest.raises(RelationshipError, match="missing takes a list"):
        Pedigree(rows, missing="7777")


def test_codes_of_different_kinds_in_one_table(tmp_path):
    (tmp_path / "pedigree.csv").write_text("id,sire,dam\n1,0,NA\n2,-999,\n3.0,1.0,2\n4,3,unknown\n")
    pedigree = Pedigree(tmp_path / "pedigree.csv")
    assert pedigree.parents.tolist() == [[-1, -1], [-1, -1], [0, 1], [2, -1]]
    assert pedigree.notes == ("unknown parents: '0' (1), '-999' (1), 'NA' (1), 'unknown' (1), empty (1)",)


@pytest.mark.parametrize(
    ("ids", "sires"),
    [
        ([1, 2, 3], [np.nan, 1.0, 1.0]),
        (["1", "2", "3"], [np.nan, 1.0, 1]),
        ([1.0, 2.0, 3.0], ["", "1", " 1 "]),
        (["1.0", "2.0", "3.0"], [0, 1, 1]),
        (pd.Categorical([1, 2, 3]), ["NA", "1.0", "1."]),
    ],
)
def test_one_individual_in_different_spellings(ids, sires):
    pedigree = Pedigree(pd.DataFrame({"id": ids, "sire": sires, "dam": None}))
    assert pedigree.parents[:, 0].tolist() == [-1, 0, 0]
    assert [float(name) for name in pedigree.labels] == [1, 2, 3]


def test_labels_that_only_look_like_the_same_number():
    pedigree = Pedigree(table(("1", None, None), ("001", None, None), ("1.1", "1", "001"), ("1.10", "001", None)))
    assert pedigree.labels == ("1", "001", "1.1", "1.10")
    assert pedigree.parents.tolist() == [[-1, -1], [-1, -1], [0, 1], [1, -1]]
    twins = Pedigree(table(("1", None, None), ("1.0", "1", None), ("2", "1", "1.0")))
    assert twins.parents.tolist() == [[-1, -1], [0, -1], [0, 1]]
    assert twins.notes[0] == "'1' and '1.0' each have a row of their own and count as two individuals"


def test_a_founder_spelled_in_two_ways_is_one():
    assert Pedigree(table(("a", "5", "x"), ("b", "5.0", "y"))).labels == ("5", "x", "y", "a", "b")


@pytest.mark.parametrize("sides", [{"sire": None, "dam": "mother"}, {"sire": "mother", "dam": None}, {"sire": "", "dam": "mother"}])
def test_one_parent_column(sides):
    trees = pd.DataFrame({"tree": range(1, 7), "mother": [None, None, 1, 1, 2, 2]})
    pedigree = Pedigree(trees, id="tree", **sides)
    assert sorted(pedigree.parents.max(axis=1).tolist()) == [-1, -1, 0, 0, 1, 1]
    both = Pedigree(trees.assign(father=None), id="tree", sire="father", dam="mother")
    assert np.allclose(pedigree.precision().toarray(), both.precision().toarray())


def test_numeric_zero_is_unknown_unless_somebody_is_called_zero():
    assert Pedigree(table((1, 0, 0), (2, 1, 0))).labels == ("1", "2")
    named = Pedigree(table((0, None, None), (1, 0, None)))
    assert named.labels == ("0", "1")
    assert named.parents.tolist() == [[-1, -1], [0, -1]]


def animals(code, n=8):
    """Founders whose parents are written as `code`, and their offspring."""
    rows = [(i, code, code) for i in range(1, n + 1)]
    return table(*rows, *((i, (i - n) % n + 1, i % 3 + 1) for i in range(n + 1, 2 * n + 1) if (i - n) % n + 1 != i % 3 + 1))


@pytest.mark.parametrize("code", ["FOUNDER", 99999999, "P0"])
def test_a_lone_common_founder_is_warned_of(code):
    with pytest.warns(ModelWarning, match=f"'{code}', which has no row of its own, is the sire and dam of 8 of the 8"):
        pedigree = Pedigree(animals(code))
    assert any(f"missing=['{code}'], --missing {code}" in note for note in pedigree.notes)
    assert np.any(pedigree.inbreeding > 0)
    assert np.allclose(Pedigree(animals(code), missing=[code]).inbreeding, Pedigree(animals(None)).inbreeding)


def test_a_lone_common_founder_of_one_side_or_called_like_a_code():
    with pytest.warns(ModelWarning, match="'M', which has no row of its own, is the only known parent of 3 of the 3"):
        Pedigree(pd.DataFrame({"id": list("abcd"), "dam": ["M", "M", "M", "a"]}), sire=None)
    with pytest.warns(
        ModelWarning, match="'S0', which has no row of its own, is the only known parent of 8 of the 8.*makes them half sibs"
    ):
        Pedigree(animals("S0").assign(dam=lambda rows: rows.dam.where(rows.dam != "S0")))
    with pytest.warns(ModelWarning, match="'0', though it has a row, is the sire and dam of 8 of the 8"):
        Pedigree(pd.concat([table((0, None, None)), animals(0)]))


def test_a_code_for_each_sex_is_warned_of():
    rows = animals("S0", 30).assign(dam=lambda rows: rows.dam.where(rows.dam != "S0", "D0"))
    with pytest.warns(ModelWarning, match="all 30 individuals of the first generation are full sibs from 'S0' and 'D0'"):
        Pedigree(rows)
    assert np.allclose(Pedigree(rows, missing=["S0", "D0"]).inbreeding, Pedigree(animals(None, 30)).inbreeding)


def test_crosses_of_few_parents_are_not_warned_of():
    """One cross, a polycross, selfed families; a cross of two undeclared parents is noted only."""
    lines = [f"l{i}" for i in range(9)]
    cross = Pedigree(table(*((name, "P1", "P2") for name in lines)))
    assert any("full sibs from 'P1' and 'P2'" in note for note in cross.notes)
    for rows in (
        [(name, "P1", f"M{i}") for i, name in enumerate(lines)],
        [(name, f"S{i % 3}", f"S{i % 3}") for i, name in enumerate(lines)],
        [("a", "P1", "P1")],
        [(name, None, None) for name in lines],
    ):
        assert not any("unknown parent" in note for note in Pedigree(table(*rows)).notes)


@pytest.mark.parametrize("backwards", [False, True])
def test_a_long_chain(backwards):
    """100,000 generations: quadratic time would be minutes, a recursion would end."""
    n = 100_000
    ids = np.arange(1, n + 1)
    chain = pd.DataFrame({"id": ids, "sire": ids - 1, "dam": 0})
    pedigree = Pedigree(chain.iloc[::-1] if backwards else chain)
    assert pedigree.labels[0] == "1"
    assert pedigree.labels[-1] == str(n)
    assert np.array_equal(pedigree.parents[:, 0], np.arange(-1, n - 1))


def test_a_long_cycle_is_named_in_short():
    n = 50_000
    with pytest.raises(RelationshipError, match=r"'0' <- '49999' <- .* … \(49992 more\) … <- '2' <- '1' <- '0' \(each a parent"):
        Pedigree(pd.DataFrame({"id": np.arange(n), "sire": (np.arange(n) - 1) % n, "dam": None}))


def test_integral_floats_are_integers():
    assert Pedigree(table((3.0, 1.0, np.nan), (1.0, np.nan, np.nan))).labels == ("1", "3")
    mixed = Pedigree(table((3, 1.0, "x"), ("x", np.nan, np.nan)))
    assert set(mixed.labels) == {"1", "3", "x"}


def test_parents_without_a_row_are_founders():
    pedigree = Pedigree(table(("c", "a", "b")))
    assert pedigree.labels == ("a", "b", "c")
    assert pedigree.notes == ("2 parents without a row of their own added as founders",)


def test_a_founder_spelled_nearly_as_an_individual_is_named():
    pedigree = Pedigree(table(("a", None, None), ("07", None, None), ("c", "A", "07"), ("d", "A", "7")))
    assert pedigree.notes[1] == (
        "founders spelled nearly as an individual with a row, and another than it: 'A' beside 'a', '7' beside '07'; "
        "correct the pedigree where one is meant"
    )


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
        ([("0", "0", "0"), ("a", "0", "0")], "row 1 names individual '0' as its own parent.*stands for an unknown parent, remove the row"),
        ([([1], None, None)], r"column 'id': \[1\] is a list; identifiers are texts or numbers"),
        ([("a", {"x": 1}, None)], "column 'sire': .* is a dict; identifiers are texts or numbers"),
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
    with pytest.raises(RelationshipError, match="need different columns"):
        Pedigree(table(("c", "a", "b")), sire="dam")
    with pytest.raises(RelationshipError, match="where no sire is known, sire=None"):
        Pedigree(table(("c", "a", "b")).drop(columns="sire"))
    for arguments in ({"id": None}, {"id": 0}, {"sire": ["sire"]}, {"dam": 2}):
        with pytest.raises(RelationshipError, match="must be the name of a column"):
            Pedigree(table(("c", "a", "b")), **arguments)
    with pytest.raises(RelationshipError, match="neither sire nor dam is given"):
        Pedigree(table(("c", "a", "b")), sire=None, dam=None)
    with pytest.raises(RelationshipError, match=r"there is no file 'nowhere\.csv'"):
        Pedigree("nowhere.csv")
