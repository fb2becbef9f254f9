use super::*;
use crate::model::catalog::{AccessLevel, KeyType};
use std::collections::BTreeSet;

fn patterns<'a>(catalog: &'a Catalog, permission: &str) -> Vec<&'a str> {
    let info = catalog.permission(permission).and_then(|id| catalog.info(id)).unwrap();
    info.resource_types.iter().filter_map(|id| catalog.resource_type(*id)).map(|kind| kind.pattern).collect()
}

fn access(catalog: &Catalog, permission: &str) -> Option<AccessLevel> {
    catalog.permission(permission).and_then(|id| catalog.info(id)).map(|info| info.access)
}

#[test]
fn the_whole_source_is_there() {
    let catalog = builtin();
    assert_eq!((catalog.provider(), catalog.version()), ("aws", "0.21.202609261"));
    assert_eq!(catalog.len(), 22_091);
    assert_eq!(catalog.services().count(), 456);
    assert_eq!(catalog.rcp_services().count(), 62);
    assert!(catalog.supports_rcp("s3") && catalog.supports_rcp("KMS") && !catalog.supports_rcp("iam"));
    let of_level = |level| catalog.permissions().filter(|info| info.access == level).count();
    assert_eq!(AccessLevel::ALL.map(of_level), [3719, 5871, 11_357, 425, 719, 0]);
}

#[test]
fn order_is_strict_by_service_and_lower_case_name() {
    let catalog = builtin();
    let pairs: Vec<_> = catalog
        .permissions()
        .filter_map(|info| info.name.split_once(':'))
        .map(|(service, name)| (service, name.to_ascii_lowercase()))
        .collect();
    assert_eq!(pairs.len(), catalog.len());
    assert!(pairs.is_sorted_by(|a, b| a < b));
    // By text, `s3-...:` would come before `s3:`.
    assert!(catalog.service_range("s3").end <= catalog.service_range("s3-outposts").start);
}

#[test]
fn every_name_finds_itself_in_any_case() {
    let catalog = builtin();
    for info in catalog.permissions() {
        assert_eq!(catalog.permission(info.name), Some(info.id));
        assert_eq!(catalog.permission(&info.name.to_ascii_uppercase()), Some(info.id));
    }
    let found = catalog.permission("s3:getobject").and_then(|id| catalog.info(id));
    assert_eq!(found.map(|info| info.name), Some("s3:GetObject"));
    for unknown in ["s3:GetObjec", "s3:GetObject ", "s4:GetObject", "s3", "*", ""] {
        assert_eq!(catalog.permission(unknown), None, "{unknown}");
    }
}

#[test]
fn prefixes_are_one_range() {
    let catalog = builtin();
    for (service, prefix) in [("s3", "get"), ("EC2", "Describe"), ("iam", "p"), ("vpc-lattice", "Associate")]
    {
        let wanted = format!("{service}:{prefix}").to_ascii_lowercase();
        let naive: Vec<u16> = catalog
            .permissions()
            .filter(|info| info.name.to_ascii_lowercase().starts_with(&wanted))
            .map(|info| info.id)
            .collect();
        assert!(!naive.is_empty());
        assert_eq!(catalog.prefix_range(service, prefix).collect::<Vec<_>>(), naive);
    }
    assert!(catalog.prefix_range("s3", "nothing").is_empty());
}

#[test]
fn services_cover_every_id_once() {
    let catalog = builtin();
    let mut next = 0;
    for (service, range) in catalog.services() {
        assert_eq!(range.start, next);
        assert_eq!(catalog.service_range(service), range);
        next = range.end;
    }
    assert_eq!(usize::from(next), catalog.len());
}

