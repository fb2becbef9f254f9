//! Simplification by the shape of an expression alone: constants, duplicates, complements, absorption. It never
//! changes what an expression means, and is used where an expression is too large to be tabulated.

use super::expr::Expr;

/// The conjunction of parts that are simplified already.
pub(super) fn all(parts: Vec<Expr>) -> Expr {
    combine(parts, true)
}

/// The disjunction of parts that are simplified already.
pub(super) fn any(parts: Vec<Expr>) -> Expr {
    combine(parts, false)
}

fn combine(parts: Vec<Expr>, conjunction: bool) -> Expr {
    let (neutral, absorbing) = match conjunction {
        true => (Expr::Always, Expr::Never),
        false => (Expr::Never, Expr::Always),
    };
    let mut flat = Vec::with_capacity(parts.len());
    for part in parts {
        match part {
            Expr::And(inner) if conjunction => flat.extend(inner),
            Expr::Or(inner) if !conjunction => flat.extend(inner),
            other if other == neutral => {}
            other => flat.push(other),
        }
    }
    flat.sort_unstable();
    flat.dedup();
    let contradicts = |part: &Expr| match part {
        Expr::Not(inner) => flat.binary_search(inner).is_ok(),
        other => *other == absorbing,
    };
    if flat.iter().any(contradicts) {
        return absorbing;
    }
    let absorbed: Vec<bool> = flat
        .iter()
        .map(|part| match (part, conjunction) {
            (Expr::Or(inner), true) | (Expr::And(inner), false) => {
                inner.iter().any(|piece| flat.binary_search(piece).is_ok())
            }
            _ => false,
        })
        .collect();
    let mut keep = absorbed.iter().map(|absorbed| !absorbed);
    flat.retain(|_| keep.next().unwrap_or(true));
    if flat.len() > 1 {
        return if conjunction { Expr::And(flat) } else { Expr::Or(flat) };
    }
    flat.pop().unwrap_or(neutral)
}
