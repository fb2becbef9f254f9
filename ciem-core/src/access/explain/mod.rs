//! `explain`: what each layer says to a question, and which statements nearly apply.

mod closest;
mod differ;
mod hear;
mod html;
mod near;
#[cfg(test)]
mod tests;
mod text;
mod told;
mod words;

use super::answer::{Asking, Decision, Denial, Explanation, LayerView};
use super::can::Question;
use super::decide::Verdict;
use crate::condition::Tri;
use crate::error::Error;
use crate::model::Request;
use near::{Budget, Wanted};

/// A near miss of each kind is one of at most so many that a layer shows.
const MOST_ALLOWS: usize = 5;
const MOST_DENIALS: usize = 3;

/// The explanation of a decision that holds every statement in force.
pub(super) fn explain(asked: &Question<'_>, request: &Request, decision: Decision) -> Explanation {
    let question = Asking {
        principal: request.principal.clone(),
        action: request.action.clone(),
        resource: request.resource.clone(),
    };
    let layers = layers(asked, &decision);
    Explanation { v: 1, question, deciding: deciding(&decision), decision, layers }
}

/// The statements that make the answer.
fn deciding(decision: &Decision) -> Vec<usize> {
    let decides = |effect: &str| match (decision.verdict, decision.denial) {
        (Verdict::Allow, _) => effect == "allow",
        (Verdict::Deny, Some(Denial::Explicit)) => effect == "deny",
        // What is not allowed is decided by no statement.
        (Verdict::Deny, _) => false,
        (Verdict::Conditional | Verdict::Unknown, _) => true,
    };
    let numbered = decision.statements.iter().enumerate();
    numbered.filter(|(_, statement)| decides(statement.effect)).map(|(index, _)| index).collect()
}

fn layers(asked: &Question<'_>, decision: &Decision) -> Vec<LayerView> {
    let provider = asked.estate.provider;
    let parts: Vec<hear::Heard> = asked.cases.iter().flat_map(hear::listen).collect();
    let mut budget = Budget::default();
    let mut views = Vec::with_capacity(provider.layers.len());
    for spec in provider.layers {
        let stops: Vec<Tri> = parts.iter().map(|part| part.stop(spec.id)).collect();
        let all = !stops.is_empty() && stops.iter().all(|stop| *stop == Tri::Yes);
        let any = stops.iter().any(|stop| *stop != Tri::No);
        let state = hear::common_state(parts.iter().map(|part| part.state(asked.estate, spec)));
        let statements = decision.statements.iter().enumerate();
        let wanted = Wanted {
            allows: decision.verdict != Verdict::Allow && !matches!(state, "allows" | "passes" | "not_asked"),
            denials: decision.verdict != Verdict::Deny && !matches!(state, "denies" | "not_asked"),
        };
        let near = near::misses(asked, spec, wanted, &decision.statements, &mut budget);
        views.push(LayerView {
            layer: spec.name,
            stops: match (all, any) {
                (true, _) => "yes",
                (_, true) => "depends",
                _ => "no",
            },
            state,
            statements: statements.filter(|(_, s)| s.layer == spec.name).map(|(i, _)| i).collect(),
            near_misses: near.misses,
            left_out: near.left_out,
            incomplete: near.incomplete,
        });
    }
    views
}

impl Explanation {
    /// The explanation as text of several lines: the answer, what decides, then layer by layer what each says and what
    /// nearly applies. Control characters of foreign names are escaped.
    ///
    /// ```
    /// # use ciem_core::{Request, SnapshotBuilder};
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// let explanation = snapshot.explain(&Request::new("ana", "s3:GetObject", "arn:aws:s3:::private/x"))?;
    /// assert!(explanation.text().starts_with("deny: `ana` may not do `s3:GetObject` on `arn:aws:s3:::private/x`\n"));
    /// assert!(explanation.text().contains("resource does not: needs `arn:aws:s3:::pay/*`"));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    pub fn text(&self) -> String {
        told::Told::of(self).map_or_else(|_| String::new(), |told| text::render(&told))
    }

    /// The explanation as an HTML fragment for notebooks and reports: no scripts, nothing from elsewhere, every foreign
    /// text escaped, readable on light and on dark ground.
    ///
    /// ```
    /// # use ciem_core::{Request, SnapshotBuilder};
    /// # let mut builder = SnapshotBuilder::new();
    /// # builder.add("account.json", include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/account.json")))?;
    /// # let snapshot = builder.finish()?;
    /// let explanation = snapshot.explain(&Request::new("ana", "s3:GetObject", "arn:aws:s3:::private/<x>"))?;
    /// assert!(explanation.html().contains("private/&lt;x&gt;") && !explanation.html().contains("<x>"));
    /// # Ok::<(), ciem_core::Error>(())
    /// ```
    pub fn html(&self) -> String {
        told::Told::of(self).map_or_else(|_| String::new(), |told| html::render(&told))
    }
}

/// An explanation in its wire form as text.
pub(crate) fn text_of(explanation: &str) -> Result<String, Error> {
    told::Told::read(explanation).map(|told| text::render(&told))
}

/// An explanation in its wire form as an HTML fragment.
pub(crate) fn html_of(explanation: &str) -> Result<String, Error> {
    told::Told::read(explanation).map(|told| html::render(&told))
}
