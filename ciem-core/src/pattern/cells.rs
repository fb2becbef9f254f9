//! Which of several patterns can match one text together, and which text they match then.
//!
//! All texts are divided into *cells*: texts that match exactly the same patterns. The globs are run side by side as one
//! automaton. From each of its states only those characters lead on differently that some glob waits for; all others are
//! alike, so one of them stands for the rest and the walk is finite. Every end of the walk is a cell, with the shortest
//! text that leads there.

use super::glob::Glob;
use super::relation::Token;
use super::resource::{Pattern, Syntax};
use foldhash::fast::RandomState;
use hashbrown::{HashMap, HashSet};

/// Numbers of patterns, as a set.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(crate) struct Members(Vec<u64>);

impl Members {
    /// All of `0..count`.
    fn all(count: usize) -> Members {
        let mut members = Members::default();
        (0..count).for_each(|member| members.insert(member));
        members
    }

    pub(crate) fn insert(&mut self, member: usize) {
        let (word, bit) = (member / 64, member % 64);
        if self.0.len() <= word {
            self.0.resize(word + 1, 0);
        }
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    fn remove(&mut self, member: usize) {
        if let Some(word) = self.0.get_mut(member / 64) {
            *word &= !(1 << (member % 64));
        }
    }

    pub(crate) fn contains(&self, member: usize) -> bool {
        self.0.get(member / 64).is_some_and(|word| word >> (member % 64) & 1 == 1)
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        let bits = |(at, word): (usize, &u64)| {
            let word = *word;
            (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| at * 64 + bit)
        };
        self.0.iter().enumerate().flat_map(bits)
    }
}

/// Texts that match the same patterns.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Cell {
    /// The patterns that match, by their position in the list.
    pub(crate) matching: Members,
    /// One of the texts.
    pub(crate) text: String,
}

/// A limit on the states that walks may visit; one budget can serve several walks.
#[derive(Debug)]
pub(crate) struct Budget(usize);

impl Budget {
    pub(crate) fn new(states: usize) -> Budget {
        Budget(states)
    }

    /// `None` once more was taken than there was.
    pub(crate) fn take(&mut self, states: usize) -> Option<()> {
        self.0 = self.0.checked_sub(states)?;
        Some(())
    }
}

/// A place in one of the globs: glob in the upper half, token in the lower one.
type Place = u32;

const HALF: u32 = 16;

fn place(glob: usize, at: usize) -> Option<Place> {
    let (glob, at) = (u32::try_from(glob).ok()?, u32::try_from(at).ok()?);
    (glob < 1 << HALF && at < 1 << HALF).then_some(glob << HALF | at)
}

fn parts(place: Place) -> (usize, usize) {
    ((place >> HALF) as usize, (place & ((1 << HALF) - 1)) as usize)
}

/// The globs, run side by side. A state is the sorted list of live places.
struct Automaton {
    tokens: Vec<Vec<Token>>,
    /// A character that no text of a segment may hold.
    without: Option<char>,
}

impl Automaton {
    fn token(&self, place: Place) -> Option<Token> {
        let (glob, at) = parts(place);
        self.tokens.get(glob)?.get(at).copied()
    }

    /// Adds a place, and the one behind a star.
    fn enter(&self, state: &mut Vec<Place>, place: Place) {
        state.push(place);
        if self.token(place) == Some(Token::Any) {
            // Stars stand alone in canonical globs: behind one there is never another.
            state.push(place + 1);
        }
    }

    /// What a star has reached makes every earlier place of its glob superfluous: whoever goes on from there has to pass
    /// the star, which can take what lies between.
    fn reduce(&self, state: &mut Vec<Place>) {
        state.sort_unstable();
        state.dedup();
        let mut latest: Option<(usize, Place)> = None;
        let mut keep = vec![true; state.len()];
        for (&place, keep) in state.iter().zip(&mut keep).rev() {
            let (glob, _) = parts(place);
            match latest {
                Some((known, star)) if known == glob && place < star => *keep = false,
                _ if self.token(place) == Some(Token::Any) => latest = Some((glob, place)),
                _ => {}
            }
        }
        let mut keep = keep.into_iter();
        state.retain(|_| keep.next().unwrap_or(true));
    }

