//! Texts with a shape: ARNs and account ids, checked while they are read, so that errors name their place.

use crate::condition::parse_instant;
use crate::provider::aws::document::is_account;
use crate::provider::aws::document::json::{Node, Str};
use serde::de::{Deserialize, Deserializer, Error};

/// An ARN of six segments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Arn<'a>(Str<'a>);

impl<'a> Arn<'a> {
    pub(crate) fn new(text: Str<'a>) -> Option<Self> {
        is_arn(&text).then_some(Arn(text))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    fn segment(&self, index: usize) -> &str {
        self.0.splitn(6, ':').nth(index).unwrap_or_default()
    }

    pub(crate) fn partition(&self) -> &str {
        self.segment(1)
    }

    pub(crate) fn service(&self) -> &str {
        self.segment(2)
    }

    pub(crate) fn account(&self) -> &str {
        self.segment(4)
    }

    pub(crate) fn resource(&self) -> &str {
        self.segment(5)
    }

    /// The part after the last slash or colon: the name without path.
    pub(crate) fn name(&self) -> &str {
        self.0.rsplit(['/', ':']).next().unwrap_or_default()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Arn<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Arn::new(Str::deserialize(deserializer)?)
            .ok_or_else(|| D::Error::custom("expected an ARN, such as arn:aws:iam::111122223333:user/name"))
    }
}

/// An instant in seconds since 1970: ISO 8601, or a number as some tools write it; `None` where there is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct When(pub(crate) Option<i64>);

impl When {
    pub(crate) fn parse(text: &str) -> When {
        let nanoseconds = parse_instant(text).or_else(|| parse_instant(&text.replacen(' ', "T", 1)));
        When(nanoseconds.and_then(|instant| i64::try_from(instant.div_euclid(1_000_000_000)).ok()))
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Node::deserialize(deserializer)? {
            Node::Null => Ok(When(None)),
            Node::Text(text) => Ok(When::parse(&text)),
            Node::Number(text) => Ok(When::parse(&text)),
            other => Err(D::Error::custom(format!("expected a date, not {}", other.kind()))),
        }
    }
}

/// Whether a text has the six segments of an ARN.
pub(super) fn is_arn(text: &str) -> bool {
    let mut segments = text.splitn(6, ':');
    segments.next() == Some("arn") && segments.count() == 5
}

/// An account id: twelve digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AccountId<'a>(Str<'a>);

impl AccountId<'_> {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for AccountId<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Str::deserialize(deserializer)?;
        if is_account(&text) {
            Ok(AccountId(text))
        } else {
            Err(D::Error::custom("expected an account id, a text of twelve digits"))
        }
    }
}
