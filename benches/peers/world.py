"""What each peer must be told to answer a question: the documents of every layer, and the facts about the caller.

The engine is given the exports and finds this out itself; the peers answer about documents that somebody has collected.
`python world.py FOLDER` reads `estate/` and `questions.json` of the folder and writes `simulations.json` beside them.
"""

import json
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]
FULL_ACCESS = {"Effect": "Allow", "Action": "*", "Resource": "*"}


class World:
    def __init__(self, exports: Path) -> None:
        self.documents: dict[str, Json] = {}
        self.principals: dict[str, Json] = {}
        self.accounts: dict[str, Json] = {}
        self.resources: dict[str, tuple[str, str]] = {}
        tree = json.loads((exports / "organization-tree.json").read_text())
        self.organisation = tree["Organization"]["Id"]
        self._unit(tree["Root"], [], [])
        for path in sorted(exports.glob("authorization-details-*.json")):
            self._account(json.loads(path.read_text()))
        for row in json.loads((exports / "resource-policies.json").read_text()):
            identifier = self._keep(f"resource {row['resource_arn']}", row["policy"])
            self.resources[row["resource_arn"]] = (identifier, row["account_id"])

    def simulation(self, question: Json) -> Json:
        """The question with the ids of the documents that decide it, level by level where there are levels."""
        principal = self.principals[question["principal"]]
        account = question["principal"].split(":")[4]
        policy, owner = self.policy_of(question["resource"])
        owner = owner or account
        facts = {
            "aws:CurrentTime": question["at"],
            "aws:PrincipalAccount": account,
            "aws:PrincipalArn": question["principal"],
            "aws:PrincipalIsAWSService": "false",
            "aws:PrincipalOrgID": self.organisation,
            **({"aws:username": question["principal"].rsplit("/", 1)[1]} if ":user/" in question["principal"] else {}),
            **{f"aws:PrincipalTag/{key}": value for key, value in principal["tags"].items()},
        }
        return {
            **{key: question[key] for key in ("principal", "action", "resource")},
            "context": {**question["context"], **facts},
            "account": account,
            "owner": owner,
            "identity": principal["identity"],
            "boundary": principal["boundary"],
            "scps": self.accounts[account]["scps"],
            "rcps": self.accounts.get(owner, {"rcps": []})["rcps"],
            "resource_policy": policy,
        }

    def policy_of(self, resource: str) -> tuple[str | None, str | None]:
        """The resource's own policy and its account, where they are known. The policy of a bucket is that of its objects."""
        whole = resource.split("/")[0] if resource.startswith("arn:aws:s3:::") else resource
        identifier, owner = self.resources.get(whole, (None, None))
        parts = resource.split(":")
        return identifier, owner or (parts[4] if len(parts) > 4 else None) or None

    def _keep(self, identifier: str, document: Json) -> str:
        self.documents[identifier] = document
        return identifier

    def _unit(self, unit: Json, scps: list[list[str]], rcps: list[list[str]]) -> None:
        below = self._levels(unit, scps, rcps)
        for account in unit.get("Accounts", []):
            levels = self._levels(account, *below)
            self.accounts[account["Id"]] = {"scps": levels[0], "rcps": levels[1]}
        for child in unit.get("OrganizationalUnits", []):
            self._unit(child, *below)

    def _levels(self, target: Json, scps: list[list[str]], rcps: list[list[str]]) -> tuple[list[list[str]], ...]:
        kinds: dict[str, list[str]] = {"SERVICE_CONTROL_POLICY": [], "RESOURCE_CONTROL_POLICY": []}
        for policy in target["Policies"]:
            kinds[policy["Type"]].append(self._keep(f"control {policy['Arn']}", json.loads(policy["Content"])))
        own = kinds["SERVICE_CONTROL_POLICY"], kinds["RESOURCE_CONTROL_POLICY"]
        # RCPFullAWSAccess is there without being attached, and grants nothing: the peers are given the others.
        denying = [key for key in own[1] if self.documents[key]["Statement"] != [FULL_ACCESS]]
        return [*scps, own[0]], [*rcps, denying] if denying else rcps

    def _account(self, details: Json) -> None:
        for policy in details["Policies"]:
            version = next(version for version in policy["PolicyVersionList"] if version["IsDefaultVersion"])
            self._keep(policy["Arn"], version["Document"])
        groups = {group["GroupName"]: self._grants(group, "GroupPolicyList") for group in details["GroupDetailList"]}
        for kind in ("User", "Role"):
            for record in details[f"{kind}DetailList"]:
                identity = self._grants(record, f"{kind}PolicyList")
                for group in record.get("GroupList", []):
                    identity = identity + groups[group]
                boundary = record.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
                tags = {tag["Key"]: tag["Value"] for tag in record["Tags"]}
                self.principals[record["Arn"]] = {"identity": identity, "boundary": boundary, "tags": tags}

    def _grants(self, record: Json, inline: str) -> list[str]:
        own = [
            self._keep(f"{record['Arn']} {policy['PolicyName']}", policy["PolicyDocument"]) for policy in record[inline]
        ]
        return own + [policy["PolicyArn"] for policy in record["AttachedManagedPolicies"]]


def main(folder: Path) -> None:
    world = World(folder / "estate")
    questions = json.loads((folder / "questions.json").read_text())
    simulations = [world.simulation(question) for question in questions]
    text = json.dumps({"documents": world.documents, "simulations": simulations})
    (folder / "simulations.json").write_text(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
