//! Requests that compare loose policies.

use crate::error::Error;
use crate::inclusion::{
    AccessCheck, CheckOptions, check_access_not_granted, check_no_new_access, check_no_public_access,
};
use crate::model::PolicyKind;
use serde::Deserialize;
use serde_json::value::RawValue;

/// The request of any of the verbs; each needs fields of its own.
#[derive(Deserialize)]
#[serde(expecting = "an object")]
pub(super) struct Request {
    #[serde(default)]
    v: Option<u64>,
    #[serde(default)]
    provider: Option<String>,
    #[serde(default)]
    new: Option<Box<RawValue>>,
    #[serde(default)]
    old: Option<Box<RawValue>>,
    #[serde(default)]
    policy: Option<Box<RawValue>>,
    #[serde(default)]
    actions: Vec<String>,
    #[serde(default)]
    resources: Vec<String>,
    #[serde(default)]
    kind: Option<PolicyKind>,
    #[serde(default)]
    resource_account: Option<String>,
}

pub(super) fn answer(verb: &str, request: &Request) -> Result<AccessCheck, Error> {
    if request.v.is_some_and(|v| v != 1) {
        return Err(Error::invalid("v", "this version reads `1`"));
    }
    let mut options = CheckOptions::default();
    options.provider.clone_from(&request.provider);
    options.kind = request.kind;
    options.resource_account.clone_from(&request.resource_account);
    let document = |name: &str, given: &Option<Box<RawValue>>| {
        given
            .as_ref()
            .map(|raw| raw.get().to_owned())
            .ok_or_else(|| Error::invalid(name, "a policy is needed"))
    };
    fn texts(list: &[String]) -> Vec<&str> {
        list.iter().map(String::as_str).collect()
    }
    match verb {
        "check_no_new_access" => {
            check_no_new_access(&document("new", &request.new)?, &document("old", &request.old)?, &options)
        }
        "check_access_not_granted" => {
            let (actions, resources) = (texts(&request.actions), texts(&request.resources));
            check_access_not_granted(&document("policy", &request.policy)?, &actions, &resources, &options)
        }
        "check_no_public_access" => check_no_public_access(&document("policy", &request.policy)?, &options),
        _ => Err(Error::invalid("verb", "no such check")),
    }
}
