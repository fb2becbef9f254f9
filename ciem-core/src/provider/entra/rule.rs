//! The Entra decision rule, written once for every algebra. `NOTES.md` cites the pages it follows.

use super::{APPLICATION, DELEGATED, ELIGIBLE, LATENT, OWNER, ROLE};
use crate::truth::{Evaluator, Outcome, StrengthId, Truth};

/// How an object's owners are named.
pub(crate) const OWNS: StrengthId = StrengthId(0);

/// Decides: grants add up and nothing denies (EN-R1); what comes through an application that acts for its user is what both
/// may do (EN-R4). With `FULL` every layer is asked about everybody.
pub(crate) fn rule<T: Truth, E: Evaluator<T> + ?Sized, const FULL: bool>(e: &mut E) -> Outcome<T> {
    let always = T::always();
    let role = e.layer(ROLE, 0, &always);
    let application = e.layer(APPLICATION, 0, &always);
    // Say nothing unless access of their tier is asked about.
    let eligible = e.layer(ELIGIBLE, 0, &always);
    let latent = e.layer(LATENT, 0, &always);
    let owner = e.grants(OWNER, &always).map_or(T::never(), |grants| grants.named(OWNS));
    let granted = role.allow.or(&application.allow).or(&eligible.allow).or(&latent.allow).or(&owner);
    if !FULL && granted.is_never() {
        return Outcome::allowing(granted);
    }
    // Lets everything pass unless the request names the application that it comes through.
    let consent = e.layer(DELEGATED, 0, if FULL { &always } else { &granted }).allow;
    // Where something is not known it stands among the denials too.
    let denied = role.deny.or(&application.deny).or(&eligible.deny).or(&latent.deny);
    let mut outcome = Outcome::allowing(granted.and(&consent).minus(&denied));
    if FULL {
        outcome.stop(ROLE, &always.minus(&granted));
        outcome.stop(DELEGATED, &always.minus(&consent));
        outcome.explicit_deny = denied;
    }
    outcome
}
