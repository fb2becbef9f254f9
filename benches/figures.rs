//! Medians of everything that was timed in this run, and the ratios between them: absolute times differ between
//! machines and hours, ratios of one run hardly do.

use criterion::{BenchmarkGroup, measurement::WallTime};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::time::Instant;

/// What was measured so far.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    samples: BTreeMap<String, Vec<f64>>,
    lines: Vec<String>,
    /// How many of them were shown so far.
    shown: usize,
}

impl Figures {
    /// Lets criterion time `work` and keeps its samples under `name`. A run of `work` is `items` things.
    pub(crate) fn measure(
        &mut self,
        group: &mut BenchmarkGroup<'_, WallTime>,
        name: &str,
        items: usize,
        mut work: impl FnMut(),
    ) {
        let samples = self.samples.entry(name.to_owned()).or_default();
        // Criterion puts the group's name before it again.
        let id = name.split_once('/').map_or(name, |(_, rest)| rest);
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|runs| {
                let started = Instant::now();
                for _ in 0..runs {
                    work();
                }
                let elapsed = started.elapsed();
                samples.push(elapsed.as_secs_f64() / runs as f64 / items.max(1) as f64);
                elapsed
            });
        });
    }

    /// Times one run of `work`, for work that takes seconds; all runs under one name are added up.
    pub(crate) fn once<R>(&mut self, name: &str, work: impl FnOnce() -> R) -> R {
        let started = Instant::now();
        let result = work();
        self.samples.entry(name.to_owned()).or_default().push(started.elapsed().as_secs_f64());
        result
    }

    /// As `once`, of work that makes so many items.
    pub(crate) fn once_per<R>(&mut self, name: &str, items: usize, work: impl FnOnce() -> R) -> R {
        let result = self.once(name, work);
        let samples = self.samples.get_mut(name).and_then(|samples| samples.last_mut());
        samples.into_iter().for_each(|seconds| *seconds /= items.max(1) as f64);
        result
    }

    /// Seconds per item; nothing if the name was filtered out of this run.
    pub(crate) fn median(&self, name: &str) -> Option<f64> {
        let mut samples = self.samples.get(name)?.clone();
        samples.sort_by(f64::total_cmp);
        samples.get(samples.len() / 2).copied()
    }

    /// Notes a time, against the most it may take if there is such a bar.
    pub(crate) fn time(&mut self, name: &str, bar: Option<f64>) {
        if let Some(seconds) = self.median(name) {
            let bar = bar.map(|bar| format!(" (bar: at most {})", time(bar))).unwrap_or_default();
            self.lines.push(format!("{name}: {}{bar}", time(seconds)));
        }
    }

    /// Notes how many times faster `name` is than `peer`, against the least that it should be.
    pub(crate) fn faster(&mut self, name: &str, peer: &str, bar: f64) {
        if let (Some(own), Some(other)) = (self.median(name), self.median(peer)) {
            self.lines.push(format!(
                "{name}: {}, {peer}: {}: {:.2}x (bar: at least {bar}x)",
                time(own),
                time(other),
                other / own
            ));
        }
    }

    /// As `faster`, against a peer whose work was timed in portions with `once`, which are one `part`-th of all of it.
    pub(crate) fn faster_in_all(&mut self, name: &str, peer: &str, part: usize, bar: f64) {
        if let Some(samples) = self.samples.get_mut(peer) {
            *samples = vec![samples.iter().sum::<f64>() * part as f64];
        }
        self.faster(name, peer, bar);
    }

    pub(crate) fn note(&mut self, line: String) {
        self.lines.push(line);
    }

    /// Shows what was found since the last time: a run that is cut off has told what it knew.
    pub(crate) fn print(&mut self) -> io::Result<()> {
        let mut out = io::stdout().lock();
        for line in self.lines.get(self.shown..).unwrap_or(&[]) {
            writeln!(out, "figure: {line}")?;
        }
        self.shown = self.lines.len();
        out.flush()
    }
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-6 => format!("{:.0} ns", s * 1e9),
        s if s < 1e-3 => format!("{:.2} us", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}
