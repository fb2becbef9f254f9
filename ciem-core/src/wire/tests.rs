//! Tables are the same answers as the rows that the engine gives, in every form.

use super::{Cell, ColumnKind, Table, call, table};
use crate::progress::{Cancel, Progress};
use crate::snapshot::Snapshot;
use crate::snapshot::builder::SnapshotBuilder;
use serde::Serialize;
use serde_json::{Value, json};

const VERBS: &[(&str, &str)] = &[
    ("who_can", r#"{"action": "s3:GetObject", "resource": "arn:aws:s3:::pay/*"}"#),
    ("what_can", r#"{"principal": "arn:aws:iam::111122223333:user/ana"}"#),
    ("matrix", "{}"),
    ("can_become", "{}"),
    ("what_would_settle_it", "{}"),
    ("principals", "{}"),
    ("permissions", "{}"),
    ("resources", "{}"),
];

/// A role that the first of two users may take on; the users: one with a condition and tags of which a name needs escapes, one without anything.
fn snapshot() -> Snapshot {
    let statement = json!({
        "Effect": "Allow", "Action": "s3:Get*", "Resource": ["arn:aws:s3:::pay/*", "arn:aws:s3:::log/*"],
        "Condition": {"StringEquals": {"aws:PrincipalTag/team": "pay", "aws:SourceVpc": "vpc-\"1\\"}},
    });
    let policy =
        json!({"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}});
    let user = |name: &str, policies: Value, tags: Value| {
        json!({
            "Arn": format!("arn:aws:iam::111122223333:user/{name}"), "UserName": name, "Path": "/",
            "UserId": format!("AIDA{name}"), "UserPolicyList": policies, "Tags": tags,
        })
    };
    let tags = json!([{"Key": "team", "Value": "pay"}, {"Key": "a\"b", "Value": "line\nbreak \u{1f511}"}]);
    let users = [user("ana", json!([policy]), tags), user("bo", json!([]), json!([]))];
    let trust = json!({"Effect": "Allow", "Principal": {"AWS": users[0]["Arn"]}, "Action": "sts:AssumeRole"});
    let role = json!({
        "Arn": "arn:aws:iam::111122223333:role/app", "RoleName": "app", "Path": "/", "RoleId": "AROAapp",
        "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
    });
    let export =
        json!({"UserDetailList": users, "RoleDetailList": [role], "GroupDetailList": [], "Policies": []});
    let mut builder = SnapshotBuilder::new();
    builder.add("account.json", export.to_string().as_bytes()).unwrap();
    builder.finish().unwrap()
}

fn ask(snapshot: &Snapshot, verb: &str, request: &str) -> Table {
    table(snapshot, verb, request, &Progress::none()).unwrap()
}

fn value(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn rows<R: Serialize>(rows: impl Iterator<Item = R>) -> Vec<String> {
    rows.map(|row| serde_json::to_string(&row).unwrap()).collect()
}

#[test]
fn rows_are_what_the_engine_serialises() {
    let snapshot = snapshot();
    let request = |text: &str| serde_json::from_str(text).unwrap();
    let engine = [
        rows(snapshot.who_can(&request(VERBS[0].1)).unwrap().rows()),
        rows(snapshot.what_can(&request(VERBS[1].1)).unwrap().rows().iter()),
        rows(snapshot.matrix(&request(VERBS[2].1)).unwrap().rows()),
        rows(snapshot.can_become(&request(VERBS[3].1)).unwrap().rows()),
        rows(snapshot.what_would_settle_it(&request(VERBS[4].1)).unwrap().rows().iter()),
        rows(snapshot.principals()),
        rows(snapshot.permissions()),
        rows(snapshot.resources()),
    ];
    for ((verb, request), expected) in VERBS.iter().zip(engine) {
        let table = ask(&snapshot, verb, request);
        let found: Vec<_> = (0..table.len()).map(|row| table.row_json(row).unwrap()).collect();
        assert_eq!(found, expected, "{verb}");
        assert_eq!(table.rows_json(), format!("[{}]", expected.join(",")), "{verb}");
        assert_eq!(call(&snapshot, verb, request).unwrap(), table.to_json(), "{verb}");
        assert_eq!(table.row_json(table.len()), None);
    }
}

#[test]
fn a_principal_may_have_the_name_of_a_permission() {
    let snapshot = snapshot();
    let matrix = snapshot.matrix(&serde_json::from_str("{}").unwrap()).unwrap();
    let expected = rows(matrix.rows());
    // Names that stand in a cell before the first list, so that the numbers of permissions have gaps and turn back.
    let renamed = matrix.cells().enumerate().map(|(at, mut cells)| {
        cells.principal = ["s3:PutObject", "s3:GetObject", "iam:PassRole"][at % 3];
        cells
    });
    let table = super::columns::collect(renamed, None, &[], &Progress::none()).unwrap();
    for (row, expected) in expected.iter().enumerate() {
        let found = value(&table.row_json(row).unwrap());
        assert_eq!(found["possibly"], value(expected)["possibly"]);
        assert_eq!(found["surely"], value(expected)["surely"]);
    }
}

#[test]
fn cells_have_the_kind_of_their_column() {
    let snapshot = snapshot();
    for (verb, request) in VERBS {
        let table = ask(&snapshot, verb, request);
        for row in 0..table.len() {
            for (column, (name, kind)) in table.columns().enumerate() {
                let fits = match table.cell(row, column).unwrap() {
                    Cell::Null | Cell::Text(_) => kind == ColumnKind::Text,
                    Cell::Texts(_) => kind == ColumnKind::Texts,
                    Cell::Pairs(_) => kind == ColumnKind::Pairs,
                    Cell::Flag(_) => kind == ColumnKind::Flag,
                    Cell::Number(_) => kind == ColumnKind::Number,
                };
                assert!(fits, "{verb}: {name} in row {row}");
            }
            assert!(table.cell(row, table.columns().len()).is_none());
        }
    }
}

#[test]
fn slices_share_the_rows_and_end_where_the_table_ends() {
    let table = ask(&snapshot(), "permissions", "{}");
    let whole = value(&table.rows_json());
    let part = table.slice(10..15);
    assert_eq!(value(&part.rows_json()), json!(whole.as_array().unwrap()[10..15]));
    assert_eq!(part.slice(3..9).len(), 2);
    assert_eq!(part.slice(3..9).row_json(1), table.row_json(14));
    assert_eq!((part.slice(7..9).len(), part.slice(5..usize::MAX).len()), (0, 0));
    assert!(part.cell(5, 0).is_none() && part.cell(usize::MAX, 0).is_none());
}

#[test]
fn collecting_is_cancelled() {
    let cancel = Cancel::new();
    cancel.cancel();
    let progress = Progress::none().with_cancel(cancel);
    for (verb, request) in VERBS.iter().filter(|(verb, _)| *verb != "resources") {
        let error = table(&snapshot(), verb, request, &progress).unwrap_err();
        assert_eq!(error.code(), "cancelled", "{verb}");
    }
}

#[test]
fn words_of_rows_are_those_of_their_serialisation() {
    use crate::access::decide::Verdict;
    use crate::model::PrincipalKind::{self, *};
    for kind in [User, Role, Root, Service, Federated, Anonymous, Account, External] {
        assert_eq!(json!(kind), json!(PrincipalKind::as_str(kind)));
    }
    for verdict in [Verdict::Allow, Verdict::Deny, Verdict::Conditional, Verdict::Unknown] {
        assert_eq!(json!(verdict), json!(verdict.as_str()));
    }
}

#[cfg(feature = "arrow")]
mod arrow {
    use super::*;
    use arrow_array::cast::AsArray;
    use arrow_array::types::UInt64Type;
    use arrow_array::{Array, RecordBatch};

    fn texts(array: &dyn Array) -> Vec<Value> {
        array.as_string::<i32>().iter().map(|text| json!(text)).collect()
    }

    /// A cell of a batch as it stands in a row's JSON.
    fn cell(array: &dyn Array, row: usize, kind: ColumnKind) -> Value {
        match kind {
            ColumnKind::Text => texts(array)[row].clone(),
            ColumnKind::Texts => json!(texts(&array.as_list::<i32>().value(row))),
            ColumnKind::Pairs => {
                let pairs = array.as_list::<i32>().value(row);
                let (names, values) =
                    (texts(pairs.as_struct().column(0)), texts(pairs.as_struct().column(1)));
                let names = names.iter().map(|name| name.as_str().unwrap().to_owned());
                Value::Object(names.zip(values).collect())
            }
            ColumnKind::Flag => json!(array.as_boolean().value(row)),
            ColumnKind::Number => json!(array.as_primitive::<UInt64Type>().value(row)),
        }
    }

    fn assert_same(table: &Table, batches: impl Iterator<Item = RecordBatch>) {
        let mut row = 0;
        for batch in batches {
            for at in 0..batch.num_rows() {
                let expected = value(&table.row_json(row).unwrap());
                for (column, (name, kind)) in table.columns().enumerate() {
                    assert_eq!(cell(batch.column(column), at, kind), expected[name], "{name} in row {row}");
                }
                row += 1;
            }
        }
        assert_eq!(row, table.len());
    }

    #[test]
    fn batches_and_streams_hold_the_rows() {
        let snapshot = snapshot();
        for (verb, request) in VERBS {
            // Reading a cell back costs the whole column, so that a part has to do where rows are many.
            let table = ask(&snapshot, verb, request).slice(3..53);
            let table = if table.is_empty() { ask(&snapshot, verb, request).slice(0..50) } else { table };
            assert_same(&table, table.batches().map(Result::unwrap));
            let bytes = table.to_arrow_ipc().unwrap();
            let reader = arrow_ipc::reader::StreamReader::try_new(bytes.as_slice(), None).unwrap();
            assert_eq!(*reader.schema(), table.arrow_schema());
            assert_same(&table, reader.map(Result::unwrap));
        }
    }

    #[test]
    fn batches_end_where_their_limits_are() {
        let table = ask(&snapshot(), "permissions", "{}").slice(0..300);
        for (rows, members) in [(7, usize::MAX), (300, 5), (1, 0), (300, 0)] {
            let batches: Vec<_> = table.batches_of(rows, members).map(Result::unwrap).collect();
            for batch in &batches {
                let types = batch.column_by_name("resource_types").unwrap().as_list::<i32>().values().len();
                assert!(batch.num_rows() <= rows && (types <= members || batch.num_rows() == 1));
            }
            assert!(batches.len() > 2);
            assert_same(&table, batches.into_iter());
        }
    }
}
