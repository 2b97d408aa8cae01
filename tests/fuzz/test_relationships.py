"""Pedigrees and relationships at random: the right numbers however they are written, or an error of ours.

VCMODEL_FUZZ_SECONDS=600 pytest tests/fuzz/test_relationships.py
"""

import warnings

import numpy as np
import pandas as pd
import pytest
from fuzz.budget import draws
from tabular import tabular

import vcmodel as vc
from vcmodel.tables.missing import NUMBERS, WORDS

CODES = [*sorted(word for word in WORDS if word.isascii()), *(str(int(number)) for number in sorted(NUMBERS))]


def random_parents(rng):
    """Parents (n, 2) of at most 30 individuals, -1 for unknown."""
    n = int(rng.integers(2, 30))
    parents = np.full((n, 2), -1)
    selfing = rng.random() < 0.2
    for i in range(1, n):
        sire, dam = (int(rng.integers(0, i)) if rng.random() < 0.8 else -1 for _ in range(2))
        parents[i] = sire, (sire if selfing and rng.random() < 0.3 else dam)
    if rng.random() < 0.2:
        parents[:, int(rng.integers(2))] = -1
    return parents


def names_of(rng, n):
    """Names of the individuals, and the spellings in which each may be written."""
    style = rng.choice(["whole", "text", "zeros", "points", "codes"])
    if style == "whole":
        names = [str(i) for i in rng.choice(np.arange(1, 500), n, replace=False)]
        return names, lambda name: [int(name), float(name), name, f"{name}.0", f" {name} "]
    if style == "points":  # 1.1 and 1.10, which text keeps apart
        names = [f"{i}.{'1' if k else '10'}" for i in range(1, n + 1) for k in (0, 1)][:n]
    elif style == "codes":  # individuals called like codes for unknown
        names = [*dict.fromkeys(CODES), *(f"x{i}" for i in range(n))][:n]
        names = [str(name) for name in rng.permutation(names)]
    elif style == "zeros":
        names = [f"{i:0{int(w)}d}" for i, w in zip(range(1, n + 1), rng.integers(3, 6, n), strict=True)]
    else:
        names = [f"A {i}é" for i in range(n)]
    return names, lambda name: [name, f" {name}", f"{name}\t"]


def unknowns(rng, names):
    """Ways to write an unknown parent, none of which is somebody's name."""
    taken = {name.casefold() for name in names} | {float(name) for name in names if name.lstrip("-").replace(".", "", 1).isdigit()}
    codes = [code for code in CODES if code.casefold() not in taken and not (code.lstrip("-").isdigit() and float(code) in taken)]
    written = [None, np.nan, "", "  ", *rng.choice(codes, 3)] if codes else [None]
    cases = [str.upper, str.title, str, lambda text: f" {text} "]
    result = [case(item) if isinstance(item, str) else item for item in written for case in (rng.choice(cases),)]
    return result + [kind(code) for code in codes if code.lstrip("-").isdigit() for kind in (int, float) if rng.random() < 0.2]


def written(rng, parents):
    """The pedigree as a table in one of its forms, the names, and the arguments that read it."""
    n = len(parents)
    names, spell = names_of(rng, n)
    blank = unknowns(rng, names)

    def pick(items):
        return items[int(rng.integers(len(items)))]

    columns = {"id": names if rng.random() < 0.5 else [pick(spell(name)) for name in names]}
    for j, side in enumerate(("sire", "dam")):
        columns[side] = [pick(blank) if p < 0 else pick(spell(names[p])) for p in parents[:, j]]
    table = pd.DataFrame({name: pd.Series(values, dtype=object) for name, values in columns.items()})
    # founders without a row
    lone = np.all(parents < 0, axis=1) & np.isin(np.arange(n), parents) & (rng.random(n) < 0.3)
    if lone.sum() < n and not any(name.casefold() in CODES or name in CODES for name in names):
        table = table[~lone]
    table = pd.concat([table, table.sample(int(rng.integers(0, 2)), random_state=1)]).sample(frac=1.0, random_state=int(rng.integers(1000)))
    sides = {}
    for j, side in enumerate(("sire", "dam")):
        if np.all(parents[:, j] < 0) and rng.random() < 0.7:
            table, sides[side] = table.drop(columns=side), None
    if len(sides) == 2:
        table, sides = table.assign(dam=None), {"sire": None}
    return table.reset_index(drop=True), names, sides


