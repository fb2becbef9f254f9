"""The accounts of Larkfield, a retailer that does not exist, and who lives in them."""

from shapes import Account, admits, allow, deny, document, trust

MANAGEMENT = "123456789012"
PAYMENTS = "111122223333"
DATA = "444455556666"
STORES = "555566667777"
DEV = "777788889999"
SECURITY = "666677778888"
# The vendor that watches the shop, outside of the organisation.
VENDOR = "999988887777"
ORGANISATION = "o-larkfield1"

REGION = "eu-west-1"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
LAMBDA_LOGS = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"

ORDERS_DATABASE = f"arn:aws:rds-db:{REGION}:{PAYMENTS}:dbuser:cluster-LARKFIELDORDERS/app_read"
ORDERS_SECRET = f"arn:aws:secretsmanager:{REGION}:{PAYMENTS}:secret:production/orders-database-Xk3f9Q"
LEDGER = f"arn:aws:dynamodb:{REGION}:{PAYMENTS}:table/payments-ledger"
REFUND = f"arn:aws:lambda:{REGION}:{PAYMENTS}:function:refund"
SETTLEMENTS = f"arn:aws:sqs:{REGION}:{PAYMENTS}:settlements"
PAYMENT_EVENTS = f"arn:aws:sns:{REGION}:{PAYMENTS}:payment-events"
CARD_KEY = f"arn:aws:kms:{REGION}:{PAYMENTS}:key/5d1c8a40-6f0b-4d7e-9a53-0c2b7e41f6aa"
CUSTOMER_KEY = f"arn:aws:kms:{REGION}:{DATA}:key/c0a1f3de-98b7-4f2a-8d11-2f6f1f0a7b3c"
RECEIPTS = "arn:aws:s3:::larkfield-receipts"
CUSTOMERS = "arn:aws:s3:::larkfield-customer-data"
LAKE = "arn:aws:s3:::larkfield-lake"
IMAGES = "arn:aws:s3:::larkfield-product-images"
TRAIL = "arn:aws:s3:::larkfield-audit-trail"

WITH_MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def objects(bucket):
    return f"{bucket}/*"


def root(account):
    return {"AWS": f"arn:aws:iam::{account}:root"}


def service(name):
    return {"Service": f"{name}.amazonaws.com"}


def assumed_by(name):
    return trust(admits(service(name)))


def github(account, repository, branch):
    """Workflows of one branch of one repository."""
    provider = {"Federated": f"arn:aws:iam::{account}:oidc-provider/token.actions.githubusercontent.com"}
    condition = {
        "StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"},
        "StringLike": {"token.actions.githubusercontent.com:sub": f"repo:larkfield/{repository}:{branch}"},
    }
    return trust(admits(provider, "sts:AssumeRoleWithWebIdentity", condition))


def common(account):
    """What each account of the organisation has."""
    everything = document(allow("*"))
    account.policy("AdministratorAccess", everything, ADMINISTRATOR, "2015-02-06T18:39:46+00:00")
    account.role(
        "OrganizationAccountAccessRole", trust(admits(root(MANAGEMENT))), [ADMINISTRATOR], used="2025-11-18T09:00:00+00:00"
    )
    account.role(
        "security-audit",
        trust(admits({"AWS": f"arn:aws:iam::{SECURITY}:role/audit-collector"}, condition={
            "StringEquals": {"aws:PrincipalOrgID": ORGANISATION}})),
        inline={"read-configuration": document(allow([
            "iam:Get*", "iam:List*", "s3:GetBucket*", "s3:ListAllMyBuckets", "kms:GetKeyPolicy", "kms:ListKeys",
            "config:Describe*", "cloudtrail:DescribeTrails", "organizations:Describe*", "organizations:List*"]))},
        used="2026-10-31T23:10:00+00:00", team="security", env="all",
    )


