//! Typed values and their canonical texts.

use super::super::values::{
    AddressRange, base64_text, instant_text, number_text, parse_base64, parse_instant, parse_number,
};
use proptest::prelude::*;

#[test]
fn numbers_keep_their_order() {
    let texts = ["-1e300", "-10", "-9.5", "-1e-300", "0", "0.0000001", "1", "2", "10", "1e17", "1e300"];
    let points: Vec<_> = texts.iter().map(|text| parse_number(text).unwrap()).collect();
    assert!(points.is_sorted_by(|a, b| a < b));
    assert_eq!(number_text(parse_number("+010.50").unwrap()), "10.5");
    assert_eq!(number_text(parse_number("-0").unwrap()), "0");
    assert_eq!(number_text(parse_number("1000000000000000000000").unwrap()), "1e21");
}

#[test]
fn instants_are_one_line() {
    let same = [
        "2013-06-30T10:00:00Z",
        "2013-06-30T12:00:00+02:00",
        "2013-06-30T10:00",
        "1372586400",
        "1372586400.0",
    ];
    for text in same {
        assert_eq!(instant_text(parse_instant(text).unwrap()), "2013-06-30T10:00:00Z", "{text}");
    }
    assert_eq!(instant_text(parse_instant("-1.5").unwrap()), "1969-12-31T23:59:58.5Z");
    for text in ["", "-", "1.", ".5", "1e3", "2013-13-01", "99999999999999999", "2013-06-30T25:00:00Z", " 1"]
    {
        assert_eq!(parse_instant(text), None, "{text}");
    }
}

#[test]
fn ranges_become_the_fewest_networks() {
    let range = |text: &str| AddressRange::parse(text).unwrap();
    let low = range("10.0.0.1").low;
    let high = range("10.0.0.6").high;
    let networks = AddressRange { low, high }.networks();
    assert_eq!(networks, ["10.0.0.1/32", "10.0.0.2/31", "10.0.0.4/31", "10.0.0.6/32"]);
    assert_eq!(range("0.0.0.0/0").networks(), ["0.0.0.0/0"]);
    assert_eq!(range("::/0").networks(), ["::/0"]);
    assert_eq!(range("10.9.8.7/8").networks(), ["10.0.0.0/8"]);
    for text in ["10.0.0.0/33", "10.0.0", "10.0.0.0/-1", "::/129", "/8", ""] {
        assert_eq!(AddressRange::parse(text), None, "{text}");
    }
}

proptest! {
    #[test]
    fn texts_of_values_are_read_back(bytes: Vec<u8>, number in any::<f64>(), seconds in -1_000_000_000_000i64..200_000_000_000) {
        prop_assert_eq!(parse_base64(&base64_text(&bytes)), Some(bytes));
        if let Some(point) = parse_number(&number.to_string()) {
            prop_assert_eq!(parse_number(&number_text(point)), Some(point));
        }
        if let Some(point) = parse_instant(&seconds.to_string()) {
            prop_assert_eq!(parse_instant(&instant_text(point)), Some(point));
        }
    }

    #[test]
    fn no_text_panics(text in "\\PC{0,24}", typed in "[-+0-9.:/eETZa-f=]{0,24}") {
        for text in [text, typed] {
            let _ = (parse_number(&text), parse_instant(&text), parse_base64(&text), AddressRange::parse(&text));
            for operator in ["StringLike", "ArnNotLike", "DateEquals", "NotIpAddress", "BinaryEquals"] {
                let _ = super::Test::compile(operator, &[&text]).map(|test| test.eval(super::KeyState::One(&text)));
            }
            let _ = super::Test::compile(&text, &["a"]);
        }
    }
}
