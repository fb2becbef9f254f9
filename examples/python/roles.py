"""Which few roles would give everybody what they have?

    python roles.py [FOLDER]
"""

import sys
from pathlib import Path

import ciem

SAMPLE = Path(__file__).parent.parent / "estate"


def main(folder: str | Path = SAMPLE) -> None:
    snapshot = ciem.load(folder)
    for provider, kind in [("aws", "user"), ("aws", "person"), ("azure", "user")]:
        mined = snapshot.mine_roles(provider=provider, principal_kind=kind)
        proof = "proven the fewest" if mined.optimal else f"at least {mined.lower_bound}"
        print(f"{provider} {kind}: {mined.to_dict()['pairs']} pairs, {len(mined.roles)} roles, {proof}")
        print(f"{'members':>7} {'permissions':>11} {'only here':>9}  {'name':<32} like")
        for role in mined.roles:
            like = ""
            if "closest" in role:
                like = f"{role['closest']['name'].split('/')[-1]} {int(100 * role['closest']['permissions'])} %"
            name = role.get("name", "").split("/")[-1]
            members, permissions = len(role["users"]), len(role["permissions"])
            print(f"{members:>7} {permissions:>11} {role['only_here']:>9}  {name:<32} {like}")


if __name__ == "__main__":
    main(*sys.argv[1:])
