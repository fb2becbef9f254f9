//! Reading at a glance and reading as JSON agree.

use super::record::Record;
use super::scan;
use proptest::prelude::*;
use serde_json::{Value, json};

fn value() -> impl Strategy<Value = Value> {
    let text = prop_oneof!["[a-z]{0,12}", Just("a\"b\\\\".to_owned()), Just("ä\u{1f511}\n".to_owned())];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec(
                (prop_oneof!["[a-z]{1,6}", Just("arn".to_owned()), Just("type".to_owned())], inner),
                0..4
            )
            .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_glance_sees_what_the_reader_of_json_sees(
        parameters in value(), identity in value(), other in value(), name in "[A-Z][a-z\"\\\\]{0,9}", pretty: bool, cut in 0_usize..2000
    ) {
        let record = json!({
            "userAgent": other, "userIdentity": identity, "eventTime": "2026-01-03T10:00:00Z", "eventName": name,
            "eventSource": "s3.amazonaws.com", "requestParameters": parameters, "resources": [{"ARN": "arn:aws:s3:::a"}],
            "managementEvent": true, "errorCode": null, "tlsDetails": {"a": [{}, "]"]},
        });
        let text = if pretty { serde_json::to_string_pretty(&record).unwrap() } else { record.to_string() };
        let whole = format!("{text}, {{}}]");
        let read: Record<'_> = serde_json::from_str(&text).unwrap();
        if let Some((seen, length)) = scan::record(&whole) {
            prop_assert_eq!(length, text.len());
            prop_assert_eq!(format!("{seen:?}"), format!("{read:?}"));
        }
        // What is cut off is never taken for whole.
        let end = (0..cut.min(text.len().saturating_sub(1))).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        prop_assert!(scan::record(&text[..end]).is_none());
    }
}

#[test]
fn instants_are_those_of_the_calendar() {
    for text in
        ["1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "2026-12-31T12:30:45Z", "2000-03-01T00:00:00Z"]
    {
        let right: jiff::Timestamp = text.parse().unwrap();
        assert_eq!(super::cloudtrail::instant(text), Some(right.as_second()), "{text}");
    }
    assert_eq!(
        super::cloudtrail::instant("2026-01-03 10:00:00.000 UTC"),
        super::cloudtrail::instant("2026-01-03T10:00:00Z")
    );
    for wrong in ["2023-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:00:00Z", "yesterday", ""] {
        assert_eq!(super::cloudtrail::instant(wrong), None, "{wrong}");
    }
}
