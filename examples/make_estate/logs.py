"""120 days of CloudTrail of Larkfield: what its people, programs and pipelines do, with the stories in it.

The trail has management events of all accounts and regions, and data events of S3 in the data account only. Records have the
fields of real ones that say who did what, when, from where and how it ended; programs that would call all day long do so
a few times.
"""

import json
import random
from datetime import datetime, timedelta, timezone

from accounts import (
    CUSTOMERS, DATA, DEV, LAKE, LEDGER, MANAGEMENT, PAYMENTS, REFUND, REGION, SECURITY, STORES, VENDOR,
)

FIRST = datetime(2026, 7, 4, tzinfo=timezone.utc)
DAYS = 120
SEED = 20261101
OFFICE = ["203.0.113.7", "203.0.113.21"]
HOME = {"sven.adler": "198.51.100.77", "edith.kaya": "198.51.100.140", "tomas.becker": "192.0.2.61"}


class Log:
    """Records of one account."""

    def __init__(self, account, seed):
        self.account = account
        self.random = random.Random(f"{SEED}-{seed}")
        self.records = []

    def add(self, who, service, call, day, hour, *, region=REGION, parameters=None, resources=(), error=None, data=False,
            address=None, kind="AwsApiCall", **more):
        moment = FIRST + timedelta(days=day, hours=hour, minutes=self.random.randrange(60), seconds=self.random.randrange(60))
        record = {
            "eventVersion": "1.11",
            "userIdentity": who,
            "eventTime": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": f"{service}.amazonaws.com",
            "eventName": call,
            "awsRegion": region,
            "sourceIPAddress": address or self.random.choice(OFFICE),
        }
        if error:
            record["errorCode"] = error
        if parameters:
            record["requestParameters"] = parameters
        record["eventID"] = "%08x-%04x" % (self.random.getrandbits(32), self.random.getrandbits(16))
        if resources:
            record["resources"] = [{"ARN": arn} for arn in resources]
        record |= {"eventType": kind, "managementEvent": not data, "recipientAccountId": self.account,
                   "eventCategory": "Data" if data else "Management"} | more
        self.records.append(record)

    def user(self, name, mfa=True):
        attributes = {"creationDate": "2026-07-04T00:00:00Z", "mfaAuthenticated": str(mfa).lower()}
        return {"type": "IAMUser", "arn": f"arn:aws:iam::{self.account}:user/{name}", "accountId": self.account,
                "userName": name, "sessionContext": {"attributes": attributes}}

    def key(self, name, number):
        return {"type": "IAMUser", "arn": f"arn:aws:iam::{self.account}:user/{name}", "accountId": self.account,
                "userName": name, "accessKeyId": f"AKIA{number:016d}"}

    def role(self, name, session, path="", invoked_by=None):
        who = {"type": "AssumedRole", "arn": f"arn:aws:sts::{self.account}:assumed-role/{name}/{session}",
               "accountId": self.account, "sessionContext": {"sessionIssuer": {
                   "type": "Role", "arn": f"arn:aws:iam::{self.account}:role/{path}{name}", "userName": name}}}
        return who | ({"invokedBy": invoked_by} if invoked_by else {})

    def assumed(self, caller, name, day, hour, session, call="AssumeRole", **more):
        arn = f"arn:aws:iam::{self.account}:role/{name}"
        parameters = {"roleArn": arn, "roleSessionName": session} | more
        self.add(caller, "sts", call, day, hour, parameters=parameters, resources=[arn])

    def heartbeat(self, day):
        """What AWS does in each account on each day, so that no day lacks."""
        caller = {"type": "AWSService", "invokedBy": "config.amazonaws.com"}
        for region in (REGION, "us-east-1"):
            name = "AWSServiceRoleForConfig"
            arn = f"arn:aws:iam::{self.account}:role/aws-service-role/config.amazonaws.com/{name}"
            self.add(caller, "sts", "AssumeRole", day, 1, region=region, address="config.amazonaws.com",
                     parameters={"roleArn": arn, "roleSessionName": "config"}, resources=[arn])


def weekday(day):
    return (FIRST + timedelta(days=day)).weekday() < 5


def date(day):
    return FIRST + timedelta(days=day)


def on(month, number):
    """The day of the log with this date."""
    return (datetime(2026, month, number, tzinfo=timezone.utc) - FIRST).days


