//! The dated questions as text for people.

use crate::changes::Changes;
use crate::conditions::in_words;
use crate::departed::{Departed, Reach};
use crate::elevations::{Elevation, short};
use crate::print::{SHOWN, counted, more, shortened, title};
use crate::readers::{Proof, Readers};
use crate::stories::Stories;
use crate::table::{paragraph, table};
use crate::tenant_text;
use crate::unused::Unused;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{self, Write};

pub(crate) fn tell(out: &mut impl Write, stories: &Stories) -> io::Result<()> {
    departed(out, &stories.at, &stories.departed)?;
    elevations(out, &stories.at, &stories.elevations)?;
    unused(out, &stories.unused)?;
    changes(out, &stories.changes)?;
    readers(out, &stories.at, &stories.readers)?;
    if let Some(tenant) = &stories.tenant {
        tenant_text::tell(out, tenant)?;
    }
    for bad in stories.unreadable.iter().take(SHOWN) {
        paragraph(out, "  -", &format!("no date: {} of {}: {}", bad.tag, bad.principal, bad.value))?;
    }
    more(out, stories.unreadable.len())
}

fn changes(out: &mut impl Write, changes: &Changes) -> io::Result<()> {
    title(out, &format!("Smaller policies: the first {} of {}", changes.first.len(), changes.possible))?;
    if changes.first.is_empty() {
        return writeln!(
            out,
            "  None: without logs that cover {} nothing is known to be unused.",
            changes.window
        );
    }
    let row = |one: &crate::changes::Smaller| {
        let counts = [one.permissions_management, one.write, one.removed].map(|count| count.to_string());
        let [first, second, third] = counts;
        let name = one.principal.rsplit([':', '/']).next().unwrap_or(&one.principal).to_owned();
        vec![name, one.account.clone(), first, second, third, one.kept.to_string(), one.replayed.to_string()]
    };
    let rows: Vec<Vec<String>> = changes.first.iter().map(row).collect();
    let heads = ["Identity", "Account", "To manage permissions", "To write", "Go", "Stay", "Calls replayed"];
    table(out, &heads, &[2, 3, 4, 5, 6], &rows)?;
    paragraph(
        out,
        " ",
        "Each lies within what is granted and lets every logged call pass that passed before; `--json FILE` has the \
         documents, the calls and what takes them back",
    )
}

fn departed(out: &mut impl Write, at: &str, departed: &[Departed]) -> io::Result<()> {
    let everybody: usize = departed.iter().map(|group| group.identities).sum();
    let text = format!("Contract over by {at}: {}", counted(everybody, "identity", "identities"));
    title(out, &text)?;
    if departed.is_empty() {
        return writeln!(out, "  None.");
    }
    for group in departed {
        let employment = if group.employment.is_empty() { "not told" } else { &group.employment };
        for system in &group.systems {
            let text = format!(
                "{employment}: {} of {} still reach {}",
                system.identities.len(),
                group.identities,
                system.system
            );
            paragraph(out, " ", &text)?;
            let rows: Vec<Vec<String>> = system.identities.iter().take(SHOWN).map(reach).collect();
            table(out, &["  Identity", "Contract until", "Last seen", "Can"], &[], &rows)?;
            more(out, system.identities.len())?;
        }
        let names: Vec<&str> = group.shut_out.iter().map(String::as_str).collect();
        if !names.is_empty() {
            let text = format!("{employment}: {} reach nothing: {}", names.len(), shortened(&names, 8));
            paragraph(out, " ", &text)?;
        }
    }
    Ok(())
}

fn reach(one: &Reach) -> Vec<String> {
    let permissions: BTreeSet<&str> =
        one.access.iter().flat_map(|row| &row.permissions).map(String::as_str).collect();
    let permissions: Vec<&str> = permissions.into_iter().collect();
    let seen = one.last_used.as_deref().map_or("", |at| at.get(..10).unwrap_or(at));
    vec![format!("  {}", one.name), one.contract_end.clone(), seen.to_owned(), shortened(&permissions, 3)]
}

