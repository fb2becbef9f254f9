#!/usr/bin/env python3
"""Writes the sample estate: `python3 examples/make_estate/make.py` makes the files of `examples/estate/` and
`examples/estate_logs/` anew.

The same files come out every time; with `--check` nothing is written and the exit code says whether they are the same.
"""

import gzip
import json
import sys
from pathlib import Path

import accounts
import azure
import credentials
import entra
import logs
import organisation
import people
import resources
import tags
import usage

ESTATE = Path(__file__).resolve().parent.parent / "estate"
LOGS = ESTATE.parent / "estate_logs"


def pretty(value):
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


def lines(values):
    return "".join(json.dumps(value) + "\n" for value in values)


def files():
    """File name to text."""
    out = {}
    for account in accounts.all_accounts():
        people.roles(account)
        out[f"{account.name}.authorization-details.json"] = pretty(account.export())
        out[f"{account.name}.credential-report.csv"] = credentials.report(account)
    out["organization.json"] = pretty(organisation.export())
    for part in (people, resources, tags, usage, entra, azure):
        for name, content in part.exports().items():
            out[name] = lines(content) if name.endswith(".jsonl") else pretty(content)
    out["other-resource-policies.jsonl"] = lines(resources.rows())
    return out


def read(path):
    # How small gzip makes a text depends on its version.
    return gzip.decompress(path.read_bytes()).decode() if path.suffix == ".gz" else path.read_text(encoding="utf-8")


def write(path, text):
    path.write_bytes(gzip.compress(text.encode(), 9, mtime=0) if path.suffix == ".gz" else text.encode())


def main(check):
    for folder, made in ((ESTATE, files()), (LOGS, logs.exports())):
        folder.mkdir(exist_ok=True)
        there = {path.name: read(path) for path in sorted(folder.iterdir()) if path.is_file()}
        differing = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
        if check and differing:
            sys.exit("the sample estate is not what its script makes: " + ", ".join(differing))
        for name in differing:
            if name in made:
                write(folder / name, made[name])
            else:
                (folder / name).unlink()


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
