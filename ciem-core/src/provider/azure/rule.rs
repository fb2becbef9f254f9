//! The Azure decision rule, written once for every algebra. `NOTES.md` cites the pages it follows.

use super::{DENY, ELIGIBLE, LATENT, MEMBERSHIP, ROLE, TREE};
use crate::truth::{Evaluator, Outcome, Truth};

/// Decides: a denial goes before every grant (AZ-R6), grants add up (AZ-R1). With `FULL` every layer is asked about
/// everybody.
pub(crate) fn rule<T: Truth, E: Evaluator<T> + ?Sized, const FULL: bool>(e: &mut E) -> Outcome<T> {
    let always = T::always();
    let role = e.layer(ROLE, 0, &always);
    // Say nothing unless access of their tier is asked about: what has to be activated (AZ-R9), and what is taken by
    // joining a group or acting as another. Of the latter, denials that bind there are taken away already.
    let eligible = e.layer(ELIGIBLE, 0, &always);
    let taken = e.layer(MEMBERSHIP, 0, &always).allow.or(&e.layer(LATENT, 0, &always).allow);
    // Says nothing unless the question is strict and no tree was given: then what lies above a subscription may grant or
    // deny anything.
    let above = e.layer(TREE, 0, &always);
    let granted = role.allow.or(&eligible.allow).or(&above.allow);
    let taken = taken.minus(&above.deny);
    if !FULL && granted.is_never() {
        return Outcome::allowing(taken);
    }
    let denial = e.layer(DENY, 0, if FULL { &always } else { &granted });
    let denied = denial.deny.or(&role.deny).or(&eligible.deny);
    let open = granted.minus(&denied).minus(&above.deny).or(&taken);
    let mut outcome = Outcome::allowing(open);
    if FULL {
        outcome.stop(ROLE, &always.minus(&granted).minus(&taken));
        outcome.stop(DENY, &denied.minus(&taken));
        outcome.stop(TREE, &above.deny);
        outcome.explicit_deny = denied.minus(&taken);
    }
    outcome
}
