"""Options of the solver."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral, Real

from vcmodel.errors import VcmodelError, choices
from vcmodel.processors import processors

FACTORIZATIONS = ("own", "cholmod")
REDUCTIONS = ("auto", "off", "canonical", "spectral")
_TYPES: tuple[tuple[str, type, str], ...] = (
    ("max_iterations", Integral, "a whole number"),
    ("tolerance", Real, "a number"),
    ("start_scale", Real, "a number"),
    ("threads", Integral, "a whole number"),
    ("verbose", bool, "True or False"),
)


@dataclass(frozen=True, kw_only=True)
class Control:
    """How a fit is computed; the defaults suit every model.

    Attributes
    ----------
    max_iterations : int
        Accepted steps after which the fit stops with the status ``iteration limit``.
    tolerance : float
        The fit has converged when the logL that one more Newton step would gain is below this (absolute: logL has no unit). Nothing is
        certified above 1e-8, however large the tolerance.
    start_scale : float
        Multiplies every default starting variance.
    threads : int
        Threads of the factorisation and of the dense algebra, >= 1; no more are started than there are processors for this process, and
        a note says so. Results agree but for rounding.
    factorization : str
        What factorises the mixed-model equations: ``"own"``, the compiled kernel, or ``"cholmod"``. They agree but for rounding.
    reductions : str
        ``"auto"``: solve the equations in a reduced form where the design has one and it is cheaper, with identical results;
        ``"off"``; ``"canonical"`` or ``"spectral"``: that form, or an error that says why the design does not have it.
    verbose : bool
        Print one line an iteration.
    trace : str or None
        Reserved: path conventions of other programs.
    """

    max_iterations: int = 200
    tolerance: float = 1e-10
    start_scale: float = 1.0
    threads: int = 1
    factorization: str = "own"
    reductions: str = "auto"
    verbose: bool = False
    trace: str | None = None

    def __post_init__(self) -> None:
        for name, kind, what in _TYPES:
            value = getattr(self, name)
            if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
                raise VcmodelError(f"Control({name}={value!r}): {name} is {what}")
        if not (math.isfinite(self.tolerance) and math.isfinite(self.start_scale)):
            raise VcmodelError("Control: tolerance and start_scale must be finite")
        if self.max_iterations < 0 or self.tolerance <= 0 or self.start_scale <= 0:
            raise VcmodelError("Control: max_iterations must be >= 0, tolerance and start_scale > 0")
        if self.threads < 1:
            raise VcmodelError(f"Control(threads={self.threads}): threads must be >= 1")
        if self.factorization not in FACTORIZATIONS:
            raise VcmodelError(f"Control(factorization={self.factorization!r}): {choices(self.factorization, FACTORIZATIONS, 'choices')}")
        if self.reductions not in REDUCTIONS:
            raise VcmodelError(f"Control(reductions={self.reductions!r}): {choices(self.reductions, REDUCTIONS, 'choices')}")
        if self.trace is not None:
            raise VcmodelError(f"Control(trace={self.trace!r}): no trace convention is available in this version; leave it out")

    @property
    def granted_threads(self) -> int:
        """`threads`, or as many as there are processors for this process."""
        return 1 if self.threads == 1 else min(self.threads, processors())
