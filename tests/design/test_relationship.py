"""Relationship matrices: every form represents the K that was given."""

from types import SimpleNamespace

import dense
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from vcmodel.design.pedigree import Pedigree
from vcmodel.design.relationship import Relationship, as_relationship
from vcmodel.errors import RelationshipError

LABELS = list("pqrstuvw")


def covariance(rank=8, seed=0, q=8):
    root = np.random.default_rng(seed).normal(size=(q, rank))
    labels = LABELS[:q] if q <= 8 else [f"g{i}" for i in range(q)]
    return pd.DataFrame(root @ root.T, index=labels, columns=labels)


def represented(relationship):
    """K as the equations see it."""
    if relationship.precision is not None:
        assert relationship.root is None
        return np.linalg.inv(relationship.precision.toarray())
    assert relationship.logdet == 0.0
    return relationship.root @ relationship.root.T


def test_positive_definite_covariance():
    k = covariance()
    result = Relationship.from_covariance(k)
    assert result.labels == tuple(LABELS)
    assert np.allclose(represented(result), k, rtol=1e-9, atol=1e-10)
    assert result.precision.nnz == 64
    assert result.precision.has_sorted_indices
    assert result.logdet == pytest.approx(np.linalg.slogdet(k)[1])
    assert np.array_equal(result.diagonal, np.diag(k))
    assert result.notes == ()


