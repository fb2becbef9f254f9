//! A seeded tenant: who is granted what, and who needs what on which day.
//!
//! The parameters are constants, fixed before the first run and printed with every run. They follow the shape of the
//! method's first table (300 identities, 20 job groups; periods daily 40 %, weekly 25, monthly 20, quarterly 10, yearly 5)
//! and are no claim about real tenants.

use crate::random::Random;
use ciem_core::{Catalog, Plane};
use serde_json::{Value, json};
use std::collections::BTreeSet;

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const IDENTITIES: usize = 300;
pub(crate) const GROUPS: usize = 20;
/// Services that groups are granted as a whole; those with this many permissions at least.
const SERVICES_OF_GROUP: usize = 10;
const LEAST_PERMISSIONS: usize = 20;
/// One in so many identities has a service of its own beside, in per cent.
const OWN_SERVICE: usize = 30;
/// Permissions that the job of a group is made of, and how many of them each member needs, in per cent.
const JOB: usize = 40;
const NEEDED: usize = 70;
/// Permissions that a member alone needs.
const PERSONAL: usize = 8;
/// Shares of the periods in per cent, and their lengths in days.
const PERIODS: [(usize, usize); 5] = [(40, 1), (25, 7), (20, 30), (10, 91), (5, 365)];
/// An occurrence takes place in so many per cent of the cases, and is off by at most so many days.
const TAKES_PLACE: usize = 90;
const OFF_BY: usize = 2;
/// Needs that begin only after the cut, in per cent.
const NEW_NEEDS: usize = 3;
/// Days before the cut and after it.
pub(crate) const PAST: u32 = 365;
pub(crate) const FUTURE: u32 = 90;

/// The parameters in words.
pub(crate) fn parameters() -> String {
    format!(
        "{IDENTITIES} identities in {GROUPS} job groups; {SERVICES_OF_GROUP} whole services granted to each group (of those with \
         at least {LEAST_PERMISSIONS} permissions), {OWN_SERVICE} % have one more of their own; a job of {JOB} permissions of which \
         each member needs {NEEDED} %, and {PERSONAL} personal ones; periods (share in %, days) {PERIODS:?}; an occurrence takes \
         place in {TAKES_PLACE} % of the cases, off by up to {OFF_BY} days; {NEW_NEEDS} % of needs begin after the cut; \
         {PAST} days before it, {FUTURE} after"
    )
}

/// One need of one identity.
pub(crate) struct Need {
    pub(crate) permission: u16,
    pub(crate) period: usize,
    /// Days of use, counted from the first day of the past.
    pub(crate) days: BTreeSet<u32>,
}

pub(crate) struct Identity {
    pub(crate) group: usize,
    pub(crate) granted: BTreeSet<u16>,
    pub(crate) needs: Vec<Need>,
}

pub(crate) struct Tenant {
    pub(crate) identities: Vec<Identity>,
    /// The account's export.
    pub(crate) export: Value,
}

pub(crate) fn name(identity: usize) -> String {
    format!("worker-{identity:03}")
}

pub(crate) fn arn(identity: usize) -> String {
    format!("arn:aws:iam::{ACCOUNT}:role/{}", name(identity))
}

