"""Run the notebook beside this file without a notebook server, and compare or rewrite its outputs.

Usage: ``execute.py`` compares the outputs of the cells tagged ``checked``; ``execute.py --write`` writes all anew.
"""

import ast
import json
import sys
from pathlib import Path
from typing import Any

NOTEBOOK = Path(__file__).with_name("backtest.ipynb")
"""The notebook."""


def run_cells(notebook: dict[str, Any]) -> list[tuple[dict[str, Any], Any]]:
    """Execute every code cell in order, in one namespace; return each with the value of its last expression."""
    names: dict[str, Any] = {"__name__": "__main__"}
    found = []
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            tree = ast.parse("".join(cell["source"]))
            last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
            exec(compile(tree, "cell", "exec"), names)  # noqa: S102 - our own notebook
            value = None
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)  # noqa: S307
            found.append((cell, value))
    return found


def shown(value: Any, number: int) -> list[dict[str, Any]]:
    """Return a cell's outputs as a notebook keeps them."""
    if value is None:
        return []
    data = {"text/plain": repr(value).splitlines(keepends=True)}
    html = getattr(value, "_repr_html_", None)
    if html is not None:
        data["text/html"] = html().splitlines(keepends=True)
    return [{"output_type": "execute_result", "execution_count": number, "metadata": {}, "data": data}]


def differences(notebook: dict[str, Any]) -> list[str]:
    """Run the notebook; return how the checked cells differ from what it says."""
    wrong = []
    for number, (cell, value) in enumerate(run_cells(notebook), 1):
        if "checked" in cell["metadata"].get("tags", ()):
            kept = "".join(cell["outputs"][0]["data"]["text/plain"]) if cell["outputs"] else "nothing"
            if repr(value) != kept:
                wrong.append(f"cell {number}: the notebook says {kept}, now {value!r}")
    return wrong


def main() -> int:
    """Compare, or rewrite with ``--write``."""
    notebook = json.loads(NOTEBOOK.read_text())
    if "--write" not in sys.argv:
        wrong = differences(notebook)
        print("\n".join(wrong) or "every checked cell gives what the notebook says")
        return int(bool(wrong))
    for number, (cell, value) in enumerate(run_cells(notebook), 1):
        cell["execution_count"], cell["outputs"] = number, shown(value, number)
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