    fn start(&self) -> Option<Vec<Place>> {
        let mut state = Vec::with_capacity(self.tokens.len() * 2);
        for (glob, tokens) in self.tokens.iter().enumerate() {
            // The place behind the last token must exist too.
            place(glob, tokens.len() + 1)?;
            self.enter(&mut state, place(glob, 0)?);
        }
        self.reduce(&mut state);
        Some(state)
    }

    /// The characters that lead on differently, and one that stands for all others.
    fn characters(&self, state: &[Place]) -> Vec<char> {
        let mut named: Vec<char> = state
            .iter()
            .filter_map(|&place| match self.token(place) {
                Some(Token::Char(character)) => Some(character),
                _ => None,
            })
            .filter(|character| Some(*character) != self.without)
            .collect();
        named.sort_unstable();
        named.dedup();
        let plain = "xyzabcdefghijklmnopqrstuvw0123456789".chars();
        let mut others = plain.chain('\u{e000}'..='\u{f8ff}').chain('\u{f0000}'..='\u{ffffd}');
        let other = others.find(|other| named.binary_search(other).is_err() && Some(*other) != self.without);
        // What needs no character to be named is the plainest text.
        other.into_iter().chain(named).collect()
    }

    fn step(&self, state: &[Place], character: char) -> Vec<Place> {
        let mut next = Vec::with_capacity(state.len());
        for &place in state {
            match self.token(place) {
                Some(Token::Any) => self.enter(&mut next, place),
                Some(Token::One) => self.enter(&mut next, place + 1),
                Some(Token::Char(own)) if own == character => self.enter(&mut next, place + 1),
                _ => {}
            }
        }
        self.reduce(&mut next);
        next
    }

    /// The globs that accept the text that leads here.
    fn accepted(&self, state: &[Place]) -> Members {
        let mut members = Members::default();
        for &place in state {
            let (glob, at) = parts(place);
            if self.tokens.get(glob).is_some_and(|tokens| tokens.len() == at) {
                members.insert(glob);
            }
        }
        members
    }

    /// Whether every group still has a glob that can accept.
    fn is_useful(&self, state: &[Place], groups: &[Members]) -> bool {
        groups.iter().all(|group| state.iter().any(|&place| group.contains(parts(place).0)))
    }
}

/// The cells of texts for `globs`, each once, as far as of every group in `needed` some glob matches. Texts hold no
/// `without`. `None` if the budget does not suffice.
pub(crate) fn glob_cells(
    globs: &[&Glob],
    needed: &[Members],
    without: Option<char>,
    budget: &mut Budget,
) -> Option<Vec<Cell>> {
    let automaton = Automaton { tokens: globs.iter().map(|glob| glob.tokens()).collect(), without };
    // Each visited state knows the one it was reached from, so that a text is read backwards from its end.
    let mut states: Vec<(Vec<Place>, usize, char)> = vec![(automaton.start()?, 0, ' ')];
    let mut seen: HashSet<Vec<Place>, RandomState> = HashSet::default();
    seen.extend(states.first().map(|(state, ..)| state.clone()));
    let mut cells: Vec<Cell> = Vec::new();
    let mut known: HashSet<Members, RandomState> = HashSet::default();
    let mut next = 0;
    while let Some((state, ..)) = states.get(next) {
        let state = state.clone();
        budget.take(1 + state.len() / 8)?;
        let matching = automaton.accepted(&state);
        let wanted = needed.iter().all(|group| group.iter().any(|glob| matching.contains(glob)));
        if wanted && known.insert(matching.clone()) {
            cells.push(Cell { matching, text: text_of(&states, next) });
        }
        for character in automaton.characters(&state) {
            let reached = automaton.step(&state, character);
            if automaton.is_useful(&reached, needed) && seen.insert(reached.clone()) {
                states.push((reached, next, character));
            }
        }
        next += 1;
    }
    Some(cells)
}

fn text_of(states: &[(Vec<Place>, usize, char)], end: usize) -> String {
    let mut characters = Vec::new();
    let mut at = end;
    while let Some((_, from, character)) = states.get(at).filter(|_| at != 0) {
        characters.push(*character);
        at = *from;
    }
    characters.into_iter().rev().collect()
}

