"""The organisation that the exports show: three accounts, guardrails at every level, and resources with policies.

    Root                     full access; SCP no-trail-stop; RCP perimeter (S3 from outside the organisation)
    |- management            the management account: guardrails do not bind it
    |- OU workloads          full access; SCP region-eu (only eu-west-1, except iam, sts, kms)
    |  `- OU production      full access
    |     `- account pay     full access; SCP keep-buckets
    `- OU sandbox            no full access: SCP sandbox-services allows a list of services
       `- account data       full access
"""

import dataclasses
import io
import json
import zipfile

import boto3

REGION = "eu-west-1"
ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@dataclasses.dataclass
class Profile:
    """One account, the credentials to act in it, and what was made there."""

    name: str
    account: str
    session: boto3.Session
    endpoint: str
    buckets: list[str] = dataclasses.field(default_factory=list)
    keys: dict[str, str] = dataclasses.field(default_factory=dict)
    queues: dict[str, str] = dataclasses.field(default_factory=dict)
    topics: dict[str, str] = dataclasses.field(default_factory=dict)
    functions: dict[str, str] = dataclasses.field(default_factory=dict)
    secrets: dict[str, str] = dataclasses.field(default_factory=dict)

    def client(self, service: str):
        return self.session.client(service, endpoint_url=self.endpoint)

    def iam(self, rest: str) -> str:
        return f"arn:aws:iam::{self.account}:{rest}"


@dataclasses.dataclass
class World:
    organization: str
    profiles: dict[str, Profile]


def build(endpoint: str) -> World:
    session = boto3.Session(aws_access_key_id="key", aws_secret_access_key="secret", region_name=REGION)
    caller = session.client("sts", endpoint_url=endpoint).get_caller_identity()
    management = Profile("management", caller["Account"], session, endpoint)
    organizations = management.client("organizations")
    organization = organizations.create_organization(FeatureSet="ALL")["Organization"]["Id"]
    profiles = {"management": management}
    for name in ("pay", "data"):
        created = organizations.create_account(AccountName=name, Email=f"{name}@example.com")
        account = created["CreateAccountStatus"]["AccountId"]
        profiles[name] = member(management, name, account)
    world = World(organization, profiles)
    guardrails(organizations, world)
    identities_of_management(management)
    identities_of_pay(world)
    identities_of_data(world)
    resources_of_pay(world)
    return world


def member(management: Profile, name: str, account: str) -> Profile:
    """The server, like AWS, acts in the account whose role was assumed."""
    role = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    answer = management.client("sts").assume_role(RoleArn=role, RoleSessionName="export")["Credentials"]
    session = boto3.Session(
        aws_access_key_id=answer["AccessKeyId"],
        aws_secret_access_key=answer["SecretAccessKey"],
        aws_session_token=answer["SessionToken"],
        region_name=REGION,
    )
    return Profile(name, account, session, management.endpoint)


def document(*statements: dict) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def guardrails(organizations, world: World) -> None:
    root = organizations.list_roots()["Roots"][0]["Id"]
    for kind in ("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY"):
        organizations.enable_policy_type(RootId=root, PolicyType=kind)

    def unit(parent: str, name: str) -> str:
        answer = organizations.create_organizational_unit(ParentId=parent, Name=name)
        return answer["OrganizationalUnit"]["Id"]

    def attach(target: str, kind: str, name: str, *statements: dict) -> None:
        policy = organizations.create_policy(
            Content=document(*statements), Description=name, Name=name, Type=f"{kind}_CONTROL_POLICY"
        )
        organizations.attach_policy(PolicyId=policy["Policy"]["PolicySummary"]["Id"], TargetId=target)

    workloads = unit(root, "workloads")
    production = unit(workloads, "production")
    sandbox = unit(root, "sandbox")
    for name, home in (("pay", production), ("data", sandbox)):
        account = world.profiles[name].account
        organizations.move_account(AccountId=account, SourceParentId=root, DestinationParentId=home)

    attach(root, "SERVICE", "no-trail-stop", {"Effect": "Deny", "Action": "cloudtrail:StopLogging", "Resource": "*"})
    attach(
        workloads,
        "SERVICE",
        "region-eu",
        {
            "Effect": "Deny",
            "NotAction": ["iam:*", "sts:*", "kms:*"],
            "Resource": "*",
            "Condition": {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}},
        },
    )
    attach(
        world.profiles["pay"].account,
        "SERVICE",
        "keep-buckets",
        {"Effect": "Deny", "Action": "s3:DeleteBucket", "Resource": "*"},
    )
    attach(
        sandbox,
        "SERVICE",
        "sandbox-services",
        {"Effect": "Allow", "Action": ["s3:*", "sqs:*", "sns:*", "kms:*", "sts:*"], "Resource": "*"},
    )
    organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=sandbox)
    attach(
        root,
        "RESOURCE",
        "perimeter",
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {
                "StringNotEqualsIfExists": {"aws:PrincipalOrgID": world.organization},
                "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
            },
        },
    )


