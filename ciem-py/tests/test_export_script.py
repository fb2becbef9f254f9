"""The export script for Azure, against a command `az` that answers as the real one does, in shape."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import ciem
import pytest

SCRIPT = Path(__file__).parents[2] / "docs/providers/azure-export.sh"
SUBSCRIPTION = "/subscriptions/aaaaaaaa-0000-0000-0000-000000000001"
AZ = """#!/usr/bin/env python3
import json, sys

SUBSCRIPTION = "/subscriptions/aaaaaaaa-0000-0000-0000-000000000001"
ROLE = SUBSCRIPTION + "/providers/Microsoft.Authorization/roleDefinitions/r1"
called = " ".join(sys.argv[1:])


def schedule(tier):
    return {"value": [{"id": tier, "accessId": "member", "groupId": "g1", "principalId": "bob", "startDateTime": None,
                       tier + "ScheduleId": "s"}]}


ANSWERS = [
    ("account list", [{"id": SUBSCRIPTION.rsplit("/", 1)[1], "name": "sub", "state": "Enabled", "tenantId": "t-1", "isDefault": True}]),
    ("account management-group", {"id": "/providers/Microsoft.Management/managementGroups/t-1", "name": "t-1", "tenantId": "t-1",
     "type": "Microsoft.Management/managementGroups",
     "children": [{"id": SUBSCRIPTION, "name": SUBSCRIPTION.rsplit("/", 1)[1], "type": "/subscriptions"}]}),
    ("ad user list", [{"id": name, "userPrincipalName": name + "@example.com"} for name in ("ann", "bob")]),
    ("ad group list", [{"id": "g1", "displayName": "G1", "securityEnabled": True, "groupTypes": []}]),
    ("ad group member list", [{"@odata.type": "#microsoft.graph.user", "id": "ann"}]),
    ("ad sp list", [{"id": "sp", "appId": "x", "displayName": "App", "servicePrincipalType": "Application"}]),
    ("ad app list", [{"id": "app", "appId": "x", "displayName": "App", "signInAudience": "AzureADMyOrg"}]),
    ("role assignment list", [{"id": SUBSCRIPTION + "/providers/Microsoft.Authorization/roleAssignments/a1", "principalId": "g1",
     "type": "Microsoft.Authorization/roleAssignments", "principalType": "Group", "roleDefinitionId": ROLE, "scope": SUBSCRIPTION}]),
    ("role definition list", [{"id": ROLE, "name": "r1", "roleName": "Reader", "roleType": "CustomRole", "assignableScopes": ["/"],
     "type": "Microsoft.Authorization/roleDefinitions",
     "permissions": [{"actions": ["Microsoft.Compute/virtualMachines/read"], "notActions": []}]}]),
    ("eligibilityScheduleInstances?$filter", schedule("eligibility")),
    ("page2", {"value": []}),
    ("denyAssignments", {"value": [], "nextLink": "https://management.azure.com/page2"}),
    ("rest", {"value": []}),
]
if called.startswith("account show"):
    print("t-1")
else:
    print(json.dumps(next((answer for part, answer in ANSWERS if part in called), [])))
"""


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("jq")), reason="the script needs bash and jq")
def test_what_the_script_exports_is_read(tmp_path: Path) -> None:
    command = tmp_path / "bin/az"
    command.parent.mkdir()
    command.write_text(AZ)
    command.chmod(command.stat().st_mode | stat.S_IXUSR)
    path = f"{command.parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", SCRIPT, tmp_path / "out"], env={**os.environ, "PATH": path}, capture_output=True, text=True, check=True
    )
    assert ended.stderr == ""
    assert not (tmp_path / "out/failed.txt").exists()

    snapshot = ciem.load(tmp_path / "out")
    # Nothing is left that could not be read, and no layer is missing.
    coverage = snapshot.coverage()
    assert [file["name"] for file in coverage["files"] if file["kind"] == "unknown"] == []
    assert coverage["rejected"] == []
    asked = ("Microsoft.Compute/virtualMachines/read", f"{SUBSCRIPTION}/resourceGroups/rg")
    assert snapshot.can("ann", *asked, missing_layer="unknown").verdict == "allow"
    assert snapshot.can("bob", *asked, missing_layer="unknown").verdict == "deny"
    eligible = snapshot.who_can(*asked, tiers=["eligible"])
    assert [row["principal"] for row in eligible] == ["bob"]
