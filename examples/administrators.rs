//! Which identities have administrator reach?
//!
//! `cargo run -p ciem-examples --example administrators -- [FOLDER]`

use ciem_core::{Error, LoadOptions, Match, Query, load_paths};
use std::collections::BTreeMap;

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/estate");
/// Whoever may do one of these to everybody may do everything.
const WAYS: [&str; 7] = [
    "iam:AttachRolePolicy",
    "iam:AttachUserPolicy",
    "iam:CreateAccessKey",
    "iam:CreatePolicyVersion",
    "iam:PutRolePolicy",
    "iam:PutUserPolicy",
    "iam:UpdateAssumeRolePolicy",
];

fn main() -> Result<(), Error> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| SAMPLE.to_owned());
    let snapshot = load_paths(&[folder.into()], &LoadOptions::default())?;
    let mut reach: BTreeMap<_, usize> = BTreeMap::new();
    for way in WAYS {
        let mut query = Query::who(way, "*");
        query.matching = Match::All;
        for row in snapshot.who_can(&query)?.rows() {
            *reach.entry((row.principal, row.verdict.as_str(), row.condition)).or_default() += 1;
        }
    }

    for ((principal, verdict, condition), ways) in reach {
        println!("{verdict:<12} {principal}: {ways} of {} ways", WAYS.len());
        if let Some(condition) = condition {
            println!("{:>12} {condition}", "if");
        }
    }
    Ok(())
}
