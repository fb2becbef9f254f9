"""What can this identity do?

    python what_can.py [FOLDER [PRINCIPAL]]
"""

import sys
from pathlib import Path

import ciem

SAMPLE = Path(__file__).parent.parent / "estate"
SHOWN = 4


def the_most_telling(snapshot: ciem.Snapshot) -> str:
    loaded = (row for row in snapshot.principals() if row["loaded"])
    name: str = max(loaded, key=lambda row: (row["policies"], row["principal"]))["principal"]
    return name


def main(folder: str | Path = SAMPLE, wanted: str | None = None) -> None:
    snapshot = ciem.load(folder)
    principal = wanted or the_most_telling(snapshot)

    print(principal)
    for row in snapshot.what_can(principal):
        permissions = row["permissions"]
        more = f" and {len(permissions) - SHOWN} more" if len(permissions) > SHOWN else ""
        print(f"  {row['verdict']:<12} {', '.join(permissions[:SHOWN])}{more}")
        print(f"  {'on':>12} {', '.join(row['resources'])}")
        if row["except"]:
            print(f"  {'except':>12} {', '.join(row['except'])}")
        if row["condition"]:
            print(f"  {'if':>12} {row['condition']}")


if __name__ == "__main__":
    main(*sys.argv[1:])