def payments():
    account = Account(PAYMENTS, "payments")
    common(account)
    read_orders = document(
        allow("rds-db:connect", ORDERS_DATABASE, sid="Database"),
        allow(["secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"], ORDERS_SECRET, sid="Password"),
        allow(["rds:DescribeDBClusters", "rds:DescribeDBInstances"], sid="Find"),
    )
    account.policy("OrdersDatabaseRead", read_orders)
    account.policy("PaymentsOperations", document(
        allow(["dynamodb:GetItem", "dynamodb:Query", "dynamodb:UpdateItem"], [LEDGER, f"{LEDGER}/index/*"]),
        allow("lambda:InvokeFunction", REFUND),
        allow(["sqs:SendMessage", "sqs:GetQueueAttributes"], SETTLEMENTS),
    ))
    account.policy("PaymentsEngineering", document(
        allow(["dynamodb:*", "lambda:*", "sqs:*", "sns:*", "logs:*", "cloudwatch:*", "states:*"]),
        allow(["iam:PassRole"], account.arn("role", "payments-*"), {
            "StringEquals": {"iam:PassedToService": ["lambda.amazonaws.com", "states.amazonaws.com"]}}),
        deny(["dynamodb:DeleteTable", "dynamodb:DeleteBackup"]),
    ))
    account.policy("SeasonalLimit", document(
        allow(["lambda:InvokeFunction", "dynamodb:GetItem", "dynamodb:Query", "sqs:SendMessage", "iam:GetUser",
               "iam:ChangePassword"]),
        deny("*", "*", {"DateGreaterThan": {"aws:CurrentTime": "2026-01-31T23:59:59Z"}}, sid="SeasonIsOver"),
    ))
    account.policy("NoMoreAccess", document(deny("*", sid="Departed")))
    account.policy("ManageOwnMfa", document(
        allow(["iam:CreateVirtualMFADevice", "iam:EnableMFADevice", "iam:ListMFADevices", "iam:ResyncMFADevice"],
              [account.arn("mfa", "*"), account.arn("user", "${aws:username}")]),
    ))
    account.group("orders-database-readers", ["OrdersDatabaseRead"])
    account.group("payment-operations", ["PaymentsOperations", "ManageOwnMfa"])
    account.group("payments-engineers", ["PaymentsEngineering", "ManageOwnMfa"])
    account.group("departed", ["NoMoreAccess"])

    # Contractors. Three left and still read the production database, each by another way; one left and was shut
    # out, one is still here.
    account.user("tomas.becker", "2025-09-01T08:12:00+00:00", ["orders-database-readers"],
                 employment="contractor", contract_end="2026-06-30", team="payments", env="production")
    account.user("luca.moretti", "2025-04-14T07:55:21+00:00", inline={"migration": read_orders},
                 employment="contractor", contract_end="2026-03-31", team="payments", env="production")
    account.user("priya.raman", "2025-11-03T09:30:05+00:00", attached=["ManageOwnMfa"],
                 employment="contractor", contract_end="2026-08-31", team="payments", env="production")
    account.user("kofi.mensah", "2025-02-10T10:01:47+00:00", ["orders-database-readers", "departed"],
                 employment="contractor", contract_end="2026-05-31", team="payments", env="production")
    account.user("nina.holm", "2026-02-02T08:45:00+00:00", ["orders-database-readers"],
                 employment="contractor", contract_end="2027-03-31", team="payments", env="production")

    # Seasonal staff. The limit ends with the season; two were added in a hurry without it.
    for name, created, limit in [
        ("amelie.fournier", "2025-10-27T07:10:00+00:00", None),
        ("jonas.lindqvist", "2025-10-27T07:14:00+00:00", "SeasonalLimit"),
        ("maria.costa", "2025-11-03T06:58:00+00:00", "SeasonalLimit"),
        ("sven.adler", "2025-11-17T07:31:00+00:00", None),
        ("zofia.wrona", "2025-11-03T07:02:00+00:00", "SeasonalLimit"),
    ]:
        account.user(name, created, ["payment-operations"], boundary=limit,
                     employment="seasonal", contract_end="2026-01-31", team="checkout", env="production")

    account.user("ana.silva", "2022-01-17T09:00:00+00:00", attached=[ADMINISTRATOR], inline={
        "without-mfa-nothing": document(deny("*", "*", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}))},
                 employment="permanent", team="platform", env="production")
    account.user("hugo.brandt", "2023-05-08T08:20:00+00:00", ["payments-engineers"],
                 employment="permanent", team="payments", env="production")
    account.user("break-glass", "2022-01-17T09:05:00+00:00", attached=[ADMINISTRATOR], inline={
        "only-with-mfa": document(deny("*", "*", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}))},
                 team="security", env="production")
    account.user("settlement-export", "2021-06-30T12:00:00+00:00", inline={"export": document(
        allow(["s3:PutObject"], f"{LAKE}/settlements/*"), allow(["sqs:ReceiveMessage", "sqs:DeleteMessage"], SETTLEMENTS))},
                 team="payments", env="production")

    # The elevation for the deployment of 13 September: its window closed, the grant stayed. The one before had a
    # date in its condition and ended by itself.
    account.role(
        "deploy-payments", github(PAYMENTS, "payments", "ref:refs/heads/main"),
        inline={
            "deploy": document(
                allow(["lambda:UpdateFunctionCode", "lambda:PublishVersion", "lambda:UpdateAlias"],
                      f"arn:aws:lambda:{REGION}:{PAYMENTS}:function:*"),
                allow(["cloudformation:CreateChangeSet", "cloudformation:ExecuteChangeSet", "cloudformation:Describe*"],
                      f"arn:aws:cloudformation:{REGION}:{PAYMENTS}:stack/payments-*")),
            "window-2026-06-21": document(
                allow(["dynamodb:*", "kms:*"], "*", {
                    "DateLessThan": {"aws:CurrentTime": "2026-06-22T04:00:00Z"}})),
            "window-2026-09-13": document(allow(["dynamodb:*", "kms:*", "rds:*", "iam:PutRolePolicy"])),
        },
        used="2026-10-30T14:22:10+00:00", team="payments", env="production",
        elevation_end="2026-09-14T04:00:00Z", elevation_policy="window-2026-09-13", elevation_ticket="CHG-4711",
    )
    account.role("checkout-api", assumed_by("ecs-tasks"), inline={"checkout": document(
        allow(["dynamodb:PutItem", "dynamodb:GetItem"], LEDGER), allow("sns:Publish", PAYMENT_EVENTS),
        allow(["kms:Encrypt", "kms:GenerateDataKey"], CARD_KEY),
        allow("s3:PutObject", objects(RECEIPTS)))}, used="2026-11-01T00:00:00+00:00", team="checkout", env="production")
    account.role("payments-refund", assumed_by("lambda"), [LAMBDA_LOGS], {"refund": document(
        allow(["dynamodb:GetItem", "dynamodb:UpdateItem"], LEDGER), allow("kms:Decrypt", CARD_KEY),
        allow("sqs:SendMessage", SETTLEMENTS))}, used="2026-10-31T21:40:00+00:00", team="payments", env="production")
    account.role("payments-settlement", assumed_by("states"), inline={"settle": document(
        allow("lambda:InvokeFunction", f"arn:aws:lambda:{REGION}:{PAYMENTS}:function:settle-*"),
        allow(["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"], SETTLEMENTS),
        allow("dynamodb:Query", [LEDGER, f"{LEDGER}/index/*"]))},
                 used="2026-10-31T02:00:00+00:00", team="payments", env="production")
    account.role("fraud-scoring", assumed_by("sagemaker"), inline={"score": document(
        allow(["dynamodb:GetItem", "dynamodb:Query"], LEDGER),
        allow(["s3:GetObject", "s3:ListBucket"], [LAKE, f"{LAKE}/fraud/*"]))},
                 used="2026-10-31T23:59:00+00:00", team="payments", env="production")
    # The vendor asks for an external id in the one role and not in the other, which it set up itself.
    account.role("vendor-monitoring", trust(admits(root(VENDOR), condition={
        "StringEquals": {"sts:ExternalId": "larkfield-7d21"}})), inline={"metrics": document(
        allow(["cloudwatch:GetMetricData", "cloudwatch:ListMetrics", "logs:FilterLogEvents"]))},
                 used="2026-10-31T23:55:00+00:00", team="platform", env="production")
    account.role("vendor-onboarding", trust(admits(root(VENDOR))), inline={"setup": document(
        allow(["cloudwatch:*", "logs:*", "iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy"]))},
                 used="2025-02-11T15:02:00+00:00", team="platform", env="production")
    account.role("AWSServiceRoleForRDS", assumed_by("rds"), path="/aws-service-role/rds.amazonaws.com/", inline={
        "rds": document(allow(["ec2:DescribeSubnets", "ec2:CreateNetworkInterface", "logs:CreateLogGroup"]))})
    account.policy("AWSLambdaBasicExecutionRole", document(
        allow(["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"])), LAMBDA_LOGS,
        "2015-04-09T15:03:43+00:00")
    return account


