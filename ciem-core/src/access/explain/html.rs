//! An explanation as an HTML fragment. Foreign text reaches it through `escaped` only.

use super::told::{MOST_SHOWN, Near, Statement, Told, condition, label};
use super::words::{plain, visible};

/// Colours are mixed into the ground, so that the text keeps the colour that the page gave it, light or dark.
const STYLE: &str = "<style>\
.ciem-explanation{font-size:90%;line-height:1.45;max-width:72em;overflow-wrap:anywhere}\
.ciem-explanation code{font-size:95%;background:#8882;border-radius:3px;padding:0 .25em;color:inherit}\
.ciem-explanation .mark{border-radius:3px;padding:.05em .5em;font-weight:600;white-space:nowrap;background:#8883}\
.ciem-explanation .mark.good{background:#2a93;box-shadow:inset 3px 0 #2a9d}\
.ciem-explanation .mark.bad{background:#e333;box-shadow:inset 3px 0 #d33}\
.ciem-explanation .mark.open{background:#e903;box-shadow:inset 3px 0 #d80}\
.ciem-explanation .line{margin:.3em 0}\
.ciem-explanation details{border-top:1px solid #8884;padding:.3em 0}\
.ciem-explanation summary{cursor:pointer}\
.ciem-explanation summary .name{font-weight:600;margin-right:.6em}\
.ciem-explanation ul{margin:.2em 0 .2em 1.2em;padding:0}\
.ciem-explanation li{margin:.25em 0}\
.ciem-explanation .quiet{opacity:.7}\
</style>";

pub(super) fn render(told: &Told) -> String {
    let decision = &told.decision;
    let mut out = format!("{STYLE}<div class=\"ciem-explanation\">");
    let answer = told.answer(&|name| code(name));
    let verdict = escaped(&label(&decision.verdict));
    let kind = match decision.verdict.as_str() {
        "allow" => "good",
        "deny" => "bad",
        _ => "open",
    };
    out.push_str(&format!("<div class=\"line\"><span class=\"mark {kind}\">{verdict}</span> {answer}</div>"));
    out.push_str(&format!("<div class=\"line\">{}</div>", escaped(&told.grounds())));
    if let Some(open) = &decision.condition {
        out.push_str(&format!("<div class=\"line\">if {}</div>", in_code(&condition(open))));
    }
    for missing in decision.missing.iter().take(MOST_SHOWN) {
        let (fact, how) = (escaped(&plain(&missing.fact)), escaped(&plain(&missing.how)));
        let subject = code(&missing.subject);
        out.push_str(&format!("<div class=\"line\">missing: {fact} of {subject} ({how})</div>"));
    }
    let deciding: Vec<&Statement> = told.deciding.iter().filter_map(|&index| told.statement(index)).collect();
    if !deciding.is_empty() {
        let items = deciding.iter().take(MOST_SHOWN).map(|one| {
            let layer = escaped(&label(&one.layer));
            format!("<li>{layer}: {}</li>", statement(one))
        });
        let items: String = items.collect();
        let more = more(deciding.len());
        out.push_str(&format!("<div class=\"line\">decided by</div><ul>{items}{more}</ul>"));
    }
    for layer in &told.layers {
        layer_of(told, layer, &mut out);
    }
    if !decision.assumptions.is_empty() {
        let items = decision.assumptions.iter().take(MOST_SHOWN);
        let items: String = items.map(|text| format!("<li>{}</li>", escaped(&plain(text)))).collect();
        let more = more(decision.assumptions.len());
        out.push_str(&format!(
            "<details><summary><span class=\"name\">assumed</span></summary><ul class=\"quiet\">{items}{more}</ul></details>"
        ));
    }
    out.push_str("</div>");
    out
}

fn layer_of(told: &Told, layer: &super::told::Layer, out: &mut String) {
    let kind = match (layer.stops.as_str(), layer.state.as_str()) {
        ("yes", _) => "mark bad",
        (_, "depends" | "unknown") | ("depends", _) => "mark open",
        (_, "allows" | "passes") => "mark good",
        _ => "mark",
    };
    let name = escaped(&label(&layer.layer));
    let says = escaped(&layer.says());
    let heading = format!("<span class=\"name\">{name}</span><span class=\"{kind}\">{says}</span>");
    let mut items = String::new();
    for one in layer.statements.iter().take(MOST_SHOWN).filter_map(|&index| told.statement(index)) {
        items.push_str(&format!("<li>applies: {}</li>", statement(one)));
    }
    items.push_str(&more(layer.statements.len()));
    for near in &layer.near_misses {
        items.push_str(&near_miss(near));
    }
    if let Some(rest) = layer.rest() {
        items.push_str(&format!("<li class=\"quiet\">{}</li>", escaped(&rest)));
    }
    if items.is_empty() {
        items = "<li class=\"quiet\">no statement applies or comes close</li>".to_owned();
    }
    // What answers the question is open at once.
    let open = if layer.stops != "no" || !layer.near_misses.is_empty() { " open" } else { "" };
    out.push_str(&format!("<details{open}><summary>{heading}</summary><ul>{items}</ul></details>"));
}

fn near_miss(near: &Near) -> String {
    let scope = near.scope.as_deref().map(|scope| format!(", on {}", code(scope))).unwrap_or_default();
    let reason = in_code(&near.reason);
    format!("<li>nearly: {}{scope}<br>{reason}</li>", statement(&near.statement))
}

fn statement(one: &Statement) -> String {
    let sid = one.sid.as_deref().map(|sid| format!("{} ", code(sid))).unwrap_or_default();
    let (effect, place) = (escaped(&plain(&one.effect)), escaped(&one.place()));
    format!("{effect} {sid}of {} <span class=\"quiet\">at {place}</span>", code(&one.policy))
}

fn more(count: usize) -> String {
    match count.saturating_sub(MOST_SHOWN) {
        0 => String::new(),
        more => format!("<li class=\"quiet\">and {more} more</li>"),
    }
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", escaped(&plain(text)))
}

/// A sentence of ours with names between backticks. A name that holds one may end too early: it is escaped all the same.
fn in_code(sentence: &str) -> String {
    let parts: Vec<&str> = sentence.split('`').collect();
    let mut out = String::new();
    for (index, part) in parts.iter().enumerate() {
        match index % 2 == 1 && index + 1 < parts.len() {
            true => out.push_str(&format!("<code>{}</code>", escaped(part))),
            false => out.push_str(&escaped(part)),
        }
    }
    out
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
