//! Proposals for everybody in account exports from the field, where they are at hand, on uses drawn from what each may do:
//! within the old policies, nothing used breaks, every document is within its limit, and all of it can be taken back. The
//! documents are read by the test alone to see that what is undone is what was there.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test reads files, says what it skips, and fails"
)]

use ciem_core::{
    Cover, Level, PrincipalKind, Query, RightsizeOptions, SnapshotBuilder, SpellingMode, UsageBuilder,
    UseEvent, Verdict, Window,
};
use serde_json::Value;
use std::io::Read;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/data/aws-authorization-details");
const AT: &str = "2026-11-01T00:00:00Z";

/// How many principals of each export are rightsized.
const MOST: usize = 40;

#[test]
fn proposals_for_everybody_hold() {
    let Ok(folder) = std::fs::read_dir(FOLDER) else {
        eprintln!("skipped: the sample exports are not at hand");
        return;
    };
    let mut files: Vec<_> = folder.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json" || extension == "gz"));
    files.sort();
    let (mut made, mut changed) = (0, 0);
    for file in files {
        let bytes = std::fs::read(&file).unwrap();
        let mut builder = SnapshotBuilder::new();
        if builder.add("export.json", &bytes).is_err() {
            continue;
        }
        let snapshot = builder.finish().unwrap();
        let documents = inline_documents(&bytes);
        let window = Window::ending("90d", AT).unwrap();
        let principals: Vec<_> = snapshot.principals().filter(|row| row.loaded).collect();
        let mut logs = UsageBuilder::new();
        for account in principals.iter().map(|row| &row.account) {
            logs.cover(&Cover::management("aws", account, &window));
            logs.cover(&Cover::data("aws", account, "s3", &window));
        }
        for (number, row) in principals.iter().enumerate().take(MOST) {
            let access = snapshot.what_can(&Query::what(row.principal.as_str())).unwrap();
            for (at, granted) in access.rows().iter().filter(|row| row.verdict == Verdict::Allow).enumerate()
            {
                for permission in granted.permissions.iter().skip(number % 5).step_by(61).take(12) {
                    let mut event =
                        UseEvent::new(row.principal.as_str(), permission.as_str(), "2026-10-01T00:00:00Z")
                            .unwrap();
                    // Half of the logs name what was used.
                    if let Some(resource) =
                        granted.resources.first().filter(|id| at % 2 == 0 && !id.contains(['*', '?', '$']))
                    {
                        event = event.resource(resource.as_str());
                    }
                    logs.add_event(&event).unwrap();
                }
            }
        }
        let usage = logs.finish();
        for (number, row) in principals.iter().enumerate().take(MOST) {
            let level = [Level::Permissions, Level::Resources, Level::Conditions][number % 3];
            let mode = [SpellingMode::Exact, SpellingMode::Safe, SpellingMode::Compact][number / 3 % 3];
            let options = RightsizeOptions::new(AT).level(level).mode(mode).new_grant_days(0).peer_share(2.0);
            let proposal = snapshot.rightsize(&row.principal, &usage, &options).unwrap();
            made += 1;
            let certificate = &proposal.certificate;
            let who = format!("{} {level:?} {mode:?}", row.principal);
            if proposal.fits {
                assert_eq!(certificate.within_granted, "proved", "{who}");
                assert_eq!(certificate.covers_kept, "proved", "{who}");
                assert_eq!(certificate.replay.would_fail, 0, "{who}: {:?}", certificate.replay.failures);
            }
            assert!(
                proposal
                    .policies
                    .iter()
                    .all(|policy| !proposal.fits
                        || policy.limit.is_some_and(|limit| policy.characters <= limit)),
                "{who}"
            );
            changed += usize::from(!proposal.remedy.changes.is_empty());
            let mut state = proposal.remedy.starting_state();
            let before = state.clone();
            proposal.remedy.apply(&mut state).unwrap();
            assert!(proposal.remedy.changes.is_empty() || state != before);
            proposal.rollback.apply(&mut state).unwrap();
            assert_eq!(state, before, "{who}");
            if matches!(row.principal_kind, PrincipalKind::User | PrincipalKind::Role) {
                let inline =
                    proposal.remedy.changes.iter().filter(|change| change.slot.starts_with("inline_policy/"));
                for old in inline.filter_map(|change| change.before.as_ref()) {
                    assert!(documents.contains(old), "{who}: not a document of the export: {old}");
                }
            }
        }
    }
    eprintln!("{made} proposals, {changed} of them with changes");
    assert!(changed > 10);
}

/// The documents of all inline policies of an export.
fn inline_documents(bytes: &[u8]) -> Vec<Value> {
    let mut text = Vec::new();
    if is_gzip(bytes) {
        flate2::read::GzDecoder::new(bytes).read_to_end(&mut text).unwrap();
    } else {
        text = bytes.to_vec();
    }
    let export: Value = serde_json::from_slice(&text).unwrap();
    let mut found = Vec::new();
    for (list, policies) in [("UserDetailList", "UserPolicyList"), ("RoleDetailList", "RolePolicyList")] {
        for holder in export[list].as_array().into_iter().flatten() {
            let of = holder[policies].as_array().into_iter().flatten();
            found.extend(of.map(|policy| policy["PolicyDocument"].clone()));
        }
    }
    found
}

fn is_gzip(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0x1f, 0x8b])
}
