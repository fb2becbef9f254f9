//! The assessment as one HTML page that needs nothing else: no scripts, no fonts, no addresses.

use crate::changes::Changes;
use crate::conditions::in_words;
use crate::departed::Departed;
use crate::elevations::{Elevation, short};
use crate::findings::Assessment;
use crate::readers::Readers;
use crate::tenant_text;
use crate::unused::Unused;
use std::collections::BTreeSet;
use std::fmt::Write;

/// How many items of a list the page has; the JSON has all.
const SHOWN: usize = 100;
const WIDEST: usize = 10;
/// Width of a whole bar in the page's pixels.
const BAR: f64 = 420.0;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Access assessment</title>
<style>
:root { --ink: #1c1917; --quiet: #6b6560; --line: #ddd8d2; --page: #fdfcfa; --main: #c2410c; --second: #0f766e; --rest: #cfc8bf }
@media (prefers-color-scheme: dark) {
  :root { --ink: #ece8e3; --quiet: #a8a19a; --line: #3b3733; --page: #191715; --main: #f0824a; --second: #3bb5a7; --rest: #57514b }
}
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.6rem; margin-bottom: 0 } h2 { font-size: 1.2rem; margin: 2.2rem 0 .4rem; border-bottom: 1px solid var(--line) }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem }
p { margin: .3rem 0 } .quiet, caption { color: var(--quiet) }
table { border-collapse: collapse; width: 100% } td, th { text-align: left; vertical-align: top; padding: .15rem .8rem .15rem 0 }
td:last-child { overflow-wrap: anywhere } th:last-child:not(:only-child) { width: 45% } td + td:not(:last-child), th { white-space: nowrap }
th { font-weight: 600; color: var(--quiet); border-bottom: 1px solid var(--line) }
td[rowspan] { border-left: 2px solid var(--line); padding-left: .6rem }
table.bars { width: auto } .wide { overflow-x: auto }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
svg { display: block; max-width: 100% } .main { fill: var(--main) } .second { fill: var(--second) } .rest { fill: var(--rest) }
.key::before { content: ""; display: inline-block; width: .8em; height: .8em; margin-right: .3em; background: var(--rest) }
@media print { tr, h2, h3 { break-inside: avoid } h2, h3 { break-after: avoid } }
.key { margin-right: 1rem } .key.m::before { background: var(--main) } .key.s::before { background: var(--second) }
</style>
</head>
<body>
"#;

/// The page. Writing to a text cannot fail, which is why results are left aside here.
pub(crate) fn html(assessment: &Assessment) -> String {
    let mut out = HEAD.to_owned();
    let stories = &assessment.stories;
    let counts = &assessment.coverage.counts;
    let of = |what: &str| counts.get(what).copied().unwrap_or(0);
    let _ = write!(
        out,
        "<h1>Access assessment</h1>\n<p class=quiet>On {}: {} accounts, {} users, {} roles, {} people.</p>\n",
        safe(&stories.at),
        of("accounts"),
        of("users"),
        of("roles"),
        of("people")
    );
    departed(&mut out, &stories.departed);
    elevations(&mut out, &stories.elevations);
    unused(&mut out, &stories.unused);
    changes(&mut out, &stories.changes);
    readers(&mut out, &stories.readers);
    for part in stories.tenant.iter().flat_map(tenant_text::parts) {
        let _ = writeln!(out, "<h2>{}</h2>", safe(&part.title));
        table(&mut out, &part.headings, &part.rows);
    }
    administrators(&mut out, assessment);
    widest(&mut out, assessment);
    gaps(&mut out, assessment);
    out.push_str("</body>\n</html>\n");
    out
}

/// Text from inputs as text of the page, without control characters.
fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

fn table(out: &mut String, headings: &[&str], rows: &[Vec<String>]) {
    if rows.is_empty() {
        out.push_str("<p>None.</p>\n");
        return;
    }
    let heading: String = headings.iter().map(|text| format!("<th>{}</th>", safe(text))).collect();
    let _ = write!(out, "<div class=wide><table>\n<tr>{heading}</tr>\n");
    let shown = &rows[..rows.len().min(SHOWN)];
    // Rows that end alike, as those of one condition do, share their last cell.
    let same_end = |one: &Vec<String>, next: &Vec<String>| {
        one.last() == next.last() && one.last().is_some_and(|end| !end.is_empty())
    };
    for alike in shown.chunk_by(same_end) {
        for (at, row) in alike.iter().enumerate() {
            let Some((last, first)) = row.split_last() else { continue };
            // Long names may break after the signs between their words.
            let cells: String =
                first.iter().map(|cell| format!("<td>{}</td>", safe(cell).replace('_', "_<wbr>"))).collect();
            let last = match (at, alike.len()) {
                (0, 1) => format!("<td>{}</td>", safe(last)),
                (0, rows) => format!("<td rowspan={rows}>{}</td>", safe(last)),
                _ => String::new(),
            };
            let _ = writeln!(out, "<tr>{cells}{last}</tr>");
        }
    }
    out.push_str("</table></div>\n");
    if rows.len() > SHOWN {
        let _ = writeln!(out, "<p class=quiet>and {} more</p>", rows.len() - SHOWN);
    }
}