# By developer: what is used, and on how many of five days.
DEVELOPERS = {
    "hanna.berg": [("lambda", "ListFunctions20150331", 4), ("lambda", "GetFunction20150331v2", 3),
                   ("lambda", "UpdateFunctionCode20150331v2", 2), ("lambda", "UpdateFunctionConfiguration20150331v2", 1),
                   ("dynamodb", "DescribeTable", 2), ("dynamodb", "ListTables", 2), ("logs", "DescribeLogGroups", 4),
                   ("logs", "DescribeLogStreams", 3), ("s3", "ListBuckets", 1), ("s3", "GetBucketLocation", 1)],
    "ivan.petrov": [("dynamodb", "ListTables", 4), ("dynamodb", "DescribeTable", 4), ("dynamodb", "UpdateTable", 1),
                    ("sqs", "ListQueues", 3), ("sqs", "GetQueueUrl", 3), ("sqs", "GetQueueAttributes", 2),
                    ("logs", "DescribeLogGroups", 2)],
    "julia.weiss": [("monitoring", "DescribeAlarms", 5), ("monitoring", "GetDashboard", 4),
                    ("monitoring", "ListDashboards", 4), ("monitoring", "PutMetricAlarm", 1),
                    ("lambda", "ListFunctions20150331", 2), ("lambda", "GetFunction20150331v2", 2),
                    ("states", "ListExecutions", 2), ("states", "DescribeExecution", 2), ("states", "StartExecution", 1)],
    "kenji.sato": [("lambda", "ListFunctions20150331", 3), ("lambda", "UpdateFunctionCode20150331v2", 2),
                   ("lambda", "GetFunction20150331v2", 2), ("s3", "ListBuckets", 2), ("s3", "GetBucketLocation", 2),
                   ("sns", "ListTopics", 2)],
}
TABLE = {"tableName": "preview-orders"}


def dev():
    log = Log(DEV, "dev")
    for day in range(DAYS):
        log.heartbeat(day)
        if weekday(day):
            for name, habits in DEVELOPERS.items():
                for service, call, often in habits:
                    if log.random.randrange(5) < often:
                        log.add(log.user(name, name != "lea.martin"), service, call, day, 8 + log.random.randrange(9),
                                parameters=TABLE if "Table" in call and call != "ListTables" else None)
            session = f"run-{7000 + day}"
            tests = log.role("integration-tests", session)
            web = {"type": "WebIdentityUser", "identityProvider":
                   f"arn:aws:iam::{DEV}:oidc-provider/token.actions.githubusercontent.com",
                   "userName": "repo:larkfield/shop:ref:refs/heads/main"}
            log.assumed(web, "integration-tests", day, 10, session, "AssumeRoleWithWebIdentity")
            for service, call in [("dynamodb", "CreateTable"), ("dynamodb", "DescribeTable"), ("dynamodb", "DeleteTable"),
                                  ("sqs", "CreateQueue"), ("sqs", "GetQueueUrl"), ("sqs", "DeleteQueue"),
                                  ("lambda", "GetFunctionConfiguration20150331v2")]:
                log.add(tests, service, call, day, 10, address="192.0.2.200")
        functions = log.role("sandbox-functions", "sandbox")
        log.add(functions, "dynamodb", "DescribeTable", day, 3, parameters=TABLE, address="lambda.amazonaws.com")
        log.add(functions, "sqs", "GetQueueUrl", day, 3, address="lambda.amazonaws.com")
    # Somebody tried what the developers' policy denies, and what it does not give.
    log.add(log.user("kenji.sato"), "s3", "PutBucketPolicy", on(9, 8), 14, error="AccessDenied",
            parameters={"bucketName": "larkfield-dev-artifacts"}, resources=["arn:aws:s3:::larkfield-dev-artifacts"])
    log.add(log.user("ivan.petrov"), "ec2", "DescribeInstances", on(10, 6), 11, error="Client.UnauthorizedOperation")
    log.add(log.user("kenji.sato"), "s3", "CreateBucket", on(10, 5), 9, parameters={"bucketName": "larkfield-kenji"})
    # Made previews until the pipeline moved away.
    for day in range(on(8, 14) + 1):
        if weekday(day):
            for service, call in [("ecs", "CreateService"), ("ecs", "DescribeServices"), ("elasticloadbalancing", "CreateRule")]:
                log.add(log.role("preview-environments", "AWSCodeBuild-1"), service, call, day, 12,
                        address="codebuild.amazonaws.com")
    return log


