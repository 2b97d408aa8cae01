"""The time that a fit will take, predicted from counts and the speed of this machine, and the word about it before a long one.

The counts are operations, equations, nonzeros and working variates; the speed is that of a product of small matrices. The constants were
fitted to the benchmark cases; expect a factor of two.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from vcmodel.design.caution import Caution
from vcmodel.equations.method import SOLVES
from vcmodel.memory import readable

if TYPE_CHECKING:
    from vcmodel.design.design import Design
    from vcmodel.equations.method import Front, Method, Work
    from vcmodel.structures.base import Structure

# seconds on a core that multiplies matrices at REFERENCE operations a second: of an iteration whatever its size, per equation, per nonzero
# of C, per cell and working variate
REFERENCE = 2.7e10
CONSTANT, EQUATION, NONZERO, VARIATE = 2.5e-3, 1.3e-6, 1.2e-7, 6e-8
# a factorisation and the selected inverse take this many times the operations of the factorisation, and as long as so many more for every
# nonzero of the factor: full speed is for large fronts (fields, pedigrees and dense matrices of 300 to 100,000 equations)
SWEEPS, NONZERO_OF_FACTOR = 3.0, 2500.0
# order of the matrices whose product is timed, a few milliseconds each, and how often: the quickest was disturbed least
PROBE, PROBES = 384, 8
# seconds of an iteration, or before the first one, from which a fit says so beforehand; operations a second that no core exceeds much, with
# which most fits are seen to take less
LONG, FAST = 30.0, 1e11
# share of the work of a factorisation, and size, from which one dense matrix is named as its cause
MOST, LARGE = 0.25, 200


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
    for _ in range(PROBES):
        start = time.perf_counter()
        a @ a
        best = min(best, time.perf_counter() - start)
    return 2.0 * PROBE**3 / best


def structures(design: Design) -> list[Structure]:
    """Of the random terms, then of the residual sections."""
    return [*(term.structure for term in design.terms), *(section.structure for section in design.sections)]


def parameter_number(design: Design) -> int:
    """Variance parameters of a design."""
    return sum(len(structure.parameters) for structure in structures(design))


def seconds_per_iteration(design: Design, work: Work, rate: float) -> float:
    """Predicted for a machine of `rate` operations a second."""
    slow, parameters = REFERENCE / rate, max(1, parameter_number(design))
    swept = SWEEPS * work.flops + NONZERO_OF_FACTOR * work.fill * work.systems if work.fill else work.iteration
    seconds = slow * (CONSTANT + VARIATE * design.y.size * parameters) + swept / rate
    seconds += slow * work.systems * (EQUATION * work.size + NONZERO * work.nonzeros)
    return seconds + 2.0 * work.fill * work.systems * parameters * SOLVES / rate


def dense_block(front: Front) -> str:
    """What makes a factorisation costly, in words."""
    own = f"all {front.size:,}" if front.of_term == front.size else f"{front.of_term:,} of {front.size:,}"
    return f"one dense block of {front.size:,} equations, {own} of them of {front.term}"


def dominant_front(method: Method, work: Work) -> Front | None:
    """The dense matrix that takes most of a factorisation, if one does."""
    front = method.costliest_front() if work.fill else None
    if front is None or front.size < LARGE:
        return None
    return front if front.size**3 / 3.0 > MOST * work.flops / work.systems else None


def cost_caution(design: Design, method: Method) -> Caution | None:
    """What is said before a fit that will take long; None before others."""
    work = method.work()
    if max(seconds_per_iteration(design, work, FAST), work.once / FAST) < LONG:
        return None
    rate = measured_rate()
    each, before = seconds_per_iteration(design, work, rate), work.once / rate
    text = f"this fit takes about {spoken(each)} per iteration (most need 4 to 15) and {readable(work.memory)}"
    if before >= LONG:
        text += f", after {spoken(before)} for an eigendecomposition"
    front = dominant_front(method, work)
    if front is not None:
        text += (
            f": {work.flops / 1e9:.3g} Gflop for a factorisation, in {dense_block(front)}, which no order of elimination avoids; the work "
            f"grows with the cube of their number: fit parts of the data by themselves, or fewer levels of {front.term}"
        )
    return Caution(f"{text}. A plan tells this without fitting; the estimate is rough")
