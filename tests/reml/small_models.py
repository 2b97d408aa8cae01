"""Random small models over the structure registry, for the comparison of the sparse path with the dense oracle."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from vcmodel.design.design import build_design
from vcmodel.design.frame import build_frame
from vcmodel.equations.mixed_model import MixedModelEquations
from vcmodel.errors import StructureError
from vcmodel.reml.components import make_components
from vcmodel.reml.constraint_reader import read_constraints
from vcmodel.reml.point import starting_point
from vcmodel.reml.start import covariances
from vcmodel.spec import build_spec
from vcmodel.structures import registry


def written(factor, levels, carries=None):
    """What may be written over so many levels: structures that bring variances or not, with each of their examples of arguments.

    Structures of distances along a line only over the times, which are numbers.
    """
    found = []
    for name, known in registry.STRUCTURES.items():
        if known.metric and not (factor == "time" and 1 in known.metric):
            continue
        positions = tuple((float(i),) for i in range(levels)) if known.metric else ()
        for arguments in known.examples:
            with suppress(StructureError):
                registry.build(name, factor, tuple(map(str, range(levels))), *arguments, positions=positions)
                found += [f"{name}({', '.join(map(str, (factor, *arguments)))})"] if carries in (None, known.carries_variance) else []
    return found


def data(seed, n_traits, missing):
    """A table of 30 rows: block (3), gen (7), site (3), time within subject (10 x 3), x, w and traits y1..y3 with missing cells."""
    rng = np.random.default_rng(seed)
    n = 30
    table = pd.DataFrame(
        {
            "block": np.array(["a", "b", "c"])[np.arange(n) % 3],
            "gen": rng.permutation(np.arange(n) % 7) + 1,
            "site": rng.choice(["N", "S", "E"], n),
            "subject": np.arange(n) // 3 + 1,
            "time": np.arange(n) % 3 + 1,
            "x": rng.normal(5.0, 2.0, n),
            "w": rng.uniform(0.5, 2.0, n),
        }
    )
    for t in range(n_traits):
        values = 10.0 * (t + 1) + rng.normal(size=n) * (t + 1) + rng.normal(size=7)[table["gen"] - 1] + table["x"] * 0.3
        if missing:
            values = values.mask(rng.random(n) < 0.2)
        table[f"y{t + 1}"] = values
    return table.sample(frac=1.0, random_state=seed).reset_index(drop=True)


def covariance(kind):
    """A known matrix over gen 1..7: regular, singular, or none."""
    rng = np.random.default_rng(7)
    root = rng.normal(size=(7, 7 if kind == "regular" else 4))
    k = root @ root.T / 7 + (0.2 * np.eye(7) if kind == "regular" else 0.0)
    labels = [str(i) for i in range(1, 8)]
    return pd.DataFrame(k, index=labels, columns=labels)


def structured(draw, factor, n_traits):
    """One factor with a structure."""
    return draw(st.sampled_from(written(factor, n_traits if factor == "trait" else 3)))


@st.composite
def models(draw):
    """(arguments of vc.fit without data, data, known)."""
    n_traits = draw(st.sampled_from([1, 1, 2, 3]))
    table = data(draw(st.integers(0, 10_000)), n_traits, draw(st.booleans()))
    several = n_traits > 1
    known = {"K": covariance(draw(st.sampled_from(["regular", "singular"])))}
    small = ["site", "block"] + (["trait", "trait"] if several else [])
    terms = []
    for _ in range(draw(st.integers(0, 2))):
        last = draw(st.sampled_from(["gen", "vm(gen, K)", "block", "id(subject)"]))
        first = draw(st.sampled_from([f for f in small if f not in last]))
        kind = draw(st.integers(0, 3))
        if kind == 0:
            term = last
        elif kind == 1:
            term = f"{structured(draw, first, n_traits)}:{last}"
        elif kind == 2:
            second = draw(st.sampled_from([f for f in small if f not in (first, last)] or ["site"]))
            counts = {"site": 3, "block": 3, "trait": n_traits}
            pieces = [draw(st.sampled_from(written(first, counts[first], carries=True))), last]
            if second != first and second not in last:
                pieces.insert(1, draw(st.sampled_from(written(second, counts[second], carries=False))))
            term = ":".join(pieces)
        else:
            term = f"at({first}):{last}"
        terms.append(term)
    fixed = draw(st.sampled_from(["1", "x", "block", "block + x"]))
    if several:
        fixed = draw(st.sampled_from(["trait", "trait + trait:x", "trait + block", "trait + at(trait, 'y1'):x"]))
        residual = f"id(units):{structured(draw, 'trait', n_traits)}"
    else:
        residual = draw(st.sampled_from(["units", f"id(subject):{structured(draw, 'time', n_traits)}", "dsum(~ units | site)",
                                         f"dsum(~ id(subject):{structured(draw, 'time', n_traits)} | block)"]))  # fmt: skip
        if "| block" in residual:  # subjects cross the blocks: one level of time in each
            residual = "dsum(~ id(units) | block)"
    responses = " + ".join(f"y{t + 1}" for t in range(n_traits))
    arguments = {"fixed": f"{responses} ~ {fixed}", "random": " + ".join(dict.fromkeys(terms)) or None, "residual": residual}
    if draw(st.booleans()):
        arguments["weights"] = "w"
    return arguments, table, known


def prepared(arguments, table, known):
    """Design, equations, components and the default starting point."""
    given_weights = arguments.get("weights")
    spec = build_spec(arguments["fixed"], arguments["random"], arguments["residual"])
    design = build_design(spec, build_frame(spec, table, given_weights), known)
    equations = MixedModelEquations(design)
    references, starts = covariances(design, equations.y)
    components = make_components(design, references)
    defaults = [component.structure.start(sigma) for component, sigma in zip(components, starts, strict=True)]
    point = starting_point(components, read_constraints(components, defaults))
    return design, equations, components, point
