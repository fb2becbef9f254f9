//! The one error type of the library, with codes that are the same in every language.
//!
//! Messages are lower case, quote user input in backticks (control characters escaped, cut at 200 bytes, key
//! ids masked) and say what to do next. `docs/errors.md` lists every code.

use serde::Serialize;
use std::fmt;
use std::num::NonZeroU64;

/// Where in the input an error stands: the name given to `add`, a JSON pointer, a line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Place {
    /// Name of the input as the caller gave it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// JSON pointer (RFC 6901) to the offending value.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// Byte, counted from 1 in what the input unpacks to: of logs, which are not read line by line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub byte: Option<NonZeroU64>,
}

impl Place {
    /// A place that is only a source name.
    pub fn source(name: &str) -> Self {
        Place { source: Some(name.to_owned()), ..Place::default() }
    }

    /// The same place with a JSON pointer.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// The same place with a line number.
    #[must_use]
    pub fn line(mut self, line: u64) -> Self {
        self.line = Some(line);
        self
    }

    /// The same place with an offset in bytes, counted from 0.
    #[must_use]
    pub fn byte(mut self, offset: u64) -> Self {
        self.byte = NonZeroU64::new(offset.saturating_add(1));
        self
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(source) = &self.source {
            write!(f, " in {}", quoted(source))?;
        }
        if let Some(pointer) = &self.pointer {
            write!(f, " at {}", quoted(pointer))?;
        }
        if let Some(line) = self.line {
            write!(f, " line {line}")?;
        }
        if let Some(byte) = self.byte {
            write!(f, " at byte {byte}")?;
        }
        Ok(())
    }
}

/// Every way a call can fail. [`Error::code`] is stable; the text is for people.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The input is not what its format says: truncated, wrong type, not UTF-8, a missing field.
    #[error("{reason}{place}")]
    Malformed {
        /// What is wrong and what to do.
        reason: String,
        /// Where.
        place: Place,
    },
    /// No reader knows this input.
    #[error("no reader recognises this input{place}; see docs/providers for the exports that are read")]
    Unrecognised {
        /// Which input.
        place: Place,
    },
    /// A size limit is exceeded.
    #[error("{what} exceeds the limit of {limit}{place}{}", remedy(what))]
    TooLarge {
        /// What is too large.
        what: String,
        /// The limit, in the unit of `what`.
        limit: u64,
        /// Where.
        place: Place,
    },
    /// The input nests too deeply.
    #[error("nesting is deeper than {limit} levels{place}")]
    TooDeep {
        /// The limit.
        limit: u64,
        /// Where.
        place: Place,
    },
    /// A pattern, condition or answer is too complex to evaluate within the limits.
    #[error("{what} is too complex{place}; split it or narrow the question")]
    TooComplex {
        /// What is too complex.
        what: String,
        /// Where.
        place: Place,
    },
    /// A policy given for simulation would be rejected by its provider.
    #[error("the provider would reject the policy {}: {reason}{place}", quoted(policy))]
    RejectedPolicy {
        /// The policy's name or ARN.
        policy: String,
        /// Why.
        reason: String,
        /// Where.
        place: Place,
    },
    /// The principal is not in a loaded account.
    #[error("no principal {} in the snapshot; `principals()` lists what is there", quoted(principal))]
    UnknownPrincipal {
        /// As asked.
        principal: String,
    },
    /// A name matches several principals.
    #[error("{} is ambiguous: {}; ask with the full id", quoted(principal), candidates.join(", "))]
    AmbiguousPrincipal {
        /// As asked.
        principal: String,
        /// The candidates' full ids, sorted.
        candidates: Vec<String>,
    },
    /// The action is no permission of any loaded catalogue or document.
    #[error("unknown action {}; add a catalogue that has it, or check the spelling", quoted(action))]
    UnknownAction {
        /// As asked.
        action: String,
    },
    /// A request or option is not valid.
    #[error("invalid {what}: {reason}")]
    InvalidRequest {
        /// Which field.
        what: String,
        /// Why, and what is expected.
        reason: String,
    },
    /// A file could not be read (feature `fs` and the bindings).
    #[error("cannot read{place}: {reason}")]
    Io {
        /// The system's reason.
        reason: String,
        /// Which file.
        place: Place,
    },
    /// The caller cancelled the work.
    #[error("cancelled")]
    Cancelled,
    /// A defect of this library; please report it.
    #[error("internal error: {reason}; please report it")]
    Internal {
        /// What happened.
        reason: String,
    },
}

