//! The dated questions on the sample estate, and on the estate with one fact changed.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

use crate::dates::{end, start};
use crate::departed::{Departed, SystemReach};
use crate::findings::Assessment;
use crate::stories::Stories;
use crate::{SAMPLE_AT, page, print, sample_estate, sample_logs};
use ciem_core::{Progress, Snapshot, SnapshotBuilder, Usage, UsageOptions, Verdict, load_usage};
use serde_json::{Value, json};

/// The sample estate with one of its files changed.
fn edited(file: &str, edit: impl Fn(&mut Value)) -> Snapshot {
    let mut builder = SnapshotBuilder::new();
    let mut found = file.is_empty();
    for entry in std::fs::read_dir(sample_estate()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let mut bytes = std::fs::read(&path).unwrap();
        if name == file {
            let mut value = serde_json::from_slice(&bytes).unwrap();
            edit(&mut value);
            bytes = value.to_string().into_bytes();
            found = true;
        }
        builder.add(&name, &bytes).unwrap();
    }
    assert!(found, "no file {file}");
    builder.finish().unwrap()
}

fn told(file: &str, edit: impl Fn(&mut Value)) -> Stories {
    at(&edited(file, edit), SAMPLE_AT)
}

fn at(snapshot: &Snapshot, date: &str) -> Stories {
    Stories::of(snapshot, &logs(), start(date).unwrap(), &Progress::none()).unwrap()
}

fn logs() -> Usage {
    load_usage(&[sample_logs()], &UsageOptions::default()).unwrap()
}

fn as_it_is() -> Stories {
    told("", |_| {})
}

/// The record of a user or role in authorization details.
fn record<'a>(export: &'a mut Value, list: &str, name: &str) -> &'a mut Value {
    let key = if list == "UserDetailList" { "UserName" } else { "RoleName" };
    let records = export[list].as_array_mut().unwrap();
    records.iter_mut().find(|record| record[key] == name).unwrap()
}

fn set_tag(record: &mut Value, key: &str, value: &str) {
    let tags = record["Tags"].as_array_mut().unwrap();
    tags.retain(|tag| tag["Key"] != key);
    tags.push(json!({"Key": key, "Value": value}));
}

fn group<'a>(stories: &'a Stories, employment: &str) -> &'a Departed {
    stories.departed.iter().find(|group| group.employment == employment).unwrap()
}

fn system<'a>(group: &'a Departed, name: &str) -> Option<&'a SystemReach> {
    group.systems.iter().find(|system| system.system == name)
}

/// Who of a group can still do one thing in a system.
fn who<'a>(stories: &'a Stories, employment: &str, name: &str, permission: &str) -> Vec<&'a str> {
    let identities = system(group(stories, employment), name).map_or(&[][..], |s| s.identities.as_slice());
    let can = |access: &[crate::departed::ResourceReach]| {
        access.iter().any(|row| row.permissions.iter().any(|one| one == permission))
    };
    identities.iter().filter(|one| can(&one.access)).map(|one| one.name.as_str()).collect()
}

const SECRET: &str = "secretsmanager:GetSecretValue";
const PAYMENTS: &str = "payments.authorization-details.json";

#[test]
fn three_departed_contractors_can_still_read_the_production_database() {
    let stories = as_it_is();
    assert_eq!(
        who(&stories, "contractor", "orders-database", SECRET),
        ["luca.moretti", "priya.raman", "tomas.becker"]
    );
    let contractors = group(&stories, "contractor");
    assert_eq!(contractors.identities, 4);
    assert_eq!(contractors.shut_out, ["kofi.mensah"]);
    let database = system(contractors, "orders-database").unwrap();
    let via = |name: &str| {
        let one = database.identities.iter().find(|one| one.name == name).unwrap();
        one.access.iter().flat_map(|row| row.via.clone()).collect::<Vec<String>>().join(" ")
    };
    assert!(via("tomas.becker").contains("orders-database-readers"), "{}", via("tomas.becker"));
    assert!(via("luca.moretti").contains("migration"), "{}", via("luca.moretti"));
    assert!(via("priya.raman").contains("orders-database"), "{}", via("priya.raman"));
}