def test_columns_are_brought_into_the_order_of_the_rows():
    k = covariance()
    mixed = k.loc[LABELS[::-1], [*LABELS[3:], *LABELS[:3]]]
    result = Relationship.from_covariance(mixed)
    assert result.labels == tuple(LABELS[::-1])
    assert np.allclose(represented(result), k.to_numpy()[::-1, ::-1], rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("rows", [["1", "2", "001"], [1, 2, "001"], ["1.0", " 2", "001"]])
def test_labels_of_rows_and_columns_in_different_spellings(rows):
    k = pd.DataFrame(np.diag([1.0, 2.0, 3.0]), index=rows, columns=[1.0, "2.0", "001"]).iloc[:, [2, 0, 1]]
    assert np.allclose(represented(Relationship.from_covariance(k)), np.diag([1.0, 2.0, 3.0]))


def test_single_precision_is_symmetrised_with_a_note():
    exact = covariance()
    noisy = exact + np.triu(1e-7 * np.abs(exact.to_numpy()).max() * np.ones((8, 8)), 1)
    for form in (Relationship.from_covariance, Relationship.from_precision):
        assert form(exact).notes == ()
        assert "is not symmetric to the last digit (by up to" in form(noisy).notes[0]
        with pytest.raises(RelationshipError, match="not symmetric"):
            form(exact + np.triu(1e-4 * np.abs(exact.to_numpy()).max() * np.ones((8, 8)), 1))
    assert np.allclose(represented(Relationship.from_covariance(noisy)), (noisy + noisy.T) / 2)
    single = covariance(10, seed=3, q=20).astype("float32")
    assert Relationship.from_covariance(single).labels


def test_integral_float_labels():
    k = pd.DataFrame(np.eye(2), index=[1.0, 2.0], columns=["1", "2"])
    assert Relationship.from_covariance(k).labels == ("1", "2")


@pytest.mark.parametrize("rank", [1, 3, 7])
def test_singular_covariance_keeps_its_rank(rank):
    k = covariance(rank)
    result = Relationship.from_covariance(k)
    assert result.root.shape == (8, rank)
    assert np.allclose(represented(result), k, rtol=0, atol=1e-12 * np.abs(k.to_numpy()).max())
    assert result.notes == (f"the relationship matrix of 8 levels has rank {rank}: used through a factor, without an inverse",)


def test_nearly_singular_covariance_is_used_through_a_factor():
    near = 1.0 - 1.5e-10  # condition 1.3e10, last pivot 3e-10
    k = pd.DataFrame([[1.0, near], [near, 1.0]], index=list("ab"), columns=list("ab"))
    result = Relationship.from_covariance(k)
    assert result.root.shape == (2, 2)
    assert np.allclose(represented(result), k, rtol=0, atol=1e-15)
    assert "nearly singular" in result.notes[0]


def test_clones_and_a_level_without_variance():
    k = pd.DataFrame([[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]], index=list("abc"), columns=list("abc"))
    result = Relationship.from_covariance(k)
    assert result.root.shape == (3, 1)
    assert np.allclose(represented(result), k)


def test_independent_groups_keep_a_sparse_inverse():
    k = pd.DataFrame(np.kron(np.eye(4), [[2.0, 0.5], [0.5, 1.0]]), index=LABELS, columns=LABELS)
    k = k.iloc[[0, 4, 2, 6, 1, 5, 3, 7], [0, 4, 2, 6, 1, 5, 3, 7]]
    result = Relationship.from_covariance(k)
    assert result.precision.nnz == 16
    assert np.allclose(represented(result), k)


def test_rounded_entries_are_accepted_and_said():
    """Four digits make zero eigenvalues of a low-rank matrix slightly negative."""
    k = covariance(10, seed=2, q=40) * 1e3
    rounded = k + 1e-4 * np.eye(40)[::-1]
    result = Relationship.from_covariance(rounded)
    assert result.root.shape[1] < 40
    assert any("are taken for rounding of the entries" in note for note in result.notes)
    assert np.allclose(represented(result), k, rtol=0, atol=1e-6 * np.abs(k.to_numpy()).max())


def broken(change):
    k = covariance()
    change(k)
    return k


@pytest.mark.parametrize(
    ("matrix", "message"),
    [
        (lambda: covariance().rename(index={"p": "z"}), "rows and columns have different labels.*index_col=0"),
        (lambda: covariance().rename(index={"p": "q"}), "rows: label 'q' occurs more than once; keep one"),
        (lambda: covariance().reset_index(), "different labels"),
        (lambda: covariance() + 5.0 * np.eye(8, k=4), "not symmetric, '.' with '.' is .* all digits"),
        (lambda: broken(lambda k: k.__setitem__("r", np.nan)), "the entry of 'p' and 'r' is nan; give finite numbers"),
        (lambda: broken(lambda k: k.__setitem__("r", "x")), "entries that are not numbers"),
        (lambda: covariance() - 30 * np.eye(8), "negative eigenvalues, the smallest -.* no covariance matrix has one"),
        (lambda: covariance() * 0, "every entry is zero"),
        (lambda: pd.DataFrame(), "the matrix has no rows"),
        (lambda: covariance().set_axis([None, *LABELS[1:]], axis=0), "a label is missing"),
        (lambda: covariance() * (1 + 0j), "column 'p' holds complex numbers"),
        (lambda: covariance().astype(object) + 1j, "complex numbers"),
        (lambda: covariance().astype("datetime64[ns]"), "holds times"),
        (lambda: pd.DataFrame(np.eye(2), pd.Index([["a"], ["b"]], tupleize_cols=False), ["a", "b"]), "is a list; identifiers"),
        (lambda: pd.DataFrame(np.eye(2), pd.MultiIndex.from_tuples([(1, 2), (1, 3)]), ["a", "b"]), "the labels have 2 levels"),
        (lambda: pd.DataFrame({"column": [1, 1, 2], "value": [1.0, 0.1, 1.0]}, index=[1, 2, 2]).drop_duplicates(), "once.*such triplets"),
        (lambda: pd.DataFrame({"j": range(3), "k": 1.0}, index=list("abc")), "read such triplets with Relationship.triplets"),
        (lambda: np.eye(3), "give a DataFrame with the levels as index and columns, not ndarray"),
    ],
)
def test_covariances_refused(matrix, message):
    with pytest.raises(RelationshipError, match=message):
        Relationship.from_covariance(matrix())


def test_the_negative_eigenvalue_is_quantified():
    k = pd.DataFrame([[1.0, 2.0], [2.0, 1.0]], index=list("ab"), columns=list("ab"))
    with pytest.raises(RelationshipError, match="1 negative eigenvalue, the smallest -1 against a largest of 3"):
        Relationship.from_covariance(k)


def test_precision_as_table_and_as_sparse_matrix():
    k = covariance()
    inverse = np.linalg.inv(k.to_numpy())
    forms = [
        Relationship.from_precision(pd.DataFrame(inverse, index=LABELS, columns=LABELS)),
        Relationship.from_precision(sparse.csr_matrix(inverse), LABELS),
        Relationship.from_precision((sparse.coo_matrix(inverse), LABELS)),
    ]
    for result in forms:
        assert result.labels == tuple(LABELS)
        assert np.allclose(represented(result), k)
        assert result.logdet == pytest.approx(np.linalg.slogdet(k)[1])
        assert np.allclose(result.diagonal, np.diag(k))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((sparse.csc_matrix(np.diag([1.0, 0.0])), "ab"), "not positive definite.*from_covariance"),
        ((sparse.csc_matrix(np.diag([1.0, -1.0])), "ab"), "not positive definite"),
        ((sparse.csc_matrix(np.array([[1.0, -1.0], [-1.0, 1.0]])), "ab"), "not positive definite"),
        ((sparse.csc_matrix(np.eye(2)), "abc"), "3 labels for a matrix of shape"),
        ((sparse.csc_matrix(np.eye(2)),), "needs its labels"),
        ((sparse.csc_matrix(np.eye(2)), "aa"), "'a' occurs more than once"),
        ((sparse.csc_matrix(np.array([[1.0, 0.5], [0.0, 1.0]])), "ab"), "not symmetric"),
        ((sparse.csc_matrix(np.array([[1.0, 0.0], [0.0, np.inf]])), "ab"), "the entry of 'b' and 'b' is inf"),
        ((sparse.csc_matrix(np.eye(2) * 1j), "ab"), "complex numbers"),
        ((sparse.csc_matrix((0, 0)), []), "has no rows"),
        ((sparse.csc_matrix(np.eye(2)), 5), "must be a list, not int"),
        ((sparse.csc_matrix(np.eye(2)), [[1], [2]]), "is a list; identifiers"),
        ((np.eye(2), "ab"), "labelled DataFrame or a sparse matrix"),
    ],
)
def test_precisions_refused(arguments, message):
    with pytest.raises(RelationshipError, match=message):
        Relationship.from_precision(*arguments)


