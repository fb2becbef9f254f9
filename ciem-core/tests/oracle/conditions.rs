//! Condition operators on concrete values: a direct transcription of the operator tables.

use std::net::IpAddr;

use super::glob::{self, Token};

/// One value of a condition after policy variables were replaced; `None` = a variable had no value.
pub(crate) type Operand = Option<Vec<Token>>;

/// What the request holds under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Held {
    Absent,
    One(String),
    Many(Vec<String>),
}

/// How one value compares with the whole list of operands; `Foreign` = not of the operator's type.
enum Compared {
    Hit,
    Miss,
    Foreign,
}

fn hit(found: bool) -> Compared {
    if found { Compared::Hit } else { Compared::Miss }
}

fn text(operand: &[Token]) -> String {
    operand
        .iter()
        .map(|token| match token {
            Token::Char(c) => *c,
            Token::Any => '*',
            Token::One => '?',
        })
        .collect()
}

pub(crate) fn number(text: &str) -> Option<f64> {
    let plain = text.chars().all(|c| c.is_ascii_digit() || "+-.eE".contains(c));
    if plain { text.parse().ok() } else { None }
}

/// Seconds since 1970 of a civil date (proleptic Gregorian, the usual era arithmetic).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y - era * 400;
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// ISO 8601 (date, or date and time in UTC) or epoch seconds, as seconds.
pub(crate) fn instant(text: &str) -> Option<f64> {
    if let Some(epoch) = number(text) {
        return Some(epoch);
    }
    let (date, time) = text.split_once('T').unwrap_or((text, "00:00:00Z"));
    let date: Option<Vec<i64>> = date.split('-').map(|part| part.parse().ok()).collect();
    let time: Option<Vec<f64>> = time.strip_suffix('Z')?.split(':').map(|part| part.parse().ok()).collect();
    match (date?.as_slice(), time?.as_slice()) {
        ([y, m, d], [hour, minute, second]) => {
            Some(days(*y, *m, *d) as f64 * 86_400.0 + hour * 3_600.0 + minute * 60.0 + second)
        }
        _ => None,
    }
}

/// Address bits left-aligned in 128, the number of bits, and whether it is version 4.
fn address(text: &str) -> Option<(u128, u32, bool)> {
    match text.parse::<IpAddr>().ok()? {
        IpAddr::V4(v4) => Some((u128::from(u32::from(v4)) << 96, 32, true)),
        IpAddr::V6(v6) => Some((u128::from(v6), 128, false)),
    }
}

/// First and last address of a network, with its version.
fn network(text: &str) -> Option<(u128, u128, bool)> {
    let (base, length) = text.split_once('/').map_or((text, None), |(b, l)| (b, Some(l)));
    let (bits, width, v4) = address(base)?;
    let length: u32 = length.map_or(Some(width), |l| l.parse().ok())?;
    let mask = if length == 0 { 0 } else { u128::MAX << (128 - length) };
    Some((bits & mask, bits | !mask, v4))
}

/// First and last address of a network as texts, for representative values.
pub(crate) fn network_ends(text: &str) -> Option<[String; 2]> {
    let (first, last, v4) = network(text)?;
    let show = |bits: u128| -> String {
        if v4 {
            std::net::Ipv4Addr::from((bits >> 96) as u32).to_string()
        } else {
            std::net::Ipv6Addr::from(bits).to_string()
        }
    };
    Some([show(first), show(last)])
}

