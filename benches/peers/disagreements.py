"""Where other programs decide loose policies otherwise than ciem, by class, and what a decision costs:
`python disagreements.py FOLDER ENGINE NPM PYTHON [DOCS]`.

Every disagreement is reduced to the smallest simulation on which it stays; what is left of that tells the class. The classes stand
below with the page of the provider that settles each. Writes `disagreements.json`, with an example of each class, and
`disagreements.md`; what fits no class is counted as such. If DOCS is given, the tables go into its `benchmarks.md` and
`providers/aws.md`, each between two marks.
"""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from smallest import Json, listed, policies, smallest, statements

HERE = Path(__file__).resolve().parent
NO_RCP = ("ec2", "iam", "lambda", "sns")
Test = Callable[["Found"], bool]


class Found(NamedTuple):
    """The smallest simulation, and the two answers to it."""

    asked: Json
    ours: str
    theirs: str

    @property
    def service(self) -> str:
        return self.asked["action"].split(":")[0]

    @property
    def takes_role(self) -> bool:
        return self.asked["action"].startswith("sts:AssumeRole")

    def has(self, field: str) -> bool:
        return any(where == field for where, _ in policies(self.asked))

    def tests(self) -> list[tuple[str, str, list[Any]]]:
        """Operator, key and values of every condition."""
        conditions = (one.get("Condition", {}) for _, one in statements(self.asked))
        return [(op, key, listed(values)) for all in conditions for op, keys in all.items() for key, values in keys.items()]

    def named(self, effect: str, part: str) -> bool:
        """Whether the resource's policy names somebody like this in statements of the effect."""
        return any(
            field == "resource_policy" and one["Effect"] == effect and part in json.dumps(one.get("Principal", ""))
            for field, one in statements(self.asked)
        )


def linked(found: Found) -> bool:
    return "/aws-service-role/" in found.asked.get("role_arn", "")


def without_key(found: Found) -> bool:
    given = {key.lower() for key, value in found.asked["context"].items() if value is not None}
    return any(key.lower() not in given and "Not" in op and ":" not in op for op, key, _ in found.tests())


def variable_in_old_version(found: Found) -> bool:
    return any("${" in json.dumps(p["document"]) and p["document"].get("Version") != "2012-10-17" for _, p in policies(found.asked))


def every_of_list(found: Found) -> bool:
    groups = [one["Principal"] for _, one in statements(found.asked) if isinstance(one.get("Principal"), dict)]
    return any("*" in listed(entries) for group in groups for entries in group.values())


def not_principal(found: Found) -> bool:
    return any("NotPrincipal" in one for _, one in statements(found.asked))


GUIDE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/"
ORGANIZATIONS = "https://docs.aws.amazon.com/organizations/latest/userguide/"
OPERATORS = f"{GUIDE}reference_policies_elements_condition_operators.html"
BOUNDARIES = f"{GUIDE}access_policies_boundaries.html"
NOT_PRINCIPAL = f"{GUIDE}reference_policies_elements_notprincipal.html"