def test_pedigree():
    rows = [("c", "a", "b"), ("d", "a", "c"), ("e", "d", "d")]
    pedigree = Pedigree(pd.DataFrame(rows, columns=["id", "sire", "dam"]))
    result = Relationship.from_pedigree(pedigree)
    k = np.linalg.inv(pedigree.precision().toarray())
    assert result.labels == pedigree.labels
    assert np.allclose(result.diagonal, np.diag(k))
    assert result.logdet == pytest.approx(np.linalg.slogdet(k)[1])
    assert result.notes == pedigree.notes


def markers(lines=12, count=40, ploidy=2, seed=0):
    values = np.random.default_rng(seed).integers(0, ploidy + 1, size=(lines, count)).astype(float)
    return pd.DataFrame(values, index=[f"line{i}" for i in range(lines)], columns=[f"m{j}" for j in range(count)])


@pytest.mark.parametrize("ploidy", [1, 2, 4])
def test_markers(ploidy):
    m = markers(ploidy=ploidy)
    p = m.mean() / ploidy
    z = m - ploidy * p
    expected = (z @ z.T / (ploidy * (p * (1 - p)).sum())).to_numpy()
    result = Relationship.from_markers(m, ploidy=ploidy)
    assert result.labels == tuple(m.index)
    assert np.allclose(represented(result), expected, atol=1e-12)
    # centred columns: one direction is empty
    assert result.root.shape == (12, 11)


@pytest.mark.parametrize("code", [-9, "-9", -9.0, "-9.0", "?"])
def test_codes_for_missing_markers(code):
    counts = markers()
    right = counts.mask((np.arange(12)[:, None] * 40 + np.arange(40)) % 7 == 0)
    coded = right.astype(object).where(right.notna(), code)
    given = Relationship.from_markers(coded, missing=[code])
    assert np.allclose(given.root, Relationship.from_markers(right).root)
    assert given.notes == Relationship.from_markers(right).notes
    if code == -9:
        with pytest.raises(RelationshipError, match=r"-9 at marker 'm0'.*if -9 means missing, say so: missing=\[-9\], --missing -9"):
            Relationship.from_markers(coded)
    with pytest.raises(RelationshipError, match="missing takes a list"):
        Relationship.from_markers(coded, missing="-9")


