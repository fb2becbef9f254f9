"""The stubs are those of the installed module, the package is typed throughout, and its examples are clean to type checkers."""

import os
import re
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def clean(module, *arguments, folder):
    # Type checkers look for packages where the first interpreter of PATH does.
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])
    command = [sys.executable, "-m", module, *arguments]
    run = subprocess.run(command, cwd=folder, env={**os.environ, "PATH": path}, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_stubs_are_those_of_the_installed_module(tmp_path):
    settings = REPOSITORY / "ciem-py/pyproject.toml"
    clean("mypy.stubtest", "ciem", "--mypy-config-file", os.fspath(settings), folder=tmp_path)


def test_every_public_symbol_has_a_type(tmp_path):
    clean("pyright", "--verifytypes", "ciem", "--ignoreexternal", folder=tmp_path)


def test_examples_are_clean(tmp_path):
    """Those of the pages, and the programs in `examples/python`."""
    for page in ("README.md", "docs/python.md", "docs/conditions.md", "ciem-py/README.md"):
        blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / page).read_text(encoding="utf-8"), re.DOTALL)
        (tmp_path / page.replace("/", "_").replace(".md", ".py")).write_text("\n".join(blocks), encoding="utf-8")
    for example in (REPOSITORY / "examples/python").glob("*.py"):
        (tmp_path / example.name).write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    clean("pyright", os.fspath(tmp_path), folder=tmp_path)