def identities_of_management(profile: Profile) -> None:
    iam = profile.client("iam")
    iam.create_user(UserName="chief")
    iam.put_user_policy(UserName="chief", PolicyName="everything", PolicyDocument=document(ANYTHING))


def identities_of_pay(world: World) -> None:
    pay, data = world.profiles["pay"], world.profiles["data"]
    iam = pay.client("iam")

    readers = iam.create_policy(
        PolicyName="read-buckets",
        PolicyDocument=document(
            {"Effect": "Allow", "Action": ["s3:Get*", "s3:List*"], "Resource": ["arn:aws:s3:::pay-*", "arn:aws:s3:::pay-*/*"]}
        ),
    )["Policy"]["Arn"]
    iam.create_group(GroupName="readers")
    iam.attach_group_policy(GroupName="readers", PolicyArn=readers)
    iam.create_user(UserName="ana", Tags=[{"Key": "team", "Value": "pay"}])
    iam.add_user_to_group(GroupName="readers", UserName="ana")
    iam.put_user_policy(
        UserName="ana",
        PolicyName="queues",
        PolicyDocument=document(
            {
                "Effect": "Allow",
                "Action": "sqs:*",
                "Resource": f"arn:aws:sqs:eu-west-1:{pay.account}:*",
                "Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
            },
            {"Effect": "Deny", "Action": "sqs:DeleteQueue", "Resource": "*"},
        ),
    )

    iam.create_user(UserName="admin", Path="/ops/")
    iam.put_user_policy(UserName="admin", PolicyName="everything", PolicyDocument=document(ANYTHING))

    limit = iam.create_policy(
        PolicyName="limit",
        PolicyDocument=document({"Effect": "Allow", "Action": ["s3:*", "sqs:*", "lambda:*"], "Resource": "*"}),
    )["Policy"]["Arn"]
    iam.create_role(
        RoleName="deployer",
        Path="/team/",
        AssumeRolePolicyDocument=document(
            {"Effect": "Allow", "Principal": {"AWS": pay.iam("root")}, "Action": "sts:AssumeRole"}
        ),
        PermissionsBoundary=limit,
        Tags=[{"Key": "team", "Value": "pay"}],
    )
    iam.put_role_policy(RoleName="deployer", PolicyName="everything", PolicyDocument=document(ANYTHING))

    iam.create_role(
        RoleName="vault",
        AssumeRolePolicyDocument=document(
            {"Effect": "Allow", "Principal": {"AWS": pay.iam("user/ana")}, "Action": "sts:AssumeRole"},
            {
                "Effect": "Allow",
                "Principal": {"AWS": data.iam("root")},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"sts:ExternalId": "ledger"}},
            },
        ),
    )
    iam.put_role_policy(
        RoleName="vault",
        PolicyName="keys",
        PolicyDocument=document({"Effect": "Allow", "Action": ["kms:Decrypt", "kms:DescribeKey"], "Resource": "*"}),
    )
    iam.create_role(
        RoleName="worker",
        AssumeRolePolicyDocument=document(
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ),
    )