def data():
    account = Account(DATA, "data")
    common(account)
    account.policy("DataBoundary", document(
        allow(["s3:*", "athena:*", "glue:*", "kms:Decrypt", "kms:GenerateDataKey", "logs:*", "cloudwatch:*"]),
        deny("s3:*", [CUSTOMERS, objects(CUSTOMERS)], {"StringNotEquals": {"aws:PrincipalTag/cleared": "yes"}},
             sid="CustomersOnlyForTheCleared"),
    ))
    account.policy("DataEngineering", document(
        allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket", "s3:DeleteObject"],
              [LAKE, objects(LAKE), CUSTOMERS, objects(CUSTOMERS)]),
        allow(["glue:*", "athena:*", "lakeformation:GetDataAccess"]),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], CUSTOMER_KEY),
    ))
    account.policy("Reporting", document(
        allow(["athena:StartQueryExecution", "athena:GetQuery*", "glue:GetTable*", "glue:GetDatabase*"]),
        allow(["s3:GetObject", "s3:ListBucket"], [LAKE, f"{LAKE}/reports/*"]),
    ))
    account.group("data-engineers", ["DataEngineering"])
    account.group("analysts", ["Reporting"])
    for name, created, cleared in [
        ("dana.ito", "2023-04-03T08:31:00+00:00", "yes"),
        ("rafael.pires", "2024-01-15T08:00:00+00:00", "no"),
        ("ingrid.solberg", "2024-09-02T07:45:00+00:00", "yes"),
    ]:
        account.user(name, created, ["data-engineers"], boundary="DataBoundary",
                     employment="permanent", team="data", env="production", cleared=cleared)
    for name, created in [
        ("noor.haddad", "2024-05-06T08:10:00+00:00"),
        ("peter.vogt", "2023-10-09T09:00:00+00:00"),
        ("elif.demir", "2025-03-17T08:05:00+00:00"),
    ]:
        account.user(name, created, ["analysts"], employment="permanent", team="finance", env="production")
    # Manages identities, and so can become anybody here.
    account.user("eli.novak", "2022-10-24T16:05:12+00:00", inline={"ManageIdentities": document(allow("iam:*"))},
                 employment="permanent", team="platform", env="production")
    account.role("glue-ingest", assumed_by("glue"), inline={"ingest": document(
        allow(["s3:GetObject", "s3:PutObject", "s3:ListBucket"], [LAKE, objects(LAKE), RECEIPTS, objects(RECEIPTS)]),
        allow("kms:GenerateDataKey", CUSTOMER_KEY))}, used="2026-11-01T00:05:00+00:00", team="data", env="production")
    account.role("customer-profile", assumed_by("lambda"), inline={"profile": document(
        allow(["s3:GetObject", "s3:PutObject"], objects(CUSTOMERS)),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], CUSTOMER_KEY))},
                 used="2026-10-31T23:58:00+00:00", team="data", env="production")
    account.role("quicksight-reports", assumed_by("quicksight"), ["Reporting"], used="2026-10-30T06:00:00+00:00",
                 team="finance", env="production")
    account.role("deploy-data", github(DATA, "lake", "*"), ["DataEngineering"], {
        "deploy": document(allow(["lambda:*", "glue:*", "iam:PassRole"]))}, used="2026-10-29T13:00:00+00:00",
                 team="data", env="production")
    account.role("marketing-agency", trust(admits({"AWS": "arn:aws:iam::222233334444:root"}, condition={
        "StringEquals": {"sts:ExternalId": "spring-campaign"}})), inline={"audiences": document(
        allow(["s3:GetObject", "s3:ListBucket"], [LAKE, f"{LAKE}/audiences/*"]))},
                 used="2026-04-30T16:20:00+00:00", team="marketing", env="production")
    return account


