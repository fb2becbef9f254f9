//! What is left of the budget, counted in steps so that the same input always ends at the same place; polls on the way.

use crate::error::Error;
use crate::progress::Progress;

/// Steps between two polls: some milliseconds, and a tenth of a second where every step waits for memory.
const PULSE: u64 = 1 << 20;

#[derive(Debug)]
pub(super) struct Meter<'a> {
    progress: &'a Progress,
    phase: &'static str,
    done: usize,
    total: usize,
    /// The whole budget, the part of it that phases share, and what is left of the share of the phase.
    budget: u64,
    part: u64,
    steps: u64,
    nodes: u64,
    since_poll: u64,
}

impl<'a> Meter<'a> {
    pub(super) fn new(progress: &'a Progress, steps: u64, nodes: u64) -> Self {
        Meter {
            progress,
            phase: "sorting pairs",
            done: 0,
            total: 0,
            budget: steps,
            part: steps,
            steps,
            nodes,
            since_poll: 0,
        }
    }

    /// The phases that follow share `percent` of the budget.
    pub(super) fn part(&mut self, percent: u64) {
        self.part = share(self.budget, percent);
    }

    /// Begins a phase of `total` units, which has `percent` of the part: no phase can starve those after it.
    pub(super) fn begin(&mut self, phase: &'static str, total: usize, percent: u64) -> Result<(), Error> {
        (self.phase, self.done, self.total) = (phase, 0, total);
        self.steps = share(self.part, percent);
        self.poll()
    }

    /// So many units of the phase are done.
    pub(super) fn done(&mut self, done: usize) {
        self.done = done;
    }

    /// Takes steps, each about as long as it takes to look at a number.
    pub(super) fn step(&mut self, steps: u64) -> Result<(), Error> {
        self.steps = self.steps.saturating_sub(steps);
        self.since_poll += steps;
        if self.since_poll < PULSE {
            return Ok(());
        }
        self.poll()
    }

    /// Takes a node of the search; `false` if there is none left.
    pub(super) fn node(&mut self) -> bool {
        self.nodes = self.nodes.saturating_sub(1);
        self.nodes > 0
    }

    /// Whether the steps are used up: what cannot do without more takes the short way from here.
    pub(super) fn is_spent(&self) -> bool {
        self.steps == 0
    }

    fn poll(&mut self) -> Result<(), Error> {
        self.since_poll = 0;
        self.progress.poll(self.phase, self.done, Some(self.total))
    }
}

fn share(steps: u64, percent: u64) -> u64 {
    (steps / 100).saturating_mul(percent)
}
