//! The assessment as text for people.

use crate::conditions::apart;
use crate::findings::Assessment;
use crate::outsiders::{Admission, Opening};
use crate::reach::Administrator;
use crate::table::{paragraph, table};
use crate::telling::tell;
use crate::undecided::Undecided;
use ciem_core::{Coverage, PrincipalKind, Progress};
use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How many items of a list are printed; the JSON has all.
pub(crate) const SHOWN: usize = 40;
const WIDEST: usize = 10;

pub(crate) fn print(out: &mut impl Write, assessment: &Assessment) -> io::Result<()> {
    read(out, &assessment.coverage)?;
    not_read(out, &assessment.coverage)?;
    administrators(out, &assessment.administrators)?;
    undecided(out, &assessment.undecided)?;
    outside_access(out, assessment)?;
    widest(out, assessment)?;
    tell(out, &assessment.stories)
}

pub(crate) fn title(out: &mut impl Write, text: &str) -> io::Result<()> {
    writeln!(out, "\n{text}\n{}", "-".repeat(text.len()))
}

fn read(out: &mut impl Write, coverage: &Coverage) -> io::Result<()> {
    title(out, "What was read")?;
    let mut kinds: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for file in &coverage.files {
        let (files, records) = kinds.entry(&file.kind).or_default();
        *files += 1;
        *records += file.records;
    }
    let rows: Vec<Vec<String>> = kinds
        .iter()
        .map(|(kind, (files, records))| vec![(*kind).to_owned(), files.to_string(), records.to_string()])
        .collect();
    table(out, &["Export", "Files", "Records"], &[1, 2], &rows)?;
    let counts: Vec<String> = coverage.counts.iter().map(|(what, count)| format!("{what} {count}")).collect();
    paragraph(out, "  In all:", &counts.join(", "))
}

fn not_read(out: &mut impl Write, coverage: &Coverage) -> io::Result<()> {
    title(out, "What was not read")?;
    let mut gaps: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for layer in coverage.layers.iter().filter(|layer| layer.state != "given") {
        gaps.entry((layer.layer, layer.state)).or_default().push(&layer.account);
    }
    let rows: Vec<Vec<String>> = gaps
        .iter()
        .map(|((layer, state), accounts)| {
            vec![(*layer).to_owned(), state.replace('_', " "), shortened(accounts, 6)]
        })
        .collect();
    table(out, &["Layer", "State", "Accounts"], &[], &rows)?;
    for file in &coverage.files {
        for error in &file.errors {
            // Most errors name their file.
            let text =
                if error.contains(&file.name) { error.clone() } else { format!("{}: {error}", file.name) };
            paragraph(out, "  -", &text)?;
        }
    }
    for layer in &coverage.layers {
        if let Some(reason) = &layer.reason {
            paragraph(out, "  -", &format!("account {}, layer {}: {reason}", layer.account, layer.layer))?;
        }
    }
    for rejected in coverage.rejected.iter().take(SHOWN) {
        let place = format!("{} {}", rejected.policy, rejected.pointer);
        paragraph(out, "  -", &format!("rejected: {}: {}", place.trim_end(), rejected.reason))?;
    }
    more(out, coverage.rejected.len())?;
    let strange: Vec<&str> = coverage.unknown_actions.iter().map(String::as_str).collect();
    if !strange.is_empty() {
        paragraph(out, "  -", &format!("actions in no catalogue: {}", shortened(&strange, 8)))?;
    }
    // What the table says already need not be said again.
    let told = |assumption: &str| {
        gaps.iter().any(|((layer, _), accounts)| {
            assumption.contains(&format!("`{layer}`")) && accounts.iter().any(|a| assumption.contains(a))
        })
    };
    let assumptions: Vec<&String> = coverage.assumptions.iter().filter(|text| !told(text)).collect();
    for assumption in assumptions.iter().take(SHOWN) {
        paragraph(out, "  -", &format!("assumed: {assumption}"))?;
    }
    more(out, assumptions.len())
}

fn administrators(out: &mut impl Write, administrators: &[Administrator]) -> io::Result<()> {
    title(
        out,
        &format!("Administrative reach: {}", counted(administrators.len(), "identity", "identities")),
    )?;
    let rows: Vec<Vec<String>> = administrators
        .iter()
        .take(SHOWN)
        .map(|a| {
            let reach = if a.everything {
                "every permission".to_owned()
            } else {
                format!("manages all access in {}", a.manages_access_of.join(", "))
            };
            let reach = if a.needs_mfa { format!("{reach}, with MFA") } else { reach };
            vec![a.name.clone(), a.kind.as_str().to_owned(), a.account.clone(), reach]
        })
        .collect();
    table(out, &["Identity", "Kind", "Account", "Surely"], &[], &rows)?;
    more(out, administrators.len())
}

