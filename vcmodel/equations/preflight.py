"""The cost of a fit before anything heavy runs: pattern and symbolic analysis, no factorisation and no eigendecomposition.

The time of an iteration is predicted from counts (operations, equations, nonzeros, working variates) and the speed of this machine, which
a product of small matrices measures. The constants were fitted to the benchmark cases; expect a factor of two.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.equations.blocks import loading_width
from vcmodel.equations.memory_need import KEPT, MemoryNeed, memory_need
from vcmodel.equations.method import SOLVES, choose
from vcmodel.linalg.threads import limited_threads
from vcmodel.memory import available_memory, readable, require_memory

if TYPE_CHECKING:
    from vcmodel.control import Control
    from vcmodel.design.design import Design
    from vcmodel.structures.base import Structure

# seconds on a core that multiplies matrices at REFERENCE operations a second: of an iteration whatever its size, per equation, per nonzero
# of C, per cell and working variate
REFERENCE = 2.7e10
CONSTANT, EQUATION, NONZERO, VARIATE = 2.5e-3, 1.3e-6, 1.2e-7, 6e-8
# order of the matrices whose product is timed: a few milliseconds
PROBE = 384


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a fit would cost; prints itself.

    Attributes
    ----------
    method : str
        How the equations will be solved.
    n_observations, n_fixed, n_equations, n_parameters : int
        `n_equations` of the mixed model, also where a reduction solves smaller systems.
    nonzeros, fill : int
        Of one triangle of the matrix that is factorised, and of its factor; 0 in spectral form.
    flops : float
        Floating-point operations of the factorisations of one iteration; of the eigendecomposition in spectral form.
    memory, available_memory : float
        Estimated peak and what the process may use, in bytes.
    seconds_per_iteration : float
        Predicted.
    seconds_before : float
        Predicted for an eigendecomposition made once; 0 without.
    rate : float
        Measured operations per second.
    terms : tuple of str
        A line per random term and residual section.
    """

    method: str
    n_observations: int
    n_fixed: int
    n_equations: int
    n_parameters: int
    nonzeros: int
    fill: int
    flops: float
    memory: float
    available_memory: float
    seconds_per_iteration: float
    seconds_before: float
    rate: float
    terms: tuple[str, ...]

    def __str__(self) -> str:
        lines = [
            ("method", self.method),
            (
                "data",
                ", ".join(
                    f"{n:,} {what}{'s' * (n != 1)}"
                    for n, what in (
                        (self.n_observations, "observation"),
                        (self.n_fixed, "fixed coefficient"),
                        (self.n_parameters, "variance parameter"),
                    )
                ),
            ),
            ("equations", f"{self.n_equations:,}"),
            *(("", text) for text in self.terms),
        ]
        if self.fill:
            lines.append(
                ("nonzeros", f"{self.nonzeros:,} of the matrix, {self.fill:,} of its factor (fill {self.fill / self.nonzeros:.2f})")
            )
        what = "the factorisation of an iteration" if self.fill else "the eigendecomposition"
        lines.append(("work", f"{self.flops / 1e9:.3g} Gflop for {what}, at {self.rate / 1e9:.3g} Gflop/s as measured now"))
        lines.append(("memory", f"{readable(self.memory)} of {readable(self.available_memory)} available"))
        before = f", after {spoken(self.seconds_before)} for the eigendecomposition" if self.seconds_before else ""
        lines.append(("time", f"about {spoken(self.seconds_per_iteration)} per iteration{before}; most fits take 4 to 15 iterations"))
        return "\n".join(f"{head:<11}{text}" for head, text in lines)


def spoken(seconds: float) -> str:
    """A duration for people.

    >>> spoken(0.0123), spoken(42.0), spoken(7200.0)
    ('12 ms', '42 s', '2 h')
    """
    for limit, unit, size in ((1.0, "ms", 1e-3), (120.0, "s", 1.0), (7200.0, "min", 60.0)):
        if seconds < limit:
            return f"{float(f'{seconds / size:.2g}'):g} {unit}"
    return f"{float(f'{seconds / 3600.0:.2g}'):g} h"


def measured_rate() -> float:
    """Operations per second of a matrix product on this machine, now."""
    a = np.random.default_rng(0).random((PROBE, PROBE))
    best = np.inf
    for _ in range(3):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2.0 * PROBE**3 / best


def preflight(design: Design, control: Control) -> Plan:
    """The plan of a design.

    Raises
    ------
    VcmodelError
        The fit would not fit into memory; or as for a fit, a reduction the design does not have.
    """
    there = available_memory()
    with limited_threads(control.granted_threads):
        rate = measured_rate()
        size = memory_need(design)
        chosen = choose(design, control)
        work = chosen.work()
    parameters = sum(len(structure.parameters) for structure in _structures(design))
    memory = _iteration_bytes(design, size, parameters) + work.dense
    memory += work.systems * (12.0 * work.fill + 8.0 * work.nonzeros) + KEPT * work.nonzeros
    slow = REFERENCE / rate
    seconds = slow * (CONSTANT + VARIATE * design.y.size * max(1, parameters)) + work.iteration / rate
    seconds += slow * work.systems * (EQUATION * work.size + NONZERO * work.nonzeros)
    seconds += 2.0 * work.fill * work.systems * max(1, parameters) * SOLVES / rate
    plan = Plan(
        method=chosen.announce(),
        n_observations=design.y.size,
        n_fixed=design.x.shape[1],
        n_equations=size.equations,
        n_parameters=parameters,
        nonzeros=work.nonzeros,
        fill=work.fill,
        flops=work.flops,
        memory=memory,
        available_memory=float(there),
        seconds_per_iteration=seconds,
        seconds_before=work.once / rate,
        rate=rate,
        terms=tuple(_lines(design)),
    )
    require_memory(memory, f"the fit ({size.equations:,} equations)", "fit fewer traits together, leave out terms, or use a larger machine")
    return plan


def _structures(design: Design) -> list[Structure]:
    return [*(term.structure for term in design.terms), *(section.structure for section in design.sections)]


def _iteration_bytes(design: Design, size: MemoryNeed, parameters: int) -> float:
    """What every method holds: working variates, their half-solved images, and derivatives of the matrices."""
    variates = 8.0 * parameters * (3.0 * design.y.size + 2.0 * size.equations)
    matrices = sum(24.0 * len(structure.parameters) * float(structure.size) ** 2 for structure in _structures(design))
    return variates + matrices + 400.0 * design.y.size


def _lines(design: Design) -> list[str]:
    found = [f"{'fixed':<24}{design.x.shape[1]:>12,}"] if design.x.shape[1] else []
    for term in design.terms:
        k, q = loading_width(term), term.n_columns
        found.append(f"{term.label:<24}{k * q:>12,}" + (f"  = {k:,} x {q:,} levels" if k > 1 else ""))
    return found
