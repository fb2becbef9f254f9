#!/usr/bin/env python3
"""Writes `cloudtrail-*.txt`: how calls in CloudTrail relate to permissions, and where the use of a permission shows.

    python3 -m venv env && env/bin/pip install botocore==1.43.11 && env/bin/python update-cloudtrail.py

Names of services and calls come from the service models of botocore (Apache-2.0), permissions from `actions.txt`. What
follows from neither stands below, with its source.
"""

import gzip
import json
import re
from collections import defaultdict
from pathlib import Path

import botocore

HERE = Path(__file__).resolve().parent

# Calls whose permission has another name. S3: "Required permissions for Amazon S3 API operations" of the S3 user guide,
# checked against the mapping of trailscraper (Apache-2.0); the others: the service authorization reference.
# `Call?parameter` is the call with that request parameter.
EVENTS = {
    "cloudfront": {"CreateDistributionWithTags": "CreateDistribution,TagResource"},
    "bedrock": {"Converse": "InvokeModel", "ConverseStream": "InvokeModelWithResponseStream"},
    "dynamodb": {
        "BatchExecuteStatement": "PartiQLDelete,PartiQLInsert,PartiQLSelect,PartiQLUpdate",
        "ExecuteStatement": "PartiQLDelete,PartiQLInsert,PartiQLSelect,PartiQLUpdate",
        "TransactGetItems": "GetItem",
        "TransactWriteItems": "ConditionCheckItem,DeleteItem,PutItem,UpdateItem",
    },
    "kms": {"ReEncrypt": "ReEncryptFrom,ReEncryptTo"},
    "lambda": {"Invoke": "InvokeFunction", "InvokeAsync": "InvokeFunction", "InvokeWithResponseStream": "InvokeFunction"},
    "s3": {
        "CompleteMultipartUpload": "PutObject",
        "CopyObject": "PutObject",
        "CreateMultipartUpload": "PutObject",
        "DeleteBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "DeleteBucketCors": "PutBucketCORS",
        "DeleteBucketEncryption": "PutEncryptionConfiguration",
        "DeleteBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "DeleteBucketInventoryConfiguration": "PutInventoryConfiguration",
        "DeleteBucketLifecycle": "PutLifecycleConfiguration",
        "DeleteBucketMetricsConfiguration": "PutMetricsConfiguration",
        "DeleteBucketOwnershipControls": "PutBucketOwnershipControls",
        "DeleteBucketPublicAccessBlock": "PutBucketPublicAccessBlock",
        "DeleteBucketReplication": "PutReplicationConfiguration",
        "DeleteBucketTagging": "PutBucketTagging",
        "DeleteObject?versionId": "DeleteObjectVersion",
        "DeleteObjectTagging?versionId": "DeleteObjectVersionTagging",
        "DeleteObjects": "DeleteObject",
        "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
        "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
        "GetBucketAnalyticsConfiguration": "GetAnalyticsConfiguration",
        "GetBucketCors": "GetBucketCORS",
        "GetBucketEncryption": "GetEncryptionConfiguration",
        "GetBucketIntelligentTieringConfiguration": "GetIntelligentTieringConfiguration",
        "GetBucketInventoryConfiguration": "GetInventoryConfiguration",
        "GetBucketLifecycle": "GetLifecycleConfiguration",
        "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
        "GetBucketMetricsConfiguration": "GetMetricsConfiguration",
        "GetBucketNotificationConfiguration": "GetBucketNotification",
        "GetBucketReplication": "GetReplicationConfiguration",
        "GetObject?versionId": "GetObjectVersion",
        "GetObjectAcl?versionId": "GetObjectVersionAcl",
        "GetObjectAttributes?versionId": "GetObjectVersionAttributes",
        "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
        "GetObjectTagging?versionId": "GetObjectVersionTagging",
        "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
        "HeadBucket": "ListBucket",
        "HeadObject": "GetObject",
        "HeadObject?versionId": "GetObjectVersion",
        "ListBucketAnalyticsConfigurations": "GetAnalyticsConfiguration",
        "ListBucketIntelligentTieringConfigurations": "GetIntelligentTieringConfiguration",
        "ListBucketInventoryConfigurations": "GetInventoryConfiguration",
        "ListBucketMetricsConfigurations": "GetMetricsConfiguration",
        "ListBuckets": "ListAllMyBuckets",
        "ListMultipartUploads": "ListBucketMultipartUploads",
        "ListObjects": "ListBucket",
        "ListObjectsV2": "ListBucket",
        "ListObjectVersions": "ListBucketVersions",
        "ListParts": "ListMultipartUploadParts",
        "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
        "PutBucketAnalyticsConfiguration": "PutAnalyticsConfiguration",
        "PutBucketCors": "PutBucketCORS",
        "PutBucketEncryption": "PutEncryptionConfiguration",
        "PutBucketIntelligentTieringConfiguration": "PutIntelligentTieringConfiguration",
        "PutBucketInventoryConfiguration": "PutInventoryConfiguration",
        "PutBucketLifecycle": "PutLifecycleConfiguration",
        "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
        "PutBucketMetricsConfiguration": "PutMetricsConfiguration",
        "PutBucketNotificationConfiguration": "PutBucketNotification",
        "PutBucketReplication": "PutReplicationConfiguration",
        "PutObjectAcl?versionId": "PutObjectVersionAcl",
        "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
        "PutObjectTagging?versionId": "PutObjectVersionTagging",
        "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
        "SelectObjectContent": "GetObject",
        "UploadPart": "PutObject",
        "UploadPartCopy": "PutObject",
    },
    "sns": {"PublishBatch": "Publish"},
    "sqs": {
        "ChangeMessageVisibilityBatch": "ChangeMessageVisibility",
        "DeleteMessageBatch": "DeleteMessage",
        "SendMessageBatch": "SendMessage",
    },
    "tag": {},
}

