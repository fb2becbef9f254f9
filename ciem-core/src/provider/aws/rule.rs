//! The AWS decision rule, written once for every algebra. `NOTES.md` cites the pages it follows.

use super::{
    BOUNDARY, BUCKET, ENDPOINT, FIXED, GRANT, IDENTITY, PUBLIC_BLOCK, RCP, RESOURCE, SCP, SESSION, TRUST,
};
use crate::truth::{Effects, Evaluator, FactId, Grants, Outcome, StrengthId, Truth};

/// How a resource policy names the caller.
pub(crate) const USER: StrengthId = StrengthId(0);
pub(crate) const ROLE: StrengthId = StrengthId(1);
pub(crate) const ROLE_SESSION: StrengthId = StrengthId(2);
pub(crate) const ACCOUNT: StrengthId = StrengthId(3);
pub(crate) const STAR: StrengthId = StrengthId(4);
pub(crate) const SERVICE: StrengthId = StrengthId(5);
pub(crate) const FEDERATED: StrengthId = StrengthId(6);

pub(crate) const SAME_ACCOUNT: FactId = FactId(0);
/// Permission: allowed to whoever has credentials, whatever the policies say (`sts:GetCallerIdentity`, AWS-21).
pub(crate) const FREE: FactId = FactId(1);
/// Permission: the role's trust policy is the resource policy (`sts:AssumeRole*`, AWS-5, AWS-6).
pub(crate) const TRUSTING: FactId = FactId(2);
/// Permission: identity policies count only where the resource policy delegates (AWS-4, AWS-5).
pub(crate) const DELEGATING: FactId = FactId(3);
/// Permission: its service supports resource control policies (AWS-16).
pub(crate) const RCP_SERVICE: FactId = FactId(4);
/// Principal: no identity side at all: services, anonymous and federated callers.
pub(crate) const OUTSIDER: FactId = FactId(5);
/// Principal: not bound by SCPs (AWS-15).
pub(crate) const SCP_EXEMPT: FactId = FactId(6);
/// Principal: a service-linked role, not bound by RCPs either.
pub(crate) const RCP_EXEMPT_CALLER: FactId = FactId(7);
/// Resource: of the management account, not bound by RCPs.
pub(crate) const RCP_EXEMPT_RESOURCE: FactId = FactId(8);
/// Principal: the root user, to whom everything of its account is open but its roles (AWS-45).
pub(crate) const ROOT: FactId = FactId(9);
/// Principal: has a permissions boundary (AWS-9).
pub(crate) const BOUNDED: FactId = FactId(10);
/// Principal: a cloud service.
pub(crate) const SERVICE_CALLER: FactId = FactId(11);
/// Resource: its public policy is restricted by S3 Block Public Access (AWS-42).
pub(crate) const PUBLIC_RESTRICTED: FactId = FactId(12);
/// Permission: changes a managed policy (AWS-22).
pub(crate) const CHANGES_POLICY: FactId = FactId(13);
/// Permission: changes or deletes a role.
pub(crate) const CHANGES_ROLE: FactId = FactId(14);
/// Asked about: managed policies of AWS.
pub(crate) const POLICY_OF_AWS: FactId = FactId(15);
/// Asked about: service-linked roles.
pub(crate) const ROLE_OF_SERVICE: FactId = FactId(16);
/// Permission: changes an alias of a key (AWS-4b).
pub(crate) const CHANGES_ALIAS: FactId = FactId(17);
/// Asked about: aliases of keys that AWS manages.
pub(crate) const ALIAS_OF_AWS: FactId = FactId(18);
/// Permission: can be asked of an access point as of its bucket (AWS-28a).
pub(crate) const DATA_OF_BUCKET: FactId = FactId(19);
/// Resource: an access point.
pub(crate) const THROUGH_ACCESS_POINT: FactId = FactId(20);
/// Resource: an access point whose bucket is of another account.
pub(crate) const BUCKET_OF_OTHERS: FactId = FactId(21);