def test_missing_markers_take_the_mean():
    m = markers()
    m.iloc[0, 3] = np.nan
    m["empty"] = np.nan
    filled = m.drop(columns="empty").fillna(m.mean())
    result = Relationship.from_markers(m)
    assert np.allclose(represented(result), represented(Relationship.from_markers(filled)), atol=1e-12)
    assert any("1 missing marker counts" in note for note in result.notes)
    assert any("1 markers without any count left out" in note for note in result.notes)


@pytest.mark.parametrize(
    ("matrix", "arguments", "message"),
    [
        (lambda: markers() * 2, {}, "not a count between 0 and ploidy = 2; recode, or set ploidy"),
        (lambda: markers() * 0, {}, "no marker varies"),
        (lambda: markers() * np.nan, {}, "no marker varies"),
        (lambda: markers().reset_index(), {}, "column 'index' is not numeric; make the line names the index"),
        (lambda: markers().rename(index={"line1": "line0"}), {}, "'line0' occurs more than once"),
        (lambda: markers().to_numpy(), {}, "give a DataFrame with lines as index"),
        (markers, {"ploidy": 0}, "ploidy is 0"),
        (markers, {"ploidy": "2"}, "ploidy is '2', it must be a whole number"),
        (markers, {"missing": 9}, "missing takes a list"),
    ],
)
def test_markers_refused(matrix, arguments, message):
    with pytest.raises(RelationshipError, match=message):
        Relationship.from_markers(matrix(), **arguments)


def test_as_relationship():
    k = covariance()
    pedigree = Pedigree(pd.DataFrame([("c", "a", "b")], columns=["id", "sire", "dam"]))
    ready = Relationship.from_covariance(k)
    assert as_relationship(ready, "K") is ready
    assert as_relationship(k, "K").labels == ready.labels
    assert as_relationship(pedigree, "A").labels == ("a", "b", "c")
    assert "8 levels, precision with 64 nonzeros" in repr(ready)
    assert "factor of rank 3" in repr(as_relationship(covariance(3), "K"))


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        (np.eye(2), r"known\['K'\] is a ndarray; give a Pedigree, .* a bare array has no labels"),
        ("K.csv", r"known\['K'\] is a str; give"),
        (covariance() - 30 * np.eye(8), r"known\['K'\]: covariance: .* negative eigenvalue"),
    ],
)
def test_what_is_no_relationship(thing, message):
    with pytest.raises(RelationshipError, match=message):
        as_relationship(thing, "K")


def whole(relationship):
    """K (q, q) from what the equations use of it."""
    return dense.relationship(SimpleNamespace(relationship=relationship, n_columns=relationship.n_columns))


@pytest.mark.parametrize("kind", ["identity", "covariance", "singular", "fixed lines"])
def test_independent_copies_of_a_relationship(kind):
    names = ("a", "b", "c")
    if kind == "identity":
        one = Relationship.identity(names)
    elif kind == "fixed lines":
        rows = [("i0", None, None), *((f"i{i + 1}", f"i{i}", f"i{i}") for i in range(45))]
        one = Relationship.from_pedigree(Pedigree(pd.DataFrame(rows, columns=["id", "sire", "dam"])))
    else:
        root = np.array([[1.0, 0.0, 0.0], [0.5, 1.2, 0.0], [0.2, 0.3, 0.0 if kind == "singular" else 0.7]])
        one = Relationship.from_covariance(pd.DataFrame(root @ root.T, names, names))
    both = one.crossed(("x", "y"))
    assert both.labels == tuple(f"{other}:{name}" for other in "xy" for name in one.labels)
    np.testing.assert_allclose(whole(both), np.kron(np.eye(2), whole(one)), atol=1e-10)
    np.testing.assert_allclose(both.diagonal, np.diag(whole(both)), atol=1e-10)
    assert both.logdet == pytest.approx(2 * one.logdet) and both.n_columns == 2 * one.n_columns
    assert (both.dense_root is None) == (one.dense_root is None)
    assert one.crossed(("",)) is one
