"""The cost of a fit before anything heavy runs: pattern and symbolic analysis, no factorisation and no eigendecomposition.

Times are predictions (``cost.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from vcmodel.equations.blocks import loading_width
from vcmodel.equations.cost import (
    dense_block,
    dominant_front,
    measured_rate,
    parameter_number,
    seconds_per_iteration,
    spoken,
    structures,
)
from vcmodel.equations.memory_need import KEPT, MemoryNeed, memory_need
from vcmodel.equations.method import choose
from vcmodel.linalg.threads import limited_threads
from vcmodel.memory import available_memory, readable, require_memory

if TYPE_CHECKING:
    from vcmodel.control import Control
    from vcmodel.design.design import Design


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
    front : str
        The dense block of equations that takes most of a factorisation, in words; empty where none does.
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
    front: str
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
        if self.front:
            lines.append(("", f"most of it in {self.front}"))
        lines.append(("memory", f"about {readable(self.memory)} of {readable(self.available_memory)} available"))
        before = f", after {spoken(self.seconds_before)} for the eigendecomposition" if self.seconds_before else ""
        lines.append(("time", f"about {spoken(self.seconds_per_iteration)} per iteration{before}; most fits take 4 to 15 iterations"))
        return "\n".join(f"{head:<11}{text}" for head, text in lines)


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
    parameters = parameter_number(design)
    memory = _iteration_bytes(design, size, parameters) + work.memory + KEPT * work.nonzeros
    front = dominant_front(chosen, work)
    plan = Plan(
        method=chosen.announce(),
        n_observations=design.y.size,
        n_fixed=design.x.shape[1],
        n_equations=size.equations,
        n_parameters=parameters,
        nonzeros=work.nonzeros,
        fill=work.fill,
        flops=work.flops,
        front="" if front is None else dense_block(front),
        memory=memory,
        available_memory=float(there),
        seconds_per_iteration=seconds_per_iteration(design, work, rate),
        seconds_before=work.once / rate,
        rate=rate,
        terms=tuple(_lines(design)),
    )
    require_memory(memory, f"the fit ({size.equations:,} equations)", "fit fewer traits together, leave out terms, or use a larger machine")
    return plan


def _iteration_bytes(design: Design, size: MemoryNeed, parameters: int) -> float:
    """What every method holds: working variates, their half-solved images, and derivatives of the matrices."""
    variates = 8.0 * parameters * (3.0 * design.y.size + 2.0 * size.equations)
    matrices = sum(24.0 * len(structure.parameters) * float(structure.size) ** 2 for structure in structures(design))
    return variates + matrices + 400.0 * design.y.size


def _lines(design: Design) -> list[str]:
    found = [f"{'fixed':<24}{design.x.shape[1]:>12,}"] if design.x.shape[1] else []
    absent = sum(section.n_absent for section in design.sections)
    if absent:
        found.append(f"{'plots the data lack':<24}{absent:>12,}")
    for term in design.terms:
        k, q = loading_width(term), term.n_columns
        found.append(f"{term.label:<24}{k * q:>12,}" + (f"  = {k:,} x {q:,} levels" if k > 1 else ""))
    return found