# In this order: the first that fits. What ciem does, what the peer does, and the page that settles it.
CLASSES: list[tuple[str, str, Test]] = [
    (
        "ciem is `unknown`: `NotPrincipal` excepts an account only, and whether that covers who is of it the page does not say",
        NOT_PRINCIPAL,
        lambda f: f.ours == "unknown" and not_principal(f),
    ),
    (
        "A key whose policy was not given: ciem takes it to delegate to its account and says so in `assumptions` (`missing_layer` "
        '`"unknown"` makes it unknown); the peer denies',
        "https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
        lambda f: f.service == "kms" and "resource_policy" not in f.asked and not f.tests() and f.theirs == "deny",
    ),
    (
        "The root user has complete access to its account; the peer sees a principal without policies",
        f"{GUIDE}id_root-user.html",
        lambda f: f.asked["principal"].endswith(":root") and f.theirs == "deny",
    ),
    (
        "A root user takes on no role, whatever the trust policy says; the peer lets the trust policy suffice",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html",
        lambda f: f.takes_role and f.asked["principal"].endswith(":root") and f.theirs == "allow",
    ),
    (
        "SCPs and RCPs do not bind service-linked roles; the peer applies them",
        f"{ORGANIZATIONS}orgs_manage_policies_scps.html",
        lambda f: linked(f) and f.theirs == "deny" and (bool(f.asked["service_control_policies"]) or f.has("resource_control_policies")),
    ),
    (
        "An RCP binds only services that support RCPs; the peer applies it to others",
        f"{ORGANIZATIONS}orgs_manage_policies_rcps.html",
        lambda f: f.service in NO_RCP and f.has("resource_control_policies") and f.theirs == "deny",
    ),
    (
        "The peer knows no RCPs",
        f"{ORGANIZATIONS}orgs_manage_policies_rcps_evaluation.html",
        lambda f: f.has("resource_control_policies") and f.theirs == "allow",
    ),
    (
        "A service-linked role is changed or deleted by its service only; the peer lets identity policies decide",
        "https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAssumeRolePolicy.html",
        lambda f: f.service == "iam" and ":role/aws-service-role/" in f.asked["resource"] and f.ours == "deny",
    ),
    (
        "`sts:GetCallerIdentity` needs no permission; the peer wants one",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html",
        lambda f: f.asked["action"] == "sts:GetCallerIdentity" and f.theirs == "deny",
    ),
    (
        "Variables stand in policies of version 2012-10-17 only; the peer replaces them in older ones",
        f"{GUIDE}reference_policies_variables.html",
        variable_in_old_version,
    ),
    (
        "A date may be given in seconds since 1970; the peer does not compare it so",
        OPERATORS,
        lambda f: any(op.startswith("Date") and re.fullmatch(r"\d+", str(v)) for op, _, values in f.tests() for v in values),
    ),
    (
        "What is no number (`10abc`) matches no numeric operator; the peer reads a number in it",
        OPERATORS,
        lambda f: any(op.startswith("Numeric") and "abc" in str(f.asked["context"].get(key)) for op, key, _ in f.tests()),
    ),
    (
        "A negated operator holds where the key is not in the request; for the peer it fails",
        OPERATORS,
        without_key,
    ),
    (
        "`aws:SecureTransport` is what the request says; the peer takes it to be true",
        f"{GUIDE}reference_policies_condition-keys.html",
        lambda f: any(key == "aws:SecureTransport" for _, key, _ in f.tests()),
    ),
    (
        "`aws:CurrentTime` is what the request says; the peer takes its own clock",
        f"{GUIDE}reference_policies_condition-keys.html",
        lambda f: any(key == "aws:CurrentTime" for _, key, _ in f.tests()),
    ),
    (
        "Set operators look at each value of a key; the peer does not",
        f"{GUIDE}reference_policies_condition-single-vs-multi-valued-context-keys.html",
        lambda f: any(":" in op for op, _, _ in f.tests()),
    ),
    (
        "A trust policy passes no limit: who has a boundary or a session policy needs `sts:AssumeRole` in it; the peer lets the trust "
        "policy suffice",
        f"{GUIDE}id_roles_update-role-trust-policy.html",
        lambda f: f.takes_role and f.ours == "deny" and (f.has("permissions_boundaries") or f.has("session_policies")),
    ),
    (
        "A role's ARN in a resource policy does not lift the implicit deny of boundary or session policy; for the peer it does",
        BOUNDARIES,
        lambda f: f.ours == "deny" and f.named("Allow", ":role/") and (f.has("permissions_boundaries") or f.has("session_policies")),
    ),
    (
        "A Deny with `NotPrincipal` hits everybody who has a boundary; for the peer not whom it excepts",
        BOUNDARIES,
        lambda f: f.ours == "deny" and f.has("permissions_boundaries") and not_principal(f),
    ),
    (
        "A resource policy adds to a session only where it names the session: `*` does not pass the session policy; for the peer it does",
        f"{GUIDE}access_policies.html",
        lambda f: f.ours == "deny" and f.has("session_policies") and f.has("resource_policy"),
    ),
    (
        "A session's ARN in a resource policy grants beside the session policy; the peer limits it",
        f"{GUIDE}access_policies.html",
        lambda f: f.theirs == "deny" and f.has("session_policies") and f.named("Allow", ":assumed-role/"),
    ),
    (
        "A statement may name a session; the peer knows roles only",
        f"{GUIDE}reference_policies_elements_principal.html",
        lambda f: f.named("Allow", ":assumed-role/") or f.named("Deny", ":assumed-role/"),
    ),
    (
        "A provider of another account that the trust policy names: ciem is `unknown`, since no page was found that settles it; the peer denies",
        "https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithSAML.html",
        lambda f: "-provider/" in f.asked["principal"] and f.theirs == "deny",
    ),
    (
        'Whom a provider vouches for is no AWS identity: `"AWS": "*"` does not name it, and `NotPrincipal` of an account does not except '
        "it; for the peer they do",
        f"{GUIDE}id_credentials_temp_control-access_assumerole.html",
        lambda f: "-provider/" in f.asked["principal"] and f.theirs == "allow",
    ),
    (
        "`*` in an object or a list of principals is everybody; for the peer nobody",
        f"{GUIDE}reference_policies_elements_principal.html",
        lambda f: f.theirs == "deny" and every_of_list(f),
    ),
]
ERRORS: list[tuple[str, str, str]] = [
    (
        "Principal must be",
        "The peer refuses an endpoint policy that names a principal, as policies of interface endpoints may",
        "https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html",
    ),
    ("Error: ", "The peer fails on a number or boolean in a condition, which IAM takes as its text", OPERATORS),
]


