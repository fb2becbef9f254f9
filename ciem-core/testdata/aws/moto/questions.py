"""Questions to the organisation, each with the answer and the argument for it.

`expect` is the part of a Decision that is argued here; a test compares these members and no others.
"""

import organisation

EU = {"aws:RequestedRegion": "eu-west-1"}
INSIDE = {"aws:SourceIp": "10.1.2.3"}
TLS = {"aws:SecureTransport": "true"}


def expected(world: organisation.World) -> list[dict]:
    management, pay, data = (world.profiles[name] for name in ("management", "pay", "data"))
    ana, admin = pay.iam("user/ana"), pay.iam("user/ops/admin")
    deployer, vault, worker = pay.iam("role/team/deployer"), pay.iam("role/vault"), pay.iam("role/worker")
    analyst, carl = data.iam("role/analyst"), data.iam("user/carl")
    chief = management.iam("user/chief")
    queue = f"arn:aws:sqs:{organisation.REGION}:{pay.account}:jobs"
    topic, function, secret = pay.topics["alerts"], pay.functions["settle"], pay.secrets["database"]
    delegated, closed = pay.keys["delegated"], pay.keys["closed"]
    report = "arn:aws:s3:::pay-data/report.csv"
    asked: list[dict] = []

    def ask(because, principal, action, resource, context, verdict, denial=None, blocked_by=None, **more):
        expect = {"verdict": verdict}
        if denial:
            expect |= {"denial": denial, "blocked_by": blocked_by}
        request = {"principal": principal, "action": action, "resource": resource, "context": context} | more
        asked.append({"because": because, "request": request, "expect": expect})

    # Identity policies and groups.
    ask("managed policy of her group, s3:Get* on pay-*/*; the bucket denies only without TLS",
        ana, "s3:GetObject", report, EU | TLS, "allow")
    ask("without a word on the transport, the bucket's Deny decides",
        ana, "s3:GetObject", report, EU, "conditional")
    ask("the bucket policy denies every caller without TLS",
        ana, "s3:GetObject", report, EU | {"aws:SecureTransport": "false"}, "deny", "explicit", ["resource"])
    ask("her policies allow Get and List on buckets, not Put, and the bucket policy does not name her",
        ana, "s3:PutObject", report, EU | TLS, "deny", "implicit", ["identity"])
    ask("inline policy allows sqs:* from 10.0.0.0/8",
        ana, "sqs:SendMessage", queue, EU | INSIDE, "allow")
    ask("the address is outside the network of the only Allow",
        ana, "sqs:SendMessage", queue, EU | {"aws:SourceIp": "192.0.2.1"}, "deny", "implicit", ["identity"])
    ask("the address is not known",
        ana, "sqs:SendMessage", queue, EU, "conditional")
    ask("a key that is not given and known to be absent fails IpAddress",
        ana, "sqs:SendMessage", queue, EU, "deny", "implicit", ["identity"], unknown_context="absent")
    ask("her inline policy allows sqs:* and denies sqs:DeleteQueue",
        ana, "sqs:DeleteQueue", queue, EU | INSIDE, "deny", "explicit", ["identity"])
    ask("a user without any policy",
        carl, "sqs:ListQueues", "*", EU, "deny", "implicit", ["identity"])

    # Service control policies at root, unit and account level.
    ask("allowed everything, and no guardrail speaks of it",
        admin, "s3:ListAllMyBuckets", "*", EU, "allow")
    ask("the unit workloads denies other regions",
        admin, "s3:ListAllMyBuckets", "*", {"aws:RequestedRegion": "us-east-1"}, "deny", "explicit", ["scp"])
    ask("which region is not known, and the guardrail of workloads hangs on it",
        admin, "s3:ListAllMyBuckets", "*", {}, "conditional")
    ask("the region guardrail leaves iam out by NotAction",
        admin, "iam:CreateUser", pay.iam("user/new"), {"aws:RequestedRegion": "us-east-1"}, "allow")
    ask("the account itself is guarded against deleting buckets",
        admin, "s3:DeleteBucket", "arn:aws:s3:::pay-open", EU, "deny", "explicit", ["scp"])
    ask("the root denies cloudtrail:StopLogging for all member accounts",
        admin, "cloudtrail:StopLogging", f"arn:aws:cloudtrail:{organisation.REGION}:{pay.account}:trail/main", EU,
        "deny", "explicit", ["scp"])
    ask("guardrails do not bind the management account",
        chief, "cloudtrail:StopLogging", f"arn:aws:cloudtrail:{organisation.REGION}:{management.account}:trail/main", EU,
        "allow")
    ask("the role allows it, the unit sandbox allows only a list of services without ec2",
        analyst, "ec2:RunInstances", f"arn:aws:ec2:{organisation.REGION}:{data.account}:instance/i-0123456789abcdef0", EU,
        "deny", "implicit", ["scp"])

    # Permissions boundary: the role may do everything, its boundary allows s3, sqs and lambda.
    ask("role and boundary both allow lambda",
        deployer, "lambda:InvokeFunction", function, EU, "allow")
    ask("the boundary has no Allow for sns",
        deployer, "sns:Subscribe", topic, EU, "deny", "implicit", ["permissions_boundary"])

    # KMS: identity policies count only where the key policy lets the account decide.
    ask("the key delegates to the account, and the role's policy allows it",
        vault, "kms:Decrypt", delegated, EU, "allow")
    ask("the key policy names ana only, so the role's own Allow is worth nothing here",
        vault, "kms:Decrypt", closed, EU, "deny", "implicit", ["resource"])
    ask("named by the key policy; her own policies need not allow it",
        ana, "kms:Decrypt", closed, EU, "allow")
    ask("the key delegates, and nothing allows her",
        ana, "kms:Decrypt", delegated, EU, "deny", "implicit", ["identity"])
    ask("another account: her side allows, the key does not name it",
        analyst, "kms:Decrypt", delegated, EU, "deny", "implicit", ["resource"])

    # Across accounts both sides must allow.
    ask("role and bucket both allow, and the caller is of the organisation",
        analyst, "s3:GetObject", report, EU | TLS, "allow")
    ask("role allows sns:Publish, the topic names the role's account",
        analyst, "sns:Publish", topic, EU, "allow")
    ask("the topic names her account, which delegates; she has no policy",
        carl, "sns:Publish", topic, EU, "deny", "implicit", ["identity"])

    # A bucket's ARN names no account; that the owner is another one comes from `ExpectedBucketOwner`.
    ask("the bucket is open to everybody, which does not admit a role of another account that is not allowed to",
        analyst, "s3:GetObject", "arn:aws:s3:::pay-open/logo.png", EU, "deny", "implicit", ["identity"])
    ask("allowed everything in the management account, but the bucket of another account does not name the user",
        chief, "s3:GetObject", report, EU | TLS, "deny", "implicit", ["resource"])

    # Assuming roles.
    ask("named by the trust policy in the same account",
        ana, "sts:AssumeRole", vault, EU, "allow")
    ask("allowed to assume every role, but the trust policy names ana and another account",
        admin, "sts:AssumeRole", vault, EU, "deny", "implicit", ["trust"])
    ask("trust to the account and an identity policy that allows everything",
        admin, "sts:AssumeRole", deployer, EU, "allow")
    ask("trust to her account is under an external id, which she gives",
        analyst, "sts:AssumeRole", vault, EU | {"sts:ExternalId": "ledger"}, "allow")
    ask("a wrong external id",
        analyst, "sts:AssumeRole", vault, EU | {"sts:ExternalId": "other"}, "deny", "implicit", ["trust"])
    ask("the external id is not known",
        analyst, "sts:AssumeRole", vault, EU, "conditional")
    ask("only the Lambda service is trusted",
        admin, "sts:AssumeRole", worker, EU, "deny", "implicit", ["trust"])
    ask("the service that the trust policy names",
        "lambda.amazonaws.com", "sts:AssumeRole", worker, EU, "allow")

    # Services, anonymous callers and the perimeter.
    ask("the queue lets SNS send for this topic",
        "sns.amazonaws.com", "sqs:SendMessage", queue, {"aws:SourceArn": topic}, "allow")
    ask("another topic",
        "sns.amazonaws.com", "sqs:SendMessage", queue, {"aws:SourceArn": f"{topic}-other"},
        "deny", "implicit", ["resource"])
    ask("the permission of the function for events of the bucket",
        "s3.amazonaws.com", "lambda:InvokeFunction", function,
        {"aws:SourceArn": "arn:aws:s3:::pay-data", "aws:SourceAccount": pay.account}, "allow")
    ask("the permission is for the bucket pay-data",
        "s3.amazonaws.com", "lambda:InvokeFunction", function,
        {"aws:SourceArn": "arn:aws:s3:::pay-open", "aws:SourceAccount": pay.account},
        "deny", "implicit", ["resource"])

    ask("the bucket is open to everybody, the perimeter at the root shuts out callers without organisation",
        "anonymous", "s3:GetObject", "arn:aws:s3:::pay-open/logo.png", EU, "deny", "explicit", ["rcp"])
    ask("open to everybody, so to a user of the account too, who is of the organisation",
        ana, "s3:GetObject", "arn:aws:s3:::pay-open/logo.png", EU, "allow")

    # Secrets.
    ask("named by the secret's policy in the same account",
        worker, "secretsmanager:GetSecretValue", secret, EU, "allow")
    ask("the secret denies its deletion to everybody",
        admin, "secretsmanager:DeleteSecret", secret, EU, "deny", "explicit", ["resource"])
    ask("the secret's policy does not name her, and nothing else allows her",
        ana, "secretsmanager:GetSecretValue", secret, EU, "deny", "implicit", ["identity"])

    # Always.
    ask("GetCallerIdentity needs no permission",
        carl, "sts:GetCallerIdentity", "*", EU, "allow")
    return asked
