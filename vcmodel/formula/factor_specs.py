"""The factors of a product: columns, and the covariance over them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vcmodel.formula.columns import Cells, ColumnSource
    from vcmodel.incidence import FactorColumns
    from vcmodel.structures.registry import Structure


@dataclass(frozen=True)
class FactorSpec(ABC):
    """One factor of a product.

    Attributes
    ----------
    source : ColumnSource
        What its columns are.
    label : str
        How it stands in the term's label: the name of its columns, or ``vm(animal, A)``, ``ide(animal)``.
    text : str
        As written: ``us(trait)``.
    """

    source: ColumnSource
    label: str
    text: str = field(compare=False)

    @property
    def factor(self) -> str:
        """What its columns are called: a data column, ``trait``, ``units``; ``2`` for ``us(2)``."""
        return self.source.name

    @property
    def size(self) -> int:
        """The number of levels where one stands in place of a factor, ``us(2)`` in str(); else 0."""
        return self.source.size

    @property
    def carries_variance(self) -> bool:
        """Whether it brings a variance of its own."""
        return False

    def columns(self) -> tuple[str, ...]:
        """The data columns it needs."""
        return self.source.columns()

    def matrix(self, cells: Cells) -> FactorColumns:
        """Its columns over the cells (N,)."""
        return self.source.matrix(cells)

    @abstractmethod
    def describe(self) -> str:
        """The covariance in words."""

    def without_variance(self) -> str:
        """The factor as written with the correlation structure of the same family."""
        return self.text


@dataclass(frozen=True)
class IdentityFactor(FactorSpec):
    """Independent levels: a bare name, ``id``, ``ide``; ``idv`` with a variance.

    Attributes
    ----------
    variance : bool
        Whether it brings the variance of its product: without one that is added, and the model is the same.
    """

    variance: bool = field(default=False, compare=False)

    @property
    def carries_variance(self) -> bool:
        """Whether it is ``idv``."""
        return self.variance

    def describe(self) -> str:
        """Of which factor."""
        return f"independent levels of {self.factor}"

    def without_variance(self) -> str:
        """``id(f)``."""
        return f"id({self.source.written})"


@dataclass(frozen=True)
class KnownFactor(FactorSpec):
    """Levels with a known relationship: ``vm``, ``giv``, ``ped``.

    Attributes
    ----------
    relationship : str
        Key into ``known``.
    """

    relationship: str

    def describe(self) -> str:
        """Which relationship over which factor."""
        return f"relationship {self.relationship} over {self.factor}"


@dataclass(frozen=True)
class StructuredFactor(FactorSpec):
    """Levels with a structure of the registry.

    Attributes
    ----------
    structure : str
        Its name there ("us", "diag", "cor", ...; idh becomes diag).
    arguments : tuple
        Its further arguments (k of fa, b of corb).
    """

    structure: str
    arguments: tuple[int | float | str, ...] = ()

    @property
    def _class(self) -> type[Structure]:
        import vcmodel.structures.registry as registry  # not above: what only asks for kinds of factors stays light

        return registry.structure_class(self.structure)

    @property
    def carries_variance(self) -> bool:
        """Whether the structure does: us, diag, corgh ..."""
        return bool(self._class.carries_variance)

    @property
    def ordered(self) -> bool:
        """Whether the order of the levels matters."""
        return bool(self._class.ordered)

    @property
    def placed(self) -> bool:
        """Whether it matters where the levels stand: in an order, or at coordinates."""
        return bool(self._class.ordered or self._class.metric)

    def describe(self) -> str:
        """As written."""
        return self.text

    def without_variance(self) -> str:
        """The correlation structure of the same family: us and corgh become corg, diag becomes id, corv becomes cor."""
        inside = ", ".join(map(str, (self.source.written, *self.arguments)))
        if self.structure == "diag":
            return f"id({self.source.written})"
        import vcmodel.structures.registry as registry

        base = self.structure[:-1]
        if self.structure[-1] in "vh" and base in registry.STRUCTURES:
            return f"{base}({inside})"
        return f"corg({self.source.written})"


Kind = TypeVar("Kind", bound=FactorSpec)


def of_kind(factors: Iterable[FactorSpec], kind: type[Kind]) -> list[Kind]:
    """Those of the factors that are of one kind, in their order."""
    return [item for item in factors if isinstance(item, kind)]
