"""The parameter of a correlation that decays with distance, and how it is shown: as a power of the unit distance, or as a range."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, isnan, log

from vcmodel.structures.decay import Decay, PowerDecay
from vcmodel.structures.parameter import Parameter


@dataclass(frozen=True, kw_only=True)
class RangeParameter(Parameter):
    """theta = exp(-v) between 0 (independence) and 1 (the same everywhere), v the rate of the decay over the least distance.

    It neither underflows nor depends on the units of the coordinates. Shown is phi = exp(-1 / range^p), the correlation at distance one,
    of an exponential or Gaussian decay, and the range of a Matern function.

    Attributes
    ----------
    decay : Decay
    least, most : float
        The least and the largest distance, in units of the coordinates.
    """

    decay: Decay
    least: float
    most: float

    @property
    def _exponent(self) -> float | None:
        """1 / least^p, phi = theta to this power; None where the range is shown."""
        return self.least ** (-self.decay.power) if isinstance(self.decay, PowerDecay) else None

    @property
    def tied_as(self) -> str:
        """Decays of one kind."""
        return self.decay.kind

    def span(self, theta: float) -> float:
        """The range, in units of the coordinates."""
        return self.least * (self.decay.range_of(-log(theta)) if theta > 0.0 else 0.0)

    def span_slope(self, theta: float) -> float:
        """Derivative of the range by theta; infinite at both ends."""
        return self.span(theta) * self.regular_slope(theta) if 0.0 < theta < 1.0 else inf

    def shown(self, theta: float) -> float:
        """Phi, or the range."""
        power = self._exponent
        return theta if isnan(theta) else self.span(theta) if power is None else theta**power

    def shown_slope(self, theta: float) -> float:
        """Derivative of :meth:`shown`."""
        power = self._exponent
        if power is None:
            return self.span_slope(theta)
        return power * theta ** (power - 1.0) if theta > 0.0 else (0.0 if power > 1.0 else 1.0 if power == 1.0 else inf)

    def of_shown(self, value: float) -> float:
        """Theta of phi or of a range."""
        power = self._exponent
        return exp(-self.decay.rate_of(value / self.least)) if power is None else value ** (1.0 / power)

    def refusal(self, value: float, residual: bool) -> str:
        """What is wrong with a value to start at."""
        if self._exponent is None:
            return "" if value > 0.0 else "a range is > 0"
        return "" if 0.0 < value < 1.0 else "a power of the distance lies strictly between 0 and 1"

    def regular(self, theta: float) -> float:
        """The logarithm of the range, in units of the coordinates: that of equal ranges, whatever the least distances."""
        return log(self.span(theta)) if 0.0 < theta < 1.0 else (inf if theta > 0.0 else -inf)

    def like(self, other: Parameter, theta: float) -> float:
        """Theta with the range of another parameter; the least distances may differ."""
        if not isinstance(other, RangeParameter) or other.least == self.least:
            return theta
        return exp(-self.decay.rate_of(other.span(theta) / self.least))

    def regular_slope(self, theta: float) -> float:
        """Derivative of the logarithm of the range by theta."""
        return -self.decay.log_range_slope(-log(theta)) / theta