#[test]
fn levels_and_resource_types() {
    let catalog = builtin();
    assert_eq!(access(&catalog, "iam:AttachUserPolicy"), Some(AccessLevel::PermissionsManagement));
    assert_eq!(access(&catalog, "ec2:CreateTags"), Some(AccessLevel::Tagging));
    assert_eq!(access(&catalog, "s3:ListBucket"), Some(AccessLevel::List));
    assert_eq!(patterns(&catalog, "s3:GetObject"), ["arn:*:s3:*:*:accesspoint/*/object/*", "arn:*:s3:::*/*"]);
    assert!(patterns(&catalog, "s3:ListAllMyBuckets").is_empty());
    // One type with two ARN forms.
    let forms = ["arn:*:apigateway:*::/apis/*/stages/*", "arn:*:apigateway:*::/restapis/*/stages/*"];
    let stages = catalog.resource_types().filter(|kind| (kind.service, kind.name) == ("apigateway", "Stage"));
    assert_eq!(stages.map(|kind| kind.pattern).collect::<Vec<_>>(), forms);
    for kind in catalog.resource_types() {
        assert!(
            kind.pattern.starts_with("arn:*:") && !kind.pattern.contains(['$', '{', ',', ' ']),
            "{kind:?}"
        );
    }
}

#[test]
fn condition_keys_and_their_families() {
    let catalog = builtin();
    let key = |name: &str| catalog.key(name).map(|key| (key.name, key.kind, key.many, key.global));
    assert_eq!(key("aws:tagkeys"), Some(("aws:TagKeys", KeyType::String, true, true)));
    assert_eq!(key("aws:PrincipalOrgPaths"), Some(("aws:PrincipalOrgPaths", KeyType::String, true, true)));
    assert_eq!(key("aws:SourceIp"), Some(("aws:SourceIp", KeyType::IpAddress, false, true)));
    assert_eq!(
        key("aws:principaltag/Team"),
        Some(("aws:PrincipalTag/${TagKey}", KeyType::String, false, true))
    );
    assert_eq!(key("aws:RequestTag/a/b"), Some(("aws:RequestTag/${TagKey}", KeyType::String, false, true)));
    let s3_tag = "s3:ExistingObjectTag/${TagKey}";
    assert_eq!(key("s3:existingobjecttag/x"), Some((s3_tag, KeyType::String, false, false)));
    let context = "kms:EncryptionContext:${EncryptionContextKey}";
    assert_eq!(key("kms:EncryptionContext:app"), Some((context, KeyType::String, false, false)));
    let matcher = "events:Metadata/${MetadataKey}/Matcher";
    assert_eq!(key("events:metadata/x/matcher").map(|found| found.0), Some(matcher));
    // Services disagree on this one; the global list is right.
    assert_eq!(key("identitystore:UserId"), Some(("identitystore:UserId", KeyType::String, false, true)));
    for unknown in ["aws:Nothing", "aws:PrincipalTag/", "aws:PrincipalTag", ""] {
        assert_eq!(key(unknown), None, "{unknown}");
    }
}

#[test]
fn permissions_list_the_keys_of_their_resource_types() {
    let catalog = builtin();
    let keys = |permission: &str| -> BTreeSet<&str> {
        let info = catalog.permission(permission).and_then(|id| catalog.info(id)).unwrap();
        info.condition_keys.iter().filter_map(|id| catalog.condition_key(*id)).map(|key| key.name).collect()
    };
    assert!(keys("s3:GetObject").contains("s3:ExistingObjectTag/${TagKey}"));
    // Listed by the type `role` only.
    assert!(keys("iam:DeleteRole").contains("iam:ResourceTag/${TagKey}"));
}

#[test]
fn the_builtin_can_be_extended() {
    let mut catalog = builtin();
    let own = br#"{"version": "mine", "provider": "aws", "permissions":
        [{"name": "s3:GetNothing", "access": "read", "resource_types": ["object"], "condition_keys": ["aws:TagKeys"]}]}"#;
    catalog.extend(own).unwrap();
    assert_eq!(catalog.len(), 22_092);
    assert_eq!(catalog.version(), "0.21.202609261+mine");
    assert_eq!(patterns(&catalog, "s3:getnothing"), ["arn:*:s3:::*/*"]);
    let known = builtin();
    assert!(known.permissions().all(|info| {
        let kept = catalog.permission(info.name).and_then(|id| catalog.info(id));
        kept.is_some_and(|kept| {
            (kept.name, kept.access) == (info.name, info.access)
                && kept.resource_types == info.resource_types
                && kept.condition_keys == info.condition_keys
        })
    }));
}

#[test]
fn the_licence_notice_ships_with_the_crate() {
    let notices = include_str!("../../../../THIRD-PARTY-NOTICES.md");
    assert!(notices.contains(include_str!("../../../../catalog/aws/LICENSE.iam-data").trim()));
}
