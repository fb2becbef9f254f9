"""The shapes of AWS exports: what the command line prints, built from short descriptions."""

import hashlib
import json


def statement(effect, actions, resources, condition=None, principal=None, sid=None):
    """One statement; principals only where the policy is a resource's own."""
    out = {}
    if sid:
        out["Sid"] = sid
    out["Effect"] = effect
    if principal is not None:
        out["Principal"] = principal
    out["Action"] = actions
    if resources is not None:
        out["Resource"] = resources
    if condition:
        out["Condition"] = condition
    return out


def allow(actions, resources="*", condition=None, principal=None, sid=None):
    return statement("Allow", actions, resources, condition, principal, sid)


def deny(actions, resources="*", condition=None, principal=None, sid=None):
    return statement("Deny", actions, resources, condition, principal, sid)


def document(*statements):
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(*statements):
    """A trust policy: statements without resources."""
    return document(*statements)


def admits(principal, action="sts:AssumeRole", condition=None):
    return statement("Allow", action, None, condition, principal)


def text(value):
    """A document as the JSON text that most commands print inside of their own JSON."""
    return json.dumps(value, separators=(",", ":"))


def unique_id(prefix, arn):
    """An id of the right length that is the same in each run; the letters say that it is made up."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
    digest = hashlib.sha256(arn.encode()).digest()
    return prefix + "".join(letters[byte % 32] for byte in digest[:10]) + "EXAMPLE"


def tags(**values):
    return [{"Key": key, "Value": value} for key, value in sorted(values.items())]


class Account:
    """One account's `aws iam get-account-authorization-details`."""

    def __init__(self, number, name):
        self.number, self.name = number, name
        self.users, self.groups, self.roles, self.policies = [], [], [], []

    def arn(self, kind, name, path="/"):
        return f"arn:aws:iam::{self.number}:{kind}{path}{name}"

    def attached(self, names):
        """Policies by name; those that AWS keeps are given by their whole ARN."""
        found = []
        for name in names:
            arn = name if name.startswith("arn:") else self.arn("policy", name)
            found.append({"PolicyName": arn.rsplit("/", 1)[1], "PolicyArn": arn})
        return found

    @staticmethod
    def inline(policies):
        return [{"PolicyName": name, "PolicyDocument": doc} for name, doc in policies.items()]

    def policy(self, name, doc, arn=None, created="2024-02-06T09:12:44+00:00"):
        arn = arn or self.arn("policy", name)
        self.policies.append(
            {
                "PolicyName": arn.rsplit("/", 1)[1],
                "PolicyId": unique_id("ANPA", arn),
                "Arn": arn,
                "Path": "/",
                "DefaultVersionId": "v1",
                "AttachmentCount": 0,
                "PermissionsBoundaryUsageCount": 0,
                "IsAttachable": True,
                "CreateDate": created,
                "UpdateDate": created,
                "PolicyVersionList": [
                    {"Document": doc, "VersionId": "v1", "IsDefaultVersion": True, "CreateDate": created}
                ],
            }
        )

    def group(self, name, attached=(), inline=None, created="2023-05-02T08:00:00+00:00"):
        arn = self.arn("group", name)
        self.groups.append(
            {
                "Path": "/",
                "GroupName": name,
                "GroupId": unique_id("AGPA", arn),
                "Arn": arn,
                "CreateDate": created,
                "GroupPolicyList": self.inline(inline or {}),
                "AttachedManagedPolicies": self.attached(attached),
            }
        )

    def user(self, name, created, groups=(), attached=(), inline=None, boundary=None, **labels):
        arn = self.arn("user", name)
        record = {
            "Path": "/",
            "UserName": name,
            "UserId": unique_id("AIDA", arn),
            "Arn": arn,
            "CreateDate": created,
            "UserPolicyList": self.inline(inline or {}),
            "GroupList": list(groups),
            "AttachedManagedPolicies": self.attached(attached),
        }
        self.limit(record, boundary)
        record["Tags"] = tags(**labels)
        self.users.append(record)

    def role(self, name, trusts, attached=(), inline=None, boundary=None, path="/", used=None, profile=False,
             created="2024-03-11T10:20:30+00:00", **labels):
        arn = self.arn("role", name, path)
        record = {
            "Path": path,
            "RoleName": name,
            "RoleId": unique_id("AROA", arn),
            "Arn": arn,
            "CreateDate": created,
            "AssumeRolePolicyDocument": trusts,
            "InstanceProfileList": self.profile(name, arn) if profile else [],
            "RolePolicyList": self.inline(inline or {}),
            "AttachedManagedPolicies": self.attached(attached),
        }
        self.limit(record, boundary)
        record["Tags"] = tags(**labels)
        record["RoleLastUsed"] = {"LastUsedDate": used, "Region": "eu-west-1"} if used else {}
        self.roles.append(record)

    def profile(self, name, role):
        arn = self.arn("instance-profile", name)
        return [
            {
                "Path": "/",
                "InstanceProfileName": name,
                "InstanceProfileId": unique_id("AIPA", arn),
                "Arn": arn,
                "CreateDate": "2024-03-11T10:20:31+00:00",
                "Roles": [{"Path": "/", "RoleName": name, "RoleId": unique_id("AROA", role), "Arn": role}],
            }
        ]

    def limit(self, record, boundary):
        if boundary:
            arn = self.arn("policy", boundary)
            record["PermissionsBoundary"] = {
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": arn,
            }

    def export(self):
        """The document, with the counters that follow from it."""
        holders = self.users + self.groups + self.roles
        for policy in self.policies:
            named = {"PolicyName": policy["PolicyName"], "PolicyArn": policy["Arn"]}
            policy["AttachmentCount"] = sum(named in holder["AttachedManagedPolicies"] for holder in holders)
            limits = (holder.get("PermissionsBoundary", {}) for holder in holders)
            count = sum(limit.get("PermissionsBoundaryArn") == policy["Arn"] for limit in limits)
            policy["PermissionsBoundaryUsageCount"] = count
        return {
            "UserDetailList": sorted(self.users, key=lambda user: user["Arn"]),
            "GroupDetailList": sorted(self.groups, key=lambda group: group["Arn"]),
            "RoleDetailList": sorted(self.roles, key=lambda role: role["Arn"]),
            "Policies": sorted(self.policies, key=lambda policy: policy["Arn"]),
            "IsTruncated": False,
        }