def stores():
    account = Account(STORES, "stores")
    common(account)
    account.policy("TillOperations", document(
        allow(["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:Query"],
              f"arn:aws:dynamodb:{REGION}:{STORES}:table/till-*"),
        allow("execute-api:Invoke", f"arn:aws:execute-api:{REGION}:{STORES}:*/production/*"),
    ))
    account.policy("StockKeeping", document(
        allow(["dynamodb:*"], f"arn:aws:dynamodb:{REGION}:{STORES}:table/stock-*"),
        allow(["sqs:SendMessage", "sqs:ReceiveMessage"], f"arn:aws:sqs:{REGION}:{STORES}:deliveries"),
    ))
    account.group("till-operators", ["TillOperations"])
    account.group("stock-keepers", ["StockKeeping"])
    for name, created, groups, employment, end in [
        ("bram.visser", "2024-08-12T06:40:00+00:00", ["till-operators"], "permanent", None),
        ("carla.nunes", "2023-03-06T06:30:00+00:00", ["till-operators", "stock-keepers"], "permanent", None),
        ("dmitri.orlov", "2025-11-10T06:20:00+00:00", ["till-operators"], "seasonal", "2026-01-31"),
        ("edith.kaya", "2025-11-10T06:22:00+00:00", ["till-operators"], "seasonal", "2026-01-31"),
        ("farid.benali", "2026-10-19T06:15:00+00:00", ["till-operators"], "seasonal", "2027-01-31"),
        ("grace.okoro", "2022-09-05T06:35:00+00:00", ["stock-keepers"], "permanent", None),
    ]:
        labels = {"contract_end": end} if end else {}
        account.user(name, created, groups, employment=employment, team="stores", env="production", **labels)
    # The tills of the shops settle with payments. The queue there admits this role by name.
    account.role("till-settlement", assumed_by("ec2"), inline={"settle": document(
        allow("sqs:SendMessage", SETTLEMENTS))}, profile=True, used="2026-10-31T22:30:00+00:00",
                 team="stores", env="production")
    account.role("stock-sync", assumed_by("lambda"), ["StockKeeping"], used="2026-11-01T00:01:00+00:00",
                 team="stores", env="production")
    account.role("loyalty-api", assumed_by("ecs-tasks"), inline={"loyalty": document(
        allow("s3:GetObject", f"{CUSTOMERS}/loyalty/*"), allow("kms:Decrypt", CUSTOMER_KEY))},
                 used="2026-10-31T23:59:30+00:00", team="stores", env="production")
    account.role("deploy-stores", github(STORES, "stores", "ref:refs/heads/main"), inline={"deploy": document(
        allow(["lambda:*", "ecs:UpdateService", "ecs:RegisterTaskDefinition", "iam:PassRole"]))},
                 used="2026-10-28T10:00:00+00:00", team="stores", env="production")
    return account


