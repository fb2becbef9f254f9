//! Roles, bound, time and memory: `cargo run --release -p ciem-benches --example role_mining_sizes -- [PAIRS...] [NAME...]`.
//!
//! The sets of HP Labs, or made ones of so many pairs each; with names only those sets whose names have one of them in it. With
//! `--constraints` each made set under every constraint. Time is that of the processor; the last column is the longest time
//! between two polls, after which a cancelled call returns.

#[path = "assignments.rs"]
mod assignments;
mod counting;

use ciem_core::{Assignments, ExistingRole, MiningOptions, Objective, Progress, mine_roles_with};
use counting::{LIVE, PEAK};
use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::io::Write;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

fn main() -> Result<(), Box<dyn Error>> {
    let (flags, arguments): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|argument| argument == "--constraints");
    let (numbers, names): (Vec<String>, Vec<String>) =
        arguments.into_iter().partition(|argument| argument.parse::<usize>().is_ok());
    let asked: Vec<usize> = numbers.iter().filter_map(|argument| argument.parse().ok()).collect();
    let wanted = |name: &str| names.is_empty() || names.iter().any(|part| name.contains(part.as_str()));
    let mut out = std::io::stdout();
    writeln!(
        out,
        "| Set | Constraint | Pairs | Value | At least | Seconds | Most memory, MB | Longest between polls, ms |"
    )?;
    writeln!(out, "|---|---|---|---|---|---|---|---|")?;
    let mut all = 0.0;
    if asked.is_empty() {
        for (name, _) in assignments::SETS.into_iter().filter(|(name, _)| wanted(name)) {
            let before = LIVE.load(Ordering::Relaxed);
            if let Some(pairs) = assignments::set(name) {
                all += row(name, "", &pairs, &MiningOptions::default(), before)?;
            }
        }
    }
    for count in asked {
        for (name, shape) in assignments::SHAPES.into_iter().filter(|(name, _)| wanted(name)) {
            let before = LIVE.load(Ordering::Relaxed);
            let pairs = assignments::made(shape, count)?;
            if flags.is_empty() {
                all += row(name, "", &pairs, &MiningOptions::default(), before)?;
                continue;
            }
            for (constraint, options) in constraints(&pairs) {
                all += row(name, constraint, &pairs, &options, before)?;
            }
        }
    }
    writeln!(out, "together {all:.2} s")?;
    Ok(())
}

/// Every constraint by itself, of a size that matters: a tenth of what a user has on average in a role, five roles of a user, a
/// hundred rules of separation, a hundredth of the pairs missing, a hundred existing roles; and the other objective.
fn constraints(pairs: &Assignments) -> Vec<(&'static str, MiningOptions)> {
    let mut held: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut permissions = BTreeSet::new();
    for pair in pairs.iter() {
        permissions.insert(pair.permission);
        if held.len() < EXISTING || held.contains_key(pair.user) {
            held.entry(pair.user).or_default().push(pair.permission);
        }
    }
    let mean = pairs.len() / pairs.iter().map(|pair| pair.user).collect::<BTreeSet<_>>().len().max(1);
    let usual = MiningOptions::default;
    let ordered: Vec<&str> = permissions.into_iter().collect();
    let apart = ordered.windows(2).step_by((ordered.len() / RULES).max(1)).filter_map(|two| match two {
        [one, other] => Some((*one, *other)),
        _ => None,
    });
    let existing = held.iter().map(|(user, rights)| {
        let some = rights.iter().copied().take(mean.div_ceil(2));
        ExistingRole::new(format!("existing {user}"), some, [*user])
    });
    vec![
        ("permissions of a role", usual().max_permissions_per_role((mean as u64 / 10).max(2))),
        ("roles of a user", usual().max_roles_per_user(5)),
        ("separation", apart.fold(usual(), |options, (one, other)| options.separate(one, other))),
        ("missing pairs", usual().max_missing(pairs.len() as u64 / 100)),
        ("existing roles", existing.fold(usual(), MiningOptions::existing)),
        ("fewest assignments", usual().objective(Objective::Assignments)),
    ]
}

const RULES: usize = 100;
const EXISTING: usize = 100;

/// When the last poll was, how long the longest time between two was and in which phase it ended.
#[derive(Default)]
struct Polls {
    last: u64,
    longest: u64,
    within: &'static str,
}

/// `before`: what was in use before the pairs were made, which count.
fn row(
    name: &str,
    constraint: &str,
    pairs: &Assignments,
    options: &MiningOptions,
    before: usize,
) -> Result<f64, Box<dyn Error>> {
    PEAK.store(LIVE.load(Ordering::Relaxed), Ordering::Relaxed);
    let started = processor_time();
    let polls = Arc::new(Mutex::new(Polls { last: started, ..Polls::default() }));
    let seen = Arc::clone(&polls);
    let progress = Progress::none().on_step(move |step| {
        let now = processor_time();
        if let Ok(mut polls) = seen.lock() {
            let since = now.saturating_sub(polls.last);
            if since > polls.longest {
                (polls.longest, polls.within) = (since, step.phase);
            }
            polls.last = now;
        }
    });
    let mined = mine_roles_with(pairs, options, &progress)?;
    let ended = processor_time();
    let seconds = ended.saturating_sub(started) as f64 / 1e9;
    let peak = PEAK.load(Ordering::Relaxed).saturating_sub(before);
    let polls = polls.lock().map_err(|_| "a callback failed")?;
    let last = ended.saturating_sub(polls.last);
    let (longest, within) =
        if last > polls.longest { (last, "the end") } else { (polls.longest, polls.within) };
    writeln!(
        std::io::stdout(),
        "| {name} | {constraint} | {} | {} | {} | {seconds:.3} | {:.1} | {:.0} in {within} |",
        mined.pairs(),
        mined.value(),
        mined.lower_bound(),
        peak as f64 / 1e6,
        longest as f64 / 1e6,
    )?;
    Ok(seconds)
}

/// Processor time of this thread, in nanoseconds; 0 where the system does not tell.
fn processor_time() -> u64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split_whitespace().next().and_then(|first| first.parse().ok()).unwrap_or(0)
}