impl Tenant {
    /// `plane` tells which permissions logs show; the others are in no tenant.
    pub(crate) fn generate(seed: u64, catalog: &Catalog, plane: &dyn Fn(&str) -> Plane) -> Tenant {
        let mut random = Random::fork(seed, 1);
        let shown = |id: &u16| catalog.info(*id).is_some_and(|info| plane(info.name) == Plane::Management);
        let services: Vec<(&str, Vec<u16>)> = catalog
            .services()
            .map(|(service, range)| (service, range.filter(shown).collect::<Vec<u16>>()))
            .filter(|(_, ids)| ids.len() >= LEAST_PERMISSIONS)
            .collect();
        let mut order: Vec<usize> = (0..services.len()).collect();
        random.shuffle(&mut order);
        let groups: Vec<Vec<usize>> = (0..GROUPS)
            .map(|_| {
                (0..SERVICES_OF_GROUP)
                    .map(|_| order[random.below(order.len())])
                    .collect::<BTreeSet<_>>()
                    .into_iter()
                    .collect()
            })
            .collect();
        let of = |services_of: &[usize]| -> BTreeSet<u16> {
            services_of.iter().flat_map(|&at| services[at].1.iter().copied()).collect()
        };
        let jobs: Vec<Vec<(u16, usize)>> = groups
            .iter()
            .map(|group| {
                let mut all: Vec<u16> = of(group).into_iter().collect();
                random.shuffle(&mut all);
                all.into_iter().take(JOB).map(|permission| (permission, period(&mut random))).collect()
            })
            .collect();
        let mut identities = Vec::new();
        let (mut roles, mut policies) = (Vec::new(), Vec::new());
        for number in 0..IDENTITIES {
            let group = number % GROUPS;
            let own = random.chance(OWN_SERVICE).then(|| order[random.below(order.len())]);
            let mut granted = of(&groups[group]);
            granted.extend(of(own.as_slice()));
            let mut wanted: Vec<(u16, usize)> =
                jobs[group].iter().copied().filter(|_| random.chance(NEEDED)).collect();
            let mut rest: Vec<u16> = granted.iter().copied().collect();
            random.shuffle(&mut rest);
            wanted
                .extend(rest.into_iter().take(PERSONAL).map(|permission| (permission, period(&mut random))));
            wanted.sort_unstable();
            wanted.dedup_by_key(|(permission, _)| *permission);
            let needs = wanted
                .into_iter()
                .map(|(permission, period)| need(permission, period, &mut random))
                .collect();
            identities.push(Identity { group, granted, needs });
            let inline: Vec<Value> = own
                .iter()
                .map(|&at| json!({"PolicyName": "own", "PolicyDocument": document(&[services[at].0])}))
                .collect();
            roles.push(json!({
                "Path": "/", "RoleName": name(number), "RoleId": random.unique_id("AROA", 17), "Arn": arn(number),
                "CreateDate": "2015-01-01T00:00:00Z", "RolePolicyList": inline,
                "AttachedManagedPolicies": [{"PolicyName": format!("group-{group}"), "PolicyArn": policy_arn(group)}],
            }));
        }
        for (number, group) in groups.iter().enumerate() {
            let names: Vec<&str> = group.iter().map(|&at| services[at].0).collect();
            policies.push(json!({
                "PolicyName": format!("group-{number}"), "Arn": policy_arn(number), "DefaultVersionId": "v1",
                "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "CreateDate": "2015-01-01T00:00:00Z", "Document": document(&names)}],
            }));
        }
        let export = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": policies});
        Tenant { identities, export }
    }
}

fn policy_arn(group: usize) -> String {
    format!("arn:aws:iam::{ACCOUNT}:policy/group-{group}")
}

fn document(services: &[&str]) -> Value {
    let actions: Vec<String> = services.iter().map(|service| format!("{service}:*")).collect();
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

fn period(random: &mut Random) -> usize {
    let mut rest = random.below(100);
    for (share, days) in PERIODS {
        match rest.checked_sub(share) {
            None => return days,
            Some(left) => rest = left,
        }
    }
    PERIODS[PERIODS.len() - 1].1
}

fn need(permission: u16, period: usize, random: &mut Random) -> Need {
    let end = PAST + FUTURE;
    let begins = if random.chance(NEW_NEEDS) { PAST } else { 0 };
    let mut days = BTreeSet::new();
    let mut next = random.below(period) as u32;
    while next < end {
        if random.chance(TAKES_PLACE) {
            let off = if period > 2 { random.below(2 * OFF_BY + 1) as u32 } else { 0 };
            let day = (next + off).saturating_sub(if period > 2 { OFF_BY as u32 } else { 0 });
            if day >= begins && day < end {
                days.insert(day);
            }
        }
        next += period as u32;
    }
    Need { permission, period, days }
}
