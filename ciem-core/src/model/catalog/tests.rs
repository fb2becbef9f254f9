use super::tables::pattern_of;
use super::*;
use crate::error::Error;

const BASE: &str = r#"{
    "version": "1", "provider": "aws",
    "permissions": [
        {"name": "ab:Zoo", "access": "list"},
        {"name": "ab-c:Alpha", "access": "permissions_management"},
        {"name": "ab:getBox", "access": "read", "resource_types": ["box"], "condition_keys": ["AB:lid"]},
        {"name": "ab:GetAll"},
        {"name": "ab:GetBoxes", "access": "tagging", "resource_types": ["ab:box", "cup"]}
    ],
    "resource_types": [
        {"service": "ab", "name": "box", "pattern": "arn:${Partition}:ab:::${Box}${Rest}"},
        {"service": "ab", "name": "box", "pattern": "arn:${Partition}:ab:::old/${Box}"},
        {"service": "ab", "name": "cup", "pattern": "arn:${Partition}:ab:::cup/${Cup}"}
    ],
    "condition_keys": [
        {"name": "ab:Lid", "type": "ArrayOfString"},
        {"name": "ab:Tag/${Key}", "type": "Numeric"},
        {"name": "ab:Tag/${Key}/Size", "type": "Date"},
        {"name": "aws:Now", "type": "Date", "global": true}
    ],
    "rcp_services": ["AB"]
}"#;

fn base() -> Catalog {
    Catalog::from_json(BASE.as_bytes()).unwrap()
}

fn names(catalog: &Catalog) -> Vec<&str> {
    catalog.permissions().map(|permission| permission.name).collect()
}

fn error(catalog: Result<Catalog, Error>) -> String {
    catalog.map(|_| ()).unwrap_err().to_string()
}

#[test]
fn order_is_by_service_then_lower_case_name() {
    let catalog = base();
    assert_eq!(names(&catalog), ["ab:GetAll", "ab:getBox", "ab:GetBoxes", "ab:Zoo", "ab-c:Alpha"]);
    assert_eq!(catalog.services().collect::<Vec<_>>(), [("ab", 0..4), ("ab-c", 4..5)]);
}

#[test]
fn names_are_found_without_regard_to_case() {
    let catalog = base();
    assert_eq!(catalog.permission("AB:GETBOX"), Some(1));
    for unknown in ["ab:get", "ab:getboxesx", "ab", "", ":", "zz:GetBox", "ab:", "ab-c:zoo"] {
        assert_eq!(catalog.permission(unknown), None, "{unknown}");
    }
}

#[test]
fn prefixes_are_one_range() {
    let catalog = base();
    assert_eq!(catalog.prefix_range("ab", "get"), 0..3);
    assert_eq!(catalog.prefix_range("AB", "getB"), 1..3);
    assert_eq!(catalog.prefix_range("ab", ""), 0..4);
    assert!(catalog.prefix_range("ab", "zzz").is_empty());
    assert!(catalog.prefix_range("nope", "get").is_empty());
    assert!(catalog.service_range("nope").is_empty());
}

#[test]
fn permissions_know_their_types_and_keys() {
    let catalog = base();
    let info = catalog.info(1).unwrap();
    assert_eq!((info.name, info.access), ("ab:getBox", AccessLevel::Read));
    let patterns: Vec<_> = info
        .resource_types
        .iter()
        .filter_map(|id| catalog.resource_type(*id))
        .map(|kind| kind.pattern)
        .collect();
    assert_eq!(patterns, ["arn:*:ab:::*", "arn:*:ab:::old/*"]);
    assert_eq!(info.condition_keys, [0]);
    assert_eq!(catalog.info(2).map(|info| info.resource_types.len()), Some(3));
    assert_eq!(catalog.info(0).map(|info| info.access), Some(AccessLevel::Unknown));
    assert_eq!(catalog.info(5), None);
    assert_eq!(catalog.resource_type(3), None);
    assert_eq!(catalog.condition_key(4), None);
}

#[test]
fn keys_are_found_directly_or_through_their_family() {
    let catalog = base();
    let kind = |name: &str| catalog.key(name).map(|key| (key.name, key.kind, key.many));
    assert_eq!(kind("AB:LID"), Some(("ab:Lid", KeyType::String, true)));
    assert_eq!(kind("ab:tag/x"), Some(("ab:Tag/${Key}", KeyType::Numeric, false)));
    assert_eq!(kind("ab:Tag/x/size"), Some(("ab:Tag/${Key}/Size", KeyType::Date, false)));
    assert_eq!(kind("ab:Tag/é/size"), Some(("ab:Tag/${Key}/Size", KeyType::Date, false)));
    assert_eq!(kind("ab:Tag//size"), Some(("ab:Tag/${Key}", KeyType::Numeric, false)));
    assert_eq!(kind("ab:Tag/"), None);
    assert_eq!(kind("ab:Ta"), None);
    assert!(catalog.key("aws:now").is_some_and(|key| key.global));
    assert!(catalog.supports_rcp("ab") && !catalog.supports_rcp("ab-c"));
}

#[test]
fn templates_become_patterns() {
    for (template, pattern) in [
        ("arn:${P}:x:${R}:${A}:a/${N}", "arn:*:x:*:*:a/*"),
        ("${A}${B}", "*"),
        ("*${A}*b", "*b"),
        ("a/${open", "a/${open"),
        ("plain/*", "plain/*"),
        ("", ""),
    ] {
        assert_eq!(pattern_of(template), pattern);
    }
}

