"""How a fit ended: the value of each status is the message with its remedy."""

from __future__ import annotations

from enum import Enum


class Status(Enum):
    """The end of a fit."""

    CONVERGED = "converged: the score, the Newton decrement and the conditions at every boundary are certified"
    RESIDUAL_BOUNDARY = (
        "converged at the boundary of a residual matrix: logL is the supremum within tolerance, approached as the residual matrix becomes "
        "singular; give the residual a simpler structure (diag or corh), or look for responses that determine one another"
    )
    UNBOUNDED = (
        "unbounded likelihood: logL grows without limit as a residual matrix becomes singular, because the data do not determine it "
        "(a response that copies another, or too few complete units); use diag() in the residual or drop a response"
    )
    ITERATION_LIMIT = (
        "not converged: the iteration limit was reached; raise Control(max_iterations=...) (--max-iterations on the command line) or start "
        "from the estimates with start="
    )
    STALLED = (
        "not converged: no step improves logL although the score is not zero; rescale or simplify the model (see notes), or give other "
        "starting values with start="
    )

    @property
    def converged(self) -> bool:
        """Whether the estimates are a certified maximum."""
        return self in (Status.CONVERGED, Status.RESIDUAL_BOUNDARY)

    @property
    def label(self) -> str:
        """The first words of the message."""
        return self.value.split(":")[0]
