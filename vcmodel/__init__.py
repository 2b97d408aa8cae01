"""Multivariate variance-component models by REML: ASReml-style formulas, certified optima.

>>> import vcmodel as vc
>>> model = vc.Model("yield ~ 1", random="batch")
"""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from vcmodel import datasets
from vcmodel.api import Model, fit
from vcmodel.control import Control
from vcmodel.errors import (
    ConvergenceError,
    ConvergenceWarning,
    CostWarning,
    DataError,
    FormulaError,
    LedgerError,
    ModelWarning,
    RelationshipError,
    StructureError,
    VcmodelError,
    VcmodelWarning,
)
from vcmodel.fit import Fit
from vcmodel.tables.options import ReadOptions

if TYPE_CHECKING:
    from vcmodel import fields
    from vcmodel.batch.many import fit_many
    from vcmodel.design.relationship import Pedigree, Relationship
    from vcmodel.tables.reading import read

__version__ = version("vcmodel")

__all__ = [
    "Control",
    "ConvergenceError",
    "ConvergenceWarning",
    "CostWarning",
    "DataError",
    "Fit",
    "FormulaError",
    "LedgerError",
    "Model",
    "ModelWarning",
    "Pedigree",
    "ReadOptions",
    "Relationship",
    "RelationshipError",
    "StructureError",
    "VcmodelError",
    "VcmodelWarning",
    "__version__",
    "datasets",
    "fields",
    "fit",
    "fit_many",
    "read",
]

# SciPy comes with these: loaded when first asked for
_LATER = {
    "Pedigree": "vcmodel.design.relationship",
    "Relationship": "vcmodel.design.relationship",
    "fields": "vcmodel.fields",
    "fit_many": "vcmodel.batch.many",
    "read": "vcmodel.tables.reading",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module 'vcmodel' has no attribute {name!r}")
    module = import_module(_LATER[name])
    value = module if name == "fields" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
