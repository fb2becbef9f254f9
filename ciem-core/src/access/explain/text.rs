//! An explanation as text of several lines.

use super::told::{MOST_SHOWN, Near, Statement, Told, condition, label};
use super::words::{plain, quoted, visible};

pub(super) fn render(told: &Told) -> String {
    let mut out = Lines::default();
    let decision = &told.decision;
    out.line(0, &format!("{}: {}", label(&decision.verdict), told.answer(&|name| quoted(name))));
    out.line(1, &told.grounds());
    if let Some(open) = &decision.condition {
        out.line(1, &format!("if {}", condition(open)));
    }
    for missing in decision.missing.iter().take(MOST_SHOWN) {
        let (fact, subject) = (plain(&missing.fact), quoted(&missing.subject));
        out.line(1, &format!("missing: {fact} of {subject} ({})", plain(&missing.how)));
    }
    let deciding = told.deciding.iter().filter_map(|&index| told.statement(index));
    let deciding: Vec<&Statement> = deciding.collect();
    if !deciding.is_empty() {
        out.line(0, "decided by");
        for one in deciding.iter().take(MOST_SHOWN) {
            out.line(1, &format!("{}: {}", label(&one.layer), statement(one)));
        }
        out.more(1, deciding.len());
    }
    out.line(0, "layer by layer");
    for layer in &told.layers {
        out.line(1, &format!("{}: {}", label(&layer.layer), layer.says()));
        for one in layer.statements.iter().take(MOST_SHOWN).filter_map(|&index| told.statement(index)) {
            out.line(2, &format!("applies: {}", statement(one)));
        }
        out.more(2, layer.statements.len());
        for near in &layer.near_misses {
            out.line(2, &format!("nearly: {}", statement_at(near)));
            out.line(3, &visible(&near.reason));
        }
        if let Some(rest) = layer.rest() {
            out.line(2, &rest);
        }
    }
    if !decision.assumptions.is_empty() {
        out.line(0, "assumed");
        for assumption in decision.assumptions.iter().take(MOST_SHOWN) {
            out.line(1, &plain(assumption));
        }
        out.more(1, decision.assumptions.len());
    }
    out.text
}

fn statement(one: &Statement) -> String {
    let sid = one.sid.as_deref().map(|sid| format!("{} ", quoted(sid))).unwrap_or_default();
    format!("{} {sid}of {} at {}", plain(&one.effect), quoted(&one.policy), one.place())
}

fn statement_at(near: &Near) -> String {
    match &near.scope {
        Some(scope) => format!("{}, on {}", statement(&near.statement), quoted(scope)),
        None => statement(&near.statement),
    }
}

#[derive(Default)]
struct Lines {
    text: String,
}

impl Lines {
    fn line(&mut self, depth: usize, text: &str) {
        for _ in 0..depth {
            self.text.push_str("  ");
        }
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn more(&mut self, depth: usize, count: usize) {
        if count > MOST_SHOWN {
            self.line(depth, &format!("and {} more", count - MOST_SHOWN));
        }
    }
}
