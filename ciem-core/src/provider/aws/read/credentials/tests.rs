//! Reports, lists and last uses, good and bad.

use crate::error::Error;
use crate::model::Facts;
use crate::model::usage::CredentialKind;
use crate::provider::aws::read::{finish, read};

const HEAD: &str = "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,\
    password_next_rotation,mfa_active,access_key_1_active,access_key_1_last_rotated";
const ANA: &str = "arn:aws:iam::111122223333:user/ana";

fn load(text: &str) -> Result<Facts, Error> {
    let mut facts = Facts::default();
    assert!(read(&mut facts, "x", text)?, "not recognised");
    finish(&mut facts);
    Ok(facts)
}

#[test]
fn columns_of_a_report_are_found_by_name_and_words_for_nothing_are_no_values() {
    let row = format!(
        "ana,{ANA},2024-01-01T00:00:00+00:00,true,no_information,N/A,N/A,false,true,2024-05-01T00:00:00+00:00"
    );
    let facts = load(&format!("{HEAD}\n{row}\n")).unwrap();
    let kinds: Vec<_> =
        facts.usage.credentials.iter().map(|one| (one.kind, one.active, one.used.at)).collect();
    assert_eq!(
        kinds,
        [(CredentialKind::Password, Some(true), None), (CredentialKind::AccessKey, Some(true), None)]
    );
    assert_eq!(facts.usage.credentials[1].changed, Some(1_714_521_600));
    assert!(facts.usage.last_used.is_empty());
}

#[test]
fn quoted_names_hold_commas_and_an_unknown_column_is_skipped() {
    let row = format!("\"a,na\",{ANA},x,true,N/A,N/A,N/A,true,false,N/A,,[]");
    let facts = load(&format!("{HEAD},later,additional_credentials_info\n{row}\n")).unwrap();
    assert_eq!(facts.usage.credentials.len(), 2, "password and device");
}

#[test]
fn damaged_reports_are_refused_with_their_line() {
    for (text, line) in [
        (format!("{HEAD}\nana,{ANA}\n"), 2),
        (format!("{HEAD}\nana,nobody,x,true,N/A,N/A,N/A,true,false,N/A\n"), 2),
    ] {
        let error = load(&text).unwrap_err();
        assert_eq!(error.code(), "malformed");
        assert_eq!(serde_json::to_value(error.place()).unwrap()["line"], line, "{error}");
    }
    let coded = load(r#"{"Content": "%%%", "ReportFormat": "text/csv"}"#).unwrap_err();
    assert_eq!(coded.code(), "malformed");
}

#[test]
fn dates_are_texts_numbers_or_nothing() {
    let keys = r#"{"AccessKeyMetadata": [
        {"UserName": "ana", "AccessKeyId": "A1", "Status": "Active", "CreateDate": "2024-05-01 00:00:00+00:00"},
        {"UserName": "ana", "AccessKeyId": "A2", "Status": "Inactive", "CreateDate": 1714521600.5},
        {"UserName": "ana", "AccessKeyId": "A3", "CreateDate": "soon"}], "AccountId": "111122223333"}"#;
    let mut facts = Facts::default();
    assert!(read(&mut facts, "keys", keys).unwrap());
    let changed: Vec<_> = facts.usage.by_name.iter().map(|(_, _, one)| (one.active, one.changed)).collect();
    let at = Some(1_714_521_600);
    assert_eq!(changed, [(Some(true), at), (Some(false), at), (None, None)]);
    finish(&mut facts);
    assert!(facts.usage.credentials.is_empty(), "no such user is loaded");
    assert_eq!(facts.coverage.rejected.len(), 1, "said once for each user and input");
    assert_eq!(load(&keys.replace("1714521600.5", "{}")).unwrap_err().code(), "malformed");
}

#[test]
fn the_newest_list_of_last_uses_counts() {
    let list = |day: u8, at: &str| {
        format!(
            r#"{{"JobStatus": "COMPLETED", "JobCreationDate": "2026-01-0{day}T00:00:00Z", "Arn": "{ANA}",
                "ServicesLastAccessed": [{{"ServiceNamespace": "s3", "ServiceName": "S3" {at}}}]}}"#
        )
    };
    let newer = list(2, r#", "LastAuthenticated": "2025-12-01T00:00:00Z""#);
    let facts = load(&format!("{}\n{newer}", list(1, ""))).unwrap();
    let [one] = facts.usage.accessed.as_slice() else { panic!("one row") };
    assert!(one.at.is_some() && one.permission.is_none());
    let unfinished =
        r#"{"JobStatus": "IN_PROGRESS", "ServicesLastAccessed": [], "Arn": "arn:aws:iam::1:user/x"}"#;
    assert_eq!(load(unfinished).unwrap_err().code(), "malformed");
}
