"""The heads that a base model can get, by name. One module each in `coding` and in `files`."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from training.files import core

FILES = Path(core.__file__).parent
CODING = FILES.parent / "coding"


@dataclass(frozen=True)
class Head:
    """`needs` are modules of `coding` that its own one imports; all of them travel in predict.py."""

    name: str
    needs: tuple[str, ...] = ()

    @property
    def coding(self) -> ModuleType:
        return import_module(f"training.coding.{self.name}")

    @property
    def files(self) -> ModuleType:
        return import_module(f"training.files.{self.name}")

    def network(self, base: Any, about: Mapping[str, Any], dropout: float) -> Any:
        return self.files.Network(base, about, dropout)

    def load(self, folder: str | Path) -> core.Loaded:
        found: core.Loaded = self.files.Model(folder)
        return found

    @property
    def form(self) -> tuple[Callable[..., list[str]], Callable[..., list[str]]]:
        """What the model adds to a table: names of columns, and their cells."""
        return self.coding.columns, self.coding.cells

    def program(self) -> str:
        """The source of predict.py: the modules that make it up as one file, which needs nothing of this package."""
        sources = [
            *(CODING / f"{name}.py" for name in (*self.needs, self.name)),
            FILES / "core.py",
            FILES / "soft.py",
            FILES / f"{self.name}.py",
            FILES / "program.py",
        ]
        return bundled(sources)


HEADS = {
    head.name: head
    for head in (
        Head("sequence", ("words", "shares")),
        Head("token", ("words",)),
        Head("relation", ("words", "shares")),
        Head("span", ("words",)),
        Head("pair", ("words", "shares")),
        Head("text", ("prompts",)),
    )
}


def find(name: str) -> Head:
    return HEADS[name]


def load(folder: str | Path) -> core.Loaded:
    """The model in a folder. Raises OSError, ValueError or KeyError for what is none."""
    about = core.read_about(Path(folder))
    return HEADS[about["head"]].load(folder)


def bundled(sources: Sequence[Path]) -> str:
    """The modules as one; the docstring is that of the last. Imports of one another are cut out."""
    texts = [path.read_text(encoding="utf-8") for path in sources]
    docstring = ast.get_docstring(ast.parse(texts[-1]), clean=False)
    parts = [f'"""{docstring}"""\n\nfrom __future__ import annotations\n', *map(_own, texts)]
    return "\n\n".join(part.strip("\n") for part in parts) + "\n"


def _own(source: str) -> str:
    """A module without its docstring and what it imports of this package."""
    lines, tree = source.splitlines(), ast.parse(source)
    dropped = [tree.body[0]] if ast.get_docstring(tree) is not None else []
    dropped += [node for node in tree.body if isinstance(node, ast.ImportFrom) and _ours(node)]
    gone = {line for node in dropped for line in range(node.lineno, (node.end_lineno or 0) + 1)}
    return "\n".join(line for number, line in enumerate(lines, 1) if number not in gone)


def _ours(node: ast.ImportFrom) -> bool:
    return node.module == "__future__" or (node.module or "").partition(".")[0] == "training"