def dev():
    account = Account(DEV, "dev")
    common(account)
    account.policy("DeveloperAccess", document(
        allow(["dynamodb:*", "lambda:*", "sqs:*", "sns:*", "s3:*", "logs:*", "cloudwatch:*", "states:*"]),
        deny(["s3:PutBucketPolicy", "s3:PutBucketAcl", "lambda:AddPermission"]),
    ))
    account.group("developers", ["DeveloperAccess"])
    for name, created in [
        ("hanna.berg", "2024-02-19T08:00:00+00:00"),
        ("ivan.petrov", "2025-06-02T08:00:00+00:00"),
        ("julia.weiss", "2023-11-06T08:00:00+00:00"),
        ("kenji.sato", "2024-10-14T08:00:00+00:00"),
        ("lea.martin", "2025-01-20T08:00:00+00:00"),
    ]:
        account.user(name, created, ["developers"], employment="permanent", team="engineering", env="dev")
    account.role("integration-tests", github(DEV, "*", "*"), inline={"tests": document(
        allow(["dynamodb:*", "sqs:*", "lambda:*"]))}, used="2026-10-31T17:45:00+00:00", team="engineering", env="dev")
    account.role("sandbox-functions", assumed_by("lambda"), inline={"sandbox": document(
        allow(["dynamodb:*", "s3:*", "sqs:*", "sns:*", "secretsmanager:GetSecretValue"]))},
                 used="2026-10-31T18:00:00+00:00", team="engineering", env="dev")
    account.role("preview-environments", assumed_by("codebuild"), inline={"preview": document(
        allow(["ecs:*", "elasticloadbalancing:*", "ec2:Describe*", "iam:PassRole"]))},
                 used="2026-08-14T12:00:00+00:00", team="engineering", env="dev")
    account.role("load-tests", assumed_by("ec2"), inline={"load": document(
        allow(["s3:GetObject", "cloudwatch:PutMetricData"]))}, profile=True, used="2025-12-03T09:00:00+00:00",
                 team="engineering", env="dev")
    return account


