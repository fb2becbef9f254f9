//! What proposals would have broken: `cargo run --release -p ciem-benches --example backtest`.
//!
//! Each seed makes a tenant with 455 days of use. At a cut after 365 days a recommendation is made from the last 30, 90,
//! 180 and 365 days, and held against the 90 days that follow. *Reduction* is the share of granted permissions that go;
//! *Break_pair* the share of pairs of identity and permission, needed after the cut and granted at it, that are gone. With
//! `--seeds N` fewer seeds run.

#[path = "generator/random.rs"]
#[expect(dead_code, reason = "the estates' generator uses more of it")]
mod random;
#[path = "backtest/tenant.rs"]
mod tenant;

use ciem_core::{
    CalendarEntry, Catalog, Cover, Plane, Proposal, RightsizeOptions, Snapshot, SnapshotBuilder, Usage,
    UsageBuilder, UseEvent, Window,
};
use random::Random;
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Write;
use tenant::{ACCOUNT, FUTURE, GROUPS, IDENTITIES, Identity, PAST, Tenant, arn, name, parameters};

const SEEDS: u64 = 20;
const WINDOWS: [u32; 4] = [30, 90, 180, 365];
/// The day of the cut: the windows have no meaning beside it.
const CUT: i64 = 20_000 * 86_400;
const RESAMPLES: usize = 2_000;
const STRATEGIES: [&str; 6] = [
    "default",
    "default + calendar",
    "used only",
    "+ used by >= 20 % of peers",
    "+ used by >= 1 peer",
    "whole services",
];

/// Kept of granted, broken of needed.
#[derive(Clone, Copy, Default)]
struct Score {
    granted: usize,
    kept: usize,
    needed: usize,
    broken: usize,
    broken_quarterly: usize,
    hit: usize,
}

impl Score {
    fn reduction(self) -> f64 {
        100.0 * (1.0 - self.kept as f64 / self.granted as f64)
    }

    fn break_pair(self) -> f64 {
        100.0 * self.broken as f64 / self.needed as f64
    }

