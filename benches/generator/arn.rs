//! Names of things: accounts, principals and resources.

use super::catalogue::{Action, Catalogue};
use super::random::Random;

pub(crate) const REGIONS: [&str; 4] = ["eu-west-1", "eu-central-1", "us-east-1", "ap-southeast-2"];
pub(crate) const TEAMS: [&str; 8] = ["pay", "search", "data", "risk", "web", "mobile", "infra", "ops"];
pub(crate) const APPS: [&str; 12] = [
    "api", "worker", "ledger", "ingest", "report", "frontend", "cache", "audit", "batch", "stream", "index",
    "sync",
];
const ORGANISATION_SEED: u64 = 0x0A0A;

/// Twelve digits of the account with this number.
pub(crate) fn account_id(number: usize) -> String {
    format!("{:012}", 210_000_000_000 + number as u64 * 1_000_003)
}

/// The account that owns the organisation. It holds no principals of the estate, because guardrails do not bind it.
pub(crate) fn management_account() -> String {
    "210999999999".to_owned()
}

pub(crate) fn organisation_id() -> String {
    Random::new(ORGANISATION_SEED).unique_id("o-", 10).to_lowercase()
}

/// `team-app-0123`, the kind of name that prefix patterns of policies cut at the hyphens.
pub(crate) fn name(random: &mut Random) -> String {
    format!("{}-{}-{:04}", random.pick(&TEAMS), random.pick(&APPS), random.below(2_000))
}

/// A concrete resource that the action could be about; `*` for an action that is about no resource.
pub(crate) fn resource(random: &mut Random, catalogue: &Catalogue, action: Action, account: &str) -> String {
    let Some(template) = catalogue.template(random, action) else { return "*".to_owned() };
    let mut pieces = template.split("${");
    let mut arn = pieces.next().unwrap_or_default().to_owned();
    let mut named = false;
    for piece in pieces {
        let (part, literal) = piece.split_once('}').unwrap_or((piece, ""));
        match part {
            "Partition" => arn.push_str("aws"),
            "Region" => arn.push_str(random.pick(&REGIONS)),
            "Account" => arn.push_str(account),
            _ if named => arn.push_str(random.pick(&APPS)),
            _ => {
                arn.push_str(&name(random));
                named = true;
            }
        }
        arn.push_str(literal);
    }
    arn
}

/// A pattern that this resource matches, of the kinds that policies hold: the ARN itself, a prefix, any region, and
/// now and then a variable or any account.
pub(crate) fn resource_pattern(random: &mut Random, concrete: &str) -> String {
    let cut = |text: &str, hyphens: usize| {
        let ends: Vec<usize> = text.match_indices('-').map(|(at, _)| at).collect();
        match ends.len().checked_sub(hyphens).and_then(|at| ends.get(at)) {
            Some(&end) if end > text.rfind(':').unwrap_or(0) => format!("{}-*", &text[..end]),
            _ => text.to_owned(),
        }
    };
    match random.below(100) {
        0..35 => concrete.to_owned(),
        35..60 => cut(concrete, 1),
        60..80 => cut(concrete, 2),
        80..92 => with_segment(concrete, 3, "*"),
        92..95 => with_segment(&with_segment(concrete, 3, "*"), 4, "*"),
        95..98 => format!("{concrete}*"),
        _ => match concrete.strip_prefix("arn:aws:s3:::").and_then(|path| path.split_once('/')) {
            Some((bucket, _)) => format!("arn:aws:s3:::{bucket}/${{aws:username}}/*"),
            None => concrete.to_owned(),
        },
    }
}

/// The ARN with one of its colon-separated segments replaced, if that segment is not empty.
fn with_segment(arn: &str, index: usize, text: &str) -> String {
    let mut segments: Vec<&str> = arn.splitn(6, ':').collect();
    if let Some(segment) = segments.get_mut(index).filter(|segment| !segment.is_empty()) {
        *segment = text;
    }
    segments.join(":")
}
