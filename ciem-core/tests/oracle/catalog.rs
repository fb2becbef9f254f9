//! The actions that worlds use, with the ARN shapes of their resource types (`*` for every placeholder).

pub(crate) struct Action {
    pub(crate) name: &'static str,
    /// Empty: the action is always asked on `*`.
    pub(crate) templates: &'static [&'static str],
}

const OBJECT: &[&str] = &["arn:*:s3:::*/*", "arn:*:s3:*:*:accesspoint/*/object/*"];
const LISTED: &[&str] = &["arn:*:s3:::*", "arn:*:s3:*:*:accesspoint/*"];
const BUCKET: &[&str] = &["arn:*:s3:::*"];
const KEY: &[&str] = &["arn:*:kms:*:*:key/*"];
const QUEUE: &[&str] = &["arn:*:sqs:*:*:*"];
const TOPIC: &[&str] = &["arn:*:sns:*:*:*"];
const FUNCTION: &[&str] = &["arn:*:lambda:*:*:function:*"];
const SECRET: &[&str] = &["arn:*:secretsmanager:*:*:secret:*"];
const ROLE: &[&str] = &["arn:*:iam::*:role/*"];
const USER: &[&str] = &["arn:*:iam::*:user/*"];
const TABLE: &[&str] = &["arn:*:dynamodb:*:*:table/*"];

const fn action(name: &'static str, templates: &'static [&'static str]) -> Action {
    Action { name, templates }
}

pub(crate) const ACTIONS: [Action; 44] = [
    action("s3:GetObject", OBJECT),
    action("s3:PutObject", OBJECT),
    action("s3:DeleteObject", OBJECT),
    action("s3:ListBucket", LISTED),
    action("s3:GetBucketPolicy", LISTED),
    action("s3:PutBucketPolicy", BUCKET),
    action("s3:GetBucketTagging", BUCKET),
    action("s3:ListAllMyBuckets", &[]),
    action("kms:Decrypt", KEY),
    action("kms:Encrypt", KEY),
    action("kms:DescribeKey", KEY),
    action("kms:GenerateDataKey", KEY),
    action("kms:PutKeyPolicy", KEY),
    action("kms:ListKeys", &[]),
    action("sqs:SendMessage", QUEUE),
    action("sqs:ReceiveMessage", QUEUE),
    action("sqs:DeleteQueue", QUEUE),
    action("sqs:ListQueues", &[]),
    action("sns:Publish", TOPIC),
    action("sns:Subscribe", TOPIC),
    action("sns:ListTopics", &[]),
    action("lambda:InvokeFunction", FUNCTION),
    action("lambda:UpdateFunctionCode", FUNCTION),
    action("lambda:GetFunction", FUNCTION),
    action("lambda:ListFunctions", &[]),
    action("secretsmanager:GetSecretValue", SECRET),
    action("secretsmanager:PutSecretValue", SECRET),
    action("secretsmanager:ListSecrets", &[]),
    action("secretsmanager:GetRandomPassword", &[]),
    action("sts:AssumeRole", ROLE),
    action("sts:AssumeRoleWithSAML", ROLE),
    action("sts:AssumeRoleWithWebIdentity", ROLE),
    action("sts:GetCallerIdentity", &[]),
    action("iam:PassRole", ROLE),
    action("iam:GetRole", ROLE),
    action("iam:DeleteRole", ROLE),
    action("iam:UpdateAssumeRolePolicy", ROLE),
    action("iam:CreateUser", USER),
    action("iam:GetUser", USER),
    action("iam:AttachUserPolicy", USER),
    action("iam:ListUsers", &[]),
    action("dynamodb:GetItem", TABLE),
    action("dynamodb:ListTables", &[]),
    action("ec2:DescribeInstances", &[]),
];

/// Services of the table above that support resource control policies.
const RCP_SERVICES: [&str; 6] = ["dynamodb", "kms", "s3", "secretsmanager", "sqs", "sts"];

pub(crate) fn find(name: &str) -> &'static Action {
    ACTIONS.iter().find(|action| action.name == name).expect("worlds use only actions of the table")
}

pub(crate) fn service(name: &str) -> &str {
    name.split_once(':').map_or(name, |(service, _)| service)
}

pub(crate) fn supports_rcp(name: &str) -> bool {
    RCP_SERVICES.contains(&service(name))
}

pub(crate) fn assumes_role(name: &str) -> bool {
    name.starts_with("sts:AssumeRole")
}