    fn add(&mut self, identity: &Identity, kept: &BTreeSet<u16>) {
        self.granted += identity.granted.len();
        self.kept += identity.granted.intersection(kept).count();
        let mut hit = false;
        for need in &identity.needs {
            if need.days.range(PAST..).next().is_none() {
                continue;
            }
            self.needed += 1;
            if !kept.contains(&need.permission) {
                self.broken += 1;
                self.broken_quarterly += usize::from(need.period == 91);
                hit = true;
            }
        }
        self.hit += usize::from(hit);
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seeds = arguments.iter().position(|a| a == "--seeds").and_then(|at| arguments.get(at + 1));
    let seeds = seeds.map_or(Ok(SEEDS), |text| text.parse())?;
    let mut out = std::io::stdout().lock();
    // Any snapshot has the built-in catalogue; a name of a permission tells where its use shows.
    let catalog = built_in()?;
    let plane = {
        let nothing = UsageBuilder::new().finish();
        move |permission: &str| nothing.plane(&arn(0), permission).unwrap_or(Plane::Unlogged)
    };
    writeln!(out, "parameters: {}", parameters())?;
    writeln!(
        out,
        "catalogue: {} permissions, of which {} are in management logs",
        catalog.len(),
        catalog.permissions().filter(|p| plane(p.name) == Plane::Management).count()
    )?;
    let mut scores: BTreeMap<(u32, usize), Vec<Score>> = BTreeMap::new();
    let mut spent = 0.0;
    for seed in 1..=seeds {
        let tenant = Tenant::generate(seed, &catalog, &plane);
        let mut builder = SnapshotBuilder::new();
        builder.add("account.json", tenant.export.to_string().as_bytes())?;
        let snapshot = builder.finish()?;
        for window in WINDOWS {
            let usage = usage(&tenant, &catalog, window)?;
            let began = on_processor()?;
            let ours = proposals(&snapshot, &usage, &RightsizeOptions::default(), window)?;
            spent += (on_processor()? - began) as f64 / 1e9;
            let calendar = RightsizeOptions::default().calendar(quarterly(&tenant, &catalog));
            let with_calendar = proposals(&snapshot, &usage, &calendar, window)?;
            let kept = [
                ids(&ours, &catalog),
                ids(&with_calendar, &catalog),
                baseline(&tenant, window, &|_, own, _, _| own.clone()),
                baseline(&tenant, window, &|_, own, peers, others| {
                    with_peers(own, peers, others.div_ceil(5).max(1))
                }),
                baseline(&tenant, window, &|_, own, peers, _| with_peers(own, peers, 1)),
                baseline(&tenant, window, &|identity, own, _, _| whole_services(identity, own, &catalog)),
            ];
            for (strategy, kept) in kept.iter().enumerate() {
                let mut score = Score::default();
                tenant.identities.iter().zip(kept).for_each(|(identity, kept)| score.add(identity, kept));
                scores.entry((window, strategy)).or_default().push(score);
            }
        }
    }
    writeln!(
        out,
        "{} proposals in {spent:.1} s of processor time, {:.2} ms each",
        seeds as usize * WINDOWS.len() * IDENTITIES,
        spent * 1e3 / (seeds as f64 * WINDOWS.len() as f64 * IDENTITIES as f64)
    )?;
    writeln!(
        out,
        "\n| window | strategy | Reduction % median (worst) [95 %] | Break_pair % median (worst) [95 %] | identities hit % median |\n|---|---|---|---|---|"
    )?;
    for ((window, strategy), of) in &scores {
        let reductions: Vec<f64> = of.iter().map(|score| score.reduction()).collect();
        let breaks: Vec<f64> = of.iter().map(|score| score.break_pair()).collect();
        let hit: Vec<f64> = of.iter().map(|score| 100.0 * score.hit as f64 / IDENTITIES as f64).collect();
        let worst = |values: &[f64], least: bool| {
            let order = |a: &f64, b: &f64| if least { a.total_cmp(b) } else { b.total_cmp(a) };
            values.iter().copied().min_by(order).unwrap_or_default()
        };
        let ([low, high], [from, to]) = (interval(&reductions), interval(&breaks));
        writeln!(
            out,
            "| {window} | {} | {:.2} ({:.2}) [{low:.2}, {high:.2}] | {:.3} ({:.3}) [{from:.3}, {to:.3}] | {:.1} |",
            STRATEGIES[*strategy],
            median(&reductions),
            worst(&reductions, true),
            median(&breaks),
            worst(&breaks, false),
            median(&hit),
        )?;
    }
    verdicts(&mut out, &scores)
}

/// The bars, each with what was found.
fn verdicts(out: &mut dyn Write, scores: &BTreeMap<(u32, usize), Vec<Score>>) -> Result<(), Box<dyn Error>> {
    let median_of = |window, strategy, what: fn(Score) -> f64| {
        median(&scores[&(window, strategy)].iter().map(|score| what(*score)).collect::<Vec<_>>())
    };
    for window in WINDOWS {
        let of = |strategy| {
            (median_of(window, strategy, Score::reduction), median_of(window, strategy, Score::break_pair))
        };
        let (reduction, breaks) = of(0);
        let better: Vec<&str> = (2..STRATEGIES.len())
            .filter(|&s| of(s).0 > reduction && of(s).1 < breaks)
            .map(|s| STRATEGIES[s])
            .collect();
        writeln!(out, "{window} days: better on both, on the median: {better:?}")?;
    }
    let pairs = scores[&(90, 0)].iter().zip(&scores[&(90, 4)]);
    let held = pairs
        .filter(|(ours, peer)| {
            ours.break_pair() <= peer.break_pair() && ours.reduction() >= peer.reduction() - 2.0
        })
        .count();
    writeln!(
        out,
        "90 days: on {held} of {} seeds Break_pair is at most that of \">= 1 peer\" with a Reduction at most two points below",
        scores[&(90, 0)].len()
    )?;
    let broken: usize =
        WINDOWS.iter().flat_map(|window| &scores[&(*window, 1)]).map(|score| score.broken_quarterly).sum();
    writeln!(out, "with the calendar {broken} quarterly pairs broke")?;
    Ok(())
}

fn built_in() -> Result<Catalog, Box<dyn Error>> {
    // The catalogue of the library, as its permissions list it.
    let snapshot = {
        let mut builder = SnapshotBuilder::new();
        builder.add(
            "none.json",
            br#"{"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}"#,
        )?;
        builder.finish()?
    };
    let permissions: Vec<serde_json::Value> =
        snapshot.permissions().map(|row| serde_json::json!({"name": row.permission})).collect();
    let document = serde_json::json!({"version": "built-in", "provider": "aws", "permissions": permissions});
    Ok(Catalog::from_json(document.to_string().as_bytes())?)
}

fn day_of_cut(day: u32) -> i64 {
    CUT + (i64::from(day) - i64::from(PAST)) * 86_400
}

/// What was used in the window alone: a recommendation knows nothing of what was before.
fn usage(tenant: &Tenant, catalog: &Catalog, window: u32) -> Result<Usage, Box<dyn Error>> {
    let mut builder = UsageBuilder::new();
    let covered = Window::before(&format!("{window}d"), CUT)?;
    builder.cover(&Cover::management("aws", ACCOUNT, &covered));
    for (number, identity) in tenant.identities.iter().enumerate() {
        let id = arn(number);
        for need in &identity.needs {
            let permission = catalog.info(need.permission).ok_or("no permission")?.name;
            for &day in need.days.range(PAST - window..PAST) {
                builder.add_event(&UseEvent::at(id.as_str(), permission, day_of_cut(day) + 36_000))?;
            }
        }
    }
    Ok(builder.finish())
}

fn proposals(
    snapshot: &Snapshot,
    usage: &Usage,
    options: &RightsizeOptions,
    window: u32,
) -> Result<Vec<Proposal>, Box<dyn Error>> {
    let mut options = options.clone().window(format!("{window}d"));
    options.at = Some(rfc3339(CUT));
    let rightsizer = snapshot.rightsizer(usage, &options);
    Ok((0..IDENTITIES).map(|number| rightsizer.propose(&name(number))).collect::<Result<_, _>>()?)
}

/// Day 20,000 since 1970 is 2024-10-04.
fn rfc3339(at: i64) -> String {
    assert_eq!(at, 20_000 * 86_400);
    "2024-10-04T00:00:00Z".to_owned()
}

fn ids(proposals: &[Proposal], catalog: &Catalog) -> Vec<BTreeSet<u16>> {
    let of = |proposal: &Proposal| {
        proposal
            .keep
            .iter()
            .flat_map(|one| &one.permissions)
            .filter_map(|name| catalog.permission(name))
            .collect()
    };
    proposals.iter().map(of).collect()
}

/// The jobs that come each quarter, as somebody who knows them would list them.
fn quarterly(tenant: &Tenant, catalog: &Catalog) -> Vec<CalendarEntry> {
    let entry = |(number, identity): (usize, &Identity)| {
        let of_quarter = identity.needs.iter().filter(|need| need.period == 91);
        let names: Vec<&str> =
            of_quarter.filter_map(|need| Some(catalog.info(need.permission)?.name)).collect();
        CalendarEntry::new([name(number)], names)
    };
    tenant.identities.iter().enumerate().map(entry).collect()
}

type Rule<'a> = dyn Fn(&Identity, &BTreeSet<u16>, &BTreeMap<u16, usize>, usize) -> BTreeSet<u16> + 'a;

/// What a simple rule keeps: given what the identity used in the window, what its peers used, and how many peers there are.
fn baseline(tenant: &Tenant, window: u32, rule: &Rule<'_>) -> Vec<BTreeSet<u16>> {
    let used: Vec<BTreeSet<u16>> = tenant
        .identities
        .iter()
        .map(|identity| {
            let used =
                identity.needs.iter().filter(|need| need.days.range(PAST - window..PAST).next().is_some());
            used.map(|need| need.permission).collect()
        })
        .collect();
    let mut by_group: Vec<BTreeMap<u16, usize>> = vec![BTreeMap::new(); GROUPS];
    for (identity, used) in tenant.identities.iter().zip(&used) {
        used.iter().for_each(|&permission| *by_group[identity.group].entry(permission).or_default() += 1);
    }
    let others = IDENTITIES / GROUPS - 1;
    let all = tenant.identities.iter().zip(&used);
    all.map(|(identity, own)| &rule(identity, own, &by_group[identity.group], others) & &identity.granted)
        .collect()
}

/// A peer's count has one's own use in it, which is kept anyway.
fn with_peers(own: &BTreeSet<u16>, peers: &BTreeMap<u16, usize>, least: usize) -> BTreeSet<u16> {
    own.iter().copied().chain(peers.iter().filter(|(_, count)| **count >= least).map(|(id, _)| *id)).collect()
}

fn whole_services(identity: &Identity, own: &BTreeSet<u16>, catalog: &Catalog) -> BTreeSet<u16> {
    let service = |id: u16| catalog.info(id).and_then(|info| info.name.split(':').next()).unwrap_or_default();
    let used: BTreeSet<&str> = own.iter().map(|&id| service(id)).collect();
    identity.granted.iter().copied().filter(|&id| used.contains(service(id))).collect()
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[middle] } else { (sorted[middle - 1] + sorted[middle]) / 2.0 }
}

/// The 95 % interval of the median, by drawing seeds anew.
fn interval(values: &[f64]) -> [f64; 2] {
    let mut random = Random::fork(1, 99);
    let mut medians: Vec<f64> = (0..RESAMPLES)
        .map(|_| median(&(0..values.len()).map(|_| values[random.below(values.len())]).collect::<Vec<_>>()))
        .collect();
    medians.sort_by(f64::total_cmp);
    [medians[RESAMPLES / 40], medians[RESAMPLES - 1 - RESAMPLES / 40]]
}

/// Nanoseconds that this process spent on a processor.
fn on_processor() -> Result<u64, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/schedstat")?;
    Ok(text.split_whitespace().next().ok_or("no schedstat")?.parse()?)
}

const _: () = assert!(FUTURE == 90);