def place_of(labels, names):
    """Positions of the names among labels that may spell them differently."""
    plain = {label.strip().removesuffix(".0"): i for i, label in enumerate(labels)}
    return [plain[name.strip().removesuffix(".0")] for name in names if name.strip().removesuffix(".0") in plain]


def test_pedigrees_in_any_writing_give_the_tabular_relationship(tmp_path):
    for key, rng in draws(25):
        parents = random_parents(rng)
        table, names, sides = written(rng, parents)
        source = table
        if rng.random() < 0.4:
            source = tmp_path / "pedigree.csv"
            # a file has no type: what was missing is empty
            table.to_csv(source, index=False, sep=str(rng.choice([",", ";", "\t"])))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", vc.ModelWarning)
            pedigree = vc.Pedigree(source, **sides)
        used = [i for i, name in enumerate(names) if place_of(pedigree.labels, [name])]
        places = place_of(pedigree.labels, names)
        a = tabular(parents)[np.ix_(used, used)]
        got = np.linalg.inv(pedigree.precision().toarray())[np.ix_(places, places)]
        assert len(pedigree) == len(used), key
        assert np.allclose(got, a, atol=1e-6), key
        assert np.allclose(pedigree.inbreeding[places], a.diagonal() - 1.0, atol=1e-12), key


def odd_entry(rng):
    return [
        None,
        np.nan,
        np.inf,
        "x",
        "",
        1j,
        [1],
        {},
        (1, 2),
        pd.NaT,
        True,
        b"q",
        -1,
        1e308,
        np.datetime64("2020-01-01"),
        "1,5",
        object(),
    ][int(rng.integers(17))]


def odd_frame(rng):
    """A matrix, a table of triplets or a pedigree with something wrong, or nothing."""
    n = int(rng.integers(0, 6))
    form = rng.choice(["matrix", "triplets", "pedigree"])
    if form == "matrix":
        root = rng.normal(size=(n, int(rng.integers(0, 8))))
        labels = [str(i) for i in range(n)]
        frame = pd.DataFrame(root @ root.T, index=labels, columns=labels).astype(object)
    elif form == "triplets":
        frame = pd.DataFrame({name: rng.integers(0, 4, 2 * n) for name in ("row", "column", "value")}).astype(object)
    else:
        frame = pd.DataFrame({name: rng.integers(0, 6, n) for name in ("id", "sire", "dam")}).astype(object)
    for _ in range(int(rng.integers(0, 3))):
        if frame.size:
            frame.iat[int(rng.integers(frame.shape[0])), int(rng.integers(frame.shape[1]))] = odd_entry(rng)
    if rng.random() < 0.2:
        frame.index = pd.Index([odd_entry(rng) for _ in range(len(frame))], dtype=object, tupleize_cols=False)
    if rng.random() < 0.3:
        frame = frame.infer_objects()
    return frame


@pytest.mark.filterwarnings("ignore::vcmodel.VcmodelWarning")
def test_odd_relationships_are_refused_by_errors_of_ours():
    """Whatever is given: a relationship, or a VcmodelError; no other exception and no warning of NumPy or pandas."""
    labels = [None, ["a", "b", "c", "d"], range(1, 5), "nowhere.txt", 3, [[1]], {"a": 1}, pd.Series([1.0, 2.0, 3.0, 4.0])]
    for key, rng in draws(60):
        frame = odd_frame(rng)
        given = labels[int(rng.integers(len(labels)))]
        calls = {
            "Pedigree": lambda frame=frame: vc.Pedigree(frame),
            "one parent": lambda frame=frame: vc.Pedigree(frame, sire=None),
            "covariance": lambda frame=frame: vc.Relationship.from_covariance(frame),
            "precision": lambda frame=frame: vc.Relationship.from_precision(frame),
            "markers": lambda frame=frame: vc.Relationship.from_markers(frame, missing=[-9]),
            "triplets": lambda frame=frame, given=given: vc.Relationship.triplets(frame, given),
            "inverse": lambda frame=frame, given=given: vc.Relationship.triplets(frame, given, inverse=True),
        }
        for name, call in calls.items():
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                warnings.simplefilter("ignore", vc.VcmodelWarning)
                try:
                    call()
                except vc.VcmodelError:
                    continue
                except Exception as problem:
                    raise AssertionError(f"{key} {name}: {type(problem).__name__}: {problem}\n{frame}\n{given}") from problem
