//! Typed values inside condition texts: numbers, instants, addresses, bytes. Every parser takes the whole text.

use ipnet::{IpNet, Ipv4Subnets, Ipv6Subnets};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A number or an instant as a point of an ordered line. Numbers keep the order of their `f64`, instants are
/// nanoseconds since 1970.
pub(super) type Point = i128;

/// A finite decimal number; `10abc`, `inf` and `nan` are none.
pub(super) fn parse_number(text: &str) -> Option<Point> {
    let digits_only =
        text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'+' | b'-' | b'.' | b'e' | b'E'));
    let number: f64 = text.parse().ok().filter(|number: &f64| digits_only && number.is_finite())?;
    Some(order_of(if number == 0.0 { 0.0 } else { number }))
}

/// The bits of a float, rearranged so that integers compare as the floats do.
fn order_of(number: f64) -> Point {
    let bits = number.to_bits().cast_signed();
    Point::from(if bits < 0 { bits ^ i64::MAX } else { bits })
}

/// The canonical text of a number.
pub(super) fn number_text(point: Point) -> String {
    let ordered = i64::try_from(point).unwrap_or_default();
    let bits = if ordered < 0 { ordered ^ i64::MAX } else { ordered };
    let number = f64::from_bits(bits.cast_unsigned());
    if number.abs() < 1e17 && (number == 0.0 || number.abs() > 1e-7) {
        number.to_string()
    } else {
        format!("{number:e}")
    }
}

/// An ISO 8601 date, date and time (without offset: UTC), or seconds since 1970 with optional fraction.
pub(crate) fn parse_instant(text: &str) -> Option<Point> {
    if let Some(point) = parse_epoch(text) {
        return jiff::Timestamp::from_nanosecond(point).is_ok().then_some(point);
    }
    if let Ok(instant) = text.parse::<jiff::Timestamp>() {
        return Some(instant.as_nanosecond());
    }
    let local: jiff::civil::DateTime = text.parse().ok()?;
    let instant = local.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    Some(instant.timestamp().as_nanosecond())
}

fn parse_epoch(text: &str) -> Option<Point> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (seconds, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(seconds) || !all_digits(fraction) || seconds.len() > 18 {
        return None;
    }
    let seconds: Point = seconds.parse().ok()?;
    let digits = fraction.bytes().chain(std::iter::repeat(b'0')).take(9);
    let nanoseconds = digits.fold(0, |all, digit| all * 10 + Point::from(digit - b'0'));
    let point = seconds * 1_000_000_000 + nanoseconds;
    Some(if negative { -point } else { point })
}

/// The canonical text of an instant: RFC 3339 in UTC.
pub(super) fn instant_text(point: Point) -> String {
    jiff::Timestamp::from_nanosecond(point).map(|instant| instant.to_string()).unwrap_or_default()
}

/// An address; every IPv4 address sorts before every IPv6 address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) enum Address {
    V4(u32),
    V6(u128),
}

impl Address {
    /// A plain address without mask, in any spelling.
    pub(super) fn parse(text: &str) -> Option<Address> {
        text.parse::<IpAddr>().ok().map(Address::from)
    }

    /// The address after this one in its family.
    pub(super) fn next(self) -> Option<Address> {
        match self {
            Address::V4(bits) => bits.checked_add(1).map(Address::V4),
            Address::V6(bits) => bits.checked_add(1).map(Address::V6),
        }
    }

    /// The address before this one in its family.
    pub(super) fn previous(self) -> Option<Address> {
        match self {
            Address::V4(bits) => bits.checked_sub(1).map(Address::V4),
            Address::V6(bits) => bits.checked_sub(1).map(Address::V6),
        }
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Address {
        match address {
            IpAddr::V4(address) => Address::V4(address.to_bits()),
            IpAddr::V6(address) => Address::V6(address.to_bits()),
        }
    }
}

/// Addresses of one family from `low` to `high`, both included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(super) struct AddressRange {
    pub(super) low: Address,
    pub(super) high: Address,
}

impl AddressRange {
    /// A network with mask, or one address.
    pub(super) fn parse(text: &str) -> Option<AddressRange> {
        match Address::parse(text) {
            Some(address) => Some(AddressRange { low: address, high: address }),
            None => {
                let network: IpNet = text.parse().ok()?;
                Some(AddressRange { low: network.network().into(), high: network.broadcast().into() })
            }
        }
    }

    pub(super) fn contains(&self, address: Address) -> bool {
        self.low <= address && address <= self.high
    }

    /// The fewest networks that make up this range, in order.
    pub(super) fn networks(&self) -> Vec<String> {
        match (self.low, self.high) {
            (Address::V4(low), Address::V4(high)) => {
                let (low, high) = (Ipv4Addr::from_bits(low), Ipv4Addr::from_bits(high));
                Ipv4Subnets::new(low, high, 0).map(|network| network.to_string()).collect()
            }
            (Address::V6(low), Address::V6(high)) => {
                let (low, high) = (Ipv6Addr::from_bits(low), Ipv6Addr::from_bits(high));
                Ipv6Subnets::new(low, high, 0).map(|network| network.to_string()).collect()
            }
            // INVARIANT: both ends are of one family.
            _ => Vec::new(),
        }
    }
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes written in standard base64; padding may be left out.
pub(crate) fn parse_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=');
    let padding = text.len() - digits.len();
    if digits.len() % 4 == 1 || padding > 2 || (padding > 0 && !text.len().is_multiple_of(4)) {
        return None;
    }
    let mut bytes = Vec::with_capacity(digits.len() * 3 / 4);
    for group in digits.as_bytes().chunks(4) {
        let mut bits = 0u32;
        for digit in group {
            let value = BASE64.iter().position(|letter| letter == digit)?;
            bits = bits << 6 | u32::try_from(value).ok()?;
        }
        bits <<= 6 * (4 - group.len());
        bytes.extend(bits.to_be_bytes().into_iter().skip(1).take(group.len() - 1));
    }
    Some(bytes)
}

/// The canonical base64 text of some bytes.
pub(super) fn base64_text(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = (bits >> (18 - 6 * place)) & 63;
            let letter = BASE64.get(digit as usize).copied().unwrap_or(b'A');
            text.push(if place <= group.len() { char::from(letter) } else { '=' });
        }
    }
    text
}
