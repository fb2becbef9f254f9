"""Builds a small organisation in a moto server and exports it in the shapes that the AWS CLI prints.

    python export.py FOLDER

The real account exports at hand hold no guardrails, boundaries or resource policies. This script makes them with boto3
against a moto server on the loopback interface, reads them back through the same calls that an operator would make, and
writes one file per command (`<account>.<service>-<command>[.<subject>].json`). Answers are kept as they come, except

- `ResponseMetadata` is dropped, as the CLI does; only `list-roots` keeps it, as a boto3 dump would;
- timestamps become ISO 8601 text, as in CLI version 2;
- answers that do not name what they are about get that request parameter beside their members: `Bucket` and
  `ExpectedBucketOwner` for get-bucket-policy, `KeyId` for get-key-policy, `TargetId` for list-policies-for-target,
  `ParentId` for the two list-...-for-parent commands.

It also writes `expected.json`: questions in wire form with answers that are argued in `questions.py`. The server is
seeded, so two runs give the same ids; dates differ.
"""

import datetime
import json
import logging
import pathlib
import sys
import urllib.request

import boto3
from moto.server import ThreadedMotoServer

import organisation
import questions

SEED = 20261122


def main(folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    logging.getLogger("werkzeug").setLevel(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        endpoint = f"http://{host}:{port}"
        urllib.request.urlopen(urllib.request.Request(f"{endpoint}/moto-api/seed?a={SEED}", method="POST")).close()
        world = organisation.build(endpoint)
        for profile in world.profiles.values():
            export_account(folder, profile)
        export_organization(folder, world)
        write(folder / "expected.json", questions.expected(world))
    finally:
        server.stop()


def export_account(folder: pathlib.Path, profile: organisation.Profile) -> None:
    def save(command: str, answer: dict, **about: str) -> None:
        write(folder / f"{profile.name}.{command}.json", about | without_metadata(answer))

    save("iam-get-account-authorization-details", authorization_details(profile.client("iam")))

    s3 = profile.client("s3")
    for bucket in profile.buckets:
        answer = s3.get_bucket_policy(Bucket=bucket)
        save(f"s3api-get-bucket-policy.{bucket}", answer, Bucket=bucket, ExpectedBucketOwner=profile.account)

    kms = profile.client("kms")
    for alias, key in profile.keys.items():
        save(f"kms-get-key-policy.{alias}", kms.get_key_policy(KeyId=key, PolicyName="default"), KeyId=key)

    sqs = profile.client("sqs")
    for name, url in profile.queues.items():
        answer = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        save(f"sqs-get-queue-attributes.{name}", answer)

    sns = profile.client("sns")
    for name, arn in profile.topics.items():
        save(f"sns-get-topic-attributes.{name}", sns.get_topic_attributes(TopicArn=arn))

    functions = profile.client("lambda")
    for name in profile.functions:
        save(f"lambda-get-policy.{name}", functions.get_policy(FunctionName=name))

    secrets = profile.client("secretsmanager")
    for name in profile.secrets:
        save(f"secretsmanager-get-resource-policy.{name}", secrets.get_resource_policy(SecretId=name))


def authorization_details(iam) -> dict:
    """All pages as one document, as the CLI prints them."""
    merged: dict = {}
    pages = iam.get_paginator("get_account_authorization_details").paginate(
        # Without a filter every AWS-managed policy is listed, attached or not.
        Filter=["User", "Role", "Group", "LocalManagedPolicy"]
    )
    for page in pages:
        for member, records in without_metadata(page).items():
            if isinstance(records, list):
                merged.setdefault(member, []).extend(records)
    return merged


def export_organization(folder: pathlib.Path, world: organisation.World) -> None:
    client = world.profiles["management"].client("organizations")

    def save(command: str, answer: dict, **about: str) -> None:
        write(folder / f"management.organizations-{command}.json", about | without_metadata(answer))

    save("describe-organization", client.describe_organization())
    roots = client.list_roots()
    write(folder / "management.organizations-list-roots.json", roots)
    save("list-accounts", client.list_accounts())

    targets = [root["Id"] for root in roots["Roots"]]
    parents = list(targets)
    for parent in parents:
        units = client.list_organizational_units_for_parent(ParentId=parent)
        save(f"list-organizational-units-for-parent.{parent}", units, ParentId=parent)
        accounts = client.list_accounts_for_parent(ParentId=parent)
        save(f"list-accounts-for-parent.{parent}", accounts, ParentId=parent)
        # The walk goes on with what it finds.
        parents.extend(unit["Id"] for unit in units["OrganizationalUnits"])
        targets.extend(unit["Id"] for unit in units["OrganizationalUnits"])
        targets.extend(account["Id"] for account in accounts["Accounts"])

    for kind, short in (("SERVICE_CONTROL_POLICY", "scp"), ("RESOURCE_CONTROL_POLICY", "rcp")):
        policies = client.list_policies(Filter=kind)
        save(f"list-policies.{short}", policies)
        for policy in policies["Policies"]:
            save(f"describe-policy.{policy['Id']}", client.describe_policy(PolicyId=policy["Id"]))
        for target in targets:
            attached = client.list_policies_for_target(TargetId=target, Filter=kind)
            save(f"list-policies-for-target.{target}.{short}", attached, TargetId=target)


def without_metadata(answer: dict) -> dict:
    return {member: value for member, value in answer.items() if member != "ResponseMetadata"}


def write(path: pathlib.Path, document: object) -> None:
    def text(value: object) -> str:
        if isinstance(value, datetime.datetime):
            return value.isoformat()
        raise TypeError(f"{path.name}: {type(value).__name__} has no JSON form")

    path.write_text(json.dumps(document, indent=4, default=text, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python export.py FOLDER")
    main(pathlib.Path(sys.argv[1]))
