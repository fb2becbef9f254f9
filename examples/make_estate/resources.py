"""Policies that resources carry, in the shapes of the services' own commands and as rows."""

from accounts import (
    CARD_KEY, CUSTOMER_KEY, CUSTOMERS, DATA, IMAGES, LAKE, ORDERS_SECRET, ORGANISATION, PAYMENT_EVENTS, PAYMENTS,
    RECEIPTS, REFUND, SECURITY, SETTLEMENTS, STORES, TRAIL, VENDOR, objects, root, service,
)
from shapes import allow, deny, document, text


def role(account, name):
    return {"AWS": f"arn:aws:iam::{account}:role/{name}"}


def only_encrypted(bucket):
    return deny("s3:*", [bucket, objects(bucket)], {"Bool": {"aws:SecureTransport": "false"}}, "*", "TlsOnly")


def bucket(name, account, *statements):
    return {"Bucket": name.removeprefix("arn:aws:s3:::"), "AccountId": account, "Policy": text(document(*statements))}


def private(name, account):
    flags = {flag: True for flag in ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")}
    return {"Bucket": name.removeprefix("arn:aws:s3:::"), "AccountId": account,
            "PublicAccessBlockConfiguration": flags}


def key(arn, *statements):
    account = arn.split(":")[4]
    delegates = allow("kms:*", principal=root(account), sid="AccountDelegates")
    return {"KeyId": arn, "Policy": text(document(delegates, *statements)), "PolicyName": "default"}


def exports():
    """File name to content."""
    return {
        "bucket-product-images.policy.json": bucket(
            IMAGES, PAYMENTS, allow("s3:GetObject", objects(IMAGES), principal="*", sid="ShopWindow")),
        "bucket-receipts.policy.json": bucket(
            RECEIPTS, PAYMENTS, only_encrypted(RECEIPTS),
            allow(["s3:GetObject", "s3:ListBucket"], [RECEIPTS, objects(RECEIPTS)],
                  principal=role(DATA, "glue-ingest"), sid="Ingest")),
        "bucket-receipts.public-access-block.json": private(RECEIPTS, PAYMENTS),
        "bucket-customer-data.policy.json": bucket(
            CUSTOMERS, DATA, only_encrypted(CUSTOMERS),
            allow("s3:GetObject", f"{CUSTOMERS}/loyalty/*", principal=role(STORES, "loyalty-api"), sid="Loyalty"),
            allow("s3:GetObject", f"{CUSTOMERS}/exports/*", principal=root(VENDOR), sid="ExportsOfLastYear")),
        "bucket-customer-data.public-access-block.json": private(CUSTOMERS, DATA),
        "bucket-lake.policy.json": bucket(
            LAKE, DATA, only_encrypted(LAKE),
            allow("s3:PutObject", f"{LAKE}/settlements/*",
                  principal={"AWS": f"arn:aws:iam::{PAYMENTS}:user/settlement-export"}, sid="Settlements"),
            allow(["s3:GetObject", "s3:ListBucket"], [LAKE, f"{LAKE}/fraud/*"],
                  principal=role(PAYMENTS, "fraud-scoring"), sid="Fraud")),
        "bucket-audit-trail.policy.json": bucket(
            TRAIL, SECURITY,
            allow("s3:PutObject", f"{TRAIL}/AWSLogs/*", {"StringEquals": {"aws:SourceOrgID": ORGANISATION}},
                  service("cloudtrail"), "Trail")),
        "key-cards.policy.json": key(
            CARD_KEY, allow(["kms:Decrypt", "kms:GenerateDataKey"], principal=role(PAYMENTS, "payments-refund"))),
        "key-customers.policy.json": key(
            CUSTOMER_KEY, allow("kms:Decrypt", principal=role(STORES, "loyalty-api"), sid="Loyalty")),
        # The secret lets somebody in who has no policy of her own.
        "secret-orders-database.policy.json": {
            "ARN": ORDERS_SECRET,
            "Name": "production/orders-database",
            "ResourcePolicy": text(document(
                allow("secretsmanager:GetSecretValue",
                      principal={"AWS": f"arn:aws:iam::{PAYMENTS}:user/priya.raman"}, sid="Migration"))),
        },
        "function-refund.policy.json": {
            "Policy": text(document(
                allow("lambda:InvokeFunction", REFUND, {"ArnLike": {
                    "aws:SourceArn": f"arn:aws:execute-api:eu-west-1:{PAYMENTS}:x1y2z3/*"}},
                    service("apigateway"), "Api"))),
            "RevisionId": "2f0c1c5e-3a4c-4a55-9f0d-9b0a6a2d1e77",
        },
        "queue-settlements.attributes.json": {
            "Attributes": {
                "QueueArn": SETTLEMENTS,
                "Policy": text(document(
                    allow("sqs:SendMessage", SETTLEMENTS, principal=role(STORES, "till-settlement"), sid="Tills"))),
            }
        },
        "topic-payment-events.attributes.json": {
            "Attributes": {
                "TopicArn": PAYMENT_EVENTS,
                "Policy": text(document(
                    allow("sns:Subscribe", PAYMENT_EVENTS,
                          {"StringEquals": {"aws:PrincipalOrgID": ORGANISATION}}, {"AWS": "*"}, "OurOwn"))),
            }
        },
    }


def rows():
    """What has no command of its own here, one row per line."""
    return [
        {
            "resource_arn": f"arn:aws:events:eu-west-1:{PAYMENTS}:event-bus/shop",
            "account_id": PAYMENTS,
            "policy": document(allow("events:PutEvents", f"arn:aws:events:eu-west-1:{PAYMENTS}:event-bus/shop",
                                     principal=root(STORES), sid="Stores")),
        },
        {
            "resource_arn": f"arn:aws:ecr:eu-west-1:{PAYMENTS}:repository/checkout",
            "account_id": PAYMENTS,
            "policy": document(
                allow(["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
                      f"arn:aws:ecr:eu-west-1:{PAYMENTS}:repository/checkout",
                      {"StringEquals": {"aws:PrincipalOrgID": ORGANISATION}}, {"AWS": "*"}, "Pull")),
        },
    ]
