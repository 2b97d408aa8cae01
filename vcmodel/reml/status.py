"""How a fit ended: the value of each status is the message with its remedy."""

from __future__ import annotations

from enum import Enum


class Status(Enum):
    """The end of a fit. What depends on the case (which residual, why, what to do) stands in its notes."""

    CONVERGED = "converged: a local maximum; the score, the Newton decrement and the conditions at every boundary are certified"
    FIXED = "converged: nothing was estimated, because every variance parameter is fixed; logL is that of the values given"
    RESIDUAL_BOUNDARY = (
        "converged at the boundary of the residual: logL is the supremum, approached as a residual variance goes to zero or a residual "
        "matrix becomes singular; the notes name it and say what to do"
    )
    UNBOUNDED = (
        "unbounded likelihood: logL grows without limit as a residual variance goes to zero or a residual matrix becomes singular, because "
        "the model can fit part of the data exactly; the notes name the cause and what to do"
    )
    TOLERANCE = (
        "not converged: stopped at the tolerance asked for, which is too loose to certify a maximum; leave out Control(tolerance=...)"
    )
    ITERATION_LIMIT = (
        "not converged: the iteration limit was reached; raise Control(max_iterations=...) (--max-iterations on the command line) or start "
        "from the estimates with start="
    )
    STALLED = (
        "not converged: no step improves logL although the score is not zero; rescale or simplify the model (see notes), or give other "
        "starting values with start="
    )

    UNCERTIFIED = (
        "not converged: a matrix ended at its boundary where the slope of logL could not be computed, so that nothing says whether it "
        "should stay there; simplify the model, or give other starting values with start="
    )

    @property
    def converged(self) -> bool:
        """Whether the estimates are a certified maximum, or nothing was to be estimated."""
        return self in (Status.CONVERGED, Status.FIXED, Status.RESIDUAL_BOUNDARY)

    @property
    def label(self) -> str:
        """The first words of the message."""
        return self.value.split(":")[0]
