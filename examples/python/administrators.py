"""Which identities have administrator reach?

    python administrators.py [FOLDER]
"""

import sys
from pathlib import Path

import ciem

SAMPLE = Path(__file__).parent.parent / "estate"
# Whoever may do one of these to everybody may do everything.
WAYS = [
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreatePolicyVersion",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:UpdateAssumeRolePolicy",
]


def main(folder: str | Path = SAMPLE) -> None:
    snapshot = ciem.load(folder)
    reach: dict[tuple[str, str, str], list[str]] = {}
    for way in WAYS:
        for row in snapshot.who_can(way, "*", match="all"):
            reach.setdefault((row["principal"], row["verdict"], row["condition"] or ""), []).append(way)

    for (principal, verdict, condition), ways in sorted(reach.items()):
        print(f"{verdict:<12} {principal}: {len(ways)} of {len(WAYS)} ways")
        if condition:
            print(f"{'if':>12} {condition}")


if __name__ == "__main__":
    main(*sys.argv[1:])