fn elevations(out: &mut impl Write, at: &str, elevations: &[Elevation]) -> io::Result<()> {
    title(out, &format!("Elevations over by {at} that still give something: {}", elevations.len()))?;
    if elevations.is_empty() {
        return writeln!(out, "  None.");
    }
    for one in elevations.iter().take(SHOWN) {
        let ticket = one.ticket.as_deref().map(|ticket| format!(", {ticket}")).unwrap_or_default();
        let text = format!("{} in {}, until {}{ticket}", one.name, one.account, one.elevation_end);
        paragraph(out, " ", &text)?;
        for policy in one.policies.iter().take(SHOWN) {
            let given = counted(policy.permissions, "permission", "permissions");
            paragraph(out, "   ", &format!("{}: {given}", short(&policy.policy)))?;
        }
    }
    more(out, elevations.len())
}

fn unused(out: &mut impl Write, unused: &Unused) -> io::Result<()> {
    let text = format!(
        "Held in {} and not used in {}: {} permissions",
        unused.environment,
        unused.window,
        unused.count()
    );
    title(out, &text)?;
    let rows: Vec<Vec<String>> = unused
        .identities
        .iter()
        .take(SHOWN)
        .map(|one| {
            let counts = [one.held, one.used, one.unused.len(), one.unobservable];
            std::iter::once(one.name.clone()).chain(counts.map(|count| count.to_string())).collect()
        })
        .collect();
    table(out, &["Identity", "Held", "Used", "Unused", "Not observable"], &[1, 2, 3, 4], &rows)?;
    more(out, unused.identities.len())?;
    let nobody: Vec<&str> = unused.by_nobody.iter().map(String::as_str).collect();
    if !nobody.is_empty() {
        let text = format!("{} by nobody who holds them: {}", nobody.len(), shortened(&nobody, 4));
        paragraph(out, " ", &text)?;
    }
    let not_told: Vec<&str> = unused.not_told.iter().map(String::as_str).collect();
    if !not_told.is_empty() {
        paragraph(out, " ", &format!("Use not told: {}", shortened(&not_told, 8)))?;
    }
    for one in unused.standing.iter().filter(|one| !one.ids.is_empty()) {
        let ids: Vec<&str> = one.ids.iter().map(String::as_str).collect();
        let text = format!(
            "Not used in any account: {} of kind {}: {}",
            ids.len(),
            one.kind.as_str(),
            shortened(&ids, 4)
        );
        paragraph(out, " ", &text)?;
    }
    Ok(())
}

fn readers(out: &mut impl Write, at: &str, readers: &[Readers]) -> io::Result<()> {
    title(out, &format!("Who can read {} on {at}", crate::readers::SYSTEM))?;
    if readers.is_empty() {
        return writeln!(out, "  No resource has that tag.");
    }
    for one in readers.iter().take(SHOWN) {
        let holders = counted(one.holders.len(), "row", "rows");
        paragraph(out, " ", &format!("{} on {}: {holders}", one.permission, one.resource))?;
        let mut conditions: Vec<&Value> = Vec::new();
        let mut rows: Vec<Vec<String>> = Vec::new();
        for holder in one.holders.iter().take(SHOWN) {
            let number = holder.condition.as_ref().map(|condition| {
                let known = conditions.iter().position(|other| *other == condition);
                known.unwrap_or_else(|| {
                    conditions.push(condition);
                    conditions.len() - 1
                })
            });
            let number = number.map(|at| format!(" if ({})", at + 1)).unwrap_or_default();
            let verdict = format!("{}{number}", holder.verdict.as_str());
            let words = [&holder.name, holder.kind.as_str(), &holder.account, &verdict];
            rows.push(words.into_iter().map(str::to_owned).collect());
        }
        table(out, &["Identity", "Kind", "Account", "Verdict"], &[], &rows)?;
        for (at, condition) in conditions.iter().enumerate() {
            paragraph(out, &format!("  ({})", at + 1), &in_words(condition))?;
        }
        more(out, one.holders.len())?;
        if let Some(proof) = &one.proof {
            told(out, proof)?;
        }
    }
    more(out, readers.len())
}

fn told(out: &mut impl Write, proof: &Proof) -> io::Result<()> {
    let decision = &proof.explanation.decision;
    paragraph(out, " ", &format!("{} because of:", proof.name))?;
    for statement in &decision.statements {
        let source = statement.source.as_deref().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let text = format!(
            "{} in {} {} {} ({source})",
            statement.effect, statement.layer, statement.policy, statement.pointer
        );
        paragraph(out, "   ", &text)?;
    }
    Ok(())
}
