"""Why was it denied?

    python why_denied.py [FOLDER [PRINCIPAL ACTION RESOURCE]]
"""

import sys
from pathlib import Path

import ciem

SAMPLE = Path(__file__).parent.parent / "estate"
# Whose permissions the wishes are; principals of another provider are nobody there.
PROVIDER = "aws"
# Things that people ask for and are told that they may not.
WISHES = ["cloudtrail:StopLogging", "iam:CreateUser", "ec2:TerminateInstances", "s3:DeleteBucket"]


def a_denial(snapshot: ciem.Snapshot) -> tuple[str, str, str]:
    """A question of somebody who holds the permission and is stopped all the same, if there is one."""
    people = [row["principal"] for row in snapshot.principals() if row["loaded"] and row["provider"] == PROVIDER]
    questions = [(person, action, "*") for action in WISHES for person in people]
    denied = [question for question in questions if snapshot.can(*question).verdict == "deny"]
    return next((question for question in denied if snapshot.can(*question).denial == "explicit"), denied[0])


def main(folder: str | Path = SAMPLE, *wish: str) -> None:
    snapshot = ciem.load(folder)
    question = wish or a_denial(snapshot)
    explanation = snapshot.explain(*question)
    decision = explanation.decision

    print(" ".join(question))
    print(f"  {decision.verdict}, {decision.denial}, by {', '.join(decision.blocked_by)}")
    for layer in explanation.layers:
        if layer["stops"] != "no" or layer["statements"]:
            print(f"  {layer['layer']}, stops it: {layer['stops']}")
        for statement in (decision.statements[place] for place in layer["statements"]):
            print(f"      {statement['effect']} in {statement['policy']} {statement['pointer']}")
        for near in layer.get("near_misses", []) if layer["stops"] != "no" else []:
            print(f"      nearly, in {near['policy']}: {near['reason']}")
    for fact in decision.missing:
        print(f"  not known: {fact['fact']} of {fact['subject']}: {fact['how']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