def payments():
    log = Log(PAYMENTS, "payments")
    for day in range(DAYS):
        log.heartbeat(day)
        for name in ("checkout-api", "payments-refund"):
            log.add(log.role(name, "task"), "kms", "GenerateDataKey" if name == "checkout-api" else "Decrypt", day, 9,
                    address="10.20.3.14")
        settle = log.role("payments-settlement", "nightly")
        log.assumed({"type": "AWSService", "invokedBy": "states.amazonaws.com"}, "payments-settlement", day, 2, "nightly")
        log.add(settle, "sqs", "GetQueueAttributes", day, 2, address="states.amazonaws.com")
        vendor = {"type": "AWSAccount", "principalId": "AROAVENDOR:probe", "accountId": VENDOR}
        log.assumed(vendor, "vendor-monitoring", day, 5, "probe")
        if weekday(day):
            for call in ("ListFunctions20150331", "GetFunction20150331v2", "UpdateFunctionCode20150331v2"):
                if log.random.random() < 0.6:
                    log.add(log.user("hugo.brandt"), "lambda", call, day, 10)
            if log.random.random() < 0.5:
                log.add(log.user("nina.holm"), "rds", "DescribeDBClusters", day, 9)
                log.add(log.user("nina.holm"), "secretsmanager", "GetSecretValue", day, 9,
                        parameters={"secretId": "production/orders-database"})
            if log.random.random() < 0.4:
                log.add(log.user("ana.silva"), "iam", "ListUsers", day, 8, region="us-east-1")
                log.add(log.user("ana.silva"), "cloudformation", "DescribeStacks", day, 8)
            if (date(day).weekday() == 2) or day == on(10, 30):
                deploy(log, day)
    # The elevated rights of the deployment of 13 September, used in that night alone.
    night = log.role("deploy-payments", "CHG-4711")
    for service, call in [("rds", "ModifyDBCluster"), ("dynamodb", "UpdateTable"), ("dynamodb", "CreateBackup")]:
        log.add(night, service, call, on(9, 13), 23, address="192.0.2.200")
    # A contractor whose contract ended on 30 June is still there in August.
    for number in (9, 22, 28):
        log.add(log.key("tomas.becker", 1), "rds", "DescribeDBClusters", on(7, number), 21, address=HOME["tomas.becker"])
    for number in (3, 4):
        log.add(log.key("tomas.becker", 1), "secretsmanager", "GetSecretValue", on(8, number), 22,
                parameters={"secretId": "production/orders-database"}, address=HOME["tomas.becker"])
    # A seasonal worker of last winter looks in at night.
    sign_in(log, "sven.adler", on(10, 11), 23, mfa="No", address=HOME["sven.adler"])
    log.add(log.user("sven.adler", False), "sqs", "GetQueueAttributes", on(10, 11), 23, address=HOME["sven.adler"])
    # The books of a quarter are closed by what nobody uses in between.
    for month, number in ((7, 6), (9, 30), (10, 1)):
        log.add(log.user("hugo.brandt"), "dynamodb", "ExportTableToPointInTime", on(month, number), 6,
                parameters={"tableArn": LEDGER}, resources=[LEDGER])
        log.add(log.user("hugo.brandt"), "states", "StartExecution", on(month, number), 6)
    return log


def deploy(log, day):
    session = f"deploy-{day}"
    web = {"type": "WebIdentityUser", "identityProvider":
           f"arn:aws:iam::{PAYMENTS}:oidc-provider/token.actions.githubusercontent.com",
           "userName": "repo:larkfield/payments:ref:refs/heads/main"}
    log.assumed(web, "deploy-payments", day, 14, session, "AssumeRoleWithWebIdentity")
    pipeline = log.role("deploy-payments", session)
    for service, call in [("cloudformation", "CreateChangeSet"), ("cloudformation", "DescribeChangeSet"),
                          ("cloudformation", "ExecuteChangeSet"), ("lambda", "UpdateFunctionCode20150331v2"),
                          ("lambda", "PublishVersion20150331")]:
        log.add(pipeline, service, call, day, 14, address="192.0.2.200",
                parameters={"functionName": REFUND} if service == "lambda" else {"stackName": "payments-api"})


