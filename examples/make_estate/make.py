#!/usr/bin/env python3
"""Writes the sample estate: `python3 examples/make_estate/make.py` makes the files of `examples/estate/` anew.

The same files come out every time; with `--check` nothing is written and the exit code says whether they are the same.
"""

import json
import sys
from pathlib import Path

import accounts
import credentials
import organisation
import people
import resources
import tags
import usage

ESTATE = Path(__file__).resolve().parent.parent / "estate"


def pretty(value):
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def files():
    """File name to text."""
    out = {}
    for account in accounts.all_accounts():
        people.roles(account)
        out[f"{account.name}.authorization-details.json"] = pretty(account.export())
        out[f"{account.name}.credential-report.csv"] = credentials.report(account)
    out["organization.json"] = pretty(organisation.export())
    for part in (people, resources, tags, usage):
        for name, content in part.exports().items():
            out[name] = pretty(content)
    out["other-resource-policies.jsonl"] = "".join(json.dumps(row) + "\n" for row in resources.rows())
    return out


def main(check):
    made = files()
    there = {path.name: path.read_text(encoding="utf-8") for path in sorted(ESTATE.iterdir()) if path.is_file()}
    if check:
        differing = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
        if differing:
            sys.exit("the sample estate is not what its script makes: " + ", ".join(differing))
        return
    for name in there.keys() - made.keys():
        (ESTATE / name).unlink()
    for name, text in made.items():
        (ESTATE / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