#[test]
fn extending_adds_and_replaces() {
    let mut catalog = base();
    let more = r#"{"version": "2", "provider": "aws",
        "permissions": [{"name": "ab:GetBox", "access": "write", "resource_types": ["cup"]}, {"name": "aa:New"}],
        "resource_types": [{"service": "ab", "name": "box", "pattern": "arn:new:${Box}"}],
        "condition_keys": [{"name": "ab:LID", "type": "Bool"}],
        "rcp_services": ["aa"]}"#;
    catalog.extend(more.as_bytes()).unwrap();
    assert_eq!(catalog.version(), "1+2");
    assert_eq!(names(&catalog), ["aa:New", "ab:GetAll", "ab:GetBox", "ab:GetBoxes", "ab:Zoo", "ab-c:Alpha"]);
    let replaced = catalog.permission("ab:getbox").and_then(|id| catalog.info(id)).unwrap();
    assert_eq!((replaced.access, replaced.resource_types.len()), (AccessLevel::Write, 1));
    assert!(replaced.condition_keys.is_empty());
    let kept = catalog.permission("ab:getboxes").and_then(|id| catalog.info(id)).unwrap();
    let forms = kept.resource_types.iter().filter_map(|id| catalog.resource_type(*id));
    assert_eq!(forms.map(|form| form.pattern).collect::<Vec<_>>(), ["arn:new:*", "arn:*:ab:::cup/*"]);
    assert!(catalog.key("ab:lid").is_some_and(|key| key.name == "ab:LID" && key.kind == KeyType::Bool));
    assert_eq!(catalog.rcp_services().collect::<Vec<_>>(), ["aa", "ab"]);
}

#[test]
fn extending_with_nothing_changes_nothing_but_the_version() {
    let (before, mut after) = (base(), base());
    after.extend(br#"{"version": "2", "provider": "aws"}"#).unwrap();
    assert!(before.permissions().eq(after.permissions()));
    assert!(before.resource_types().eq(after.resource_types()));
    assert!(before.condition_keys().eq(after.condition_keys()));
    assert!(before.services().eq(after.services()));
}

#[test]
fn a_refused_extension_changes_nothing() {
    let mut catalog = base();
    for refused in [
        r#"{"version": "2", "provider": "gcp"}"#,
        r#"{"version": "2", "provider": "aws", "permissions": [{"name": "a:B", "resource_types": ["nope"]}]}"#,
        "{",
    ] {
        assert_eq!(catalog.extend(refused.as_bytes()).unwrap_err().code(), "malformed");
    }
    assert_eq!((catalog.version(), catalog.len()), ("1", 5));
}

#[test]
fn what_is_not_a_catalogue_is_refused_with_its_place() {
    for (body, said) in [
        (r#""permissions": [{"name": "a:B"}, {"name": "A:b"}]"#, "/permissions/1/name"),
        (r#""permissions": [{"name": ""}]"#, "/permissions/0/name"),
        (r#""permissions": [{"name": "a:Get*"}]"#, "full names"),
        (r#""permissions": [{"name": "a:B", "access": "Read"}]"#, "/permissions/0/access"),
        (r#""permissions": [{"name": "a:B", "condition_keys": ["a:K"]}]"#, "unknown condition key `a:k`"),
        (r#""permissions": [{"name": "a:B", "acces": "read"}]"#, "unknown field `acces`"),
        (r#""condition_keys": [{"name": "a:K", "type": "Text"}]"#, "/condition_keys/0/type"),
        (r#""condition_keys": [{"name": "a:${K}:${L}", "type": "String"}]"#, "one free part"),
        (r#""condition_keys": [{"name": "a:${K", "type": "String"}]"#, "one free part"),
        (
            r#""resource_types": [{"service": "a:b", "name": "c", "pattern": "*"}]"#,
            "/resource_types/0/service",
        ),
        (r#""rcp_services": [""]"#, "/rcp_services/0"),
    ] {
        let text = format!(r#"{{"version": "1", "provider": "aws", {body}}}"#);
        let error = error(Catalog::from_json(text.as_bytes()));
        assert!(error.contains(said), "{error}");
    }
    assert!(error(Catalog::from_json(b"\xff")).contains("line 1"));
    assert!(error(Catalog::from_json(b"[]")).contains("not a catalogue"));
}

#[test]
fn ids_have_a_limit() {
    let json = |count: usize| {
        let list: Vec<String> = (0..count).map(|n| format!(r#"{{"name": "a:{n}"}}"#)).collect();
        format!(r#"{{"version": "1", "provider": "aws", "permissions": [{}]}}"#, list.join(","))
    };
    let full = Catalog::from_json(json(65_535).as_bytes()).unwrap();
    assert_eq!(full.service_range("a"), 0..65_535);
    assert_eq!(Catalog::from_json(json(65_536).as_bytes()).unwrap_err().code(), "too_large");
}

#[test]
fn codes_and_names_agree() {
    for (code, level) in (0..).zip(AccessLevel::ALL) {
        assert_eq!(AccessLevel::from_code(code), level);
        assert_eq!(tables::access_code(level.as_str()), Some(code));
        assert_eq!(serde_json::to_value(level).unwrap(), level.as_str());
    }
    for (code, kind) in (0..).zip(KeyType::ALL) {
        assert_eq!(KeyType::from_code(code | MANY | GLOBAL), kind);
        assert_eq!(tables::key_code(kind.as_str()), Some(code));
    }
}
