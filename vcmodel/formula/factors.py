"""The factors of a product: names and structure calls to :class:`FactorSpec`, ``at()`` to :class:`Condition`."""

from __future__ import annotations

from dataclasses import dataclass

import vcmodel.structures.registry as registry
from vcmodel.errors import FormulaError, StructureError
from vcmodel.formula.columns import DESIGN_FUNCTIONS, ColumnSource, Coordinates, Levels, Size
from vcmodel.formula.conditions import Condition
from vcmodel.formula.factor_specs import FactorSpec, IdentityFactor, KnownFactor, StructuredFactor, of_kind
from vcmodel.formula.tokens import one_line
from vcmodel.formula.tree import RESERVED, Argument, Call, Literal, Name, Product, Sequence, Span
from vcmodel.formula.vocabulary import DIAGONAL, IDENTITY, KNOWN, structure_names

_POSITIONAL = ("k", "b", "nu")  # keywords that read as further arguments


@dataclass(frozen=True)
class Reader:
    """Turns the factors of one formula into specifications; keeps the text for messages.

    Attributes
    ----------
    text : str
        The formula.
    part : str
        ``"fixed"``, ``"random"`` or ``"residual"``.
    responses : tuple of str
        Decides what ``trait`` can mean.
    """

    text: str
    part: str
    responses: tuple[str, ...]

    def fail(self, message: str, span: Span) -> FormulaError:
        """The error with `span` marked."""
        return FormulaError(message, one_line(self.text), span)

    def column(self, node: Argument, where: str) -> str:
        """The factor name that `node` is.

        Raises
        ------
        FormulaError
            Anything but a name; ``trait`` with one response.
        """
        if isinstance(node, Call):
            raise self.fail(f"{where} takes the name of a factor, not {node}: join structures by `:`", node.span)
        if not isinstance(node, Name):
            raise self.fail(f"{where} takes the name of a factor first, not {node}", getattr(node, "span", (0, len(self.text))))
        if node.column == "trait" and len(self.responses) == 1:
            raise self.fail(
                f"`trait` stands for several responses and there is only {self.responses[0]!r}: "
                + ("write `1` for the mean and leave `trait` out of products" if self.part == "fixed" else "leave the factor out")
                + "; a column of the data that is called trait cannot be meant: rename it",
                node.span,
            )
        if node.column in self.responses:
            raise self.fail(f"{node.column!r} is a response and cannot be a factor of `{self.part}`", node.span)
        return node.column

    def factor(self, node: Name | Call) -> FactorSpec:
        """The specification of a name, an identity, a known relationship or a structure call."""
        if isinstance(node, Name):
            name = self.column(node, "a term")
            return IdentityFactor(Levels(name), name, str(node))
        if node.function in KNOWN:
            return self.known(node)
        if node.function in IDENTITY:
            self.no_keywords(node)
            if len(node.arguments) != 1:
                raise self.fail(f"{node.function}() takes one factor: {node.function}(block)", node.span)
            source = self.source(node)
            label = f"ide({source.name})" if node.function == "ide" else source.name
            return IdentityFactor(source, label, str(node), variance=node.function == "idv")
        if node.function == DIAGONAL or node.function in structure_names():
            return self.structure(node)
        if node.function in DESIGN_FUNCTIONS:
            own = DESIGN_FUNCTIONS[node.function].read(node, self)
            return IdentityFactor(own, own.name, str(node))
        raise self.fail(f"{node.function}() cannot stand here", node.span)

    def known(self, node: Call) -> FactorSpec:
        """``vm(f, K)``; without K the relationship is looked up under the name of the factor."""
        self.no_keywords(node)
        if not 1 <= len(node.arguments) <= 2:
            raise self.fail(f"{node.function}() takes a factor and the name of a relationship: vm(animal, A)", node.span)
        name = self.column(node.arguments[0], f"{node.function}()")
        if len(node.arguments) == 1:
            return KnownFactor(Levels(name), f"{node.function}({name})", str(node), name)
        key = node.arguments[1]
        if not (isinstance(key, Name) or (isinstance(key, Literal) and isinstance(key.value, str))):
            raise self.fail(f"{node.function}() takes the name of a relationship given in `known` second, not {key}", node.span)
        relationship = key.text if isinstance(key, Name) else str(key.value)
        return KnownFactor(Levels(name), f"{node.function}({name}, {relationship})", str(node), relationship)

    def structure(self, node: Call) -> FactorSpec:
        """``us(f)``, ``fa(f, 2)``; ``us(2)`` is a size, for str()."""
        if not node.arguments:
            raise self.fail(f"{node.function}() needs a factor: {node.function}(site)", node.span)
        for keyword, _ in node.keywords:
            if keyword not in _POSITIONAL:
                hint = "; starting values go to start={...} of vc.fit" if keyword in ("init", "initial", "start") else ""
                raise self.fail(f"{node.function}() has no argument {keyword!r}{hint}", node.span)
        source, further = self.structure_source(node)
        further += [value for _, value in node.keywords]
        if source.name == "units":
            raise self.fail(f"`units` has one level per row and takes no structure: write id(units) instead of {node}", node.span)
        values: list[int | float | str] = []
        for value in further:
            if not isinstance(value, Literal):
                raise self.fail(f"{node.function}({source.written}, ...) takes numbers after the factor, not {value}", node.span)
            values.append(value.value)
        arguments = registry.completed(node.function, tuple(values))
        spec = StructuredFactor(source, source.name, str(node), registry.canonical(node.function), arguments)
        self.check_arguments(spec)
        return spec

    def check_arguments(self, spec: StructuredFactor) -> None:
        """Refuses arguments the structure cannot have, before any data are read; over traits, whose number is known, it is built."""
        try:
            registry.check_arguments(spec.structure, spec.source.written, *spec.arguments)
            if spec.factor == "trait":
                registry.build(spec.structure, spec.factor, self.responses, *spec.arguments)
        except StructureError as problem:
            raise StructureError(f"{spec.text} in `{self.part}`: {problem}") from None

    def structure_source(self, node: Call) -> tuple[ColumnSource, list[Argument]]:
        """What a structure is over, and its further arguments: as many columns as a structure of distances has axes stand first."""
        allowed = registry.structure_class(node.function).metric
        if not allowed:
            return self.source(node), list(node.arguments[1:])
        axes = next((i for i, item in enumerate(node.arguments) if isinstance(item, Literal)), len(node.arguments))
        if axes not in allowed:
            raise self.fail(self._wanted_axes(node.function, allowed, axes), node.span)
        names = tuple(self.column(item, f"{node.function}()") for item in node.arguments[:axes])
        if len(set(names)) < axes:
            raise self.fail(f"{node.function}() has the same coordinate twice: name two columns", node.span)
        for name in names:
            if name in RESERVED:
                raise self.fail(f"`{name}` is a factor and has no coordinates", node.span)
        return Coordinates(names), list(node.arguments[axes:])

    @staticmethod
    def _wanted_axes(function: str, allowed: tuple[int, ...], axes: int) -> str:
        """How many columns of coordinates a structure of distances takes, and what to write for another number."""
        written = " or ".join(f"{function}({', '.join(('x', 'y', 'z')[:count])})" for count in allowed)
        plane = f"i{function}"
        near = f"; {plane}(x, y) is the one in the plane" if axes == 2 and plane in registry.STRUCTURES else ""
        return f"{function}() takes columns with coordinates, {written}, not {axes}{near}"

    def source(self, node: Call) -> ColumnSource:
        """What stands first in a call: a factor, a design function, or, for str(), the number of its levels."""
        first = node.arguments[0]
        if isinstance(first, Literal) and isinstance(first.value, int) and first.value > 0:
            return Size(first.value)
        if isinstance(first, Call) and first.function in DESIGN_FUNCTIONS:
            return DESIGN_FUNCTIONS[first.function].read(first, self)
        return Levels(self.column(first, f"{node.function}()"))

    def no_keywords(self, node: Call) -> None:
        """Refuses named arguments."""
        if node.keywords:
            raise self.fail(f"{node.function}() has no argument {node.keywords[0][0]!r}", node.span)

    def condition(self, node: Call) -> Condition:
        """``at(f)``, ``at(f, lev)``, ``at(f, 'a', 'b')``, ``at(f, c('a', 'b'))``."""
        self.no_keywords(node)
        if not node.arguments:
            raise self.fail("at() needs a factor: at(site) or at(site, 'S1')", node.span)
        name = self.column(node.arguments[0], "at()")
        if name == "units":
            raise self.fail("at() cannot condition on `units`: every row is a level of it; rename a column that is called units", node.span)
        levels: list[str] = []
        for argument in node.arguments[1:]:
            for item in argument.items if isinstance(argument, Sequence) else (argument,):
                levels.append(self.level(item, node))
        if len(levels) != len(set(levels)):
            raise self.fail("at() names a level twice", node.span)
        if len(node.arguments) > 1 and not levels:
            raise self.fail("at() names no level: leave the empty list out for all levels", node.span)
        if name == "trait":
            unknown = [level for level in levels if level not in self.responses]
            if unknown:
                if unknown[0].isdecimal() and 1 <= int(unknown[0][:9]) <= len(self.responses):
                    meant = self.responses[int(unknown[0]) - 1]
                    raise self.fail(f"at(trait, {unknown[0]}): levels are named by their labels, write at(trait, {meant!r})", node.span)
                raise self.fail(f"at(trait, {unknown[0]!r}): the traits are {', '.join(self.responses)}", node.span)
        return Condition(name, tuple(levels) if levels else None)

    def level(self, node: Argument, where: Call) -> str:
        """The label that a name, text or number stands for; an integral number is an integer before it becomes a label."""
        if isinstance(node, Name):
            return node.text
        if isinstance(node, Literal):
            whole = isinstance(node.value, float) and node.value.is_integer()
            written = self.text[slice(*node.span)]
            if isinstance(node.value, float) and not whole and written.endswith("0"):
                raise self.fail(
                    f"{where.function}(): {written} is a number and equals {node.value}; write the label in quotes, '{written}'", node.span
                )
            return str(int(node.value)) if whole else str(node.value)
        raise self.fail(f"{where.function}() takes labels of levels, not {node}", where.span)

    def covariate(self, node: Call) -> str:
        """The column of ``lin(x)``."""
        self.no_keywords(node)
        if len(node.arguments) != 1:
            raise self.fail("lin() takes one column: lin(x)", node.span)
        name = self.column(node.arguments[0], "lin()")
        if name in ("trait", "units"):
            raise self.fail(f"`{name}` is a factor and cannot be a covariate", node.span)
        return name

    def one_variance(self, product: Product, specs: tuple[FactorSpec, ...]) -> None:
        """Refuses a product in which two factors carry a variance: their scales could not be told apart.

        Raises
        ------
        FormulaError
            With the product written so that it works.
        """
        carriers = [item for item in specs if item.carries_variance]
        if len(carriers) < 2:
            return
        kept = next(iter(of_kind(carriers, StructuredFactor)), carriers[0])
        fixed = {item.text: item.without_variance() for item in carriers if item is not kept}
        written = ":".join(fixed.get(str(factor), str(factor)) for factor in product.factors)
        raise self.fail(
            f"in {str(product)!r} both {' and '.join(item.text for item in carriers)} carry a variance, and the data see only the product: "
            f"write {written!r}",
            product.span,
        )

    def no_repeats(self, product: Product, names: list[str]) -> None:
        """Refuses a factor that stands twice in one product."""
        for name in names:
            if names.count(name) > 1:
                raise self.fail(f"factor {name!r} stands twice in {str(product)!r}", product.span)
