use crate::usage::builder::UsageBuilder;
use crate::usage::value::Usage;
use serde_json::{Value, json};

const ANN: &str = "aaaaaaaa-0000-0000-0000-000000000001";

fn read(records: &Value) -> Usage {
    let mut builder = UsageBuilder::new();
    builder.add("log.json", records.to_string().as_bytes()).unwrap();
    builder.finish()
}

fn called(status: &str, sub_status: &str, correlation: &str, at: &str) -> Value {
    json!({"eventTimestamp": at, "caller": "ann@example.com", "correlationId": correlation,
        "operationName": {"value": "Microsoft.Compute/disks/write", "localizedValue": "Create or Update Disk"},
        "authorization": {"action": "Microsoft.Compute/disks/write", "role": "Contributor", "scope": "/subscriptions/S1/resourceGroups/rg1"},
        "claims": {"http://schemas.microsoft.com/identity/claims/objectidentifier": ANN.to_uppercase(),
            "http://schemas.microsoft.com/claims/authnmethodsreferences": "pwd,mfa", "ipaddr": "203.0.113.7"},
        "status": {"value": status}, "subStatus": {"value": sub_status}, "category": {"value": "Administrative"},
        "resourceId": "/subscriptions/S1/resourceGroups/rg1/providers/Microsoft.Compute/disks/d"})
}

#[test]
fn a_call_that_begins_is_accepted_and_ends_is_one_use() {
    let usage = read(&json!([
        called("Started", "", "c1", "2026-01-01T10:00:00Z"),
        called("Accepted", "", "c1", "2026-01-01T10:00:01.5Z"),
        called("Succeeded", "", "c1", "2026-01-01T10:00:09Z"),
        called("Started", "", "c2", "2026-01-02T10:00:00Z"),
        called("Failed", "Forbidden", "c2", "2026-01-02T10:00:01Z"),
        called("Failed", "Conflict", "c3", "2026-01-03T10:00:01Z"),
    ]));
    let one = usage.get(ANN, "Microsoft.Compute/disks/write").unwrap();
    assert_eq!((one.used().count(), one.denied().count(), one.failed().count()), (1, 1, 1));
    assert_eq!(one.used().days().to_strings(), ["2026-01-01"]);
    assert_eq!(one.mfa(), (true, false));
    let resources: Vec<_> = one.observed().filter_map(|seen| seen.resource.map(str::to_owned)).collect();
    assert_eq!(resources, ["/subscriptions/s1/resourcegroups/rg1/providers/microsoft.compute/disks/d"]);
    assert_eq!(usage.actors(ANN).map(|(name, _)| name).collect::<Vec<_>>(), ["ann@example.com"]);
    let coverage = serde_json::to_value(usage.coverage()).unwrap();
    assert_eq!(coverage["counts"]["duplicates"], 1);
    assert_eq!(coverage["files"][0]["kind"], "activity_log");
}

#[test]
fn files_of_diagnostic_settings_name_the_assignment() {
    let record = json!({"time": "2026-01-05T08:00:00.0000000Z", "operationName": "MICROSOFT.STORAGE/STORAGEACCOUNTS/LISTKEYS/ACTION",
        "resourceId": "/SUBSCRIPTIONS/S1/RESOURCEGROUPS/RG1/PROVIDERS/MICROSOFT.STORAGE/STORAGEACCOUNTS/PAY",
        "category": "Administrative", "resultType": "Success", "resultSignature": "Succeeded.OK", "callerIpAddress": "10.0.0.4", "correlationId": "c9",
        "identity": {"authorization": {"scope": "/subscriptions/S1/resourceGroups/rg1", "action": "Microsoft.Storage/storageAccounts/listKeys/action",
            "evidence": {"role": "Contributor", "roleAssignmentScope": "/subscriptions/S1", "roleAssignmentId": "B2C3", "roleDefinitionId": "b24988ac",
                "principalId": "group-1", "principalType": "Group"}},
            "claims": {"http://schemas.microsoft.com/identity/claims/objectidentifier": ANN}}});
    let usage = read(&record);
    let one = usage.get(ANN, "Microsoft.Storage/storageAccounts/listKeys/action").unwrap();
    let seen = one.observed().next().unwrap();
    let context: Vec<(&str, &str)> = seen.context().collect();
    assert_eq!(
        context,
        [
            ("roleAssignmentId", "b2c3"),
            ("roleAssignmentScope", "/subscriptions/s1"),
            ("roleDefinitionId", "b24988ac")
        ]
    );
    assert_eq!(read(&json!({"records": [record]})), usage);
}

#[test]
fn what_is_no_call_is_a_notice_and_reads_are_in_no_log() {
    let mut health = called("Active", "", "c1", "2026-01-01T10:00:00Z");
    health["category"] = json!({"value": "ServiceHealth"});
    let usage = read(&json!([health, called("Succeeded", "", "c2", "2026-01-01T10:00:00Z")]));
    assert_eq!(serde_json::to_value(usage.coverage()).unwrap()["counts"]["notices"], 1);
    assert_eq!(usage.plane(ANN, "Microsoft.Compute/disks/read"), Some(crate::model::Plane::Unlogged));
    assert_eq!(usage.plane(ANN, "Microsoft.Compute/disks/write"), Some(crate::model::Plane::Management));
}
