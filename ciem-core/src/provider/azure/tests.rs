use super::leads::leads_to;
use super::scope::{canonical, is_management_group, pattern, shown, subscription};
use crate::{Error, SnapshotBuilder};
use proptest::prelude::*;

#[test]
fn ids_have_one_form() {
    for (given, expected) in [
        ("*", "*"),
        ("/", "/"),
        ("/subscriptions/S", "/subscriptions/s/"),
        ("/subscriptions/s/", "/subscriptions/s/"),
        ("/subscriptions/s//", "/subscriptions/s/"),
        ("subscriptions/s", "/subscriptions/s/"),
        ("/subscriptions/S/*", "/subscriptions/s/*"),
        ("/subscriptions/*/resourceGroups/rg", "/subscriptions/*/resourcegroups/rg/"),
    ] {
        assert_eq!(canonical(given), expected, "{given}");
    }
    assert_eq!(shown("/subscriptions/s/"), "/subscriptions/s");
    assert_eq!(shown("/"), "/");
    assert_eq!(pattern("/"), "*");
    assert_eq!(subscription("/subscriptions/s/resourcegroups/rg/"), Some("s"));
    assert_eq!(subscription("/providers/x/"), None);
    assert!(is_management_group("/providers/microsoft.management/managementgroups/corp/"));
    assert!(!is_management_group("/providers/microsoft.management/managementgroups/corp/providers/x/"));
}

proptest! {
    #[test]
    fn the_form_of_a_form_is_itself(id in "[/aB*]{0,8}") {
        let once = canonical(&id).into_owned();
        prop_assert_eq!(canonical(&once).into_owned(), once);
    }
}

#[test]
fn keys_lead_to_data_and_reads_do_not() {
    assert!(leads_to("Microsoft.Storage/storageAccounts/listKeys/action").is_some());
    assert!(leads_to("Microsoft.Search/searchServices/listKeys/action").is_some());
    assert!(leads_to("Microsoft.Automation/automationAccounts/runbooks/write").is_some());
    assert_eq!(leads_to("Microsoft.Storage/storageAccounts/read"), None);
    assert_eq!(leads_to("data:Microsoft.Storage/storageAccounts/listKeys/action"), None);
}

fn error(text: &str) -> Error {
    SnapshotBuilder::new().add("x.json", text.as_bytes()).unwrap_err()
}

#[test]
fn a_bad_record_is_named_with_its_place() {
    let assignment = r#"{"type": "Microsoft.Authorization/roleAssignments", "properties": {"scope": "/", "principalId": 7}}"#;
    let wrong = error(&format!("[{assignment}]"));
    assert_eq!(wrong.code(), "malformed");
    assert_eq!(wrong.place().and_then(|place| place.pointer.as_deref()), Some("/0/properties/principalId"));
    let wild = r#"[{"scope": "/subscriptions/*", "principalId": "u", "roleDefinitionId": "r"}]"#;
    assert_eq!(error(wild).code(), "malformed");
    assert_eq!(error("[{\"scope\": \"/\"").code(), "malformed");
    assert_eq!(error("[]").code(), "unrecognised");
    assert_eq!(error(&"[".repeat(100)).code(), "too_deep");
}
