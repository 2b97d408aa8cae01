"""Check that imports inside vcmodel point downwards only (LAYERS below, lowest first) and that no modules import each other in a circle.

usage: python tools/check_layers.py [--annotations] [--picture] [ROOT]
Prints every offending import as file:line, and every circle, and exits 1; also names package folders without ``__init__.py``, which the
build would miss. Imports inside functions count like any other; those under TYPE_CHECKING too, but as circles only with
``--annotations``. With ``--picture`` the layers come first, as a table with their sizes and what they import.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
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
TOP = {"batch", "cli", "demo", "fields", "__init__", "__main__"}
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


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Modules that import each other in turn, first and last the same: of each module the shortest circle, no set of modules twice."""
    found: dict[frozenset[str], list[str]] = {}
    for start in sorted(graph):
        came_from, queue = {start: ""}, [start]
        for module in queue:
            if start in graph[module]:
                path = [start, module]
                while path[-1] != start:
                    path.append(came_from[path[-1]])
                found.setdefault(frozenset(path), path[::-1])
                break
            new = sorted(graph[module] - came_from.keys())
            came_from.update(dict.fromkeys(new, module))
            queue += new
    return list(found.values())


class _Run(ast.NodeTransformer):
    """Leaves out what only type checkers see."""

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        test = node.test
        name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
        return node.orelse if name == "TYPE_CHECKING" else node


def imported_modules(tree: ast.AST, module: str, is_package: bool, modules: set[str]) -> set[str]:
    """The `modules` that a module imports: of a package, the modules named."""
    found: set[str] = set()
    for _, base, names in imports(tree, module, is_package):
        inner = {f"{base}.{name}" for name in names} & modules
        found |= inner if len(inner) == len(names) > 0 else {*inner, base} & modules
    return found - {module}


@dataclass(frozen=True)
class Source:
    """A module: its file and its text."""

    path: Path
    text: str

    @property
    def tree(self) -> ast.Module:
        """Its syntax tree, a new one each time."""
        return ast.parse(self.text)

    @property
    def is_package(self) -> bool:
        """Whether it is an ``__init__``."""
        return self.path.stem == "__init__"


def read(root: Path) -> dict[str, Source]:
    """The modules under `root`, the folder that holds vcmodel/ and datasets/, by dotted name."""
    found = {}
    for folder, package in ((root / "vcmodel", "vcmodel"), (root / "datasets", "vcmodel.datasets")):
        for path in sorted(folder.rglob("*.py")):
            inner = path.relative_to(folder).with_suffix("").parts
            module = ".".join([package, *(inner[:-1] if inner[-1] == "__init__" else inner)])
            found[module] = Source(path, path.read_text(encoding="utf-8"))
    return found


def graph_of(modules: dict[str, Source], annotations: bool) -> dict[str, set[str]]:
    """The modules that each imports when it runs; with `annotations` also those it imports for type checkers."""
    trees = {module: source.tree if annotations else _Run().visit(source.tree) for module, source in modules.items()}
    return {module: imported_modules(tree, module, modules[module].is_package, set(modules)) for module, tree in trees.items()}


def check(root: Path, annotations: bool = False) -> list[str]:
    """One line per offence under `root`; circles of imports for type checkers are offences with `annotations`."""
    found = []
    modules = read(root)
    for module, source in modules.items():
        if not (source.path.parent / "__init__.py").exists():
            found.append(f"{source.path.parent.relative_to(root)}: no __init__.py, the build would leave it out")
        for line, name, _ in imports(source.tree, module, source.is_package):
            reason = offence(layer(module), name)
            if reason:
                found.append(f"{source.path.relative_to(root)}:{line}: imports {name}: {reason}")
    found += [f"import circle: {' -> '.join(members)}" for members in circles(graph_of(modules, annotations))]
    return list(dict.fromkeys(found))


def picture(root: Path) -> str:
    """The layers, lowest first, as a Markdown table: modules, lines, and how many modules of each lower layer theirs import."""
    modules = read(root)
    order = [LEAF, *LAYERS]
    count, lines = Counter(layer(module) for module in modules), Counter[str]()
    uses: dict[str, Counter[str]] = {name: Counter() for name in order}
    for module, targets in graph_of(modules, annotations=True).items():
        own = layer(module)
        lines[own] += len(modules[module].text.splitlines())
        uses[own].update(layer(target) for target in targets if layer(target) != own)
    rows = ["| layer | modules | lines | imports (pairs of modules) |", "|:--|--:|--:|:--|"]
    for name in filter(count.__getitem__, order):
        below = ", ".join(f"{target} {uses[name][target]}" for target in order if uses[name][target])
        rows.append(f"| {name} | {count[name]} | {lines[name]} | {below} |")
    rows.append(f"| all | {count.total()} | {lines.total()} | |")
    return "\n".join(rows)


def main(arguments: list[str]) -> int:
    """Check, or print the picture."""
    given = [item for item in arguments if not item.startswith("--")]
    root = Path(given[0]) if given else Path(__file__).resolve().parents[1]
    if "--picture" in arguments:
        print(picture(root))
    offences = check(root, annotations="--annotations" in arguments)
    print("\n".join(offences) if offences else "imports point downwards, without circles")
    return int(bool(offences))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
