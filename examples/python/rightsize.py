"""From logs to a proposal: what a principal holds, what it used, what is left, what proves it and what takes it back.

    python rightsize.py [FOLDER LOGS [PRINCIPAL]]
"""

import json
import sys
from pathlib import Path

import ciem

SAMPLE = Path(__file__).parent.parent
SHOWN = 4
# Ends with the quarter before, so that the window holds a quarter end.
WINDOW, AT = "90d", "2026-11-01T00:00:00Z"


def heading(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def the_most_idle(snapshot: ciem.Snapshot, usage: ciem.Usage) -> str:
    """Of those who were seen in the logs: who holds the most that was not used."""
    seen = {row["principal"] for row in usage.uses()}
    rows = snapshot.unused(usage, of="permission", window=WINDOW, at=AT)
    idle: dict[str, int] = {}
    for row in rows:
        if row["state"] == "unused" and row["id"] in seen:
            idle[row["id"]] = idle.get(row["id"], 0) + len(row["permissions"] or [])
    return max(idle, key=lambda principal: (idle[principal], principal))


def some(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return ", ".join(names[:SHOWN]) + more


def main(folder: str | Path = SAMPLE / "estate", logs: str | Path = SAMPLE / "estate_logs", wanted: str | None = None) -> None:
    snapshot, usage = ciem.load(folder), ciem.load_usage(logs)

    heading("What the logs hold")
    coverage = usage.coverage()
    print(f"{coverage['counts']['uses']} uses in {len(coverage['files'])} files")
    for log in coverage["logs"]:
        print(f"  {log['account']} {log['plane']:<10} {log['first']} to {log['last']}, {log['days']} days, {len(log['gaps'])} gaps")

    principal = wanted or the_most_idle(snapshot, usage)
    heading(f"What {principal} did")
    for row in usage.uses():
        if row["principal"] == principal and row["count"]:
            print(f"  {row['permission']:<40} {row['count']:>5} times, last {row['last_seen']}")

    proposal = snapshot.rightsize(principal, usage, level="resources", mode="safe", window=WINDOW, at=AT)
    heading(f"{proposal.kept} of {proposal.granted} permissions stay")
    for what, sets in (("stays", proposal.keep), ("goes", proposal.remove)):
        for one in sets:
            print(f"  {what} ({', '.join(one['reasons'])}): {some(one['permissions'])}")

    heading("The new policies")
    for policy in proposal.policies:
        print(f"{policy['name']} ({policy['kind']}, {policy['characters']} of {policy['limit']} characters)")
        print(json.dumps(policy["document"], indent=2))
    for policy in proposal.untouched:
        print(f"stays as it is: {policy['policy']} ({policy['reason']})")

    heading("What is to be done, and what takes it back")
    for change in proposal.remedy["changes"]:
        print(f"  {change['operation']} {change['slot']}: {change['call']['action']}, undone by {change['undo']['action']}")

    heading("What it rests on")
    certificate = proposal.certificate
    replay, calendar, unseen = certificate["replay"], certificate["calendar"], certificate["unseen"]
    print(f"within what was granted: {certificate['within_granted']}; covers what stays: {certificate['covers_kept']}")
    print(f"{replay['events']} logged events decided anew as {replay['requests']} requests, {replay['would_fail']} would fail")
    print(f"{calendar['covered']} of {calendar['days']} days covered, quarter ends among them: {calendar['quarter_ends']}")
    print(f"the logs cannot show {certificate['unobservable']} permissions ({certificate['unobservable_share']:.0%})")
    if unseen["upper_bound_95"]:
        print(f"a right never used is needed on at most {unseen['upper_bound_95']:.1%} of the days, if {unseen['assumption']}")
    print(f"rollback document: sha256 {certificate['rollback_sha256']}")
    print(f"to know: {', '.join(proposal.warnings) or 'nothing'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