def sign_in(log, name, day, hour, mfa="Yes", address=None):
    log.add(log.user(name, mfa == "Yes"), "signin", "ConsoleLogin", day, hour, region="us-east-1", kind="AwsConsoleSignIn",
            address=address, responseElements={"ConsoleLogin": "Success"}, additionalEventData={"MFAUsed": mfa})


def data():
    log = Log(DATA, "data")
    for day in range(DAYS):
        log.heartbeat(day)
        ingest = log.role("glue-ingest", "GlueJobRunnerSession")
        for call in ("GetObject", "PutObject"):
            key = f"orders/{date(day):%Y/%m/%d}/part-0.parquet"
            log.add(ingest, "s3", call, day, 0, data=True, address="10.30.1.8",
                    parameters={"bucketName": LAKE.split(":")[-1], "key": key}, resources=[f"{LAKE}/{key}", LAKE])
        profile = log.role("customer-profile", "profile")
        key = f"profiles/{log.random.randrange(100):02d}.json"
        log.add(profile, "s3", "GetObject", day, 12, data=True, address="lambda.amazonaws.com",
                parameters={"bucketName": CUSTOMERS.split(":")[-1], "key": key}, resources=[f"{CUSTOMERS}/{key}", CUSTOMERS])
        log.add(profile, "kms", "Decrypt", day, 12, address="lambda.amazonaws.com")
        if weekday(day):
            for name in ("dana.ito", "ingrid.solberg"):
                if log.random.random() < 0.5:
                    log.add(log.user(name), "athena", "StartQueryExecution", day, 10)
                    log.add(log.user(name), "glue", "GetTable", day, 10)
            if log.random.random() < 0.3:
                log.add(log.user("peter.vogt"), "athena", "StartQueryExecution", day, 11)
                log.add(log.user("peter.vogt"), "athena", "GetQueryResults", day, 11)
        # Who manages identities lists them, once a month.
        if date(day).day == 29:
            log.add(log.key("eli.novak", 2), "iam", "ListUsers", day, 9, region="us-east-1")
    # The report of each quarter, by somebody who does nothing else.
    for month, number in ((7, 6), (10, 5)):
        for call in ("StartQueryExecution", "GetQueryExecution", "GetQueryResults"):
            log.add(log.user("elif.demir"), "athena", call, on(month, number), 9)
    return log


def others():
    stores, security, management = Log(STORES, "stores"), Log(SECURITY, "security"), Log(MANAGEMENT, "management")
    for day in range(DAYS):
        for log in (stores, security, management):
            log.heartbeat(day)
        stores.add(stores.role("loyalty-api", "task"), "kms", "Decrypt", day, 13, address="10.40.2.2")
        if date(day).weekday() == 1:
            pipeline = stores.role("deploy-stores", f"deploy-{day}")
            stores.add(pipeline, "lambda", "UpdateFunctionCode20150331v2", day, 10, address="192.0.2.200")
            stores.add(pipeline, "ecs", "UpdateService", day, 10, address="192.0.2.200")
        collector = security.role("audit-collector", "nightly")
        if date(day).weekday() == 6:
            for account in (PAYMENTS, DATA):
                arn = f"arn:aws:iam::{account}:role/security-audit"
                security.add(collector, "sts", "AssumeRole", day, 23, address="10.60.1.1",
                             parameters={"roleArn": arn, "roleSessionName": "collect"}, resources=[arn])
        if weekday(day) and security.random.random() < 0.4:
            security.add(security.user("milan.kovac"), "guardduty", "ListFindings", day, 9)
            security.add(security.user("olga.hansen"), "cloudtrail", "LookupEvents", day, 10)
        if date(day).day in (1, 2) and weekday(day):
            management.add(management.user("willem.jansen"), "ce", "GetCostAndUsage", day, 10, region="us-east-1")
    # A seasonal worker of last winter, without a second factor.
    sign_in(stores, "edith.kaya", on(9, 6), 20, mfa="No", address=HOME["edith.kaya"])
    return [stores, security, management]


def exports():
    """File name to content: the trail of each account and month."""
    out = {}
    for log in (dev(), payments(), data(), *others()):
        months = {}
        for record in sorted(log.records, key=lambda record: (record["eventTime"], record["eventID"])):
            months.setdefault(record["eventTime"][:7], []).append(record)
        for month, records in months.items():
            name = f"{log.account}_CloudTrail_{month.replace('-', '')}.json.gz"
            out[name] = json.dumps({"Records": records}, separators=(",", ":"))
    return out