/// Patterns over resource ids whose cells are wanted.
#[derive(Debug)]
pub(crate) struct PatternCells<'a> {
    pub(crate) patterns: &'a [Pattern],
    /// Groups of patterns: only ids count that some pattern of every group matches.
    pub(crate) needed: &'a [Members],
    pub(crate) syntax: Syntax,
    /// By segment, texts that are tried first: they make ids that look like ids.
    pub(crate) usual: &'a [&'a [&'a str]],
}

/// The ids that begin with one text, and the patterns that may still match them.
type Front = Vec<(Members, String)>;

impl PatternCells<'_> {
    /// The cells, each once. `None` if the budget does not suffice.
    pub(crate) fn all(&self, budget: &mut Budget) -> Option<Vec<Cell>> {
        let count = usize::from(self.syntax.segments);
        let mut alive = Members::all(self.patterns.len());
        for (index, pattern) in self.patterns.iter().enumerate() {
            if !pattern.is_any() && (pattern.segments().len() != count || pattern.is_void()) {
                alive.remove(index);
            }
        }
        let mut front: Front = vec![(alive, String::new())];
        front.retain(|(alive, _)| self.is_useful(alive));
        for segment in 0..count {
            front = self.advance(&front, segment, segment + 1 == count, budget)?;
        }
        Some(front.into_iter().map(|(matching, text)| Cell { matching, text }).collect())
    }

    fn is_useful(&self, alive: &Members) -> bool {
        self.needed.iter().all(|group| group.iter().any(|pattern| alive.contains(pattern)))
    }

    fn advance(&self, front: &Front, segment: usize, last: bool, budget: &mut Budget) -> Option<Front> {
        let mut next: Front = Vec::with_capacity(front.len());
        let mut known: HashSet<Members, RandomState> = HashSet::default();
        // Several fronts often have the same globs ahead of them.
        let mut walks: HashMap<(Vec<&Glob>, Vec<Members>), Vec<Cell>, RandomState> = HashMap::default();
        for (alive, text) in front {
            let glob_of = |pattern: usize| self.patterns.get(pattern)?.segments().get(segment);
            let mut globs: Vec<&Glob> = alive.iter().filter_map(glob_of).collect();
            globs.sort_unstable();
            globs.dedup();
            let place = |pattern| glob_of(pattern).and_then(|glob| globs.binary_search(&glob).ok());
            // A group with a pattern that matches everything asks nothing of the globs.
            let groups = self.needed.iter().filter_map(|group| {
                let mut globs = Members::default();
                for pattern in group.iter().filter(|&pattern| alive.contains(pattern)) {
                    globs.insert(place(pattern)?);
                }
                Some(globs)
            });
            let groups: Vec<Members> = groups.collect();
            let key = (globs.clone(), groups);
            if !walks.contains_key(&key) {
                let without = (!last).then_some(self.syntax.separator);
                let mut cells = glob_cells(&key.0, &key.1, without, budget)?;
                self.prefer_usual(&mut cells, &key.0, segment);
                walks.insert(key.clone(), cells);
            }
            for cell in walks.get(&key).into_iter().flatten() {
                budget.take(1)?;
                let mut alive = alive.clone();
                for pattern in alive.clone().iter() {
                    if place(pattern).is_some_and(|glob| !cell.matching.contains(glob)) {
                        alive.remove(pattern);
                    }
                }
                if self.is_useful(&alive) && known.insert(alive.clone()) {
                    let mut text = format!("{text}{}", cell.text);
                    if !last {
                        text.push(self.syntax.separator);
                    }
                    next.push((alive, text));
                }
            }
        }
        Some(next)
    }

    fn prefer_usual(&self, cells: &mut [Cell], globs: &[&Glob], segment: usize) {
        for usual in self.usual.get(segment).copied().unwrap_or_default().iter().rev() {
            let mut matching = Members::default();
            for (index, _) in globs.iter().enumerate().filter(|(_, glob)| glob.matches(usual)) {
                matching.insert(index);
            }
            if let Some(cell) = cells.iter_mut().find(|cell| cell.matching == matching) {
                (*usual).clone_into(&mut cell.text);
            }
        }
    }
}

#[cfg(test)]
mod tests;
