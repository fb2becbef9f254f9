"""Compares answers and figures: `python report.py WORK [DOCS]`.

Reads what the programs wrote into WORK, and writes `result.json`, `tables.md` and `peers.svg` there; if DOCS is given, the
tables into its `benchmarks.md`, between two marks, and the picture into its `images/`.
"""

import json
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import picture
from world import World

Json = dict[str, Any]
Rule = tuple[str, Callable[[Json], bool]]
BEGIN, END = "<!-- figures of benches/peers -->", "<!-- end of these figures -->"
GUARDS = {"scp", "rcp", "permissions_boundary"}


def is_role(case: Json) -> bool:
    return ":role/" in case["principal"]


UNKNOWN: Rule = (
    "`unknown` of ciem: the trust policy of a role that no export has would decide",
    lambda c: c["own"] == "unknown",
)

# Why a peer answers otherwise: the first rule that holds of a difference names it.
IAM_SIMULATE: list[Rule] = [
    ("refuses the request: none or several of its resource types fit the ARN", lambda c: c["peer"].startswith("error")),
    UNKNOWN,
    (
        "a KMS key whose policy was not given: ciem leaves it to the account's policies, the peer denies",
        lambda c: c["action"].startswith("kms:") and c["resource_policy"] is None and c["peer"] == "deny",
    ),
]
PMAPPER: list[Rule] = [
    UNKNOWN,
    (
        "boundaries of roles are not in the peer's graph",
        lambda c: is_role(c) and c["boundary"] is not None and "permissions_boundary" in c["blocked_by"],
    ),
    ("does not match a `+` in an ARN", lambda c: "+" in c["resource"] and c["peer"] == "deny"),
]
CEDAR_NARROW: list[Rule] = [
    UNKNOWN,
    ("SCP, RCP or boundary, which it was not handed", lambda c: bool(GUARDS & set(c["blocked_by"]))),
]
CEDAR_WHOLE: list[Rule] = [
    UNKNOWN,
    (
        "a resource policy grants what the boundary does not limit then",
        lambda c: c["boundary"] is not None and c["resource_policy"] is not None and c["own"] == "allow",
    ),
]


def agreement(cases: Iterator[Json], rules: list[Rule]) -> Json:
    """How many answers are equal, and of the others how many for which reason. What depends here equals nothing."""
    equal, total, reasons = 0, 0, Counter[str]()
    for case in cases:
        total += 1
        if case["own"] == case["peer"]:
            equal += 1
        else:
            named = (name for name, holds in rules if holds(case))
            reasons[next(named, f"not explained: ciem {case['own']}, peer {case['peer']}")] += 1
    return {"equal": equal, "of": total, "different": dict(reasons.most_common())}


def cases(questions: list[Json], simulations: list[Json], verdicts: list[str]) -> Iterator[Json]:
    for question, simulation, verdict in zip(questions, simulations, verdicts, strict=True):
        yield {**question, **simulation, "own": question["verdict"], "peer": verdict}


def holders(world: World, question: Json, answer: Json) -> Json:
    """Of a question about everybody: on how many principals both agree."""
    here = {name for name, verdict in question["holders"] if verdict == "allow" and name.startswith("arn:")}
    there = set(answer["allow"])
    limited = [name for name in there - here if ":role/" in name and world.principals[name]["boundary"]]
    return {
        "both": len(here & there),
        "only here": len(here - there),
        "only there": len(there - here),
        "roles with a boundary": len(limited),
    }


def read(path: Path) -> Any:
    return json.loads(path.read_text())


def decisions(small: Path, own: float) -> Iterator[Json]:
    questions, simulations = read(small / "questions.json"), read(small / "simulations.json")["simulations"]
    cedar, iam_simulate, pmapper = (read(small / f"{name}.json") for name in ("cedar", "iam-simulate", "pmapper"))
    narrow, whole, verdicts = cedar["narrow"], cedar["whole"], iam_simulate["verdicts"]
    peers = [
        ("cedar-policy", "policies of principal and resource", narrow["ns"], 20, narrow["verdicts"], CEDAR_NARROW),
        ("cedar-policy", "and of guardrails", whole["ns"], None, whole["verdicts"], CEDAR_WHOLE),
        ("PMapper", "", pmapper["ns"], 100, pmapper["verdicts"], PMAPPER),
        ("iam-simulate", "validated documents", iam_simulate["ns_prepared"], 1_000, verdicts, IAM_SIMULATE),
        ("iam-simulate", "documents as parsed", iam_simulate["ns_raw"], None, verdicts, IAM_SIMULATE),
    ]
    for peer, way, ns, least, verdicts, rules in peers:
        compared = agreement(cases(questions, simulations, verdicts), rules)
        yield {"peer": peer, "way": way, "ns": ns, "times": ns / own, "bar": least, "agreement": compared}