fn decoded(base64: &str) -> Option<Vec<u8>> {
    let trimmed = base64.trim_end_matches('=');
    if !base64.len().is_multiple_of(4) {
        return None;
    }
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for c in trimmed.bytes() {
        let value = match c {
            b'A'..=b'Z' => c - b'A',
            b'a'..=b'z' => c - b'a' + 26,
            b'0'..=b'9' => c - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = (bits << 6) | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(bytes)
}

fn is_arn(text: &str) -> bool {
    text.starts_with("arn:") && text.splitn(6, ':').count() == 6
}

fn ordered<T: PartialOrd>(base: &str, left: &T, right: &T) -> bool {
    match base {
        "lessthan" => left < right,
        "lessthanequals" => left <= right,
        "greaterthan" => left > right,
        "greaterthanequals" => left >= right,
        _ => left == right,
    }
}

/// `base` is the positive lower-case operator name.
fn compare(base: &str, operands: &[Operand], value: &str) -> Compared {
    let any = |test: &dyn Fn(&[Token]) -> bool| hit(operands.iter().flatten().any(|operand| test(operand)));
    match base {
        "stringequals" => any(&|o| text(o) == value),
        "stringequalsignorecase" => any(&|o| text(o).eq_ignore_ascii_case(value)),
        "stringlike" => any(&|o| glob::tokens_match(o, value)),
        "arnequals" | "arnlike" if !is_arn(value) => Compared::Foreign,
        "arnequals" | "arnlike" => any(&|o| glob::arn_tokens_match(o, value)),
        "bool" => match value.to_ascii_lowercase().as_str() {
            known @ ("true" | "false") => any(&|o| text(o).eq_ignore_ascii_case(known)),
            _ => Compared::Foreign,
        },
        "binaryequals" => match decoded(value) {
            Some(bytes) => any(&|o| decoded(&text(o)).as_ref() == Some(&bytes)),
            None => Compared::Foreign,
        },
        "ipaddress" => match address(value) {
            Some((bits, _, v4)) => any(&|o| {
                network(&text(o))
                    .is_some_and(|(first, last, of_v4)| of_v4 == v4 && first <= bits && bits <= last)
            }),
            None => Compared::Foreign,
        },
        _ if base.starts_with("numeric") => match number(value) {
            Some(n) => any(&|o| number(&text(o)).is_some_and(|m| ordered(&base[7..], &n, &m))),
            None => Compared::Foreign,
        },
        _ if base.starts_with("date") => match instant(value) {
            Some(n) => any(&|o| instant(&text(o)).is_some_and(|m| ordered(&base[4..], &n, &m))),
            None => Compared::Foreign,
        },
        _ => Compared::Foreign,
    }
}

/// The positive form of an operator and whether it was negated.
fn positive(lower: &str) -> (String, bool) {
    match lower {
        "notipaddress" => ("ipaddress".to_owned(), true),
        "stringnotequalsignorecase" => ("stringequalsignorecase".to_owned(), true),
        _ if lower.contains("not") => (lower.replacen("not", "", 1), true),
        _ => (lower.to_owned(), false),
    }
}

/// Operators the reference knows, in lower case and positive form.
pub(crate) const KNOWN: [&str; 20] = [
    "stringequals",
    "stringequalsignorecase",
    "stringlike",
    "numericequals",
    "numericlessthan",
    "numericlessthanequals",
    "numericgreaterthan",
    "numericgreaterthanequals",
    "dateequals",
    "datelessthan",
    "datelessthanequals",
    "dategreaterthan",
    "dategreaterthanequals",
    "bool",
    "binaryequals",
    "ipaddress",
    "arnequals",
    "arnlike",
    "null",
    "",
];

/// Operator text such as `ForAnyValue:StringLikeIfExists`, in parts.
#[derive(Debug)]
pub(crate) struct Operator {
    pub(crate) base: String,
    pub(crate) negated: bool,
    pub(crate) if_exists: bool,
    pub(crate) any: bool,
    pub(crate) all: bool,
}

impl Operator {
    pub(crate) fn parse(name: &str) -> Operator {
        let lower = name.to_ascii_lowercase();
        let (prefix, rest) = lower.split_once(':').unwrap_or(("", &lower));
        let bare = rest.strip_suffix("ifexists");
        let (base, negated) = positive(bare.unwrap_or(rest));
        Operator {
            base,
            negated,
            if_exists: bare.is_some(),
            any: prefix == "foranyvalue",
            all: prefix == "forallvalues",
        }
    }

    pub(crate) fn known(&self) -> bool {
        !self.base.is_empty() && KNOWN.contains(&self.base.as_str())
    }

    fn one(&self, operands: &[Operand], value: &str) -> bool {
        match compare(&self.base, operands, value) {
            Compared::Hit => !self.negated,
            Compared::Miss => self.negated,
            Compared::Foreign => false,
        }
    }

    /// Does the test hold for what the request has under the key?
    pub(crate) fn holds(&self, operands: &[Operand], held: &Held) -> bool {
        let values: &[String] = match held {
            Held::Absent => &[],
            Held::One(value) => std::slice::from_ref(value),
            Held::Many(values) => values,
        };
        if self.base == "null" {
            let absent = if values.is_empty() { "true" } else { "false" };
            return operands.iter().flatten().any(|o| text(o).eq_ignore_ascii_case(absent));
        }
        if values.is_empty() {
            return self.if_exists || self.all || (self.negated && !self.any);
        }
        if self.any {
            return values.iter().any(|value| self.one(operands, value));
        }
        if self.all {
            return values.iter().all(|value| self.one(operands, value));
        }
        match held {
            Held::One(value) => self.one(operands, value),
            _ => false,
        }
    }
}
