"""The covariance matrices of a model: one component for each random term and each residual section, with the names of its rows."""

from __future__ import annotations

from abc import ABC
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from vcmodel.errors import StructureError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from vcmodel.design.design import Design
    from vcmodel.structures.base import Structure

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class Component(ABC):
    """One matrix Sigma to estimate: of a random term or of a residual section.

    Attributes
    ----------
    index : int
        Position among the random terms or the sections.
    reference : (k,) array
        Standard deviation of the data at each level, divided by the size of the covariate if there is one.
    rows : tuple of str
        Row names of the reported parameters.
    is_random : bool
        Whether it is a random term: its matrix enters the equations through a root and may be singular.
    """

    index: int
    label: str
    structure: Structure
    reference: Array
    rows: tuple[str, ...]

    is_random: ClassVar[bool]

    def shown(self, theta: Array) -> Array:
        """What the reports show for reported parameters theta."""
        return np.array([one.shown(value) for one, value in zip(self.structure.parameters, theta.tolist(), strict=True)])

    def shown_slopes(self, theta: Array) -> Array:
        """Its derivative by each of them."""
        return np.array([one.shown_slope(value) for one, value in zip(self.structure.parameters, theta.tolist(), strict=True)])


class RandomComponent(Component):
    """The matrix of a random term."""

    is_random = True


class ResidualComponent(Component):
    """The matrix of a residual section, which enters the equations through its inverse: positive definite at every iterate."""

    is_random = False


def row_names(label: str, structure: Structure, single: str | None = None) -> tuple[str, ...]:
    """The varcomp rows of a component: label, ``!`` and the parameter; a single variance has the name `single`, by default the label."""
    single = label if single is None else single
    return tuple(f"{label}!{parameter.suffix}" if parameter.suffix else single for parameter in structure.parameters)


def make_components(design: Design, references: Sequence[Array]) -> tuple[Component, ...]:
    """Random terms as written, then the residual sections.

    Raises
    ------
    StructureError
        Two terms would report the same parameter.
    """
    random, residual = references[: len(design.terms)], references[len(design.terms) :]
    components: tuple[Component, ...] = (
        *(
            RandomComponent(i, term.label, term.structure, reference, row_names(term.label, term.structure))
            for i, (term, reference) in enumerate(zip(design.terms, random, strict=True))
        ),
        *(
            ResidualComponent(i, part.label, part.structure, reference, row_names(part.label, part.structure, f"{part.label}!R"))
            for i, (part, reference) in enumerate(zip(design.sections, residual, strict=True))
        ),
    )
    names = [row for component in components for row in component.rows]
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise StructureError(f"two terms report the same parameter {twice[0]!r}; the model contains a term twice: remove one")
    return components


def random_labels(components: Iterable[Component]) -> list[str]:
    """Labels of the random terms."""
    return [component.label for component in components if component.is_random]


def residual_labels(components: Iterable[Component]) -> list[str]:
    """Labels of the residual sections."""
    return [component.label for component in components if not component.is_random]
