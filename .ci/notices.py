#!/usr/bin/env python3
"""Writes THIRD-PARTY-NOTICES.md of the packages: the data that the core is made from, and the crates that are linked
into the wheel and the Node package. `python3 .ci/notices.py`; with `--check` it only says whether the files are current.
"""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ["ciem-core", "ciem-py", "ciem-node"]
DATA = (ROOT / ".ci" / "notice-of-data.md").read_text(encoding="utf-8")
NAMES = ("LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "UNLICENSE", "NOTICE")


def linked():
    """The crates that become part of what is shipped; what only builds or tests it is none of them."""
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--all-features"]
    found = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    packages = {package["id"]: package for package in found["packages"]}
    nodes = {node["id"]: node for node in found["resolve"]["nodes"]}
    waiting = [package["id"] for package in packages.values() if package["name"] in PACKAGES]
    seen = set()
    while waiting:
        current = waiting.pop()
        if current in seen:
            continue
        seen.add(current)
        for dependency in nodes[current]["deps"]:
            # Procedural macros run at build time, as build scripts do.
            macro = any("proc-macro" in target["kind"] for target in packages[dependency["pkg"]]["targets"])
            if not macro and any(kind["kind"] is None for kind in dependency["dep_kinds"]):
                waiting.append(dependency["pkg"])
    crates = [packages[one] for one in seen if packages[one]["source"]]
    return sorted(crates, key=lambda crate: (crate["name"], crate["version"]))


def texts(crate):
    """The licence files of a crate. Of several licences to choose from, MIT is taken where it is one."""
    folder = Path(crate["manifest_path"]).parent
    files = sorted(path for path in folder.iterdir() if path.is_file() and path.name.upper().startswith(NAMES))
    if "MIT" in (crate["license"] or ""):
        files = [path for path in files if "MIT" in path.name.upper()] or files
    return [path.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip() for path in files]


def notices():
    groups = {}
    for crate in linked():
        name = f"{crate['name']} {crate['version']} ({crate['license']})"
        for text in texts(crate) or ["No licence file; the licence is named above."]:
            plain = "\n".join(line.rstrip() for line in text.split("\n"))
            groups.setdefault(plain, []).append(name)
    out = [DATA.strip(), "", "## Rust crates", "", "Linked into the Python wheel and the Node package."]
    for text, names in sorted(groups.items(), key=lambda group: group[1]):
        out += ["", *[f"- {name}" for name in names], "", "```text", text, "```"]
    return "\n".join(out) + "\n"


def main(check):
    text = notices()
    for package in PACKAGES:
        path = ROOT / package / "THIRD-PARTY-NOTICES.md"
        if not check:
            path.write_text(text, encoding="utf-8")
        elif path.read_text(encoding="utf-8") != text:
            sys.exit(f"{path.relative_to(ROOT)} is not current: python3 .ci/notices.py writes it")


if __name__ == "__main__":
    main("--check" in sys.argv[1:])
