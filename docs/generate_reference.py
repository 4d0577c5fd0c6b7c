"""Writes docs/reference/ from the docstrings of the package; `--check` only compares.

Run as `.venv/bin/python docs/generate_reference.py`.
"""

import argparse
import ast
import inspect
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pulumi

import meshwright

REFERENCE = Path(__file__).parent / "reference"
_RENEW = ".venv/bin/python docs/generate_reference.py"


def main() -> int:
    """Write the pages, or say which of them are out of date."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare only")
    check = parser.parse_args().check
    pages = generate()
    stale = sorted(
        {path.name for path in REFERENCE.glob("*.md")} - set(pages)
        | {name for name, text in pages.items() if _current(name) != text}
    )
    if check:
        if stale:
            listed = ", ".join(stale)
            sys.stderr.write(f"docs/reference is out of date ({listed}); renew it: {_RENEW}\n")
        return 1 if stale else 0
    REFERENCE.mkdir(exist_ok=True)
    for name in stale:
        (REFERENCE / name).unlink(missing_ok=True)
    for name, text in pages.items():
        (REFERENCE / name).write_text(text, encoding="utf-8")
    return 0


def generate() -> dict[str, str]:
    """The pages by file name: one for each component's module and its arguments, and an index."""
    modules: dict[str, dict[str, list[str]]] = {}
    for name in meshwright.__all__:
        module = getattr(meshwright, name).__module__
        modules.setdefault(_title(module), {}).setdefault(module, []).append(name)
    pages: dict[str, str] = {}
    index = ["# Reference", "", "Generated from the docstrings of the package `meshwright`.", ""]
    for title, named in sorted(modules.items()):
        # The module of the components is the public one: it says what the page is about.
        about = sys.modules[max(named, key=lambda module: not _is_private(module))]
        found = [name for module in named for name in named[module]]
        pages[f"{title}.md"] = _page(title, about, found)
        names = ", ".join(f"`{name}`" for name in found)
        index.append(f"- [{title}]({title}.md): {names}")
    pages["index.md"] = "\n".join([*index, ""])
    return pages


def _current(name: str) -> str | None:
    path = REFERENCE / name
    return path.read_text(encoding="utf-8") if path.exists() else None


def _page(title: str, about: ModuleType, names: list[str]) -> str:
    """A page: components first, then the types that their arguments use."""
    items = [getattr(meshwright, name) for name in names]
    items.sort(key=lambda item: (not _is_component(item), item.__name__))
    parts = [f"# {title}", "", _text(about.__doc__), ""]
    for item in items:
        parts += [f"## {item.__name__}", "", _text(item.__doc__), ""]
        if inspect.isfunction(item):
            parts += ["```python", _signature(item), "```", ""]
        else:
            parts += _fields(item)
    return "\n".join(parts)


def _title(module: str) -> str:
    return module.rpartition(".")[2].strip("_").removesuffix("_args")


def _is_private(module: str) -> bool:
    return module.rpartition(".")[2].startswith("_")


def _is_component(item: Any) -> bool:
    return isinstance(item, type) and issubclass(item, pulumi.ComponentResource)


def _fields(kind: type) -> list[str]:
    """A table of the documented fields of a class, empty where it has none."""
    (definition,) = ast.parse(textwrap.dedent(inspect.getsource(kind))).body
    assert isinstance(definition, ast.ClassDef)
    rows: list[str] = []
    for field, after in zip(definition.body, definition.body[1:], strict=False):
        if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
            continue
        if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            annotation = ast.unparse(field.annotation).replace("pulumi.", "")
            text = " ".join(str(after.value.value).split()).replace("|", "\\|")
            rows.append(f"| `{field.target.id}` | `{annotation}` | {text} |")
    if not rows:
        return []
    heading = "output" if _is_component(kind) else "field"
    return [f"| {heading} | type | meaning |", "|---|---|---|", *rows, ""]


def _signature(function: Any) -> str:
    (definition,) = ast.parse(inspect.getsource(function)).body
    assert isinstance(definition, ast.FunctionDef)
    returns = f" -> {ast.unparse(definition.returns)}" if definition.returns else ""
    return f"{function.__name__}({ast.unparse(definition.args)}){returns}"


def _text(docstring: str | None) -> str:
    return inspect.cleandoc(docstring or "")


if __name__ == "__main__":
    sys.exit(main())
