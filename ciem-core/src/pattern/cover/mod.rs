//! The shortest list of patterns that matches some names of a set and none of certain others.
//!
//! Names are those of one service; patterns are a name, `head*`, `*tail` or `*middle*`, compared without case. What is
//! minimal is the number of characters, and of lists with equally many the number of patterns.
//!
//! *Names and heads alone* have a closed solution. Of the heads of a name that no forbidden name begins
//! with, the shortest one has the cheapest pattern, and that pattern matches all that a pattern with a longer head
//! matches. So the wanted names fall into groups by their shortest free head, no pattern reaches from one group into
//! another except through that head, and a group costs its head and a star, or a single name where that is no longer.
//!
//! *With tails and middles* (`Shape::Any`) it is a weighted set cover. For each place inside a wanted name only the
//! shortest free text that begins there can be of use, for the same reason; sorting all suffixes of the names once
//! gives these texts in one pass. `search` solves the rest, exactly within a budget of nodes.

mod candidates;
mod least;
mod names;
mod search;
mod segments;
#[cfg(test)]
mod tests;

pub(crate) use least::{Choice, cheapest};
pub(crate) use names::NameSet;

/// What a name is to a cover.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum Mark {
    /// No pattern may match it.
    #[default]
    Forbidden,
    /// Some pattern has to match it.
    Wanted,
    /// As `Wanted`, but only by its own name.
    Spelled,
}

/// Which patterns may be used.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Shape {
    /// Names alone.
    Names,
    /// Names and heads.
    Heads,
    /// Names, and heads that end where a word ends in every name that they match.
    Words,
    /// Names, and heads and tails of whole segments between `/`.
    Segments,
    /// Names, heads, tails and middles.
    Any,
}

/// A list of patterns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cover {
    /// Sorted.
    pub(crate) patterns: Vec<String>,
    /// Whether no list of such patterns is shorter.
    pub(crate) optimal: bool,
}

/// What a pattern costs: characters first, then the pattern itself.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub(crate) struct Cost(u64);

impl Cost {
    const ONE_PATTERN: u64 = 1;
    const ONE_CHARACTER: u64 = 1 << 24;

    fn of(characters: usize) -> Cost {
        Cost(characters as u64 * Self::ONE_CHARACTER + Self::ONE_PATTERN)
    }

    fn plus(self, other: Cost) -> Cost {
        Cost(self.0.saturating_add(other.0))
    }
}

/// How much a search may do: nodes of the tree, all services together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Nodes(pub(crate) u64);

impl NameSet {
    /// The shortest list of patterns of this shape that matches every wanted name and no forbidden one. `marks` is by
    /// position in the set; what it lacks is forbidden. `surcharge` counts on top of the characters of each pattern.
    pub(crate) fn cover(&self, marks: &[Mark], shape: Shape, surcharge: usize, nodes: &mut Nodes) -> Cover {
        let mark = |name: usize| marks.get(name).copied().unwrap_or_default();
        let mut wanted = (0..self.len()).filter(|name| mark(*name) == Mark::Wanted);
        let only = wanted.next().filter(|_| wanted.next().is_none());
        let starred = matches!(shape, Shape::Heads | Shape::Any)
            && (0..self.len()).all(|name| mark(name) == Mark::Wanted)
            && marks.contains(&Mark::Wanted);
        // One name of one letter is no longer than `*`.
        if starred && only.is_none_or(|name| self.name(name).len() > 1) {
            return Cover { patterns: vec!["*".to_owned()], optimal: true };
        }
        let spelled: Vec<Mark>;
        let (marks, alone) = if marks.contains(&Mark::Spelled) {
            // No pattern with a star may match them, so to the rest they are forbidden.
            let others = |mark: &Mark| if *mark == Mark::Spelled { Mark::Forbidden } else { *mark };
            spelled = marks.iter().map(others).collect();
            (&*spelled, marks)
        } else {
            (marks, &[][..])
        };
        let mut cover = match shape {
            Shape::Names => Cover { patterns: self.spell(marks, Mark::Wanted), optimal: true },
            Shape::Words => Cover { patterns: self.heads(marks, true), optimal: true },
            Shape::Segments => self.segments(marks, surcharge, nodes),
            Shape::Any if self.is_plain() => self.any(marks, surcharge, nodes),
            Shape::Any | Shape::Heads => Cover { patterns: self.heads(marks, false), optimal: false },
        };
        cover.patterns.extend(self.spell(alone, Mark::Spelled));
        cover.patterns.sort_unstable();
        cover
    }

    fn spell(&self, marks: &[Mark], which: Mark) -> Vec<String> {
        let marked = marks.iter().enumerate().filter(|(_, mark)| **mark == which);
        marked.map(|(name, _)| self.name(name).to_owned()).collect()
    }

    /// The closed solution with names and heads; `words`: heads end where words do, and stand for several names.
    fn heads(&self, marks: &[Mark], words: bool) -> Vec<String> {
        let mut patterns = Vec::new();
        let mut done = 0;
        let free = self.free_heads(marks);
        for (name, free) in free.into_iter().enumerate() {
            if name < done || marks.get(name) != Some(&Mark::Wanted) {
                continue;
            }
            let free = if words { self.free_word(name, free) } else { free };
            let text = self.name(name);
            let Some(head) = text.get(..free) else {
                patterns.push(text.to_owned());
                continue;
            };
            let group = self.beginning_with(name, free);
            let wanted = |at: &usize| marks.get(*at) == Some(&Mark::Wanted);
            let single = group.clone().filter(wanted).nth(1).is_none();
            done = group.end;
            // A single name with a star is a right to whatever comes to begin like it, and saves little.
            if single && (words || text.len() <= free + 1) {
                patterns.push(text.to_owned());
            } else {
                patterns.push(format!("{head}*"));
            }
        }
        patterns
    }
}
