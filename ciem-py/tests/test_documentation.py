"""The examples in docstrings and in the guide run as they stand."""

import doctest
import importlib
import json
import pkgutil
import re
from pathlib import Path

import ciem
import pytest
from conftest import READ, export, user

REPOSITORY = Path(__file__).parents[2]
MODULES = sorted(module.name for module in pkgutil.iter_modules(ciem.__path__) if not module.name.startswith("_"))


@pytest.mark.parametrize("name", ["", *MODULES])
def test_docstrings(name, tmp_path, monkeypatch):
    """In a folder with an export in which `ana` may read one bucket."""
    (tmp_path / "exports").mkdir()
    (tmp_path / "exports/account.json").write_text(json.dumps(export(user("ana", READ), user("bob"))))
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(f"ciem.{name}".rstrip("."))
    assert doctest.testmod(module, extraglobs={"ciem": ciem}).failed == 0


@pytest.mark.parametrize("page", ["README.md", "docs/python.md", "docs/conditions.md", "docs/inclusion.md", "docs/rightsizing.md"])
def test_pages(page, monkeypatch, tmp_path):
    """The Python blocks of a page run one after the other, as they would in a notebook opened in the checkout."""
    blocks = re.findall(r"```python\n(.*?)```", (REPOSITORY / page).read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    monkeypatch.chdir(REPOSITORY)
    exec(compile("\n".join(blocks), page, "exec"), {"__name__": "__page__"})


def test_every_public_name_is_documented():
    for name in ciem.__all__:
        value = getattr(ciem, name)
        if isinstance(value, type):
            bare = [member for member, item in vars(value).items() if not member.startswith("_") and not item.__doc__]
            assert value.__doc__ and not bare, (name, bare)