/// Decides. With `FULL` every layer is asked about everybody, so that explicit denies and the layers that
/// stand in the way are all found; without it the rule stops as soon as nothing can be allowed any more.
pub(crate) fn rule<T: Truth, E: Evaluator<T> + ?Sized, const FULL: bool>(e: &mut E) -> Outcome<T> {
    let always = T::always();
    let outsider = e.fact(OUTSIDER);
    // AWS-21: what one's own credentials say is told to whoever has some.
    let free = e.fact(FREE).minus(&outsider.minus(&e.fact(SERVICE_CALLER)));
    let bound = always.minus(&free);
    if !FULL && bound.is_never() {
        return Outcome::allowing(free);
    }

    // The resource's own policy. A trust policy counts only for the permissions that take on the role.
    let trusting = e.fact(TRUSTING);
    let untrusting = always.minus(&trusting);
    let mut policy = T::never();
    let mut grants = Grants::none();
    for (layer, counts) in [(RESOURCE, &untrusting), (TRUST, &trusting)] {
        if counts.is_never() {
            continue;
        }
        if let Some(found) = e.grants(layer, if FULL { &always } else { &bound }) {
            policy = policy.or(&counts.and(&found.there));
            grants = merge(grants, found, counts);
        }
    }
    let same = e.fact(SAME_ACCOUNT);
    let caller = always.minus(&outsider);
    let inside = same.and(&caller);
    let outside = caller.minus(&same);

    // AWS-4a: a grant of a key gives by itself, in other accounts too, as long as nothing denies.
    let delegated_permission = e.fact(DELEGATING);
    let of_key = delegated_permission.minus(&trusting);
    let by_grant =
        if of_key.is_never() { None } else { e.grants(GRANT, if FULL { &always } else { &bound }) };
    let by_grant = by_grant.map_or_else(Grants::none, |found| merge(Grants::none(), found, &of_key));
    let granted = [USER, ROLE, ROLE_SESSION, SERVICE, FEDERATED]
        .into_iter()
        .fold(T::never(), |all, strength| all.or(&by_grant.named(strength)));

    let star = grants.named(STAR);
    let session_named = grants.named(ROLE_SESSION);
    let user_named = grants.named(USER);
    let direct = user_named.or(&grants.named(ROLE)).or(&session_named).or(&star);
    let delegated = grants.named(ACCOUNT).or(&by_grant.named(ACCOUNT));
    let named = direct.or(&delegated);

    // AWS-28a: what goes through an access point, the bucket behind has to permit as well.
    let through = e.fact(THROUGH_ACCESS_POINT);
    let through = if through.is_never() { through } else { through.and(&e.fact(DATA_OF_BUCKET)) };
    let behind =
        if through.is_never() { None } else { e.grants(BUCKET, if FULL { &always } else { &bound }) };
    let behind = behind.map_or_else(Grants::none, |found| merge(Grants::none(), found, &through));

    // AWS-9: a Deny with NotPrincipal hits everybody who has a permissions boundary, the excepted too.
    let bounded = e.fact(BOUNDED);
    let excepted = grants.deny_excepted.or(&behind.deny_excepted);
    let resource_deny = grants.deny.or(&behind.deny).or(&excepted.and(&bounded));

    let identity = {
        // Across accounts the identity side matters only to those whom the resource's policy names.
        let ask = if FULL {
            always.clone()
        } else {
            inside.or(&outside.and(&named.or(&granted))).minus(&resource_deny)
        };
        let found = if ask.is_never() { none() } else { e.layer(IDENTITY, 0, &ask) };
        Effects { allow: found.allow.or(&e.fact(ROOT)), deny: found.deny }
    };
    let delegating = policy.and(&delegated_permission);
    let counted = identity.allow.minus(&delegating.minus(&delegated));
    let outsider_named = grants.named(SERVICE).or(&grants.named(FEDERATED)).or(&star);
    let core = inside
        .and(&direct.or(&counted))
        .or(&outside.and(&identity.allow).and(&named))
        .or(&outsider.and(&outsider_named))
        .or(&granted);
    let behind_gap = if through.is_never() {
        T::never()
    } else {
        let star = behind.named(STAR);
        let direct = behind.named(USER).or(&behind.named(ROLE)).or(&behind.named(ROLE_SESSION)).or(&star);
        let named = direct.or(&behind.named(ACCOUNT));
        let own = inside.minus(&e.fact(BUCKET_OF_OTHERS));
        let permitted = own
            .and(&direct.or(&identity.allow))
            .or(&caller.minus(&own).and(&named).and(&identity.allow))
            .or(&outsider.and(&behind.named(SERVICE).or(&behind.named(FEDERATED)).or(&star)));
        through.minus(&permitted)
    };
    let core = core.minus(&behind_gap);

    let denied = identity.deny.or(&resource_deny);
    let mut open = core.minus(&denied);
    if !FULL && open.is_never() {
        return Outcome::allowing(free);
    }
    let within = |open: &T| if FULL { T::always() } else { open.clone() };

    // Limits on the caller. AWS-7: named by user ARN, session ARN or `*` in the same account, an implicit deny
    // of the boundary does not matter; a session ARN escapes the session policy as well. A trust policy passes no
    // limit: a boundary must allow `sts:AssumeRole` even to a user whom the trust policy names.
    let boundary = e.layer(BOUNDARY, 0, &within(&open));
    let session = e.layer(SESSION, 0, &within(&open));
    let passing = inside.minus(&trusting);
    let past_session = passing.and(&session_named);
    let past_boundary = passing.and(&user_named.or(&star)).or(&past_session);
    let boundary_lets = boundary.allow.or(&past_boundary).or(&outsider);
    let session_lets = session.allow.or(&past_session).or(&outsider);
    open = open.and(&boundary_lets).and(&session_lets);
    open = open.minus(&boundary.deny).minus(&session.deny);
    if !FULL && open.is_never() {
        return Outcome::allowing(free);
    }

    // Guardrails of the organisation and of the way in.
    let scp_bound = always.minus(&e.fact(SCP_EXEMPT));
    let scp = guardrail::<T, E, FULL>(e, SCP, &scp_bound, &mut open, true);
    let rcp_bound = e.fact(RCP_SERVICE).minus(&e.fact(RCP_EXEMPT_CALLER)).minus(&e.fact(RCP_EXEMPT_RESOURCE));
    let rcp = guardrail::<T, E, FULL>(e, RCP, &rcp_bound, &mut open, false);
    let endpoint = guardrail::<T, E, FULL>(e, ENDPOINT, &always, &mut open, true);
    let public = e.fact(PUBLIC_RESTRICTED).minus(&same).minus(&e.fact(SERVICE_CALLER));
    let protected = protected(e, CHANGES_POLICY, POLICY_OF_AWS)
        .or(&protected(e, CHANGES_ROLE, ROLE_OF_SERVICE))
        .or(&protected(e, CHANGES_ALIAS, ALIAS_OF_AWS));
    // AWS-45: roles are not taken on with the credentials of a root user.
    let fixed = protected.or(&trusting.and(&e.fact(ROOT)));
    open = open.minus(&public).minus(&fixed);

    let mut outcome = Outcome::allowing(open.or(&free));
    if FULL {
        let core_gap = inside.minus(&direct).minus(&granted);
        let resource_gap = outside.minus(&named).or(&outsider.minus(&outsider_named));
        let resource_gap =
            resource_gap.or(&inside.and(&delegating).minus(&named)).minus(&granted).or(&behind_gap);
        let identity_gap = core_gap.or(&outside.minus(&granted)).minus(&identity.allow);
        let stops = [
            (IDENTITY, identity_gap.or(&identity.deny)),
            (RESOURCE, resource_gap.or(&resource_deny).minus(&trusting)),
            (TRUST, resource_gap.or(&resource_deny).and(&trusting)),
            (BOUNDARY, always.minus(&boundary_lets).or(&boundary.deny)),
            (SESSION, always.minus(&session_lets).or(&session.deny)),
            (SCP, scp.gap.or(&scp.deny)),
            (RCP, rcp.gap.or(&rcp.deny)),
            (ENDPOINT, endpoint.gap.or(&endpoint.deny)),
            (PUBLIC_BLOCK, public),
            (FIXED, fixed),
        ];
        for (layer, stop) in stops {
            outcome.stop(layer, &stop.minus(&free));
        }
        let explicit = [&denied, &boundary.deny, &session.deny, &scp.deny, &rcp.deny, &endpoint.deny];
        outcome.explicit_deny = explicit.iter().fold(T::never(), |all, deny| all.or(deny)).minus(&free);
    }
    outcome
}

