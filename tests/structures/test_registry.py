"""The menu, the row names of each structure and the messages of build."""

import json

import pytest
from structures.drawing import labels, placed

from vcmodel.errors import StructureError
from vcmodel.structures.kronecker import KroneckerStructure
from vcmodel.structures.registry import STRUCTURES, build, canonical, described, menu, names, restored, structure_class

PAIRS = ["f_b:a.cor", "f_c:a.cor", "f_c:b.cor", "f_d:a.cor", "f_d:b.cor", "f_d:c.cor"]
EACH = ["f_a", "f_b", "f_c", "f_d"]
TWO, THREE = ["f.cor1", "f.cor2"], ["f.cor1", "f.cor2", "f.cor3"]
FACTORS = ["f_a.D", "f_b.D", "f_c.D", "f_d.D", "f_b:a.U", "f_c:a.U", "f_c:b.U", "f_d:b.U", "f_d:c.U"]
ARGUMENTS = {"corb": (2,), "corbv": (2,), "corbh": (2,), "ante": (2,), "chol": (2,)}
SUFFIXES = {
    "id": [],
    "idv": [""],
    "diag": EACH,
    "idh": EACH,
    "us": ["f_a:a", "f_b:a", "f_b:b", "f_c:a", "f_c:b", "f_c:c", "f_d:a", "f_d:b", "f_d:c", "f_d:d"],
    "cor": ["f.cor"],
    "corv": ["f.cor", ""],
    "corh": ["f.cor", *EACH],
    "corg": PAIRS,
    "corgv": [*PAIRS, ""],
    "corgh": [*PAIRS, *EACH],
    "ante": FACTORS,
    "chol": FACTORS,
}
SERIES = {
    **{"ar1": ["f.cor"], "ar2": TWO, "ar3": THREE, "sar": ["f.cor"], "sar2": TWO},
    **{"ma1": ["f.cor"], "ma2": TWO, "arma": TWO, "corb": TWO},
}
METRIC = {
    **{key: ["f.pow"] for key in ("exp", "gau", "iexp", "igau")},
    **{key: ["f_1.pow", "f_2.pow"] for key in ("aexp", "agau")},
    "mtrn": ["f.range"],
}
FAMILIES = SERIES | METRIC
SUFFIXES |= {name + more: [*own, *variances] for name, own in FAMILIES.items() for more, variances in (("", []), ("v", [""]), ("h", EACH))}
SINGLE = {
    **{key: [""] for key in ("idv", *(name + "v" for name in ("cor", "corg", *FAMILIES)))},
    **{key: ["f_a"] for key in ("diag", "idh", *(name + "h" for name in ("cor", "corg", *FAMILIES)))},
    **{"us": ["f_a:a"], "ante": ["f_a.D"], "chol": ["f_a.D"]},
}


@pytest.mark.parametrize("name", names())
def test_suffixes(name):
    for size, wanted in ((4, SUFFIXES[name]), (1, SINGLE.get(name, []))):
        built = build(name, "f", labels(size), *ARGUMENTS.get(name, ()), **placed(structure_class(name), size))
        assert [parameter.suffix for parameter in built.parameters] == wanted


def test_menu_covers_every_name_once():
    assert [name for row in menu() for name in sorted(row.names)] == sorted(names(), key=[n for row in menu() for n in row.names].index)
    assert ("diag", "idh") in [row.names for row in menu()]
    assert all(row.summary and row.parameters for row in menu())


def test_alias_builds_what_it_stands_for():
    assert canonical("idh") == "diag"
    assert build("idh", "f", ("a", "b")) == build("diag", "f", ("a", "b"))
    assert structure_class("us") is STRUCTURES["us"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("uss", "f", ("a",)), r"unknown covariance structure 'uss'; did you mean 'us'\? The structures are: id, idv, diag"),
        (("us", "f", ("a",), 2), r"us\(f, 2\) has the wrong number of arguments; write us\(f\)"),
        (("us", "f", ()), r"us\(f\): the factor 'f' has no levels in the data; remove the term or check the column"),
        (("us", "f", ("a", "b", "a")), r"us\(f\): the level 'a' occurs twice; level labels must differ"),
    ],
)
def test_build_says_what_is_wrong(arguments, message):
    with pytest.raises(StructureError, match=message):
        build(*arguments)


@pytest.mark.parametrize(
    ("name", "theta", "message"),
    [
        ("us", [1.0, 2.0], r"us\(f\) has 3 parameters, but 2 values were given; give one value for each"),
        ("us", [1.0, 2.0, 1.0], r"us\(f\): the values f_a:a = 1, f_b:a = 2, f_b:b = 1 do not give a positive semi-definite matrix; take"),
        ("us", [0.0, 1e-3, 1.0], "positive semi-definite"),
        ("us", [1.0, float("nan"), 1.0], "positive semi-definite"),
        ("idv", [-1.0], r"idv\(f\): the values variance = -1 do not give"),
        ("diag", [1.0, -1e-3], "positive semi-definite"),
        ("cor", [1.01], "positive semi-definite"),
        ("corv", [-1.01, 1.0], "positive semi-definite"),
        ("corh", [0.5, 1.0, -1.0], "positive semi-definite"),
        ("corg", [-1.1], "positive semi-definite"),
        ("corgh", [1.1, 1.0, 1.0], "positive semi-definite"),
    ],
)
def test_charts_refuse_inadmissible_values(name, theta, message):
    with pytest.raises(StructureError, match=message):
        build(name, "f", ("a", "b")).chart(theta, [1.0, 1.0])


@pytest.mark.parametrize("name", names())
def test_described_structures_are_restored(name):
    structure = build(name, "f", labels(4), *ARGUMENTS.get(name, ()), **placed(structure_class(name), 4))
    product = KroneckerStructure((structure, build("id", "g", ("1", "2"))), scaled=not structure.carries_variance)
    for item in (structure, product):
        assert restored(json.loads(json.dumps(described(item)))) == item
