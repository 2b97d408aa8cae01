"""Check that imports inside vcmodel point downwards only (LAYERS below, lowest first).

usage: python tools/check_layers.py [ROOT]
Prints every offending import as file:line and exits 1; also names package folders without ``__init__.py``, which the build would miss.
Imports inside functions and under TYPE_CHECKING count like any other.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

# lowest first; a module may import its own layer and those above it in this list
LAYERS = (
    "errors",
    "cgroup",
    "memory",
    "processors",
    "control",
    "tables",
    "linalg",
    "structures",
    "formula",
    "spec",
    "design",
    "equations",
    "reml",
    "results",
    "report",
    "fit",
    "api",
    "top",
)
TOP = {"batch", "cli", "demo", "__init__", "__main__"}
# a narrower rule than the order: what this layer may import from the layers below it
ONLY = {"linalg": {"errors", "memory"}, "tables": {"errors", "memory"}, "datasets": {"errors"}}
# the leaf with the example data, for users and the layers that face them
LEAF, LEAF_USERS = "datasets", {"api", "top"}
# the parser needs the names of the structures, not the structures
NAMES_ONLY = {("formula", "structures"): "vcmodel.structures.registry"}


def layer(module: str) -> str:
    """The layer of a dotted module name inside vcmodel."""
    parts = module.split(".")
    head = parts[1] if len(parts) > 1 else "__init__"
    return "top" if head in TOP else head


def imports(tree: ast.AST, module: str, is_package: bool) -> Iterator[tuple[int, str]]:
    """Line and dotted name of every import of a vcmodel module, relative ones resolved."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                parents = module.split(".")
                keep = len(parents) - node.level + is_package
                base = ".".join([*parents[:keep], *([base] if base else [])])
            # `from vcmodel import reml` names a layer in the alias
            names = [f"{base}.{alias.name}" for alias in node.names] if base == "vcmodel" else [base]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name.split(".")[0] == "vcmodel")


def offence(source: str, target_module: str) -> str | None:
    """Why a module of layer `source` must not import `target_module`; None when it may."""
    target = layer(target_module)
    if source == target:
        return None
    if target == LEAF:
        return None if source in LEAF_USERS else f"only {', '.join(sorted(LEAF_USERS))} may import {LEAF}"
    if source in ONLY:
        return None if target in ONLY[source] else f"{source} may import {', '.join(sorted(ONLY[source]))} only"
    if target == "top" and target_module.count(".") == 1 and target_module.split(".")[1] not in TOP:
        return None
    if source not in LAYERS:
        return f"the layer {source!r} is not in tools/check_layers.py: add it where it belongs"
    if target not in LAYERS:
        return f"the layer {target!r} is not in tools/check_layers.py: add it where it belongs"
    if LAYERS.index(target) > LAYERS.index(source):
        return f"{source} lies below {target}"
    required = NAMES_ONLY.get((source, target))
    if required is not None and target_module != required:
        return f"{source} may import {required} only"
    return None


def check(root: Path) -> list[str]:
    """One line per offence under `root`, the folder that holds vcmodel/ and datasets/."""
    found = []
    for folder, package in ((root / "vcmodel", "vcmodel"), (root / "datasets", "vcmodel.datasets")):
        for path in sorted(folder.rglob("*.py")):
            if not (path.parent / "__init__.py").exists():
                found.append(f"{path.parent.relative_to(root)}: no __init__.py, the build would leave it out")
            inner = path.relative_to(folder).with_suffix("").parts
            is_package = inner[-1] == "__init__"
            module = ".".join([package, *(inner[:-1] if is_package else inner)])
            for line, name in imports(ast.parse(path.read_text(encoding="utf-8")), module, is_package):
                reason = offence(layer(module), name)
                if reason:
                    found.append(f"{path.relative_to(root)}:{line}: imports {name}: {reason}")
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    offences = check(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
    print("\n".join(offences) if offences else "imports point downwards")
    sys.exit(bool(offences))
