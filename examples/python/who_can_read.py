"""Who can read this secret, bucket, key or queue?

    python who_can_read.py [FOLDER [RESOURCE]]
"""

import sys
from pathlib import Path

import ciem

SAMPLE = Path(__file__).parent.parent / "estate"
# What reading is called, and which part of the resource is read.
READING = {
    "secretsmanager:secret": ("secretsmanager:GetSecretValue", ""),
    "s3:bucket": ("s3:GetObject", "/*"),
    "kms:key": ("kms:Decrypt", ""),
    "sqs:queue": ("sqs:ReceiveMessage", ""),
}


def the_most_telling(kinds: dict[str, str]) -> str:
    return min(kinds, key=lambda resource: (list(READING).index(kinds[resource]), resource))


def main(folder: str | Path = SAMPLE, wanted: str | None = None) -> None:
    snapshot = ciem.load(folder)
    kinds = {row["resource"]: row["resource_kind"] for row in snapshot.resources() if row["resource_kind"] in READING}
    resource = wanted or the_most_telling(kinds)
    action, part = READING[kinds[resource]]

    print(f"{action} on {resource}{part}")
    for row in snapshot.who_can(action, resource + part):
        print(f"  {row['verdict']:<12} {row['principal']}")
        if row["condition"]:
            print(f"  {'if':>12} {row['condition']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