/// Its label, its pieces by name, and the number that counts.
type Bar<'a> = (String, Vec<(&'a str, usize)>, usize);

/// Rows of a name, a bar in parts, and the number that counts.
fn bars(out: &mut String, rows: &[Bar<'_>]) {
    let whole = |parts: &[(&str, usize)]| parts.iter().map(|(_, count)| count).sum::<usize>();
    let longest = rows.iter().map(|(_, parts, _)| whole(parts)).max().unwrap_or(0).max(1);
    out.push_str("<table class=bars>\n");
    for (name, parts, number) in rows {
        let _ = write!(
            out,
            "<tr><td>{}</td><td><svg width=\"{BAR}\" height=\"18\" viewBox=\"0 0 {BAR} 18\" preserveAspectRatio=\"none\" role=\"img\">",
            safe(name)
        );
        let mut start = 0.0;
        for (class, count) in parts {
            // What the style sheet says goes before; readers without one still tell the parts apart.
            let fill = match *class {
                "main" => "#c2410c",
                "second" => "#0f766e",
                _ => "#cfc8bf",
            };
            let width = *count as f64 / longest as f64 * BAR;
            let _ = write!(
                out,
                "<rect class=\"{class}\" fill=\"{fill}\" x=\"{start:.1}\" y=\"2\" width=\"{width:.1}\" height=\"14\"><title>{count}</title></rect>"
            );
            start += width;
        }
        let _ = writeln!(out, "</svg></td><td class=number>{number}</td></tr>");
    }
    out.push_str("</table>\n");
}

fn departed(out: &mut String, departed: &[Departed]) {
    out.push_str("<h2>Contract over, access not</h2>\n");
    if departed.is_empty() {
        out.push_str("<p>None.</p>\n");
    }
    for group in departed {
        for system in &group.systems {
            let count = system.identities.len();
            let _ = writeln!(
                out,
                "<h3>{}: {count} of {} still reach {}</h3>",
                safe(&group.employment),
                group.identities,
                safe(&system.system)
            );
            let rows: Vec<Vec<String>> = system
                .identities
                .iter()
                .map(|one| {
                    let can: BTreeSet<&str> =
                        one.access.iter().flat_map(|row| &row.permissions).map(String::as_str).collect();
                    let can: Vec<&str> = can.into_iter().collect();
                    let seen = one.last_used.clone().unwrap_or_default();
                    vec![one.name.clone(), one.contract_end.clone(), seen, can.join(", ")]
                })
                .collect();
            table(out, &["Identity", "Contract until", "Last seen", "Can"], &rows);
        }
        if !group.shut_out.is_empty() {
            let text = format!("{}: shut out are {}", group.employment, group.shut_out.join(", "));
            let _ = writeln!(out, "<p class=quiet>{}</p>", safe(&text));
        }
    }
}

fn elevations(out: &mut String, elevations: &[Elevation]) {
    out.push_str("<h2>Elevations never taken back</h2>\n");
    let mut rows = Vec::new();
    for one in elevations {
        for policy in &one.policies {
            let ticket = one.ticket.clone().unwrap_or_default();
            let name = short(&policy.policy).to_owned();
            rows.push(vec![
                one.name.clone(),
                one.account.clone(),
                one.elevation_end.clone(),
                ticket,
                name,
                policy.permissions.to_string(),
            ]);
        }
    }
    table(out, &["Identity", "Account", "Until", "Ticket", "Policy", "Permissions"], &rows);
}

fn unused(out: &mut String, unused: &Unused) {
    let _ = writeln!(
        out,
        "<h2>Held in {} and not used in {}: {} permissions</h2>\n<p><span class=\"key m\">not used</span><span \
         class=\"key s\">used</span><span class=key>use not observable</span></p>",
        safe(unused.environment),
        safe(unused.window),
        unused.count()
    );
    let rows: Vec<_> = unused
        .identities
        .iter()
        .take(SHOWN)
        .map(|one| {
            let parts = vec![("main", one.unused.len()), ("second", one.used), ("rest", one.unobservable)];
            (one.name.clone(), parts, one.unused.len())
        })
        .collect();
    bars(out, &rows);
    let _ = writeln!(
        out,
        "<p>{} of them were used by nobody who holds them.</p>\n<p class=quiet>Use not told: {}</p>",
        unused.by_nobody.len(),
        safe(&unused.not_told.join(", "))
    );
}

fn changes(out: &mut String, changes: &Changes) {
    let _ = writeln!(
        out,
        "<h2>Smaller policies: the first {} of {}</h2>\n<p class=quiet>Rights that go; every logged call that passed before \
         passes with the new policies.</p>",
        changes.first.len(),
        changes.possible
    );
    let row = |one: &crate::changes::Smaller| {
        let counts = [one.permissions_management, one.write, one.removed].map(|count| count.to_string());
        let [first, second, third] = counts;
        let name = one.principal.rsplit([':', '/']).next().unwrap_or(&one.principal).to_owned();
        vec![name, one.account.clone(), first, second, third, one.kept.to_string(), String::new()]
    };
    let rows: Vec<Vec<String>> = changes.first.iter().map(row).collect();
    table(out, &["Identity", "Account", "To manage permissions", "To write", "Go", "Stay", ""], &rows);
}

fn readers(out: &mut String, readers: &[Readers]) {
    let _ = writeln!(out, "<h2>Who can read {}</h2>", safe(crate::readers::SYSTEM));
    for one in readers {
        let _ = writeln!(out, "<h3>{} on {}</h3>", safe(one.permission), safe(&one.resource));
        let rows: Vec<Vec<String>> = one
            .holders
            .iter()
            .map(|holder| {
                let condition = holder.condition.as_ref().map(in_words).unwrap_or_default();
                let words = [holder.kind.as_str(), &holder.account, holder.verdict.as_str(), &condition];
                std::iter::once(holder.name.clone()).chain(words.map(str::to_owned)).collect()
            })
            .collect();
        table(out, &["Identity", "Kind", "Account", "Verdict", "If"], &rows);
        if let Some(proof) = &one.proof {
            let _ = writeln!(out, "<p>{}, because of:</p>\n<ul>", safe(&proof.name));
            for statement in &proof.explanation.decision.statements {
                let text = format!(
                    "{} in {} {} {}",
                    statement.effect, statement.layer, statement.policy, statement.pointer
                );
                let _ = writeln!(out, "<li>{}</li>", safe(&text));
            }
            out.push_str("</ul>\n");
        }
    }
}

fn administrators(out: &mut String, assessment: &Assessment) {
    let _ = writeln!(out, "<h2>Administrative reach: {}</h2>", assessment.administrators.len());
    let rows: Vec<Vec<String>> = assessment
        .administrators
        .iter()
        .map(|one| {
            let reach = match one.everything {
                true => "every permission".to_owned(),
                false => format!("manages all access in {}", one.manages_access_of.join(", ")),
            };
            let reach = if one.needs_mfa { format!("{reach}, with MFA") } else { reach };
            vec![one.name.clone(), one.kind.as_str().to_owned(), one.account.clone(), reach]
        })
        .collect();
    table(out, &["Identity", "Kind", "Account", "Surely"], &rows);
}

fn widest(out: &mut String, assessment: &Assessment) {
    out.push_str(
        "<h2>The widest identities</h2>\n<p><span class=\"key m\">permissions management</span><span class=\"key s\">\
         write</span></p>\n",
    );
    let rows: Vec<_> = assessment
        .identities
        .iter()
        .take(WIDEST)
        .map(|one| {
            let parts = vec![("main", one.permissions_management), ("second", one.write)];
            (format!("{} ({})", one.name, one.account), parts, one.width())
        })
        .collect();
    bars(out, &rows);
}

fn gaps(out: &mut String, assessment: &Assessment) {
    out.push_str("<h2>What was not read</h2>\n");
    let rows: Vec<Vec<String>> = assessment
        .coverage
        .layers
        .iter()
        .filter(|layer| layer.state != "given")
        .map(|layer| {
            let reason = layer.reason.clone().unwrap_or_default();
            vec![layer.account.clone(), layer.layer.to_owned(), layer.state.replace('_', " "), reason]
        })
        .collect();
    table(out, &["Account", "Layer", "State", "Why"], &rows);
}
