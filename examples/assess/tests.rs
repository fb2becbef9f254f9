//! What the sample estate is known to hold must be found, and printed on a page.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use crate::conditions::in_words;
use crate::dates::start;
use crate::findings::Assessment;
use crate::outsiders::Admission;
use crate::table::WIDTH;
use crate::tenant::Holder;
use crate::{Options, SAMPLE_AT, run, sample_estate};
use ciem_core::{LoadOptions, PrincipalKind, Progress, Snapshot, SnapshotBuilder, Verdict, load_paths};
use std::path::PathBuf;

const PAYMENTS: &str = "111122223333";
const DATA: &str = "444455556666";

fn assessment() -> Assessment {
    let snapshot = load_paths(&[sample_estate()], &LoadOptions::default()).unwrap();
    assess(&snapshot)
}

fn assess(snapshot: &Snapshot) -> Assessment {
    Assessment::of(snapshot, &ciem_core::Usage::default(), start(SAMPLE_AT).unwrap(), &Progress::none())
        .unwrap()
}

fn admissions<'a>(assessment: &'a Assessment, resource: &str) -> &'a [Admission] {
    assessment.outside_access.iter().find(|o| o.resource == resource).map_or(&[], |o| o.admits.as_slice())
}

#[test]
fn everything_in_the_estate_is_read() {
    let coverage = assessment().coverage;
    assert!(coverage.rejected.is_empty(), "{:?}", coverage.rejected);
    assert!(coverage.files.iter().all(|file| file.kind != "unrecognised" && file.errors.is_empty()));
    assert_eq!(coverage.files.len(), 72);
    let counted = ["accounts", "users", "roles", "people", "groups"].map(|what| coverage.counts[what]);
    // Six accounts and a tenant: its 33 users, 8 groups, and who has elevated access beside those of AWS.
    assert_eq!(counted, [7, 69, 48, 26, 17]);
    assert!(coverage.unknown_actions.is_empty(), "{:?}", coverage.unknown_actions);
}

#[test]
fn administrators_are_found_and_nobody_else() {
    let found: Vec<(String, String, bool, bool)> = assessment()
        .administrators
        .into_iter()
        .map(|a| (a.account, a.name, a.everything, a.needs_mfa))
        .collect();
    let expect = |account: &str, name: &str, everything, needs_mfa| {
        (account.to_owned(), name.to_owned(), everything, needs_mfa)
    };
    // The SCPs take a few permissions from everybody, but in five accounts none that manage access.
    const STORES: &str = "555566667777";
    const SECURITY: &str = "666677778888";
    const DEV: &str = "777788889999";
    let root = "OrganizationAccountAccessRole";
    let mut expected: Vec<(String, String, bool, bool)> = Vec::new();
    for (account, names) in [
        (PAYMENTS, [root, "AWSReservedSSO_Administrator_9502d8a16dab9e3a"].as_slice()),
        (DATA, &[root, "AWSReservedSSO_Administrator_caba6a32260e16d2", "eli.novak"]),
        (STORES, &[root, "AWSReservedSSO_Administrator_b6741193f4cc0fb9"]),
    ] {
        expected.extend(names.iter().map(|name| expect(account, name, false, false)));
        expected.extend(["agnes.keller", "adam.wolff"].map(|name| expect(account, name, false, false)));
    }
    expected.extend([
        expect(SECURITY, root, false, false),
        expect(SECURITY, "incident-response", false, false),
        expect(DEV, root, false, false),
        expect(DEV, "AWSReservedSSO_Administrator_9d06ed598abe7c15", false, false),
        expect(DEV, "agnes.keller", false, false),
        expect(DEV, "adam.wolff", false, false),
        expect("123456789012", "vera.lund", true, true),
        expect(PAYMENTS, "ana.silva", false, true),
        expect(PAYMENTS, "break-glass", false, true),
    ]);
    assert_eq!(found, expected);
}

