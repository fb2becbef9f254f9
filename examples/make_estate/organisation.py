"""The organisation: units, accounts, and the guardrails of each."""

from accounts import DATA, DEV, LAKE, CUSTOMERS, MANAGEMENT, ORGANISATION, PAYMENTS, SECURITY, STORES, TRAIL, objects
from shapes import allow, deny, document, text

SERVICE, RESOURCE = "SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"


def policy(identifier, name, kind, doc, managed=False):
    folder = kind.lower()
    owner = "aws" if managed else f"{MANAGEMENT}:policy/{ORGANISATION}"
    arn = f"arn:aws:organizations::aws:policy/{folder}/{identifier}" if managed else \
        f"arn:aws:organizations::{owner}/{folder}/{identifier}"
    return {"Id": identifier, "Arn": arn, "Name": name, "Type": kind, "AwsManaged": managed, "Content": text(doc)}


FULL_ACCESS = policy("p-FullAWSAccess", "FullAWSAccess", SERVICE, document(allow("*")), True)
RCP_FULL_ACCESS = policy(
    "p-RCPFullAWSAccess", "RCPFullAWSAccess", RESOURCE, document(allow("*", principal="*")), True
)
STAY = policy("p-stay00001", "StayInTheOrganisation", SERVICE, document(
    deny("organizations:LeaveOrganization"),
    deny(["cloudtrail:StopLogging", "cloudtrail:DeleteTrail", "cloudtrail:UpdateTrail"]),
    deny(["s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutBucketPolicy"], [TRAIL, objects(TRAIL)]),
))
NO_USERS = policy("p-nokeys0001", "NoNewAccessKeys", SERVICE, document(
    deny(["iam:CreateAccessKey", "iam:CreateUser"], "*", {
        "ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/OrganizationAccountAccessRole"}}),
))
REGIONS = policy("p-regions001", "EuropeOnly", SERVICE, {
    "Version": "2012-10-17",
    "Statement": [{
        "Sid": "OutsideEurope",
        "Effect": "Deny",
        "NotAction": ["iam:*", "organizations:*", "sts:*", "support:*", "cloudfront:*", "route53:*"],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "eu-central-1"]}},
    }],
})
NO_PRODUCTION_DATA = policy("p-devonly001", "NoProductionDataInDevelopment", SERVICE, document(
    deny("s3:GetObject", [objects(CUSTOMERS), objects(LAKE)]),
    deny(["rds-db:connect", "organizations:*", "account:*"]),
))
PERIMETER = policy("p-perimeter1", "DataPerimeter", RESOURCE, document(
    deny(["s3:*", "kms:Decrypt", "sqs:*", "secretsmanager:*"], "*", {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": ORGANISATION},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }, principal="*", sid="OnlyOurOwn"),
))


def account(number, name, *policies):
    return {"Id": number, "Name": name, "Arn": f"arn:aws:organizations::{MANAGEMENT}:account/{ORGANISATION}/{number}",
            "Email": f"aws-{name}@larkfield.example.com", "Status": "ACTIVE",
            "Policies": [FULL_ACCESS, RCP_FULL_ACCESS, *policies]}


def unit(identifier, name, policies, accounts):
    return {"Id": identifier, "Name": name, "Policies": [FULL_ACCESS, RCP_FULL_ACCESS, *policies],
            "OrganizationalUnits": [], "Accounts": accounts}


def export():
    return {
        "Organization": {"Id": ORGANISATION, "MasterAccountId": MANAGEMENT, "FeatureSet": "ALL"},
        "Root": {
            "Id": "r-lark",
            "Name": "Root",
            "Policies": [FULL_ACCESS, RCP_FULL_ACCESS, STAY],
            "Accounts": [account(MANAGEMENT, "management")],
            "OrganizationalUnits": [
                unit("ou-lark-production", "Production", [NO_USERS, REGIONS], [
                    account(PAYMENTS, "payments"),
                    account(DATA, "data", PERIMETER),
                    account(STORES, "stores"),
                ]),
                unit("ou-lark-development", "Development", [NO_PRODUCTION_DATA], [account(DEV, "dev")]),
                unit("ou-lark-security", "Security", [], [account(SECURITY, "security")]),
            ],
        },
    }