class Program:
    """A program that answers simulations line by line."""

    def __init__(self, *command: object) -> None:
        text = [str(part) for part in command]
        self.process = subprocess.Popen(text, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)

    def ask(self, asked: Json) -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(asked) + "\n")
        return json.loads(self.process.stdout.readline())["verdict"]


def classify(rows: list[Json], answers: list[Json], engine: Program, peer: Program) -> Json:
    equal = denials = 0
    counts: Counter[tuple[str, str]] = Counter()
    examples: dict[str, Json] = {}
    for row, answer in zip(rows, answers, strict=True):
        ours, asked = row["decision"]["verdict"], row["simulation"]
        if answer["verdict"] == "not asked":
            continue
        if answer["verdict"] == ours:
            equal += 1
            denials += "denial" not in answer or answer["denial"] == row["decision"]["denial"]
            continue
        if answer["verdict"] == "error":
            said = json.dumps(answer["errors"])
            known = ((text, page) for part, text, page in ERRORS if part in said)
        else:
            asked = smallest(asked, lambda one: (engine.ask(one), peer.ask(one)))
            found = Found(asked, ours, answer["verdict"])
            known = ((text, page) for text, page, fits in CLASSES if fits(found))
        text, page = next(known, ("In no class", ""))
        counts[text, page] += 1
        examples.setdefault(text, {"ours": ours, "theirs": answer["verdict"], "simulation": asked})
    of = equal + counts.total()
    classes = [{"class": text, "page": page, "count": count, **examples[text]} for (text, page), count in counts.most_common()]
    return {"of": of, "equal": equal, "equal denials": denials, "classes": classes}


def classes(result: Json) -> str:
    lines = []
    for peer, found in result.items():
        lines.append(f"{peer}: {found['equal']:,} of {found['of']:,} verdicts are equal. The others:\n")
        lines += ["| Class | Count | Settled by |", "| --- | --- | --- |"]
        for one in found["classes"]:
            page = f"[{one['page'].rsplit('/', 1)[1].removesuffix('.html')}]({one['page']})" if one["page"] else ""
            lines.append(f"| {one['class']} | {one['count']:,} | {page} |")
        lines.append("")
    return "\n".join(lines)


def costs(own: Json, peers: Json) -> str:
    """What a request costs, and how many times that a whole decision and a verdict go into it."""
    lines = ["| One request | Once | Ten times in a row |", "| --- | --- | --- |"]
    named = [("`Simulator::decide`", "decide"), ("`Simulator::ready` and `Prepared::verdict`", "ready_and_verdict")]
    named += [("`Prepared::verdict`", "verdict"), ("documents read and prepared (`Simulator::new`)", "documents")]
    ways = ("once", "in a row")
    for name, key in named:
        times = (own[way][key] / 1000 if key != "documents" or way == "once" else None for way in ways)
        lines.append(" | ".join([f"| ciem, {name}", *("" if us is None else f"{us:,.2f} µs" for us in times)]) + " |")
    for peer, ns in peers.items():
        lines.append(" | ".join([f"| {peer}", *(f"{ns[way] / 1000:,.1f} µs" if way in ns else "" for way in ways)]) + " |")
        for name, key in named[:2]:
            faster = (f"{ns[way] / own[way][key]:,.0f}x" if way in ns else "" for way in ways)
            lines.append(" | ".join([f"| … by {name}", *faster]) + " |")
    return "\n".join([*lines, ""])


def publish(page: Path, what: str, text: str) -> None:
    begin, end = f"<!-- {what} of benches/peers/disagreements.py -->", f"<!-- end of these {what} of disagreements -->"
    before, rest = page.read_text().split(begin)
    page.write_text(f"{before}{begin}\n\n{text}\n{end}{rest.split(end)[1]}")


def main(folder: Path, engine: Path, npm: Path, python: Path, *docs: Path) -> None:
    rows = [json.loads(line) for line in (folder / "simulations.jsonl").read_text().splitlines()]
    ours = Program(engine, "--answer")
    peers = {
        "iam-simulate": Program("node", HERE / "iam_simulate_full.mjs", npm),
        "PMapper": Program(python, HERE / "pmapper_full.py"),
    }
    result, spent = {}, {}
    for name, peer in peers.items():
        said = json.loads((folder / f"simulations-{name.lower()}.json").read_text())
        result[name], spent[name] = classify(rows, said["answers"], ours, peer), said["ns"]
    tables = {"classes": classes(result), "figures": costs(json.loads((folder / "simulator.json").read_text()), spent)}
    (folder / "disagreements.json").write_text(json.dumps(result, indent=1))
    (folder / "disagreements.md").write_text("\n".join(tables.values()))
    print(*tables.values(), sep="\n")
    for pages in docs:
        publish(pages / "benchmarks.md", "figures", tables["figures"])
        publish(pages / "providers" / "aws.md", "classes", tables["classes"])


if __name__ == "__main__":
    main(*(Path(argument).absolute() for argument in sys.argv[1:]))
