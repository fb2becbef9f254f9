//! What a request holds under a key, and the texts in which such values stand as variables.

use serde_json::Value;

use super::caller::Kind;
use super::complete::Point;
use super::conditions::Held;
use super::evaluate::{Case, Target};
use super::glob::{self, Token};
use super::people::is_of_set;

impl Case<'_> {
    /// A key that the facts decide: its value there, absence, or `None` if they do not decide it.
    pub(crate) fn fact(&self, key: &str, target: &Target<'_>) -> Option<Held> {
        let optional = |text: Option<String>| text.map_or(Held::Absent, Held::One);
        let organization = |account: Option<&str>| match (account, self.levels(account)) {
            (None, _) => Some(Held::Absent),
            (Some(_), Some(_)) => self.world.organization.as_ref().map(|o| Held::One(o.id.clone())),
            (Some(_), None) => None,
        };
        let caller = &self.caller;
        let unloaded = matches!(caller.kind, Kind::Unloaded);
        if let Some(tag) = key.strip_prefix("aws:principaltag/") {
            let tags = match caller.kind {
                Kind::User(user) => user.entity.tags.clone(),
                Kind::Role(role) => {
                    self.request.session_tags.iter().chain(&role.entity.tags).cloned().collect()
                }
                _ => Vec::new(),
            };
            let found = tags.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(tag));
            // Which tags the session of a permission set carries, only the session knows.
            let open = found.is_none() && caller.role_arn().is_some_and(is_of_set);
            return (!unloaded && !open).then(|| optional(found.map(|(_, value)| value)));
        }
        match key {
            "aws:principalarn" => match caller.kind {
                Kind::User(_) | Kind::Root => Some(Held::One(caller.arn.clone())),
                Kind::Unloaded if caller.session.is_some() && caller.role_arn().is_none() => None,
                Kind::Unloaded => Some(Held::One(caller.arn.clone())),
                _ => Some(optional(caller.role_arn().map(str::to_owned))),
            },
            "aws:principalaccount" => Some(optional(caller.account.clone())),
            "aws:principalorgid" => organization(caller.account.as_deref()),
            "aws:principalorgpaths" | "aws:resourceorgpaths" => {
                let whose = if key == "aws:principalorgpaths" { &caller.account } else { &target.account };
                match (whose, self.organization_path(whose.as_deref())) {
                    (None, _) if key == "aws:resourceorgpaths" => None,
                    (None, _) => Some(Held::Absent),
                    (Some(_), path) => path.map(|path| Held::Many(vec![path])),
                }
            }
            "aws:principaltype" => Some(match caller.kind {
                Kind::User(_) => Held::One("User".to_owned()),
                Kind::Role(_) => Held::One("AssumedRole".to_owned()),
                Kind::Root => Held::One("Account".to_owned()),
                Kind::Anonymous => Held::One("Anonymous".to_owned()),
                Kind::Unloaded if caller.role_name.is_some() => Held::One("AssumedRole".to_owned()),
                Kind::Unloaded => Held::One("User".to_owned()),
                _ => Held::Absent,
            }),
            "aws:username" => {
                let user =
                    matches!(caller.kind, Kind::User(_)) || (unloaded && caller.arn.contains(":user/"));
                Some(optional(user.then(|| caller.arn.rsplit('/').next().unwrap_or_default().to_owned())))
            }
            "aws:principalisawsservice" => Some(Held::One(matches!(caller.kind, Kind::Service).to_string())),
            // Whose the resource is that a caller without account asks about, nobody knows.
            "aws:resourceaccount" => target.account.clone().map(Held::One),
            "aws:resourceorgid" => target.account.as_deref().and_then(|account| organization(Some(account))),
            "aws:currenttime" => self.request.at.clone().map(Held::One),
            _ => None,
        }
    }

    /// What the request says about a key, before any completion.
    pub(crate) fn known(&self, key: &str, target: &Target<'_>) -> Option<Held> {
        if let Some(held) = self.fact(key, target) {
            return Some(held);
        }
        let given = self.request.context.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        match given {
            Some((_, Value::Null)) => Some(Held::Absent),
            Some((_, Value::Array(items))) => {
                Some(Held::Many(items.iter().filter_map(Value::as_str).map(str::to_owned).collect()))
            }
            Some((_, value)) => {
                Some(Held::One(value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
            }
            None => self.unless_given(key).or_else(|| {
                let absent = self.request.unknown_is_absent
                    && !(key == "aws:requestedregion" && self.asks_in_regions());
                absent.then_some(Held::Absent)
            }),
        }
    }

    /// What facts say of a key where the request's context says nothing.
    fn unless_given(&self, key: &str) -> Option<Held> {
        match key {
            // Only services call on behalf of a resource.
            "aws:sourcearn" | "aws:sourceaccount" | "aws:sourceorgid" | "aws:sourceorgpaths" => {
                (!matches!(self.caller.kind, Kind::Service)).then_some(Held::Absent)
            }
            "aws:multifactorauthpresent" | "aws:multifactorauthage" => {
                self.is_no_identity().then_some(Held::Absent)
            }
            "aws:calledvia" | "aws:calledviafirst" | "aws:calledvialast" | "aws:viaawsservice" => {
                self.called_via(key)
            }
            "aws:requestedregion" => {
                let region = self.request.resource.split(':').nth(3)?;
                let known = !region.is_empty() && !region.contains(['*', '?']);
                known.then(|| Held::One(region.to_owned()))
            }
            _ => None,
        }
    }

    /// Is the question about resources of which each may be in another region?
    fn asks_in_regions(&self) -> bool {
        let region = self.request.resource.split(':').nth(3).unwrap_or(&self.request.resource);
        region.contains(['*', '?']) && !self.is_asked_on_everything()
    }

    fn is_no_identity(&self) -> bool {
        matches!(self.caller.kind, Kind::Service | Kind::Anonymous | Kind::Federated)
    }

    /// What the other keys about calls by way of services say of this one.
    fn called_via(&self, key: &str) -> Option<Held> {
        let given = |key: &str| {
            self.request
                .context
                .iter()
                .find(|(name, _)| name.eq_ignore_ascii_case(key))
                .map(|(_, value)| value)
        };
        let texts = |value: &Value| -> Vec<String> {
            match value {
                Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
                Value::String(text) => vec![text.clone()],
                _ => Vec::new(),
            }
        };
        let chain = match (given("aws:CalledVia"), given("aws:ViaAWSService")) {
            (Some(value), _) => Some(texts(value)),
            (None, Some(via)) if texts(via) == ["false"] => Some(Vec::new()),
            _ => None,
        };
        let of_chain = chain.and_then(|chain| match key {
            "aws:viaawsservice" => (!chain.is_empty()).then(|| Held::One("true".to_owned())),
            _ if chain.is_empty() => Some(Held::Absent),
            "aws:calledviafirst" => chain.first().cloned().map(Held::One),
            "aws:calledvialast" => chain.last().cloned().map(Held::One),
            _ => None,
        });
        let of_caller = (key != "aws:viaawsservice" && self.is_no_identity()).then_some(Held::Absent);
        of_chain.or(of_caller)
    }

    pub(crate) fn held(&self, key: &str, target: &Target<'_>) -> Held {
        let key = key.to_ascii_lowercase();
        if let Some(held) = self.known(&key, target) {
            return held;
        }
        let domain = self.domain(&key, target);
        let picked = self.choices.borrow_mut().pick(Point::Key(key), domain.len());
        domain[picked].held.clone()
    }

    /// A text with policy variables replaced; `None` if one of them has no value.
    pub(crate) fn substituted(
        &self,
        text: &str,
        variables: bool,
        value: &dyn Fn(&str) -> Held,
    ) -> Option<Vec<Token>> {
        let mut result = Vec::new();
        let mut rest = text;
        while let Some(start) = if variables { rest.find("${") } else { None } {
            let end = start + rest[start..].find('}')?;
            result.extend(glob::tokens(&rest[..start]));
            let inner = &rest[start + 2..end];
            let (key, default) = inner.split_once(',').map_or((inner, None), |(k, d)| (k, Some(d)));
            let literal = match key.trim() {
                symbol @ ("*" | "?" | "$") => symbol.to_owned(),
                key => match (value(key), default) {
                    (Held::One(found), _) => found,
                    (Held::Absent, Some(default)) => default.trim().trim_matches('\'').to_owned(),
                    _ => return None,
                },
            };
            result.extend(literal.chars().map(Token::Char));
            rest = &rest[end + 1..];
        }
        result.extend(glob::tokens(rest));
        Some(result)
    }
}
