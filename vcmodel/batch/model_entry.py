"""A model of a batch and what its fits are made of, and the rule by which one of several is selected."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vcmodel.api import Model
from vcmodel.batch.traits import trait_sets, with_responses
from vcmodel.options import FitOptions

if TYPE_CHECKING:
    from vcmodel.batch.field_ladder import FieldModel


@dataclass(frozen=True)
class ModelEntry:
    """One model of a job: a name and what :class:`vcmodel.Model` and its ``fit`` take.

    Attributes
    ----------
    name : str
        As the tables show it.
    fixed : str
        Two-sided, or one-sided when the job gives `responses`.
    random, residual : str or None
    options : FitOptions
        Those of the job and of the model; the relationships are the job's.
    field : FieldModel or None
        What is added to `random` and taken as `residual`, for a model of a field.
    """

    name: str
    fixed: str
    random: str | None = None
    residual: str | None = None
    options: FitOptions = field(default_factory=FitOptions)
    field: FieldModel | None = None

    def trait_sets(self, mode: str, responses: tuple[str, ...]) -> list[tuple[str, ...]]:
        """The responses of each fit; `responses`, if there are any, in place of those written."""
        return trait_sets(self.fixed, mode, responses)

    def formulas(self, traits: tuple[str, ...]) -> dict[str, str | None]:
        """``fixed``, ``random`` and ``residual`` for these responses."""
        random, residual = (self.random, self.residual) if self.field is None else self.field.formulas(self.random, len(traits) > 1)
        return {"fixed": with_responses(self.fixed, traits), "random": random, "residual": residual}

    def model(self, traits: tuple[str, ...]) -> Model:
        """The model for these responses.

        Raises
        ------
        VcmodelError
            A formula that cannot be read or does not make sense.
        """
        formulas = self.formulas(traits)
        return Model(formulas["fixed"] or "", formulas["random"], formulas["residual"])


@dataclass(frozen=True)
class Selection:
    """How one model of a ladder is selected: `by` ``aic``, ``bic`` or ``lrt`` at level `alpha`.

    Of models whose AIC or BIC is no more than `within` above the smallest the one with the fewest parameters is taken.
    """

    by: str
    alpha: float = 0.05
    within: float = 0.0
