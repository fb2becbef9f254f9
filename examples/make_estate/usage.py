"""What was used and when: `aws iam get-service-last-accessed-details`, for the actions of services in the development
account and for whole services in the payments account."""

from accounts import DEV, PAYMENTS, REGION
from tracked import TRACKED

MADE = "2026-10-31T22:00:00+00:00"
DEVELOPERS = ("cloudwatch", "dynamodb", "lambda", "logs", "s3", "sns", "sqs", "states")

# By identity: the services that its policies give, and what it used of them, with the day in October.
DEVELOPMENT = [
    ("user/hanna.berg", DEVELOPERS, {
        "dynamodb": {"DescribeTable": 29, "ListTables": 29},
        "lambda": {"GetFunction": 30, "ListFunctions": 30, "UpdateFunctionCode": 28, "UpdateFunctionConfiguration": 12},
        "logs": {"DescribeLogGroups": 30, "DescribeLogStreams": 30},
        "s3": {"GetBucketLocation": 9, "ListAllMyBuckets": 21},
    }),
    ("user/ivan.petrov", DEVELOPERS, {
        "dynamodb": {"CreateTable": 6, "DescribeTable": 31, "ListTables": 31, "UpdateTable": 7},
        "logs": {"DescribeLogGroups": 27},
        "sqs": {"CreateQueue": 6, "GetQueueAttributes": 19, "GetQueueUrl": 30, "ListQueues": 19},
    }),
    ("user/julia.weiss", DEVELOPERS, {
        "cloudwatch": {"DescribeAlarms": 31, "GetDashboard": 31, "ListDashboards": 31, "PutMetricAlarm": 14},
        "lambda": {"GetFunction": 26, "ListFunctions": 26},
        "states": {"DescribeExecution": 22, "DescribeStateMachine": 22, "ListExecutions": 22, "StartExecution": 22},
    }),
    ("user/kenji.sato", DEVELOPERS, {
        "lambda": {"CreateFunction": 2, "GetFunction": 20, "ListFunctions": 20, "UpdateFunctionCode": 20},
        "s3": {"CreateBucket": 5, "GetBucketLocation": 20, "ListAllMyBuckets": 20, "PutBucketTagging": 5},
        "sns": {"CreateTopic": 5, "ListTopics": 20, "Subscribe": 5},
    }),
    # Was in the group for a project of last year.
    ("user/lea.martin", DEVELOPERS, {}),
    ("role/integration-tests", ("dynamodb", "lambda", "sqs"), {
        "dynamodb": {"CreateTable": 31, "DeleteTable": 31, "DescribeTable": 31},
        "lambda": {"GetFunctionConfiguration": 31},
        "sqs": {"CreateQueue": 31, "DeleteQueue": 31, "GetQueueUrl": 31},
    }),
    ("role/sandbox-functions", ("dynamodb", "s3", "sns", "sqs"), {
        "dynamodb": {"DescribeTable": 31},
        "sqs": {"GetQueueUrl": 31},
    }),
]

# By identity: service, its name, and the last use of it, if any.
PRODUCTION = [
    ("role/checkout-api", [
        ("dynamodb", "Amazon DynamoDB", "2026-10-31T21:58:00+00:00"),
        ("kms", "AWS Key Management Service", "2026-10-31T21:58:00+00:00"),
        ("s3", "Amazon S3", "2026-10-31T21:57:00+00:00"),
        ("sns", "Amazon SNS", "2026-10-31T21:58:00+00:00"),
    ]),
    ("role/deploy-payments", [
        ("cloudformation", "AWS CloudFormation", "2026-10-30T14:22:10+00:00"),
        ("dynamodb", "Amazon DynamoDB", "2026-09-13T23:41:00+00:00"),
        ("iam", "AWS Identity and Access Management", None),
        ("kms", "AWS Key Management Service", None),
        ("lambda", "AWS Lambda", "2026-10-30T14:22:10+00:00"),
        ("rds", "Amazon RDS", "2026-09-13T23:12:00+00:00"),
    ]),
    ("role/vendor-onboarding", [
        ("cloudwatch", "Amazon CloudWatch", None),
        ("iam", "AWS Identity and Access Management", None),
        ("logs", "Amazon CloudWatch Logs", None),
    ]),
    ("user/luca.moretti", [
        ("rds", "Amazon RDS", None),
        ("rds-db", "Amazon RDS IAM Authentication", None),
        ("secretsmanager", "AWS Secrets Manager", "2026-03-30T15:04:00+00:00"),
    ]),
    ("user/tomas.becker", [
        ("rds", "Amazon RDS", "2026-06-18T08:20:00+00:00"),
        ("rds-db", "Amazon RDS IAM Authentication", "2026-06-29T16:40:00+00:00"),
        ("secretsmanager", "AWS Secrets Manager", "2026-08-04T22:13:00+00:00"),
    ]),
]


def service(namespace, name, entity, used):
    out = {"ServiceName": name}
    if used:
        out["LastAuthenticated"] = used
    out["ServiceNamespace"] = namespace
    if used:
        out["LastAuthenticatedEntity"] = entity
        out["LastAuthenticatedRegion"] = REGION
    out["TotalAuthenticatedEntities"] = 1 if used else 0
    return out


def action(name, entity, day):
    if day is None:
        return {"ActionName": name}
    used = f"2026-10-{day:02}T09:30:00+00:00"
    return {"ActionName": name, "LastAccessedEntity": entity, "LastAccessedTime": used, "LastAccessedRegion": REGION}


def answer(arn, kind, services):
    return {
        "JobStatus": "COMPLETED",
        "JobType": kind,
        "JobCreationDate": MADE,
        "ServicesLastAccessed": services,
        "JobCompletionDate": MADE,
        "IsTruncated": False,
        # The answer does not say whose use it is about; the export script puts it there.
        "Arn": arn,
    }


def with_actions(arn, services, used):
    out = []
    for namespace in services:
        title, tracked = TRACKED[namespace]
        days = used.get(namespace, {})
        last = max(days.values(), default=None)
        one = service(namespace, title, arn, last and f"2026-10-{last:02}T09:30:00+00:00")
        one["TrackedActionsLastAccessed"] = [action(name, arn, days.get(name)) for name in sorted(tracked.split())]
        out.append(one)
    return answer(arn, "ACTION_LEVEL", out)


def exports():
    """File name to content."""
    out = {}
    for identity, services, used in DEVELOPMENT:
        arn = f"arn:aws:iam::{DEV}:{identity}"
        out[f"dev.last-accessed.{identity.split('/')[1]}.json"] = with_actions(arn, services, used)
    for identity, services in PRODUCTION:
        arn = f"arn:aws:iam::{PAYMENTS}:{identity}"
        told = [service(namespace, name, arn, used) for namespace, name, used in services]
        out[f"payments.last-accessed.{identity.split('/')[1]}.json"] = answer(arn, "SERVICE_LEVEL", told)
    return out
