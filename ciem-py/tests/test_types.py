"""The stubs are those of the installed module, the package is typed throughout, and its examples are clean to type checkers."""

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]


def clean(module, *arguments, folder):
    run = subprocess.run([sys.executable, "-m", module, *arguments], cwd=folder, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr


def test_stubs_are_those_of_the_installed_module(tmp_path):
    clean("mypy.stubtest", "ciem", folder=tmp_path)


@pytest.mark.skipif(importlib.util.find_spec("pyright") is None, reason="pyright is not installed")
def test_every_public_symbol_has_a_type(tmp_path):
    clean("pyright", "--pythonpath", sys.executable, "--verifytypes", "ciem", "--ignoreexternal", folder=tmp_path)


def test_examples_are_clean(tmp_path):
    for page in ("README.md", "docs/python.md", "ciem-py/README.md"):
        blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / page).read_text(encoding="utf-8"), re.DOTALL)
        (tmp_path / page.replace("/", "_").replace(".md", ".py")).write_text("\n".join(blocks), encoding="utf-8")
    for example in (REPOSITORY / "examples/python").glob("*.py"):
        (tmp_path / example.name).write_text(example.read_text(encoding="utf-8"), encoding="utf-8")
    clean("pyright", "--pythonpath", sys.executable, os.fspath(tmp_path), folder=tmp_path)
    clean("mypy", "--strict", os.fspath(tmp_path), folder=tmp_path)