#[test]
fn a_policy_that_is_not_there_leaves_the_reach_unknown() {
    assert!(assessment().undecided.is_empty());
    let export = serde_json::json!({
        "UserDetailList": [{
            "Path": "/", "UserName": "ana", "UserId": "AIDAANAEXAMPLEEXAMPLE",
            "Arn": format!("arn:aws:iam::{PAYMENTS}:user/ana"), "UserPolicyList": [], "GroupList": [],
            "AttachedManagedPolicies": [
                {"PolicyName": "Absent", "PolicyArn": format!("arn:aws:iam::{PAYMENTS}:policy/Absent")}
            ]
        }],
        "GroupDetailList": [], "RoleDetailList": [], "Policies": []
    });
    let mut builder = SnapshotBuilder::new();
    builder.add("account.json", export.to_string().as_bytes()).unwrap();
    let assessment = assess(&builder.finish().unwrap());
    assert!(assessment.administrators.is_empty());
    assert_eq!(assessment.undecided.len(), 1);
    let ana = assessment.undecided.first().unwrap();
    assert!(ana.missing.iter().any(|missing| missing.subject.ends_with(":policy/Absent")));
}

#[test]
fn outsiders_are_found_on_what_admits_them() {
    let assessment = assessment();
    let images = admissions(&assessment, "arn:aws:s3:::larkfield-product-images/*");
    assert!(images.iter().any(|a| a.kind == PrincipalKind::Anonymous
        && a.verdict == Verdict::Allow
        && a.permissions == ["s3:GetObject"]));
    let vendor = admissions(&assessment, &format!("arn:aws:iam::{PAYMENTS}:role/vendor-monitoring"));
    assert!(vendor.iter().any(|a| a.principal.contains("999988887777")
        && a.permissions.contains(&"sts:AssumeRole".to_owned())
        && a.condition.as_ref().is_some_and(|c| in_words(c).contains("sts:ExternalId"))));
    let deploy = admissions(&assessment, &format!("arn:aws:iam::{PAYMENTS}:role/deploy-payments"));
    assert!(deploy.iter().any(|a| a.kind == PrincipalKind::Federated && a.verdict == Verdict::Conditional));
    // Only the organisation's own accounts may pull images: nobody without credentials can.
    let repository =
        admissions(&assessment, &format!("arn:aws:ecr:eu-west-1:{PAYMENTS}:repository/checkout"));
    assert!(repository.iter().all(|a| a.kind != PrincipalKind::Anonymous));
}

