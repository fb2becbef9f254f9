"""IAM Identity Center: the people of Larkfield, their groups, the permission sets and who has which in which account."""

import hashlib

from accounts import ADMINISTRATOR, CUSTOMER_KEY, CUSTOMERS, DATA, DEV, LAKE, LEDGER, MANAGEMENT, PAYMENTS, REGION
from accounts import SECURITY, SETTLEMENTS, STORES, objects
from shapes import allow, deny, document, text, trust, admits

STORE = "d-9367a1b2c3"
INSTANCE = "ssoins-68040a1b2c3d4e5f"

READ_ONLY = document(allow([
    "cloudwatch:Describe*", "cloudwatch:Get*", "cloudwatch:List*", "dynamodb:Describe*", "dynamodb:List*",
    "iam:Get*", "iam:List*", "lambda:Get*", "lambda:List*", "rds:Describe*", "s3:GetBucket*", "s3:ListAllMyBuckets",
    "sns:Get*", "sns:List*", "sqs:GetQueueAttributes", "sqs:List*"]))

# Name, what it is for, its own policy, AWS's policies.
SETS = [
    ("Administrator", "Platform team", None, [ADMINISTRATOR]),
    ("Billing", "Finance", document(allow(["billing:*", "budgets:*", "ce:*", "cur:*"])), []),
    ("Customer_Care", "Reads what customers ask about", document(
        allow("s3:GetObject", f"{CUSTOMERS}/cases/*"), allow("kms:Decrypt", CUSTOMER_KEY)), []),
    ("Data_Engineer", "Lake and customer data", document(
        allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket"], [LAKE, objects(LAKE), CUSTOMERS, objects(CUSTOMERS)]),
        allow(["athena:*", "glue:*"]), allow(["kms:Decrypt", "kms:GenerateDataKey"], CUSTOMER_KEY)), []),
    ("Developer", "Development account", document(
        allow(["cloudwatch:*", "dynamodb:*", "lambda:*", "logs:*", "s3:*", "sns:*", "sqs:*"]),
        deny(["s3:PutBucketPolicy", "s3:PutBucketAcl"])), []),
    ("Payments_Operator", "On call for payments", document(
        allow(["dynamodb:GetItem", "dynamodb:Query"], [LEDGER, f"{LEDGER}/index/*"]),
        allow(["sqs:GetQueueAttributes", "sqs:ReceiveMessage"], SETTLEMENTS),
        allow(["logs:FilterLogEvents", "logs:GetLogEvents", "lambda:GetFunction", "lambda:ListFunctions"])), []),
    ("Read_Only", "Configuration without data", READ_ONLY, []),
    ("Security_Auditor", "Security team", document(
        allow(["access-analyzer:*", "cloudtrail:LookupEvents", "guardduty:Get*", "guardduty:List*", "iam:Get*",
               "iam:List*", "securityhub:Get*"])), []),
    ("Till_Support", "Shop floor support", document(
        allow(["dynamodb:GetItem", "dynamodb:Query"], f"arn:aws:dynamodb:{REGION}:{STORES}:table/till-*")), []),
]

# User name: display name, kind, title, groups.
PEOPLE = [
    ("adam.wolff", "Adam Wolff", "Employee", "Head of platform", ["platform"]),
    ("agnes.keller", "Agnes Keller", "Employee", "Platform engineer", ["platform"]),
    ("amira.said", "Amira Said", "Contractor", "Payments engineer", ["payments"]),
    ("anton.leroy", "Anton Leroy", "Employee", "Customer care lead", ["customer-care"]),
    ("astrid.lund", "Astrid Lund", "Employee", "Payments engineer", ["payments", "engineering"]),
    ("beatriz.gomes", "Beatriz Gomes", "Employee", "Data engineer", ["data"]),
    ("boris.hahn", "Boris Hahn", "Employee", "Data engineer", ["data"]),
    ("celine.roux", "Celine Roux", "Employee", "Controller", ["finance"]),
    ("chen.wei", "Chen Wei", "Employee", "Software engineer", ["engineering"]),
    ("claudia.ferri", "Claudia Ferri", "Employee", "Security analyst", ["security"]),
    ("daniel.frost", "Daniel Frost", "Contractor", "Data engineer", ["data"]),
    ("emma.lind", "Emma Lind", "Employee", "Software engineer", ["engineering"]),
    ("erik.dahl", "Erik Dahl", "Employee", "Software engineer", ["engineering"]),
    ("fatima.zahra", "Fatima Zahra", "Employee", "Customer care agent", ["customer-care"]),
    ("georg.maier", "Georg Maier", "Employee", "Auditor", ["audit"]),
    ("helena.prado", "Helena Prado", "Employee", "Payments engineer", ["payments"]),
    ("ida.nielsen", "Ida Nielsen", "Seasonal", "Customer care agent", ["customer-care"]),
    ("jan.dekker", "Jan Dekker", "Employee", "Shop support", ["shop-support"]),
    ("karin.vogel", "Karin Vogel", "Employee", "Shop support", ["shop-support"]),
    ("leon.barth", "Leon Barth", "Employee", "Software engineer", ["engineering"]),
    ("mira.stein", "Mira Stein", "Employee", "Security engineer", ["security"]),
    ("nadia.rossi", "Nadia Rossi", "Employee", "Software engineer", ["engineering"]),
    ("oscar.lima", "Oscar Lima", "Seasonal", "Shop support", ["shop-support"]),
    ("pavel.horak", "Pavel Horak", "Contractor", "Auditor", []),
    ("ruth.engel", "Ruth Engel", "Employee", "Controller", ["finance"]),
    ("tara.singh", "Tara Singh", "Employee", "Software engineer", ["engineering"]),
]
# Left, and still in the group.
DISABLED = {"daniel.frost"}
GROUPS = ["audit", "customer-care", "data", "engineering", "finance", "payments", "platform", "security", "shop-support"]