# Permissions whose calls are data events: "Logging data events" of the CloudTrail user guide, which lists resource types,
# and the pages on logging of the services. `*` stands for all permissions of that beginning.
DATA_EVENTS = """
    aoss:APIAccessAll appsync:GraphQL bedrock:InvokeAgent bedrock:InvokeFlow bedrock:InvokeInlineAgent bedrock:Retrieve
    bedrock:RetrieveAndGenerate cassandra:Modify cassandra:Select cloudwatch:GetMetricData
    cloudwatch:GetMetricStatistics cloudwatch:GetMetricWidgetImage cloudwatch:ListMetrics cloudwatch:PutMetricData
    cloudtrail-data:PutAuditEvents cognito-identity:GetCredentialsForIdentity cognito-identity:GetId
    cognito-identity:GetOpenIdToken* dynamodb:BatchGetItem dynamodb:BatchWriteItem dynamodb:ConditionCheckItem
    dynamodb:DeleteItem dynamodb:GetItem dynamodb:GetRecords dynamodb:GetShardIterator dynamodb:PartiQL*
    dynamodb:PutItem dynamodb:Query dynamodb:Scan dynamodb:UpdateItem ebs:* kinesis:GetRecords kinesis:GetShardIterator
    kinesis:PutRecord kinesis:PutRecords kinesis:SubscribeToShard lambda:InvokeFunction lambda:InvokeFunctionUrl
    logs:FilterLogEvents logs:GetLogEvents logs:PutLogEvents logs:StartLiveTail managedblockchain:Invoke* rds-data:*
    s3-object-lambda:* s3-outposts:*Object* s3:AbortMultipartUpload s3:DeleteObject* s3:GetObject* s3:ListBucket
    s3:ListBucketMultipartUploads s3:ListBucketVersions s3:ListMultipartUploadParts s3:PutObject* s3:Replicate*
    s3:RestoreObject s3express:CreateSession sagemaker:InvokeEndpoint* sagemaker:*Record sagemaker:BatchPutMetrics
    servicediscovery:DiscoverInstances* sns:Publish sqs:ChangeMessageVisibility sqs:DeleteMessage sqs:ReceiveMessage
    sqs:SendMessage ssmmessages:* swf:PollFor* swf:RecordActivityTaskHeartbeat swf:Respond* timestream:Select*
    timestream:WriteRecords verifiedpermissions:IsAuthorized* xray:PutTraceSegments
"""