impl Error {
    /// The stable code, the same in Rust, Python and Node.
    pub fn code(&self) -> &'static str {
        match self {
            Error::Malformed { .. } => "malformed",
            Error::Unrecognised { .. } => "unrecognised",
            Error::TooLarge { .. } => "too_large",
            Error::TooDeep { .. } => "too_deep",
            Error::TooComplex { .. } => "too_complex",
            Error::RejectedPolicy { .. } => "rejected_policy",
            Error::UnknownPrincipal { .. } => "unknown_principal",
            Error::AmbiguousPrincipal { .. } => "ambiguous_principal",
            Error::UnknownAction { .. } => "unknown_action",
            Error::InvalidRequest { .. } => "invalid_request",
            Error::Io { .. } => "io",
            Error::Cancelled => "cancelled",
            Error::Internal { .. } => "internal",
        }
    }

    /// Where in the input the error stands, if it stands in an input.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Error::Malformed { place, .. }
            | Error::Unrecognised { place }
            | Error::TooLarge { place, .. }
            | Error::TooDeep { place, .. }
            | Error::TooComplex { place, .. }
            | Error::RejectedPolicy { place, .. }
            | Error::Io { place, .. } => Some(place),
            _ => None,
        }
    }

    pub(crate) fn malformed(reason: impl Into<String>, place: Place) -> Self {
        Error::Malformed { reason: reason.into(), place }
    }

    pub(crate) fn invalid(what: impl Into<String>, reason: impl Into<String>) -> Self {
        Error::InvalidRequest { what: what.into(), reason: reason.into() }
    }
}

/// Which option moves a limit, where one does.
fn remedy(what: &str) -> &'static str {
    match what {
        "size in bytes" => "; raise `max_bytes` if the input is trusted",
        "number of entries" => "; load a part of it, or raise `max_entries` if the input is trusted",
        "decompression ratio" => "; unpack it first, or raise `max_ratio`, if the input is trusted",
        _ => "; load it in several parts",
    }
}

/// User input made safe to print: backticks, control characters escaped, cut at 200 bytes, key ids masked.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len().min(200) + 2);
    out.push('`');
    for c in mask_key_ids(text).chars() {
        if out.len() > 200 {
            out.push('…');
            break;
        }
        if c.is_control() {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    out.push('`');
    out
}

/// Access key ids (`AKIA…`, `ASIA…` and 16 more characters) keep their first and last four characters.
fn mask_key_ids(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find("AKIA").into_iter().chain(rest.find("ASIA")).min() {
        let (head, tail) = rest.split_at(start);
        let length = tail.bytes().take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit()).count();
        let (key, after) = tail.split_at(length);
        out.push_str(head);
        match (length >= 16, key.get(..4), key.get(length.saturating_sub(4)..)) {
            (true, Some(first), Some(last)) => {
                out.push_str(first);
                out.push('…');
                out.push_str(last);
            }
            _ => out.push_str(key),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoting_escapes_cuts_and_masks() {
        assert_eq!(quoted("a\nb"), "`a\\nb`");
        assert_eq!(quoted("key AKIAABCDEFGHIJKLMNOP end"), "`key AKIA…MNOP end`");
        assert!(quoted(&"x".repeat(500)).len() < 220);
    }
}