# Account, permission set, kind and name of who has it.
ASSIGNMENTS = [
    (MANAGEMENT, "Billing", "GROUP", "finance"),
    (PAYMENTS, "Administrator", "GROUP", "platform"),
    (PAYMENTS, "Payments_Operator", "GROUP", "payments"),
    (PAYMENTS, "Read_Only", "GROUP", "audit"),
    (DATA, "Administrator", "GROUP", "platform"),
    (DATA, "Customer_Care", "GROUP", "customer-care"),
    (DATA, "Data_Engineer", "GROUP", "data"),
    (DATA, "Read_Only", "GROUP", "audit"),
    (STORES, "Administrator", "GROUP", "platform"),
    (STORES, "Till_Support", "GROUP", "shop-support"),
    (DEV, "Administrator", "GROUP", "platform"),
    (DEV, "Developer", "GROUP", "engineering"),
    (SECURITY, "Security_Auditor", "GROUP", "security"),
    # Given past the groups: a test that nobody took back, and an auditor for a quarter.
    (DATA, "Data_Engineer", "USER", "chen.wei"),
    (SECURITY, "Security_Auditor", "USER", "pavel.horak"),
]


def digest(what):
    return hashlib.sha256(f"larkfield:{what}".encode()).hexdigest()


def store_id(kind, name):
    """An id as the identity store makes them."""
    told = digest(f"{kind}:{name}")
    return "-".join([told[:8], told[8:12], told[12:16], told[16:20], told[20:32]])


def set_arn(name):
    return f"arn:aws:sso:::permissionSet/{INSTANCE}/ps-{digest(name)[:16]}"


def holder(kind, name):
    return store_id("user" if kind == "USER" else "group", name)


def roles(account):
    """The roles that assignments make in an account."""
    provider = {"Federated": f"arn:aws:iam::{account.number}:saml-provider/AWSSSO_{digest('saml')[:16]}_DO_NOT_DELETE"}
    trusts = trust(admits(provider, ["sts:AssumeRoleWithSAML", "sts:TagSession"], {
        "StringEquals": {"SAML:aud": "https://signin.aws.amazon.com/saml"}}))
    wanted = {name for number, name, _, _ in ASSIGNMENTS if number == account.number}
    for name, _, inline, managed in SETS:
        if name in wanted:
            account.role(
                f"AWSReservedSSO_{name}_{digest(account.number + name)[:16]}", trusts, managed,
                {"AwsSSOInlinePolicy": inline} if inline else None,
                path=f"/aws-reserved/sso.amazonaws.com/{REGION}/", created="2025-02-03T08:00:00+00:00",
            )


def sets():
    """For each permission set the answers about it."""
    out = []
    for name, description, inline, managed in SETS:
        arn = set_arn(name)
        out.append({"PermissionSet": {
            "Name": name, "PermissionSetArn": arn, "Description": description,
            "CreatedDate": "2025-02-03T08:00:00+00:00", "SessionDuration": "PT8H"}})
        out.append({"InlinePolicy": text(inline) if inline else "", "PermissionSetArn": arn})
        attached = [{"Name": policy.rsplit("/", 1)[1], "Arn": policy} for policy in managed]
        out.append({"AttachedManagedPolicies": attached, "PermissionSetArn": arn})
        out.append({"CustomerManagedPolicyReferences": [], "PermissionSetArn": arn})
    return out


def assignments():
    out = {}
    for account, name, kind, who in sorted(ASSIGNMENTS):
        one = {"AccountId": account, "PermissionSetArn": set_arn(name), "PrincipalType": kind,
               "PrincipalId": holder(kind, who)}
        out.setdefault((account, name), []).append(one)
    return [{"AccountAssignments": several} for several in out.values()]


def users():
    out = []
    for name, display, kind, title, _ in PEOPLE:
        given, family = display.split(" ")
        out.append({
            "UserName": name,
            "UserId": store_id("user", name),
            "Name": {"FamilyName": family, "GivenName": given},
            "DisplayName": display,
            "Emails": [{"Value": f"{name}@example.com", "Type": "work", "Primary": True}],
            "UserType": kind,
            "Title": title,
            "UserStatus": "DISABLED" if name in DISABLED else "ENABLED",
            "IdentityStoreId": STORE,
        })
    return {"Users": out}


def groups():
    return {"Groups": [
        {"GroupId": store_id("group", name), "DisplayName": name, "IdentityStoreId": STORE} for name in GROUPS]}


def memberships():
    out = []
    for group in GROUPS:
        members = [name for name, _, _, _, of in PEOPLE if group in of]
        out.append({"GroupMemberships": [{
            "IdentityStoreId": STORE,
            "MembershipId": store_id("membership", f"{group}:{name}"),
            "GroupId": store_id("group", group),
            "MemberId": {"UserId": store_id("user", name)},
        } for name in members]})
    return out


def exports():
    """File name to content."""
    return {
        "identity-center.permission-sets.json": sets(),
        "identity-center.assignments.json": assignments(),
        "identity-center.users.json": users(),
        "identity-center.groups.json": groups(),
        "identity-center.memberships.json": memberships(),
    }
