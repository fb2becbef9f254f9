//! Records at a glance: what is needed of one, without reading the rest of it as JSON. Most of a record is passed over,
//! and this is twice as fast as a reader that checks every value.
//!
//! Whatever is not as S3 writes it (escapes in what is needed, other types, an end within the record) is left to the
//! reader of JSON, which has the last word of what a record is.

use super::record::{
    Attributes, Issuer, Object, OnBehalfOf, Present, Raw, Record, SessionContext, Text, UserIdentity,
};
use std::borrow::Cow;

/// The record with which the text begins, and its length.
pub(super) fn record(text: &str) -> Option<(Record<'_>, usize)> {
    let mut scan = Scan { text, at: 0 };
    let mut record = Record::default();
    scan.members(&mut |scan, key| {
        match (key.len(), key) {
            (7, "eventID") => record.event_id = scan.value()?,
            (9, "eventTime") => record.event_time = scan.value()?,
            (9, "eventName") => record.event_name = scan.value()?,
            (9, "awsRegion") => record.aws_region = scan.value()?,
            (9, "eventType") => record.event_type = scan.value()?,
            (9, "errorCode") => record.error_code = scan.value()?,
            (9, "resources") => record.resources = scan.raw()?,
            (10, "tlsDetails") => record.tls_details = Present(scan.raw()?.0.is_some()),
            (11, "eventSource") => record.event_source = scan.value()?,
            (12, "userIdentity") => record.user_identity = Object(identity(scan)?),
            (13, "eventCategory") => record.event_category = scan.value()?,
            (13, "vpcEndpointId") => record.vpc_endpoint_id = scan.value()?,
            (13, "sharedEventID") => record.shared_event_id = scan.value()?,
            (15, "sourceIPAddress") => record.source = scan.value()?,
            (15, "managementEvent") => record.management_event = scan.value()?,
            (16, "responseElements") => record.response_elements = scan.raw()?,
            (17, "requestParameters") => record.request_parameters = scan.raw()?,
            (18, "recipientAccountId") => record.recipient_account_id = scan.value()?,
            (19, "additionalEventData") => record.additional_event_data = scan.raw()?,
            _ => scan.skip()?,
        }
        Some(())
    })?;
    // Names in another form: the reader of JSON knows what to do.
    record.event_source.get()?;
    Some((record, scan.at))
}

fn identity<'a>(scan: &mut Scan<'a>) -> Option<UserIdentity<'a>> {
    let mut found = UserIdentity::default();
    scan.members(&mut |scan, key| {
        match key {
            "type" => found.kind = scan.value()?,
            "arn" => found.arn = scan.value()?,
            "accountId" => found.account_id = scan.value()?,
            "accessKeyId" => found.access_key_id = scan.value()?,
            "userName" => found.user_name = scan.value()?,
            "invokedBy" => found.invoked_by = scan.value()?,
            "identityProvider" => found.identity_provider = scan.value()?,
            "onBehalfOf" => {
                let mut of = OnBehalfOf::default();
                scan.members(&mut |scan, key| match key {
                    "userId" => scan.value().map(|id| of.user_id = id),
                    _ => scan.skip(),
                })?;
                found.on_behalf_of = Object(of);
            }
            "sessionContext" => found.session_context = Object(session(scan)?),
            _ => scan.skip()?,
        }
        Some(())
    })?;
    Some(found)
}

fn session<'a>(scan: &mut Scan<'a>) -> Option<SessionContext<'a>> {
    let mut found = SessionContext::default();
    scan.members(&mut |scan, key| {
        match key {
            "sourceIdentity" => found.source_identity = scan.value()?,
            "sessionIssuer" => {
                let mut issuer = Issuer::default();
                scan.members(&mut |scan, key| match key {
                    "arn" => scan.value().map(|arn| issuer.arn = arn),
                    _ => scan.skip(),
                })?;
                found.session_issuer = Object(issuer);
            }
            "attributes" => {
                let mut attributes = Attributes::default();
                scan.members(&mut |scan, key| match key {
                    "mfaAuthenticated" => scan.value().map(|mfa| attributes.mfa_authenticated = mfa),
                    _ => scan.skip(),
                })?;
                found.attributes = Object(attributes);
            }
            _ => scan.skip()?,
        }
        Some(())
    })?;
    Some(found)
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        while matches!(self.byte()?, b' ' | b'\n' | b'\r' | b'\t') {
            self.at += 1;
        }
        self.byte()
    }

    /// The members of the object that begins here; `take` reads or skips the value.
    #[inline]
    fn members(&mut self, take: &mut impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        if self.next()? != b'{' {
            return None;
        }
        self.at += 1;
        if self.next()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            if self.next()? != b'"' {
                return None;
            }
            let key = self.plain()?;
            if self.next()? != b':' {
                return None;
            }
            self.at += 1;
            self.next()?;
            take(self, key)?;
            match self.next()? {
                b',' => self.at += 1,
                b'}' => {
                    self.at += 1;
                    return Some(());
                }
                _ => return None,
            }
        }
    }

    /// A text without escapes, or a word.
    #[inline]
    fn value(&mut self) -> Option<Text<'a>> {
        if self.byte()? == b'"' {
            return self.plain().map(|text| Text(Some(Cow::Borrowed(text))));
        }
        let rest = self.text.get(self.at..)?;
        let (word, text) = [("null", None), ("true", Some("true")), ("false", Some("false"))]
            .into_iter()
            .find(|(word, _)| rest.starts_with(word))?;
        self.at += word.len();
        Some(Text(text.map(Cow::Borrowed)))
    }

    /// The text that begins here, which has no escapes.
    #[inline]
    fn plain(&mut self) -> Option<&'a str> {
        let start = self.at + 1;
        let end = stop(self.text.as_bytes(), start)?;
        if self.text.as_bytes().get(end) != Some(&b'"') {
            return None;
        }
        self.at = end + 1;
        self.text.get(start..end)
    }

    /// The value that begins here, unread.
    #[inline]
    fn raw(&mut self) -> Option<Raw<'a>> {
        let start = self.at;
        self.skip()?;
        let raw = self.text.get(start..self.at)?;
        Some(Raw((raw != "null").then_some(raw)))
    }

    /// Passes over the value that begins here.
    #[inline]
    fn skip(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let mut depth = 0_usize;
        loop {
            match *bytes.get(self.at)? {
                b'"' => {
                    let mut end = stop(bytes, self.at + 1)?;
                    while bytes.get(end) == Some(&b'\\') {
                        end = stop(bytes, end + 2)?;
                    }
                    self.at = end + 1;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    // Behind a number or a word.
                    if depth == 0 {
                        return Some(());
                    }
                    depth -= 1;
                    self.at += 1;
                }
                b',' if depth == 0 => return Some(()),
                _ => {
                    self.at += 1;
                    continue;
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

/// Where the next quote or backslash stands: eight bytes at a time.
#[inline]
fn stop(bytes: &[u8], mut at: usize) -> Option<usize> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word;
    while let Some(Ok(eight)) = bytes.get(at..at + 8).map(<[u8; 8]>::try_from) {
        let word = u64::from_le_bytes(eight);
        let quote = word ^ (ONES * b'"' as u64);
        let backslash = word ^ (ONES * b'\\' as u64);
        let found = (zeros(quote) | zeros(backslash)) & HIGH;
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let rest = bytes.get(at..)?;
    rest.iter().position(|byte| matches!(byte, b'"' | b'\\')).map(|more| at + more)
}
