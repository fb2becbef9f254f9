//! What a call acted on, as far as the record tells.

use super::cloudtrail::Lazy;
use super::names::Permission;
use super::record::{Parameters, Record};
use crate::pattern::matches_text;
use crate::provider::aws::ARN;
use std::borrow::Cow;

/// Ids of what a permission was used on. None where the record does not tell, or tells only of a part: a call that acts on
/// resources of several types needs its permission on each of them.
pub(super) fn of<'a>(
    permission: &Permission,
    record: &'a Record<'_>,
    parameters: &'a Lazy<'_>,
) -> Vec<Cow<'a, str>> {
    let fits = |arn: &str| permission.forms.iter().any(|(pattern, _)| matches_text(pattern, arn, ARN));
    // Calls of EC2 and RDS act on resources of several types at once, of which records name one.
    let together =
        permission.types > 1 && (permission.name.starts_with("ec2:") || permission.name.starts_with("rds:"));
    if permission.forms.is_empty() || together {
        return Vec::new();
    }
    let listed: Vec<Cow<'a, str>> = parameters
        .resources()
        .0
        .iter()
        .filter(|arn| fits(arn))
        .map(|arn| Cow::Borrowed(arn.as_ref()))
        .collect();
    if !listed.is_empty() || permission.types > 1 {
        return listed;
    }
    let parameters = parameters.get();
    if let Some(arn) = parameters.values().find(|value| value.starts_with("arn:") && fits(value)) {
        return vec![Cow::Borrowed(arn)];
    }
    let filled = permission.forms.iter().find_map(|(_, template)| fill(template, record, parameters));
    filled.filter(|arn| fits(arn)).map(Cow::Owned).into_iter().collect()
}

/// A template such as `arn:${Partition}:sqs:${Region}:${Account}:${QueueName}` with the request's parameters.
fn fill(template: &str, record: &Record<'_>, parameters: &Parameters<'_>) -> Option<String> {
    let mut out = String::new();
    let mut rest = template;
    let mut named = false;
    while let Some((before, after)) = rest.split_once("${") {
        let (variable, behind) = after.split_once('}')?;
        let value = match variable {
            "Partition" => partition(record.aws_region.get()),
            "Region" => record.aws_region.get()?,
            "Account" => record.recipient_account_id.get()?,
            _ => {
                named = true;
                value_of(variable, parameters)?
            }
        };
        out.push_str(before);
        out.push_str(value);
        rest = behind;
    }
    out.push_str(rest);
    named.then_some(out)
}

fn value_of<'a>(variable: &str, parameters: &'a Parameters<'_>) -> Option<&'a str> {
    let value = match variable {
        "ObjectName" => parameters.get("key"),
        "QueueName" => parameters.get("queueUrl").and_then(|url| url.rsplit('/').next()),
        _ => None,
    };
    let value = value.or_else(|| parameters.get(variable))?;
    (!value.is_empty() && !value.starts_with("arn:")).then_some(value)
}

fn partition(region: Option<&str>) -> &'static str {
    match region {
        Some(region) if region.starts_with("cn-") => "aws-cn",
        Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
        _ => "aws",
    }
}
