//! What is said of a tenant, as text for people and for browsers.

use crate::conditions::in_words;
use crate::print::{SHOWN, counted, more, title};
use crate::table::table;
use crate::tenant::{Acting, Holder, Tenant};
use std::io::{self, Write};

/// A part of what is said: its title, the headings of its table, the rows.
pub(crate) struct Part {
    pub(crate) title: String,
    pub(crate) headings: Vec<&'static str>,
    pub(crate) rows: Vec<Vec<String>>,
}

pub(crate) fn parts(tenant: &Tenant) -> Vec<Part> {
    let holders = |text: &str, list: &[Holder]| Part {
        title: format!("{text}: {}", counted(list.len(), "line", "lines")),
        headings: vec!["Identity", "Kind", "Tier", "Can", "Where, and if"],
        rows: list.iter().map(holder).collect(),
    };
    let acting = Part {
        title: format!(
            "Who can act as a machine or an app: {}",
            counted(tenant.identities.len(), "line", "lines")
        ),
        headings: vec!["Identity", "As", "How", "Through"],
        rows: tenant.identities.iter().map(acts).collect(),
    };
    vec![
        holders("Who rules the directory", &tenant.directory),
        holders("Who can give access to subscriptions", &tenant.subscriptions),
        holders("Who reaches the customers' data in Azure", &tenant.data),
        acting,
    ]
}

pub(crate) fn tell(out: &mut impl Write, tenant: &Tenant) -> io::Result<()> {
    for part in parts(tenant) {
        title(out, &part.title)?;
        table(out, &part.headings, &[], part.rows.get(..SHOWN).unwrap_or(&part.rows))?;
        more(out, part.rows.len())?;
    }
    Ok(())
}

fn holder(one: &Holder) -> Vec<String> {
    let kind = if one.guest { "guest" } else { one.kind.as_str() };
    let places: Vec<&str> = one.places.iter().map(|id| short(last(id))).collect();
    // Which resources it is about is said by the places.
    let condition = one.condition.as_ref().filter(|condition| condition.get("resource_in").is_none());
    let condition = condition.map(|condition| format!(" if {}", in_words(condition)));
    let place = format!("{}{}", places.join(", "), condition.unwrap_or_default());
    vec![short(&one.name).to_owned(), kind.to_owned(), one.tier.to_owned(), one.can.to_owned(), place]
}

fn acts(one: &Acting) -> Vec<String> {
    let through: Vec<&str> = one.through.iter().map(|id| last(id)).collect();
    let how = match one.verdict {
        ciem_core::Verdict::Allow => one.kind.to_owned(),
        verdict => format!("{} ({})", one.kind, verdict.as_str()),
    };
    vec![short(&one.name).to_owned(), short(&one.identity).to_owned(), how, through.join(", ")]
}

/// A name without the directory that it is of.
fn short(name: &str) -> &str {
    name.split(['@', '#']).next().unwrap_or(name)
}

/// The end of an id, which tells most of it: the last name, and what follows it in a pattern.
fn last(id: &str) -> &str {
    let whole = id.trim_end_matches("/*");
    let at = whole.rfind('/').map_or(0, |at| at + 1);
    id.get(at..).filter(|text| !text.is_empty()).unwrap_or(id)
}