def who_can(small: Path, large: Path, costs: list[Json]) -> Iterator[Json]:
    world, answers = World(large / "estate"), read(small / "pmapper.json")["large"]["who_can"]
    for cost, question, answer in zip(costs, read(large / "holders.json"), answers, strict=True):
        times = {"times": answer["ns"] / cost["sets"], "times rows": answer["ns"] / cost["rows"]}
        yield {**cost, "peer": answer["ns"], **times, **holders(world, question, answer)}


def gather(work: Path) -> Json:
    small, large = work / "small", work / "large"
    own, own_large = read(small / "figures.json"), read(large / "figures.json")
    cedar, pmapper = read(small / "cedar.json"), read(small / "pmapper.json")
    return {
        "own": own,
        "own_large": own_large,
        "decisions": list(decisions(small, own["decision"]["verdict"])),
        "who_can": list(who_can(small, large, own_large["who_can"])),
        "cedar": {way: {key: part[key] for key in ("ns", "prepare", "policies")} for way, part in cedar.items()},
        "pmapper": {key: pmapper[key] for key in ("create", "load")},
        "pmapper_large": {key: pmapper["large"][key] for key in ("create", "load")},
        "cloudsplaining": read(small / "cloudsplaining.json")["ns"],
    }


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]) + "\n"


def bar(times: float, least: float | None) -> str:
    return "none" if least is None else f"{least:,}x: {'met' if times >= least else 'not met'}"


def named(one: Json) -> str:
    return f"{one['peer']}, {one['way']}" if one["way"] else one["peer"]


def tables(result: Json) -> str:
    time, own, large = picture.label, result["own"], result["own_large"]
    verdict, prepare = own["decision"]["verdict"], own["decision"]["prepare"]
    rows = [["ciem, `Prepared::verdict`", time(verdict), "", "", ""]]
    rows.append(["ciem, with the request made ready", time(verdict + prepare), "", "", ""])
    for one in result["decisions"]:
        equal = f"{one['agreement']['equal']:,} of {one['agreement']['of']:,}"
        rows.append([named(one), time(one["ns"]), f"{one['times']:,.0f}x", bar(one["times"], one["bar"]), equal])
    parts = [table(["One decision", "Processor time", "ciem is faster by", "Bar", "Equal verdicts"], rows)]
    # The two ways of iam-simulate have the same answers.
    differing = {named(one) if one["peer"] == "cedar-policy" else one["peer"]: one for one in result["decisions"]}
    reasons = ((name, one["agreement"]["different"].items()) for name, one in differing.items())
    rows = [[name, reason, f"{count:,}"] for name, items in reasons for reason, count in items]
    parts.append(table(["Peer", "Why verdicts differ", "Count"], rows))
    rows = []
    for one in result["who_can"]:
        cost = [time(one[key]) for key in ("sets", "rows", "peer")]
        faster = [f"{one['times']:,.0f}x", f"{one['times rows']:,.0f}x"]
        count = [f"{one[key]:,}" for key in ("both", "only here", "only there", "roles with a boundary")]
        rows.append([one["name"], *cost, *faster, *count])
    head = [f"Who can, {large['principals']:,} principals", "Sets", "Rows", "PMapper", "By sets", "By rows", "Both"]
    parts.append(table([*head, "Only ciem", "Only PMapper", "of these roles with a boundary"], rows))
    small, big, cedar = result["pmapper"], result["pmapper_large"], result["cedar"]
    rows = [
        ["ciem: load and index", time(own["load"]), time(large["load"])],
        ["ciem: every principal against every permission", time(own["matrix"]), time(large["matrix"])],
        ["ciem: one request made ready (`Prepared::request`)", time(own["decision"]["prepare"]), ""],
        ["PMapper: `graph create`, without its start", time(small["create"]), time(big["create"])],
        ["PMapper: graph from disk", time(small["load"]), time(big["load"])],
        ["cedar-policy: one request and its parsed policies put together", time(cedar["narrow"]["prepare"]), ""],
        ["cedar-policy: the same with guardrails", time(cedar["whole"]["prepare"]), ""],
        ["cloudsplaining: `scan`, without its start", time(result["cloudsplaining"]), ""],
    ]
    sizes = [f"{part['principals']:,} principals" for part in (own, large)]
    parts.append(table(["Before and beside questions", *sizes], rows))
    return "\n".join(parts)


def publish(text: str, work: Path, docs: Path) -> None:
    page = docs / "benchmarks.md"
    before, rest = page.read_text().split(BEGIN)
    page.write_text(f"{before}{BEGIN}\n\n{text}\n{END}{rest.split(END)[1]}")
    (docs / "images").mkdir(exist_ok=True)
    shutil.copy(work / "peers.svg", docs / "images" / "peers.svg")


def main(work: Path, *docs: Path) -> None:
    result = gather(work)
    (work / "result.json").write_text(json.dumps(result, indent=1))
    text = tables(result)
    (work / "tables.md").write_text(text)
    picture.draw(result, work / "peers.svg")
    for folder in docs:
        publish(text, work, folder)


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:]))