fn undecided(out: &mut impl Write, undecided: &[Undecided]) -> io::Result<()> {
    if undecided.is_empty() {
        return Ok(());
    }
    title(out, &format!("Reach not known: {}", counted(undecided.len(), "identity", "identities")))?;
    let rows: Vec<Vec<String>> = undecided
        .iter()
        .take(SHOWN)
        .map(|u| {
            let facts: Vec<String> = u.missing.iter().map(|m| format!("{} {}", m.fact, m.subject)).collect();
            let facts: Vec<&str> = facts.iter().map(String::as_str).collect();
            vec![u.name.clone(), u.kind.as_str().to_owned(), u.account.clone(), shortened(&facts, 2)]
        })
        .collect();
    table(out, &["Identity", "Kind", "Account", "Not loaded"], &[], &rows)?;
    more(out, undecided.len())
}

/// Path of the roles of IAM Identity Center. Those who come in through them are identities of their own.
const DIRECTORY_ROLES: &str = ":role/aws-reserved/sso.amazonaws.com/";

fn outside_access(out: &mut impl Write, assessment: &Assessment) -> io::Result<()> {
    let (directory, openings): (Vec<&Opening>, Vec<&Opening>) =
        assessment.outside_access.iter().partition(|opening| opening.resource.contains(DIRECTORY_ROLES));
    title(out, &format!("Public and external access: {}", counted(openings.len(), "resource", "resources")))?;
    if openings.is_empty() {
        writeln!(out, "  None.")?;
    }
    if !directory.is_empty() {
        let roles = counted(directory.len(), "role", "roles");
        paragraph(
            out,
            " ",
            &format!("Not here: {roles} of IAM Identity Center, for the people of the directory"),
        )?;
    }
    for opening in openings.iter().take(SHOWN) {
        paragraph(out, " ", &opening.resource)?;
        for admission in &opening.admits {
            let permissions: Vec<&str> = admission.permissions.iter().map(String::as_str).collect();
            paragraph(out, "   ", &format!("{}: {}", caller(admission), shortened(&permissions, 4)))?;
            let (asked, missing) = admission.condition.as_ref().map(apart).unwrap_or_default();
            if let Some(asked) = asked {
                paragraph(out, "        if", &asked)?;
            }
            for fact in missing {
                paragraph(out, "        not loaded:", &fact)?;
            }
        }
    }
    more(out, openings.len())
}

fn caller(admission: &Admission) -> String {
    match admission.kind {
        PrincipalKind::Anonymous => "anyone, without credentials".to_owned(),
        _ => admission.principal.clone(),
    }
}

fn widest(out: &mut impl Write, assessment: &Assessment) -> io::Result<()> {
    let identities = &assessment.identities;
    title(out, &format!("The widest of {}", counted(identities.len(), "identity", "identities")))?;
    let rows: Vec<Vec<String>> = identities
        .iter()
        .take(WIDEST)
        .map(|i| {
            let counts = [i.write, i.permissions_management, i.width()].map(|count| count.to_string());
            let words = [i.name.clone(), i.kind.as_str().to_owned(), i.account.clone()];
            words.into_iter().chain(counts).collect()
        })
        .collect();
    table(
        out,
        &["Identity", "Kind", "Account", "Write", "Permissions management", "Sum"],
        &[3, 4, 5],
        &rows,
    )?;
    writeln!(out, "  Permissions surely held on everything, of {} that there are.", assessment.permissions)
}

pub(crate) fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

pub(crate) fn more(out: &mut impl Write, count: usize) -> io::Result<()> {
    if count > SHOWN {
        writeln!(out, "  … and {} more; `--json FILE` has all", count - SHOWN)
    } else {
        Ok(())
    }
}

pub(crate) fn shortened(items: &[&str], shown: usize) -> String {
    let listed = items.iter().take(shown).copied().collect::<Vec<_>>().join(", ");
    if items.len() > shown { format!("{listed} and {} more", items.len() - shown) } else { listed }
}

/// Says on standard error how far long work is: on a terminal in one line, elsewhere every ten seconds.
pub(crate) fn progress() -> Progress {
    let terminal = io::stderr().is_terminal();
    let (patience, pause) = if terminal { (500, 200) } else { (10_000, 10_000) };
    let due = Mutex::new(Instant::now() + Duration::from_millis(patience));
    Progress::none().on_step(move |step| {
        let Ok(mut due) = due.lock() else { return };
        if Instant::now() < *due {
            return;
        }
        *due = Instant::now() + Duration::from_millis(pause);
        let total = step.total.map(|total| format!(" of {total}")).unwrap_or_default();
        let text = format!("{} {}{total}", step.phase, step.done);
        let (start, end) = if terminal { ("\r\x1b[K", "\r") } else { ("", "\n") };
        eprint!("{start}{text}{end}");
    })
}

/// Takes the last line of progress back.
pub(crate) fn end_progress() {
    if io::stderr().is_terminal() {
        eprint!("\r\x1b[K");
    }
}
