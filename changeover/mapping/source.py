"""Whether a file makes a mapping, told from its text: a file that isn't loaded is not run to find out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

PACKAGE = "changeover.mapping"


def makes_a_mapping(file: Path) -> bool:
    """Whether the module calls `Mapping(…)` when it is loaded. A function of it that would is no mapping yet."""
    text = file.read_bytes()
    if b"Mapping" not in text or b"changeover" not in text:
        return False
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return True  # it can't be told, and a file like this is meant to be seen
    names = _names(tree)
    return any(isinstance(node, ast.Call) and _dotted(node.func) in names for node in _run(tree))


def _names(tree: ast.Module) -> set[str]:
    """What `changeover.mapping.Mapping` is called in the module."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and (node.module or "").startswith(PACKAGE):
            found |= {name.asname or "Mapping" for name in node.names if name.name in ("Mapping", "*")}
        elif isinstance(node, ast.ImportFrom) and not node.level and node.module == "changeover":
            found |= {f"{name.asname or name.name}.Mapping" for name in node.names if name.name == "mapping"}
        elif isinstance(node, ast.Import):
            found |= {
                f"{name.asname or name.name}.Mapping" for name in node.names if name.name.startswith(PACKAGE)
            }
    return found


def _run(node: ast.AST) -> Iterator[ast.AST]:
    """All that runs when the module is loaded."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            yield child
            yield from _run(child)


def _dotted(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""