struct Guard<T> {
    gap: T,
    deny: T,
}

/// A layer that only takes away: every level must let the request pass.
fn guardrail<T: Truth, E: Evaluator<T> + ?Sized, const FULL: bool>(
    e: &mut E,
    layer: crate::model::LayerId,
    bound: &T,
    open: &mut T,
    needs_allow: bool,
) -> Guard<T> {
    let mut guard = Guard { gap: T::never(), deny: T::never() };
    for level in 0..e.levels(layer) {
        let ask = if FULL { bound.clone() } else { open.and(bound) };
        if ask.is_never() {
            break;
        }
        let found = e.layer(layer, level, &ask);
        // AWS-16: full access is implied at every level of resource control policies.
        let gap = if needs_allow { bound.minus(&found.allow) } else { T::never() };
        let deny = bound.and(&found.deny);
        // Most levels stop nobody.
        for (stop, all) in [(gap, &mut guard.gap), (deny, &mut guard.deny)] {
            if !stop.is_never() {
                *open = open.minus(&stop);
                *all = all.or(&stop);
            }
        }
    }
    guard
}

/// AWS-22: what belongs to AWS nobody changes, whatever the policies say.
fn protected<T: Truth, E: Evaluator<T> + ?Sized>(e: &mut E, change: FactId, of_aws: FactId) -> T {
    let changes = e.fact(change);
    if changes.is_never() { changes } else { changes.and(&e.fact(of_aws)) }
}

fn none<T: Truth>() -> Effects<T> {
    Effects { allow: T::never(), deny: T::never() }
}

fn merge<T: Truth>(into: Grants<T>, found: Grants<T>, counts: &T) -> Grants<T> {
    let mut merged = into;
    for (all, one) in merged.by_strength.iter_mut().zip(&found.by_strength) {
        *all = all.or(&one.and(counts));
    }
    merged.deny = merged.deny.or(&found.deny.and(counts));
    merged.deny_excepted = merged.deny_excepted.or(&found.deny_excepted.and(counts));
    merged
}