def security():
    account = Account(SECURITY, "security")
    common(account)
    account.role("audit-collector", assumed_by("lambda"), inline={"collect": document(
        allow("sts:AssumeRole", "arn:aws:iam::*:role/security-audit"),
        allow(["s3:PutObject"], f"{TRAIL}/collected/*"))}, used="2026-10-31T23:10:00+00:00", team="security", env="all")
    account.role("incident-response", trust(admits(root(SECURITY), condition=WITH_MFA)), [ADMINISTRATOR],
                 used="2026-02-27T03:12:00+00:00", team="security", env="all")
    account.user("milan.kovac", "2023-01-09T08:00:00+00:00", inline={"respond": document(
        allow("sts:AssumeRole", account.arn("role", "incident-response")),
        allow(["guardduty:*", "securityhub:*", "cloudtrail:LookupEvents"]))},
                 employment="permanent", team="security", env="all")
    account.user("olga.hansen", "2024-04-22T08:00:00+00:00", inline={"review": document(
        allow(["s3:GetObject", "s3:ListBucket"], [TRAIL, objects(TRAIL)]),
        allow(["access-analyzer:*", "cloudtrail:LookupEvents"]))},
                 employment="permanent", team="security", env="all")
    return account


def management():
    account = Account(MANAGEMENT, "management")
    account.policy("AdministratorAccess", document(allow("*")), ADMINISTRATOR, "2015-02-06T18:39:46+00:00")
    account.policy("Billing", document(
        allow(["ce:*", "budgets:*", "cur:*", "billing:*", "account:GetAccountInformation"])))
    account.user("vera.lund", "2021-01-04T09:00:00+00:00", attached=[ADMINISTRATOR], inline={
        "only-with-mfa": document(deny("*", "*", {"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}))},
                 employment="permanent", team="platform", env="all")
    account.user("willem.jansen", "2022-06-13T09:00:00+00:00", attached=["Billing"],
                 employment="permanent", team="finance", env="all")
    account.role("account-factory", assumed_by("servicecatalog"), inline={"create": document(
        allow(["organizations:CreateAccount", "organizations:MoveAccount", "organizations:Describe*", "organizations:List*"]),
        allow("sts:AssumeRole", "arn:aws:iam::*:role/OrganizationAccountAccessRole"))},
                 used="2026-07-02T11:00:00+00:00", team="platform", env="all")
    return account


def all_accounts():
    return [management(), payments(), data(), stores(), dev(), security()]