# Calls that logs have although the service models do not: seen in the logs of invictus-ir/aws_dataset (MIT), or named so by
# the CloudTrail page of the service.
LOGGED = {
    "rds": ["DescribeRecommendationGroups", "DescribeRecommendations", "ModifyRecommendation"],
    "s3": ["GetAccountPublicAccessBlock", "PutAccountPublicAccessBlock", "GetStorageLensDashboard"],
}

# Services whose calls stand in the log of one region, wherever the caller is: "CloudTrail concepts", global service
# events.
HOME_REGIONS = {
    "account": "us-east-1", "cloudfront": "us-east-1", "globalaccelerator": "us-west-2", "iam": "us-east-1",
    "organizations": "us-east-1", "route53": "us-east-1", "route53domains": "us-east-1", "shield": "us-east-1",
    "support": "us-east-1", "waf": "us-east-1",
}


def catalogue():
    """Lower-case service to lower-case name to name."""
    services = defaultdict(dict)
    for line in (HERE / "actions.txt").read_text().splitlines():
        service, name = line.split("\t")[0].split(":")
        services[service][name.lower()] = name
    return services


def models():
    """Event source without domain, other names of the service, names of its calls."""
    for folder in sorted((Path(botocore.__file__).parent / "data").iterdir()):
        found = sorted(folder.glob("*/service-2.json*"))
        if not found:
            continue
        data = found[-1].read_bytes()
        model = json.loads(gzip.decompress(data) if found[-1].suffix == ".gz" else data)
        meta = model["metadata"]
        source = meta["endpointPrefix"]
        parts = [source, source.split(".")[0], meta.get("signingName", source), folder.name]
        parts += [meta["serviceId"].lower().replace(" ", ""), source.split(".")[-1]]
        yield source, list(dict.fromkeys(parts)), sorted(model["operations"])


def write(name, lines):
    (HERE / f"cloudtrail-{name}.txt").write_text("".join(f"{line}\n" for line in sorted(set(lines), key=str.lower)))


def main():
    services = catalogue()
    sources, called = {"tagging": "tag", "s3express": "s3express"}, defaultdict(set)
    for source, names, calls in models():
        known = lambda name: sum(call.lower() in services.get(name, {}) for call in calls)
        best = max(names, key=known)
        if known(best) == 0:
            continue
        called[best].update(call.lower() for call in calls)
        for one in (source, source.split(".")[0] if source.split(".")[0] not in ("api", "data") else source):
            if one != best:
                sources.setdefault(one, best)
    write("sources", (f"{one}\t{service}" for one, service in sources.items()))

    events, targets = [], defaultdict(set)
    for service, renamed in EVENTS.items():
        for call, names in renamed.items():
            for name in names.split(","):
                if name.lower() not in services[service]:
                    raise SystemExit(f"no permission {service}:{name}")
                targets[service].add(name.lower())
            events.append(f"{service}:{call}\t{names}")
    write("events", events)

    data = set()
    for pattern in DATA_EVENTS.split():
        service, name = pattern.split(":")
        match = re.compile(name.replace("*", ".*"), re.IGNORECASE).fullmatch
        found = [f"{service}:{one}" for one in services.get(service, {}).values() if match(one)]
        if not found:
            raise SystemExit(f"no permission {pattern}")
        data.update(found)
    write("data-events", data)

    for service, names in LOGGED.items():
        called[service].update(name.lower() for name in names)
    unlogged = []
    for service, names in called.items():
        hidden = set(services[service]) - names - targets[service]
        unlogged += [f"{service}:{services[service][name]}" for name in hidden]
    write("unlogged", (name for name in unlogged if name not in data))
    write("home-regions", (f"{service}\t{region}" for service, region in HOME_REGIONS.items()))
    (HERE / "CLOUDTRAIL-VERSION").write_text(f"botocore {botocore.__version__}\n")


if __name__ == "__main__":
    main()
