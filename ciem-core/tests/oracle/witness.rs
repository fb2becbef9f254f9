//! Concrete resources that stand for everything a wildcard question can mean.

use super::caller::{Kind, account_of};
use super::catalog;
use super::conditions::Held;
use super::evaluate::{Case, Target};
use super::glob::{self, Token};

/// Patterns of the world as this caller meets them; those whose variables have no value match nothing.
fn patterns(case: &Case<'_>) -> Vec<Vec<Token>> {
    let nothing = case.target("");
    let known = |key: &str| case.known(&key.to_ascii_lowercase(), &nothing).unwrap_or(Held::Many(Vec::new()));
    let own = case.request.session_policies.iter().flat_map(|policy| {
        let variables = policy["Version"] == "2012-10-17";
        super::evaluate::statements(policy).into_iter().flat_map(move |statement| {
            let entries = [statement.get("Resource"), statement.get("NotResource")].into_iter().flatten();
            entries.flat_map(super::caller::list).map(move |entry| (entry.to_owned(), variables))
        })
    });
    let all = case.index.patterns.iter().cloned().chain(own);
    all.filter_map(|(text, variables)| case.substituted(&text, variables, &known)).collect()
}

/// The targets of the request: one for a concrete resource, else one per way in which the world's patterns and
/// resources can look at a resource the question covers.
pub(crate) fn witnesses<'w>(case: &Case<'w>) -> Vec<Target<'w>> {
    let asked = &case.request.resource;
    if case.is_asked_on_everything() || !asked.contains(['*', '?']) {
        return vec![case.target(asked)];
    }
    let asked_pattern = glob::tokens(asked);
    let patterns = patterns(case);
    let templates: Vec<Vec<Token>> =
        catalog::find(&case.request.action).templates.iter().map(|t| glob::tokens(t)).collect();
    let covered = |arn: &str| {
        glob::resource_matches(&asked_pattern, arn)
            && templates.iter().any(|t| glob::arn_tokens_match(t, arn))
    };
    let mut texts: Vec<String> = Vec::new();
    for template in &templates {
        let usual = pinned(template);
        let mut seeds: Vec<&[Token]> = patterns.iter().map(Vec::as_slice).collect();
        seeds.push(&asked_pattern);
        for (at, seed) in seeds.iter().enumerate() {
            texts.extend(["", "x~", "x~/y~"].iter().map(|fill| glob::filled(seed, fill)));
            texts.extend(glob::common_arn(seed, template).filter(|arn| covered(arn)));
            texts.extend(glob::common_arn(seed, &usual));
            for other in &seeds[at + 1..] {
                texts.extend(glob::common_arn(seed, other).filter(|arn| covered(arn)));
            }
        }
        for partition in ["aws", "aws-cn"] {
            let text = glob::filled(template, "x~");
            texts.push(text.replacen("x~", partition, 1));
        }
    }
    let owners: Vec<String> = owners(case);
    for owner in &owners {
        texts.push(owner.clone());
        texts.push(format!("{owner}/x~"));
        for pattern in &patterns {
            for own in [owner.clone(), format!("{owner}/*")] {
                texts.extend(glob::common_arn(pattern, &glob::tokens(&own)));
            }
        }
    }
    let literal_account = account_of(asked).filter(|account| !account.contains(['*', '?']));
    let told = literal_account.is_some();
    let generic_account = literal_account.or_else(|| match case.caller.kind {
        Kind::Anonymous | Kind::Service | Kind::Federated => None,
        _ => case.caller.account.clone(),
    });
    let of_owner =
        |text: &str| owners.iter().any(|owner| text == owner || text.starts_with(&format!("{owner}/")));
    if let (false, Some(account)) = (told, &generic_account) {
        // Without an account in the question it is about the caller's own resources.
        for text in texts.iter_mut().filter(|text| !of_owner(text)) {
            *text = in_account(text, account);
        }
    }
    texts.retain(|arn| covered(arn));
    texts.sort();
    texts.dedup();
    let mut seen = std::collections::BTreeSet::new();
    let mut found = Vec::new();
    for text in texts {
        let owner = owners.iter().find(|owner| text == **owner || text.starts_with(&format!("{owner}/")));
        let looks: Vec<bool> = patterns.iter().map(|p| glob::resource_matches(p, &text)).collect();
        if seen.insert((owner, looks)) {
            found.push(match owner {
                Some(_) => case.target(&text),
                None => case.generic_target(&text, generic_account.clone()),
            });
        }
    }
    found
}

/// The same ARN in this account, if it names one at all.
fn in_account(arn: &str, account: &str) -> String {
    let mut segments: Vec<&str> = arn.splitn(6, ':').collect();
    if let Some(named) = segments.get_mut(4).filter(|named| !named.is_empty()) {
        *named = account;
    }
    segments.join(":")
}

/// The template in the partition the worlds live in.
fn pinned(template: &[Token]) -> Vec<Token> {
    let mut result = glob::tokens("arn:aws");
    result.extend_from_slice(&template["arn:*".len()..]);
    result
}

/// ARNs of the resources with a policy that counts for the action.
fn owners(case: &Case<'_>) -> Vec<String> {
    if catalog::assumes_role(&case.request.action) {
        let roles = case.world.accounts.iter().flat_map(|account| &account.roles);
        return roles.map(|role| role.entity.arn.clone()).collect();
    }
    case.world.resources.iter().map(|resource| resource.arn.clone()).collect()
}
