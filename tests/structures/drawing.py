"""Random structures and parameters for the law tests, and finite differences."""

from contextlib import suppress

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st
from structures.demo_fa import FactorAnalytic
from structures.demo_template import template

from vcmodel.errors import StructureError
from vcmodel.structures.kronecker import KroneckerStructure
from vcmodel.structures.registry import STRUCTURES, build

DEMONSTRATIONS = (
    FactorAnalytic,
    *(template.Neighbours, template.NeighboursHomogeneous, template.NeighboursHeterogeneous),
)
# every structure once: the registry's, and those that the tests add to it
CLASSES = {name: found for name, found in STRUCTURES.items() if found.name == name} | {found.name: found for found in DEMONSTRATIONS}
NAMES = tuple(CLASSES)


# coordinates of the levels of structures of distances, in the units of nobody
PLACES = ((0.0, 0.0), (0.7, 2.0), (2.1, 1.0), (2.8, 4.0), (5.0, 0.5), (5.5, 3.0), (7.0, 7.0), (9.0, 1.0))


def labels(size):
    return tuple("abcdefgh"[:size])


def placed(found, size, axes=None):
    """Positions as a further argument of a structure of distances; none of others."""
    axes = axes or (found.metric or (0,))[-1]
    return {"positions": tuple(place[:axes] for place in PLACES[:size])} if found.metric else {}


def instances(name, size, factor="f"):
    """The structure `name` over `size` levels with each of its examples of further arguments that so many levels allow."""
    found = []
    structure = CLASSES[name]
    for arguments in structure.examples:
        with suppress(StructureError):
            named = dict(zip(structure.arguments, arguments, strict=True))
            found += [structure(factor, labels(size), **named, **placed(structure, size, axes)) for axes in structure.metric or (0,)]
    return found


EVERY = [
    pytest.param(item, id=f"{name}-{size}-{number}")
    for name in NAMES
    for size in range(1, 6)
    for number, item in enumerate(instances(name, size))
]


@st.composite
def simple(draw, largest=5, carries=None):
    """Any structure over 1 to `largest` levels."""
    menu = [name for name in NAMES if carries is None or CLASSES[name].carries_variance == carries]
    found = instances(draw(st.sampled_from(menu)), draw(st.integers(1, largest)), draw(st.sampled_from("fg")))
    assume(found)
    return draw(st.sampled_from(found))


@st.composite
def products(draw):
    """The product of two structures, at most one with variances; scaled or not where neither has any."""
    second = draw(simple(largest=3, carries=False))
    first = draw(simple(largest=3))
    parts = (first, second) if draw(st.booleans()) else (second, first)
    return KroneckerStructure(parts, scaled=not first.carries_variance and draw(st.booleans()))


@st.composite
def triple_products(draw):
    """Three factors."""
    return KroneckerStructure((build("cor", "e", labels(2)), draw(simple(largest=2, carries=False)), draw(simple(largest=2))), scaled=False)


structures = simple() | products() | triple_products()
seeds = st.integers(0, 2**32 - 1)


def covariance(size, rng):
    """A positive definite matrix with standard deviations between 0.3 and 3."""
    root = rng.normal(size=(size, size + 1))
    matrix = root @ root.T + 0.1 * np.eye(size)
    scale = np.exp(rng.uniform(-1.2, 1.1, size)) / np.sqrt(matrix.diagonal())
    return matrix * scale[:, None] * scale


def bent(structure, theta, strength):
    """`theta` with correlations and covariances multiplied: strength 0 gives independence, 1 (or -1) 0.9999 of the way to the boundary
    on the ray through `theta` (or opposite to it)."""
    decays = np.array([parameter.kind == "decay" for parameter in structure.parameters], dtype=bool)
    theta = np.where(decays, 0.5 + 0.499 * strength, theta)
    off = np.array([parameter.kind in ("correlation", "covariance", "coefficient") for parameter in structure.parameters], dtype=bool)
    if not off.any() or not np.any(theta[off]):
        return theta
    low, high = 0.0, 100.0 / np.abs(theta[off]).max()
    sign = 1.0 if strength >= 0 else -1.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        if structure.admissible(np.where(off, sign * middle * theta, theta)):
            low = middle
        else:
            high = middle
    # a double root near one leaves an eigenvalue of its distance to the third power
    near = 0.99 if any(parameter.kind == "coefficient" for parameter in structure.parameters) else 0.9999
    return np.where(off, near * strength * low * theta, theta)


@st.composite
def cases(draw, strengths=(-1.0, -0.6, 0.0, 0.3, 0.8, 1.0)):
    """A structure, admissible reported parameters, the data's standard deviations and a generator."""
    structure = draw(structures)
    rng = np.random.default_rng(draw(seeds))
    theta = bent(structure, structure.start(covariance(structure.size, rng)), draw(st.sampled_from(strengths)))
    return structure, theta, np.exp(rng.uniform(-1.0, 1.0, structure.size)), rng


interior = cases(strengths=(-0.7, 0.0, 0.3, 0.8))


def differences(function, point, step=1e-6):
    """Central differences, one leading index per coordinate."""
    point = np.asarray(point, dtype=float)
    rows = []
    for index in range(len(point)):
        move = np.zeros(len(point))
        move[index] = step
        rows.append((function(point + move) - function(point - move)) / (2 * step))
    return np.array(rows).reshape((len(point), *np.shape(function(point))))


def symmetric(size, rng):
    matrix = rng.normal(size=(size, size))
    return matrix + matrix.T


def assert_near(got, wanted, tolerance=1e-6):
    """Equal up to `tolerance` times the largest entry (at least 1)."""
    got, wanted = np.asarray(got), np.asarray(wanted)
    assert got.shape == wanted.shape
    scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
    np.testing.assert_allclose(got, wanted, rtol=0, atol=tolerance * scale)
