"""The benchmark cases: what is generated, which model is fitted to it, and which programs can fit that model.

Nothing here loads NumPy: the process that starts and measures the others stays small.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

SEED = 20240


@dataclass(frozen=True, kw_only=True)
class Case:
    """One data set and one model.

    Attributes
    ----------
    family : str
        ``T1`` ... ``T10``: cases of one family differ in size or variant only.
    variant, size : str
        What tells the cases of a family apart; `size` is what ``--sizes`` selects.
    generator : str
        ``module:function`` in this package; called with the seed and `arguments`.
    fixed, random, residual : str
        The model as vcmodel reads it.
    responses : tuple of str
        Response columns.
    known : str
        Name of the relationship in the formulas: ``""``, ``"A"`` (pedigree) or ``"K"`` (dense matrix).
    peers : tuple of str
        Programs that can fit this very model.
    on_request : bool
        Left out unless its size is asked for by name.
    """

    family: str
    size: str
    generator: str
    arguments: Mapping[str, Any]
    fixed: str
    random: str | None
    residual: str | None = None
    responses: tuple[str, ...] = ("y",)
    variant: str = ""
    known: str = ""
    peers: tuple[str, ...] = ()
    on_request: bool = False
    seed: int = field(default=SEED)

    @property
    def key(self) -> str:
        """Name of the case: ``T4-50k``, ``T7-2-traits-1k``."""
        return "-".join(part.replace(" ", "-") for part in (self.family, self.variant, self.size) if part)

    def generate(self) -> Any:
        """What the generator returns: a table, or a table and its pedigree or relationship matrix."""
        module, function = self.generator.split(":")
        return getattr(import_module(f"benchmarks.{module}"), function)(self.seed, **self.arguments)


def _traits(k: int) -> tuple[str, ...]:
    return ("y",) if k == 1 else tuple(f"y{j + 1}" for j in range(k))


def _trials() -> list[Case]:
    bivariate, four = ("HT", "DBH"), ("HT", "DBH", "VOL", "DEN")
    us = {"random": "us(trait):Block + us(trait):Family", "residual": "units:us(trait)"}
    make, shape = "trials:blocks_and_families", {"blocks": 12, "families": 50, "replicates": 2}
    wide = {"blocks": 10, "families": 500, "replicates": 1, "traits": four, "missing": 0.03}
    return [
        Case(
            family="T1", size="1200", generator=make, arguments={**shape, "traits": ("y",)}, fixed="y ~ 1", random="Block + Family",
            peers=("lme4", "glmmTMB", "statsmodels", "pyreml"),
        ),
        Case(
            family="T2", size="1200", generator=make, arguments={**shape, "traits": bivariate, "missing": 0.03},
            fixed="cbind(HT, DBH) ~ trait", responses=bivariate, peers=("lme4", "glmmTMB", "pyreml"), **us,
        ),
        Case(
            family="T3", size="5k", generator=make, arguments=wide, fixed="cbind(HT, DBH, VOL, DEN) ~ trait", responses=four,
            peers=("lme4", "glmmTMB", "pyreml"), **us,
        ),
    ]  # fmt: skip


def _animals() -> list[Case]:
    sizes = {"5k": 5_000, "50k": 50_000, "200k": 200_000, "1M": 1_000_000}
    one = [
        Case(
            family="T4", size=size, generator="pedigrees:animal_records", arguments={"animals": n, "traits": 1}, fixed="y ~ hys",
            random="vm(animal, A)", known="A", peers=("pyreml",) if n <= 5_000 else (), on_request=size == "1M",
        )
        for size, n in sizes.items()
    ]  # fmt: skip
    two = [
        Case(
            family="T5", size=size, generator="pedigrees:animal_records", arguments={"animals": sizes[size], "traits": 2},
            fixed="cbind(y1, y2) ~ trait:hys", random="us(trait):vm(animal, A)", residual="units:us(trait)", responses=_traits(2),
            known="A", peers=("pyreml",) if size == "5k" else (),
        )
        for size in ("5k", "50k")
    ]  # fmt: skip
    return one + two


def _environments() -> list[Case]:
    make, programs = "trials:genotypes_in_environments", ("nlme", "glmmTMB", "pyreml")
    return [
        Case(
            family="T6", variant=structure, size=f"{k}x{genotypes}x2", generator=make,
            arguments={"environments": k, "genotypes": genotypes, "replicates": 2}, fixed="y ~ env", random=f"{structure}(env):geno",
            residual="dsum(~ id(units) | env)", peers=programs if k <= 20 else (), on_request=structure == "us" and k > 6,
        )
        for structure, k, genotypes in (("diag", 20, 200), ("us", 6, 200), ("us", 20, 200), ("us", 40, 60))
    ]  # fmt: skip


def _lines() -> list[Case]:
    return [
        Case(
            family="T7", variant=f"{k} trait{'s' if k > 1 else ''}", size=f"{n // 1000}k", generator="genomic:lines_with_markers",
            arguments={"lines": n, "traits": k}, fixed="y ~ 1" if k == 1 else f"cbind({', '.join(_traits(k))}) ~ trait",
            random="vm(line, K)" if k == 1 else "us(trait):vm(line, K)", residual=None if k == 1 else "units:us(trait)",
            responses=_traits(k), known="K", peers=("gemma", "pyreml") if n == 1000 else ("gemma",),
        )
        for n in (1000, 3000)
        for k in (1, 2, 5)
    ]  # fmt: skip


def _groups() -> list[Case]:
    students = {"n": 73_421, "students": 2_972, "lecturers": 1_128, "departments": 14}
    return [
        Case(
            family="T8", size="2x2000", generator="groups:pairs_in_groups", arguments={"pairs": 2000}, fixed="y ~ R", random="at(R):f",
            residual="dsum(~ id(units) | R)", peers=("nlme", "glmmTMB"),
        ),
        Case(
            family="T10", size="73k", generator="groups:ratings", arguments=students, fixed="y ~ 1",
            random="student + lecturer + department", peers=("lme4", "glmmTMB", "pyreml"),
        ),
    ]  # fmt: skip


def _fields() -> list[Case]:
    make, residual = "trials:plots_of_fields", "ar1v(row):ar1(column)"
    one = [
        Case(
            family="T9", variant="nugget" if nugget else "", size=f"{rows}x{columns}", generator=make,
            arguments={"rows": rows, "columns": columns, "genotypes": genotypes, "nugget": nugget}, fixed="y ~ 1",
            random="gen + units" if nugget else "gen", residual=residual, peers=("pyreml",) if rows == 30 else (),
        )
        for rows, columns, genotypes in ((30, 40, 300), (150, 150, 3000))
        for nugget in (False, True)
    ]  # fmt: skip
    shape = {"rows": 20, "columns": 12, "genotypes": 500, "trials": 100}
    many = [
        Case(
            family="T9", variant="nugget" if nugget else "", size="100x20x12", generator=make, arguments={**shape, "nugget": nugget},
            fixed="y ~ trial", random="gen + at(trial):units" if nugget else "gen", residual=f"dsum(~ {residual} | trial)",
            on_request=nugget,
        )
        for nugget in (False, True)
    ]  # fmt: skip
    return one + many


CASES: tuple[Case, ...] = (*_trials(), *_animals(), *_environments(), *_lines(), *_groups(), *_fields())
BY_KEY: dict[str, Case] = {case.key: case for case in CASES}


def chosen(families: set[str] | None, sizes: set[str] | None) -> list[Case]:
    """The cases of these families and sizes; None is all but those on request.

    Raises
    ------
    ValueError
        A family or size that no case has.
    """
    for name, wanted, known in (
        ("family", families, {case.family for case in CASES}),
        ("size", sizes, {case.size for case in CASES}),
    ):
        unknown = (wanted or set()) - known
        if unknown:
            raise ValueError(f"no {name} {', '.join(sorted(unknown))}; there are {', '.join(sorted(known))}")
    return [
        case
        for case in CASES
        if (families is None or case.family in families) and (case.size in sizes if sizes is not None else not case.on_request)
    ]