#[test]
fn the_tenant_is_told_as_the_exports_have_it() {
    let assessment = assessment();
    let tenant = assessment.stories.tenant.as_ref().unwrap();
    let told = |list: &[Holder], can: &str| -> Vec<String> {
        let rows = list.iter().filter(|one| one.can == can);
        let mut rows: Vec<String> = rows
            .map(|one| {
                format!(
                    "{} {} {}",
                    one.name.split(['@', '_']).next().unwrap(),
                    one.tier,
                    one.verdict.as_str()
                )
            })
            .collect();
        rows.sort();
        rows
    };
    // Who can give roles of the directory: an application, the emergency account, and two who have to activate a role.
    assert_eq!(
        told(&tenant.directory, "give roles"),
        [
            "adam.wolff eligible allow",
            "breakglass.one active allow",
            "hr-sync active allow",
            "mira.stein eligible allow"
        ]
    );
    // One helpdesk role is for the unit of the stores.
    let karin = tenant.directory.iter().find(|one| one.name.starts_with("karin.vogel")).unwrap();
    assert_eq!((karin.can, karin.verdict), ("set passwords", Verdict::Conditional));
    // An elevation that was left behind, an activation, what the platform group can activate, and the emergency account, which
    // is one call away from it.
    assert_eq!(
        told(&tenant.subscriptions, "give access"),
        [
            "adam.wolff active allow",
            "agnes.keller active conditional",
            "agnes.keller eligible conditional",
            "breakglass.one latent allow"
        ]
    );
    let guests = |can: &str| -> Vec<&str> {
        let guests = tenant.data.iter().filter(|one| one.guest && one.can == can);
        let mut names: Vec<&str> = guests.map(|one| one.name.split('_').next().unwrap()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(guests("read"), ["marta.ruiz", "tom.baker"]);
    assert_eq!(guests("read with its keys"), ["yuki.tanaka"]);
    // The owner of the application that deploys, by way of its service principal.
    assert!(told(&tenant.data, "read with its keys").contains(&"nadia.rossi latent allow".to_owned()));
    let acts = |name: &str, how: &str| {
        tenant.identities.iter().any(|one| one.name.starts_with(name) && one.kind == how)
    };
    assert!(acts("tara.singh", "deploy_code") && acts("omar.haddad", "run_command"));
    assert!(!acts("tara.singh", "run_command") && !acts("georg.maier", "run_command"));
    // Of AWS alone nothing of this is said.
    let builder = SnapshotBuilder::new();
    assert!(assess(&builder.finish().unwrap()).stories.tenant.is_none());
}

#[test]
fn the_widest_come_first() {
    let identities = assessment().identities;
    let hanna = identities.iter().find(|i| i.name == "hanna.berg").unwrap();
    assert!(hanna.write > 0);
    let admin = identities.first().unwrap();
    assert!(admin.width() > 10 * hanna.width(), "{admin:?} {hanna:?}");
    assert!(identities.iter().any(|i| i.name == "tomas.becker" && i.width() == 0));
    assert!(identities.is_sorted_by_key(|i| std::cmp::Reverse(i.width())));
}

#[test]
fn the_page_is_narrow_and_the_files_are_private() {
    let place =
        |ending: &str| std::env::temp_dir().join(format!("ciem-assess-{}.{ending}", std::process::id()));
    let (json, html) = (place("json"), place("html"));
    let options = Options {
        logs: Vec::new(),
        paths: Vec::new(),
        json: Some(json.clone()),
        html: Some(html.clone()),
        at: None,
        skip_bad_files: false,
    };
    let mut page = Vec::new();
    run(&options, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    let wide: Vec<&str> = page.lines().filter(|line| line.chars().count() > WIDTH).collect();
    assert!(wide.is_empty(), "{wide:?}");
    assert!(page.contains("larkfield-product-images"));

    let text = std::fs::read_to_string(&json).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        for file in [&json, &html] {
            assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }
    let for_browsers = std::fs::read_to_string(&html).unwrap();
    assert!(for_browsers.starts_with("<!doctype html>") && for_browsers.ends_with("</html>\n"));
    std::fs::remove_file(&json).unwrap();
    std::fs::remove_file(&html).unwrap();
    let value: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(value["v"], 1);
    assert!(value["administrators"].as_array().is_some_and(|list| !list.is_empty()));
    assert_eq!(value["stories"]["at"], SAMPLE_AT);
    assert_eq!(value["stories"]["elevations"][0]["name"], "deploy-payments");
}

#[test]
fn failures_say_their_code() {
    let options = Options {
        logs: Vec::new(),
        paths: vec![PathBuf::from("no/such/file.json")],
        json: None,
        html: None,
        at: None,
        skip_bad_files: false,
    };
    let failure = run(&options, &mut Vec::new()).unwrap_err().to_string();
    assert!(failure.starts_with("io: "), "{failure}");
}

#[test]
fn conditions_read_as_words() {
    let condition = serde_json::json!({"and": [
        {"key": "aws:SourceIp", "operator": "IpAddress", "values": ["192.0.2.0/24"]},
        {"not": {"or": [{"session_name": "ana"}, {"resource_in": ["arn:aws:s3:::a", "arn:aws:s3:::b"]}]}}
    ]});
    let words = "aws:SourceIp IpAddress 192.0.2.0/24 and not \
                 (the session is named ana or the resource is in arn:aws:s3:::a | arn:aws:s3:::b)";
    assert_eq!(in_words(&condition), words);
}