#[test]
fn a_grant_taken_back_and_a_date_moved_change_who_is_listed() {
    let without_group = told(PAYMENTS, |export| {
        record(export, "UserDetailList", "tomas.becker")["GroupList"] = json!([]);
    });
    assert_eq!(who(&without_group, "contractor", "orders-database", SECRET), ["luca.moretti", "priya.raman"]);
    let without_statement = told("secret-orders-database.policy.json", |answer| {
        answer["ResourcePolicy"] = json!(r#"{"Version": "2012-10-17", "Statement": []}"#);
    });
    assert_eq!(
        who(&without_statement, "contractor", "orders-database", SECRET),
        ["luca.moretti", "tomas.becker"]
    );
    let ended = told(PAYMENTS, |export| {
        set_tag(record(export, "UserDetailList", "nina.holm"), "contract_end", "2026-10-31");
    });
    assert_eq!(who(&ended, "contractor", "orders-database", SECRET).len(), 4);
    let prolonged = told(PAYMENTS, |export| {
        set_tag(record(export, "UserDetailList", "luca.moretti"), "contract_end", "2026-11-01");
    });
    assert_eq!(
        who(&prolonged, "contractor", "orders-database", SECRET),
        ["priya.raman", "tomas.becker"],
        "the last day counts"
    );
}

#[test]
fn seasonal_staff_without_the_limit_still_reach_the_payment_systems() {
    let stories = as_it_is();
    let ledger = "dynamodb:UpdateItem";
    assert_eq!(who(&stories, "seasonal", "payments", ledger), ["amelie.fournier", "sven.adler"]);
    let seasonal = group(&stories, "seasonal");
    assert_eq!(seasonal.identities, 7, "the one of this winter is still here");
    assert_eq!(seasonal.shut_out, ["jonas.lindqvist", "maria.costa", "zofia.wrona"]);
    let till = who(&stories, "seasonal", "tills", "dynamodb:PutItem");
    assert_eq!(till, ["dmitri.orlov", "edith.kaya"]);

    let limited = told(PAYMENTS, |export| {
        let limit = record(export, "UserDetailList", "jonas.lindqvist")["PermissionsBoundary"].clone();
        record(export, "UserDetailList", "sven.adler")["PermissionsBoundary"] = limit;
    });
    assert_eq!(who(&limited, "seasonal", "payments", ledger), ["amelie.fournier"]);
    // In the season nobody is over.
    let season = at(&edited("", |_| {}), "2026-01-15");
    assert!(season.departed.iter().all(|group| group.employment != "seasonal"));
}

#[test]
fn what_anybody_can_do_is_no_access_of_theirs() {
    let stories = as_it_is();
    assert!(stories.departed.iter().all(|group| system(group, "shop-window").is_none()));
}

#[test]
fn the_elevation_of_september_was_never_taken_back() {
    let stories = as_it_is();
    let [one] = stories.elevations.as_slice() else { panic!("{:?}", stories.elevations) };
    assert_eq!((one.name.as_str(), one.ticket.as_deref()), ("deploy-payments", Some("CHG-4711")));
    let [left] = one.policies.as_slice() else { panic!("{one:?}") };
    assert!(left.policy.ends_with("window-2026-09-13"), "{left:?}");
    assert!(left.permissions > 200, "{left:?}");

    let taken_back = told(PAYMENTS, |export| {
        let policies = &mut record(export, "RoleDetailList", "deploy-payments")["RolePolicyList"];
        policies.as_array_mut().unwrap().retain(|policy| policy["PolicyName"] != "window-2026-09-13");
    });
    assert!(taken_back.elevations.is_empty());
    let still_open = told(PAYMENTS, |export| {
        let role = record(export, "RoleDetailList", "deploy-payments");
        set_tag(role, "elevation_end", "2026-11-02T04:00:00Z");
    });
    assert!(still_open.elevations.is_empty());
}

#[test]
fn a_window_with_a_date_in_its_condition_ended_by_itself() {
    let unnamed = |export: &mut Value| {
        let tags = &mut record(export, "RoleDetailList", "deploy-payments")["Tags"];
        tags.as_array_mut().unwrap().retain(|tag| tag["Key"] != "elevation_policy");
    };
    let stories = told(PAYMENTS, unnamed);
    let policies = |stories: &Stories| -> Vec<String> {
        let one = stories.elevations.first().unwrap();
        one.policies.iter().map(|left| crate::elevations::short(&left.policy).to_owned()).collect()
    };
    assert_eq!(policies(&stories), ["deploy", "window-2026-09-13"]);
    let earlier = told(PAYMENTS, |export| {
        unnamed(export);
        set_tag(record(export, "RoleDetailList", "deploy-payments"), "elevation_end", "2026-06-01");
    });
    let snapshot = edited(PAYMENTS, |export| {
        unnamed(export);
        set_tag(record(export, "RoleDetailList", "deploy-payments"), "elevation_end", "2026-06-01");
    });
    assert_eq!(policies(&earlier).len(), 2);
    assert_eq!(policies(&at(&snapshot, "2026-06-21")).len(), 3, "its window was open");
}

#[test]
fn more_than_two_hundred_permissions_in_development_were_never_used() {
    let stories = as_it_is();
    assert!(stories.unused.count() >= 1495, "{}", stories.unused.count());
    assert!(stories.unused.by_nobody.len() >= 200, "{}", stories.unused.by_nobody.len());
    // Its objects and metrics are data, and the log of that account has none.
    assert_eq!(stories.unused.not_told, ["load-tests"]);
    let of = |stories: &Stories, name: &str| {
        let one = stories.unused.identities.iter().find(|one| one.name == name).unwrap();
        assert_eq!(one.held, one.used + one.unused.len() + one.unobservable);
        (one.used, one.unused.len())
    };
    let (used, unused) = of(&stories, "lea.martin");
    assert!(used == 0 && unused >= 261, "{unused}");
    assert_eq!(of(&stories, "integration-tests").0, 7);

    let used = told("dev.last-accessed.lea.martin.json", |answer| {
        let service = answer["ServicesLastAccessed"].as_array_mut().unwrap();
        let lambda = service.iter_mut().find(|service| service["ServiceNamespace"] == "lambda").unwrap();
        lambda["TrackedActionsLastAccessed"][0]["LastAccessedTime"] = json!("2026-10-01T00:00:00+00:00");
    });
    assert_eq!(of(&used, "lea.martin"), (1, unused - 1));
    let left = told("dev.authorization-details.json", |export| {
        record(export, "UserDetailList", "lea.martin")["GroupList"] = json!([]);
    });
    assert_eq!(of(&left, "lea.martin"), (0, 0));
}

#[test]
fn ten_smaller_policies_are_told_most_first() {
    let changes = as_it_is().changes;
    assert!(changes.first.len() == 10 && changes.possible > 10, "{}", changes.possible);
    let weight = |at: usize| {
        let one = &changes.first[at];
        (one.permissions_management, one.write, one.removed)
    };
    assert!((1..10).all(|at| weight(at) <= weight(at - 1)));
    for one in &changes.first {
        assert!(one.removed as u32 == one.granted - one.kept && !one.remedy.changes.is_empty());
        assert_eq!(one.rollback.inverse(), one.remedy);
        let mut state = one.remedy.starting_state();
        one.remedy.apply(&mut state).unwrap();
    }
    // Without logs nothing is known to be unused.
    let quiet =
        Stories::of(&edited("", |_| {}), &Usage::default(), start(SAMPLE_AT).unwrap(), &Progress::none());
    assert_eq!(quiet.unwrap().changes.possible, 0);
}

#[test]
fn the_catalogue_knows_every_action_whose_use_is_told() {
    let snapshot = edited("", |_| {});
    let known: std::collections::BTreeSet<String> =
        snapshot.permissions().filter(|row| row.known).map(|row| row.permission).collect();
    let told = snapshot.last_accessed().filter_map(|row| row.permission);
    let strange: Vec<String> = told.filter(|permission| !known.contains(permission)).collect();
    assert!(strange.is_empty(), "{strange:?}");
}

#[test]
fn who_can_read_the_customers_data_is_listed_with_a_proof() {
    let names = |stories: &Stories, permission: &str| -> Vec<String> {
        let readers = stories.readers.iter().find(|one| one.permission == permission).unwrap();
        readers.holders.iter().map(|holder| holder.name.clone()).collect()
    };
    let stories = as_it_is();
    let objects = names(&stories, "s3:GetObject");
    assert_eq!(objects.len(), 18, "{objects:?}");
    // Engineers without clearance are kept out by their boundary, people who left by their directory.
    for (name, reads) in
        [("dana.ito", true), ("rafael.pires", false), ("chen.wei", true), ("daniel.frost", false)]
    {
        assert_eq!(objects.iter().any(|one| one == name), reads, "{name}");
    }
    for readers in &stories.readers {
        let proof = readers.proof.as_ref().unwrap();
        assert_ne!(proof.explanation.decision.verdict, Verdict::Deny);
        assert!(proof.explanation.decision.statements.iter().any(|statement| statement.effect == "allow"));
    }
    let taken_back = told("identity-center.assignments.json", |answers| {
        for answer in answers.as_array_mut().unwrap() {
            let list = answer["AccountAssignments"].as_array_mut().unwrap();
            list.retain(|one| one["PrincipalType"] != "USER");
        }
    });
    let objects = names(&taken_back, "s3:GetObject");
    assert_eq!(objects.len(), 17);
    assert!(objects.iter().all(|one| one != "chen.wei"));
}

#[test]
fn nothing_that_an_export_says_reaches_the_terminal_as_a_command() {
    let snapshot = edited(PAYMENTS, |export| {
        let user = record(export, "UserDetailList", "tomas.becker");
        set_tag(user, "employment", "contractor\u{1b}[2J");
        set_tag(user, "contract_end", "2026-06-30");
        set_tag(record(export, "UserDetailList", "sven.adler"), "contract_end", "soon\u{1b}]0;x\u{7}");
        set_tag(record(export, "RoleDetailList", "deploy-payments"), "elevation_ticket", "CHG\u{9b}31m");
    });
    let assessment =
        Assessment::of(&snapshot, &logs(), start(SAMPLE_AT).unwrap(), &Progress::none()).unwrap();
    let [bad] = assessment.stories.unreadable.as_slice() else { panic!("one date is none") };
    assert_eq!(bad.tag, "contract_end");
    let mut page = Vec::new();
    print::print(&mut page, &assessment).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(page.contains("[2J") && page.contains("CHG"));
    assert!(page.chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn the_page_for_browsers_holds_only_its_own_markup() {
    let snapshot = edited(PAYMENTS, |export| {
        let user = record(export, "UserDetailList", "tomas.becker");
        set_tag(user, "employment", "<script>alert('x')</script>\u{1b}");
        set_tag(record(export, "RoleDetailList", "deploy-payments"), "elevation_ticket", "\"><img src=x>");
    });
    let assessment =
        Assessment::of(&snapshot, &logs(), start(SAMPLE_AT).unwrap(), &Progress::none()).unwrap();
    let page = page::html(&assessment);
    assert!(page.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"));
    assert!(!page.contains("<script") && !page.contains("<img"));
    assert!(page.chars().all(|c| c == '\n' || !c.is_control()));
    // Nothing is fetched when it is opened.
    assert!(!page.contains("href=") && !page.contains("url("));
}

#[test]
fn a_date_counts_in_full() {
    assert_eq!(start("2026-11-01").unwrap(), start(SAMPLE_AT).unwrap());
    assert_eq!(end("2026-10-31").unwrap(), start("2026-11-01").unwrap());
    assert_eq!(end("2026-09-14T04:00:00Z"), start("2026-09-14T06:00:00+02:00"));
    assert!(["", "soon", "2026-02-30", "31.12.2026"].iter().all(|text| end(text).is_none()));
}
