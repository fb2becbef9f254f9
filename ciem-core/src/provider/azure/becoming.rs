//! How Azure principals turn into others: whoever makes a resource run what they like acts as the identities that it has
//! (EN-R7), whoever adds a federated credential to an identity signs in as it, and whoever may assign it to a workload makes
//! one run as it (AZ-R13).

use super::runs::{MADE, RUNS, Run};
use crate::model::PrincipalKind;
use crate::provider::{BecomingSpec, WaySpec};

pub(super) const BECOMING: BecomingSpec =
    BecomingSpec { assigned: "assigned", ways: WAYS, passing: None, workloads: MADE };

pub(super) static WAYS: &[WaySpec] = &ways(RUNS);

const fn ways(runs: [Run; RUNS.len()]) -> [WaySpec; RUNS.len()] {
    let mut ways = [way(&runs[0]); RUNS.len()];
    let mut at = 1;
    while at < runs.len() {
        ways[at] = way(&runs[at]);
        at += 1;
    }
    ways
}

const fn way(run: &Run) -> WaySpec {
    let kind = match run.kind.as_bytes() {
        b"run_command" => command,
        b"deploy_code" => code,
        b"assign_identity" => assign,
        _ => credential,
    };
    let in_workload = matches!(run.kind.as_bytes(), b"assign_identity");
    WaySpec { permission: run.permission, on: Some(run.on), kind, also: run.also, in_workload }
}

fn command(_: PrincipalKind, _: &str) -> Option<&'static str> {
    Some("run_command")
}

fn code(_: PrincipalKind, _: &str) -> Option<&'static str> {
    Some("deploy_code")
}

fn assign(_: PrincipalKind, _: &str) -> Option<&'static str> {
    Some("assign_identity")
}

fn credential(_: PrincipalKind, _: &str) -> Option<&'static str> {
    Some("federated_credential")
}

#[cfg(test)]
mod tests {
    use super::super::runs::RUNS;
    use super::WAYS;

    #[test]
    fn every_row_is_a_way_of_its_kind_and_names_its_page() {
        for (run, way) in RUNS.iter().zip(WAYS) {
            let kind = (way.kind)(crate::model::PrincipalKind::User, "ann");
            assert_eq!((way.permission, way.on, kind), (run.permission, Some(run.on), Some(run.kind)));
            assert!(run.page.contains('/') && !run.page.starts_with('/'), "{}", run.page);
            let provider = run.on.split('/').next().unwrap_or_default();
            assert!(run.permission.starts_with(provider), "{} on {}", run.permission, run.on);
        }
    }
}