def identities_of_data(world: World) -> None:
    pay, data = world.profiles["pay"], world.profiles["data"]
    iam = data.client("iam")
    iam.create_role(
        RoleName="analyst",
        AssumeRolePolicyDocument=document(
            {"Effect": "Allow", "Principal": {"AWS": data.iam("root")}, "Action": "sts:AssumeRole"}
        ),
    )
    iam.put_role_policy(
        RoleName="analyst",
        PolicyName="analysis",
        PolicyDocument=document(
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pay-data/*"},
            {"Effect": "Allow", "Action": "sns:Publish", "Resource": f"arn:aws:sns:eu-west-1:{pay.account}:*"},
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": pay.iam("role/*")},
            {"Effect": "Allow", "Action": "ec2:RunInstances", "Resource": "*"},
            {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": "*"},
        ),
    )
    iam.create_user(UserName="carl")


def resources_of_pay(world: World) -> None:
    pay, data = world.profiles["pay"], world.profiles["data"]

    s3 = pay.client("s3")
    for bucket, policy in {
        "pay-data": document(
            {
                "Sid": "Analysts",
                "Effect": "Allow",
                "Principal": {"AWS": data.iam("role/analyst")},
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::pay-data/*",
            },
            {
                "Sid": "OnlyTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": ["arn:aws:s3:::pay-data", "arn:aws:s3:::pay-data/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ),
        "pay-open": document(
            {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::pay-open/*"}
        ),
    }.items():
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)
        pay.buckets.append(bucket)

    kms = pay.client("kms")
    for alias, statement in {
        "delegated": {"Effect": "Allow", "Principal": {"AWS": pay.iam("root")}, "Action": "kms:*", "Resource": "*"},
        "closed": {"Effect": "Allow", "Principal": {"AWS": pay.iam("user/ana")}, "Action": "kms:*", "Resource": "*"},
    }.items():
        created = kms.create_key(Policy=document(statement), Description=alias)
        pay.keys[alias] = created["KeyMetadata"]["Arn"]

    sqs = pay.client("sqs")
    queue = f"arn:aws:sqs:{REGION}:{pay.account}:jobs"
    topic = f"arn:aws:sns:{REGION}:{pay.account}:alerts"
    created = sqs.create_queue(
        QueueName="jobs",
        Attributes={
            "Policy": document(
                {
                    "Effect": "Allow",
                    "Principal": {"Service": "sns.amazonaws.com"},
                    "Action": "sqs:SendMessage",
                    "Resource": queue,
                    "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
                },
            )
        },
    )
    pay.queues["jobs"] = created["QueueUrl"]

    sns = pay.client("sns")
    pay.topics["alerts"] = sns.create_topic(Name="alerts")["TopicArn"]
    sns.set_topic_attributes(
        TopicArn=topic,
        AttributeName="Policy",
        AttributeValue=document(
            {"Effect": "Allow", "Principal": {"AWS": data.iam("root")}, "Action": "sns:Publish", "Resource": topic}
        ),
    )

    functions = pay.client("lambda")
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("index.py", "def handler(event, context): return event")
    created = functions.create_function(
        FunctionName="settle",
        Runtime="python3.12",
        Role=pay.iam("role/worker"),
        Handler="index.handler",
        Code={"ZipFile": code.getvalue()},
    )
    pay.functions["settle"] = created["FunctionArn"]
    functions.add_permission(
        FunctionName="settle",
        StatementId="from-bucket",
        Action="lambda:InvokeFunction",
        Principal="s3.amazonaws.com",
        SourceArn="arn:aws:s3:::pay-data",
        SourceAccount=pay.account,
    )

    secrets = pay.client("secretsmanager")
    pay.secrets["database"] = secrets.create_secret(Name="database", SecretString="not a secret")["ARN"]
    secrets.put_resource_policy(
        SecretId="database",
        ResourcePolicy=document(
            {
                "Effect": "Allow",
                "Principal": {"AWS": pay.iam("role/worker")},
                "Action": "secretsmanager:GetSecretValue",
                "Resource": "*",
            },
            {
                "Effect": "Deny",
                "Principal": "*",
                "Action": "secretsmanager:DeleteSecret",
                "Resource": "*",
            },
        ),
    )
