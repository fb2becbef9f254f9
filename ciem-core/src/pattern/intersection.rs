//! The intersection of two globs as a union of globs.

use super::glob::Glob;
use super::relation::{self, Token};

/// Globs a union may have; callers treat more as "overlaps, unknown how".
pub(super) const MAX_MEMBERS: usize = 16;
/// Partial results kept per pair of positions. More than the final bound, since later steps merge many of them.
const MAX_PARTIAL: usize = 64;
/// Pairs of positions looked at.
const MAX_STATES: usize = 1 << 18;
/// Tokens written into partial results: bounds time and memory on patterns made to explode.
const MAX_TOKENS: usize = 1 << 21;

/// The union of globs that matches what both match, sorted and without members included in others.
pub(super) fn intersect(left: &[Token], right: &[Token]) -> Option<Vec<Glob>> {
    let grid = Grid { left, right, columns: right.len() + 1 };
    let reachable = grid.reachable()?;
    let mut budget = MAX_TOKENS;
    let mut below: Vec<Vec<Vec<Token>>> = vec![Vec::new(); grid.columns + 1];
    for row in (0..=left.len()).rev() {
        let mut current = vec![Vec::new(); grid.columns + 1];
        for column in (0..grid.columns).rev() {
            if !reachable.get(grid.index(row, column)).is_some_and(|&seen| seen) {
                continue;
            }
            let mut partial = if row == left.len() && column == right.len() { vec![vec![]] } else { vec![] };
            for step in grid.steps(row, column).into_iter().flatten() {
                let source = if step.row == row { &current } else { &below };
                for tail in source.get(step.column).into_iter().flatten() {
                    let extended = prepend(step.emit, tail);
                    budget = budget.checked_sub(extended.len() + 1)?;
                    partial.push(extended);
                }
            }
            let partial = reduce(partial)?;
            if let Some(cell) = current.get_mut(column) {
                *cell = partial;
            }
        }
        below = current;
    }
    let mut globs: Vec<Glob> = below.first()?.iter().map(|tokens| Glob::from_tokens(tokens)).collect();
    globs.sort();
    globs.dedup();
    let members = without_included(&globs, Glob::includes);
    (members.len() <= MAX_MEMBERS).then_some(members)
}

/// What both globs do next: the token written and the positions afterwards.
#[derive(Clone, Copy)]
struct Step {
    emit: Option<Token>,
    row: usize,
    column: usize,
}

/// Positions in both globs, each between two tokens.
struct Grid<'a> {
    left: &'a [Token],
    right: &'a [Token],
    columns: usize,
}

impl Grid<'_> {
    fn index(&self, row: usize, column: usize) -> usize {
        row * self.columns + column
    }

    fn steps(&self, row: usize, column: usize) -> [Option<Step>; 2] {
        let step = |emit, down, along| Some(Step { emit, row: row + down, column: column + along });
        match (self.left.get(row).copied(), self.right.get(column).copied()) {
            // Both stars take the same text until one of them ends.
            (Some(Token::Any), Some(Token::Any)) => {
                [step(Some(Token::Any), 1, 0), step(Some(Token::Any), 0, 1)]
            }
            // A star either ends here or takes the other's next token.
            (Some(Token::Any), other) => [step(None, 1, 0), other.and_then(|token| step(Some(token), 0, 1))],
            (other, Some(Token::Any)) => [step(None, 0, 1), other.and_then(|token| step(Some(token), 1, 0))],
            (Some(Token::One), Some(token)) | (Some(token), Some(Token::One)) => {
                [step(Some(token), 1, 1), None]
            }
            (Some(left), Some(right)) if left == right => [step(Some(left), 1, 1), None],
            _ => [None, None],
        }
    }

    fn reachable(&self) -> Option<Vec<bool>> {
        let states = (self.left.len() + 1).checked_mul(self.columns)?;
        if states > MAX_STATES {
            return None;
        }
        let mut seen = vec![false; states];
        let mut open = vec![(0, 0)];
        while let Some((row, column)) = open.pop() {
            let Some(mark) = seen.get_mut(self.index(row, column)) else { continue };
            if !std::mem::replace(mark, true) {
                open.extend(self.steps(row, column).iter().flatten().map(|step| (step.row, step.column)));
            }
        }
        Some(seen)
    }
}

/// Writes `emit` before `tail`; a star before wildcards moves behind their `?`, as in canonical globs, so that equal
/// results are equal tokens.
fn prepend(emit: Option<Token>, tail: &[Token]) -> Vec<Token> {
    let mut extended = Vec::with_capacity(tail.len() + 1);
    if emit == Some(Token::Any) {
        let ones = tail.iter().take_while(|token| **token == Token::One).count();
        let (wildcards, rest) = tail.split_at_checked(ones).unwrap_or((tail, &[]));
        extended.extend_from_slice(wildcards);
        if rest.first() != Some(&Token::Any) {
            extended.push(Token::Any);
        }
        extended.extend_from_slice(rest);
    } else {
        extended.extend(emit);
        extended.extend_from_slice(tail);
    }
    extended
}

fn reduce(mut partial: Vec<Vec<Token>>) -> Option<Vec<Vec<Token>>> {
    partial.sort();
    partial.dedup();
    if partial.len() > MAX_MEMBERS {
        partial = without_included(&partial, |outer, inner| relation::includes(outer, inner));
    }
    (partial.len() <= MAX_PARTIAL).then_some(partial)
}

/// The members that are in no other one. No two of `all` may include each other.
fn without_included<T: Clone>(all: &[T], includes: impl Fn(&T, &T) -> bool) -> Vec<T> {
    let is_included = |position: usize, member: &T| {
        all.iter().enumerate().any(|(other, outer)| other != position && includes(outer, member))
    };
    let kept = all.iter().enumerate().filter(|(position, member)| !is_included(*position, member));
    kept.map(|(_, member)| member.clone()).collect()
}
