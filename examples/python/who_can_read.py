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


def main(folder=SAMPLE, resource=None):
    snapshot = ciem.load(folder)
    kinds = {row["resource"]: row["resource_kind"] for row in snapshot.resources() if row["resource_kind"] in READING}
    # Without a resource, the most telling one that was loaded.
    resource = resource or min(kinds, key=lambda each: (list(READING).index(kinds[each]), each))
    action, part = READING[kinds[resource]]

    print(f"{action} on {resource}{part}")
    for row in snapshot.who_can(action, resource + part):
        print(f"  {row['verdict']:<12} {row['principal']}")
        if row["condition"]:
            print(f"  {'if':>12} {row['condition']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
