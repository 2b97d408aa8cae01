"""Check that imports inside vcmodel point downwards only (LAYERS below, lowest first) and that no modules import each other in a circle.

usage: python tools/check_layers.py [ROOT]
Prints every offending import as file:line, and every circle, and exits 1; also names package folders without ``__init__.py``, which the
build would miss. Imports inside functions count like any other; those under TYPE_CHECKING too, but not for circles: they are never run.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

# lowest first; a module may import its own layer and those above it in this list
LAYERS = (
    "text",
    "files",
    "exit_codes",
    "errors",
    "cgroup",
    "memory",
    "processors",
    "control",
    "tables",
    "linalg",
    "structures",
    "incidence",
    "formula",
    "spec",
    "design",
    "options",
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
ONLY = {"linalg": {"errors", "memory", "control"}, "tables": {"text", "errors", "memory"}, "datasets": {"errors"}}
# the leaf with the example data, for users and the layers that face them
LEAF, LEAF_USERS = "datasets", {"api", "top"}
# the parser needs the names of the structures, not the structures
NAMES_ONLY = {("formula", "structures"): "vcmodel.structures.registry"}


def layer(module: str) -> str:
    """The layer of a dotted module name inside vcmodel."""
    parts = module.split(".")
    head = parts[1] if len(parts) > 1 else "__init__"
    return "top" if head in TOP else head


def imports(tree: ast.AST, module: str, is_package: bool) -> Iterator[tuple[int, str, tuple[str, ...]]]:
    """Line, dotted name and imported names of every import of a vcmodel module, relative ones resolved."""
    for node in ast.walk(tree):
        own: tuple[str, ...] = ()
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
            own = () if base == "vcmodel" else tuple(alias.name for alias in node.names)
        else:
            continue
        yield from ((node.lineno, name, own) for name in names if name.split(".")[0] == "vcmodel")


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


class _Run(ast.NodeTransformer):
    """Leaves out what only type checkers see."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        test = node.test
        name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
        return node.orelse if name == "TYPE_CHECKING" else node


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that import each other in turn, first and last the same; empty when there are none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as problem:
        return list(reversed(problem.args[1]))
    return []


def imported_modules(tree: ast.AST, module: str, is_package: bool, modules: set[str]) -> set[str]:
    """The `modules` that a module imports when it runs: of a package, the modules named."""
    found: set[str] = set()
    for _, base, names in imports(_Run().visit(tree), module, is_package):
        inner = {f"{base}.{name}" for name in names} & modules
        found |= inner if len(inner) == len(names) > 0 else {*inner, base} & modules
    return found - {module}


def check(root: Path) -> list[str]:
    """One line per offence under `root`, the folder that holds vcmodel/ and datasets/."""
    found = []
    trees: dict[str, tuple[ast.AST, bool]] = {}
    for folder, package in ((root / "vcmodel", "vcmodel"), (root / "datasets", "vcmodel.datasets")):
        for path in sorted(folder.rglob("*.py")):
            if not (path.parent / "__init__.py").exists():
                found.append(f"{path.parent.relative_to(root)}: no __init__.py, the build would leave it out")
            inner = path.relative_to(folder).with_suffix("").parts
            is_package = inner[-1] == "__init__"
            module = ".".join([package, *(inner[:-1] if is_package else inner)])
            tree = ast.parse(path.read_text(encoding="utf-8"))
            trees[module] = tree, is_package
            for line, name, _ in imports(tree, module, is_package):
                reason = offence(layer(module), name)
                if reason:
                    found.append(f"{path.relative_to(root)}:{line}: imports {name}: {reason}")
    members = circle({module: imported_modules(tree, module, is_package, set(trees)) for module, (tree, is_package) in trees.items()})
    if members:
        found.append(f"import circle: {' -> '.join(members)}")
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    offences = check(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parents[1])
    print("\n".join(offences) if offences else "imports point downwards, without circles")
    sys.exit(bool(offences))
