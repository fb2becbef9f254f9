//! Policy grammar: what is read, what AWS would reject, and what stays in doubt.

use super::{Dialect, is_public, parse};
use crate::model::{CondNode, Document, Effect, Facts, Statement, WhoEntry};
use proptest::prelude::*;

fn rejections(text: &str, dialect: Dialect) -> Vec<String> {
    parse(&mut Facts::default(), text, dialect).1.into_iter().map(|(pointer, _)| pointer).collect()
}

fn good(facts: &mut Facts, text: &str, dialect: Dialect) -> Document {
    let (document, rejected) = parse(facts, text, dialect);
    assert_eq!(rejected, [], "{text}");
    document
}

fn one(facts: &mut Facts, statement: &str, dialect: Dialect) -> Statement {
    let text = format!(r#"{{"Version":"2012-10-17","Statement":[{statement}]}}"#);
    good(facts, &text, dialect).statements.remove(0)
}

fn resources(dialect: Dialect, element: &str, value: &str) -> (bool, Vec<String>) {
    let mut facts = Facts::default();
    let who =
        if dialect == Dialect::Identity || dialect == Dialect::Scp { "" } else { r#""Principal":"*","# };
    let statement = format!(r#"{{"Effect":"Deny",{who}"Action":"s3:Get*","{element}":{value}}}"#);
    let found = one(&mut facts, &statement, dialect).resources;
    (found.negated, found.items.iter().map(|item| facts.texts.get(item.text).to_owned()).collect())
}

#[test]
fn statements_stand_alone_or_in_a_list() {
    let mut facts = Facts::default();
    let alone = r#"{"Statement":{"Sid":"a","Effect":"Deny","NotAction":"s3:*","NotResource":["*"]}}"#;
    let document = good(&mut facts, alone, Dialect::Identity);
    let [statement] = document.statements.as_slice() else { panic!() };
    assert!(statement.alone && statement.actions.negated && statement.resources.negated);
    assert_eq!((statement.effect, statement.doubt.is_none()), (Effect::Deny, true));
    assert_eq!(statement.sid.map(|sid| facts.texts.get(sid)), Some("a"));
    assert!(
        good(&mut facts, r#"{"Version":"2012-10-17","Statement":[]}"#, Dialect::Identity)
            .statements
            .is_empty()
    );
}

#[test]
fn what_aws_would_reject() {
    let cases = [
        (r#""text""#, ""),
        ("[]", ""),
        ("{", ""),
        ("{}", "/Statement"),
        (r#"{"Version":"2012-10-18","Statement":[]}"#, "/Version"),
        (r#"{"Version":2012,"Statement":[]}"#, "/Version"),
        (r#"{"Statement":[],"statement":[]}"#, "/statement"),
        (r#"{"Statement":[],"Statement":[]}"#, "/Statement"),
        (r#"{"Statement":[5]}"#, "/Statement/0"),
        (r#"{"Statement":"x"}"#, "/Statement"),
        (r#"{"Statement":[{"Effect":"allow","Action":"*","Resource":"*"}]}"#, "/Statement/0/Effect"),
        (r#"{"Statement":{"Action":"*","Resource":"*"}}"#, "/Statement/Effect"),
        (r#"{"Statement":[{"Effect":"Allow","Resource":"*"}]}"#, "/Statement/0/Action"),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"*","NotAction":"*","Resource":"*"}]}"#,
            "/Statement/0/NotAction",
        ),
        (r#"{"Statement":[{"Effect":"Allow","Action":"*"}]}"#, "/Statement/0/Resource"),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","NotResource":"*"}]}"#,
            "/Statement/0/NotResource",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Principal":"*"}]}"#,
            "/Statement/0/Principal",
        ),
        (
            r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"*","Actions":"*"}]}"#,
            "/Statement/0/Actions",
        ),
        (r#"{"Statement":[{"Effect":"Allow","Action":"s3","Resource":"*"}]}"#, "/Statement/0/Action"),
        (r#"{"Statement":[{"Effect":"Allow","Action":["*",5],"Resource":"*"}]}"#, "/Statement/0/Action/1"),
        (r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":"bucket"}]}"#, "/Statement/0/Resource"),
        (r#"{"Statement":[{"Effect":"Allow","Action":"*","Resource":{"a":1}}]}"#, "/Statement/0/Resource"),
        (
            r#"{"Statement":[{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}]}"#,
            "/Statement/0/Effect",
        ),
        (
            r#"{"Statement":[{"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"},
                {"Sid":"a","Effect":"Deny","Action":"*","Resource":"*"}]}"#,
            "/Statement/1/Sid",
        ),
    ];
    for (text, pointer) in cases {
        assert_eq!(rejections(text, Dialect::Identity), [pointer], "{text}");
    }
    let deep = format!("{}{}", "[".repeat(65), "]".repeat(65));
    assert_eq!(rejections(&deep, Dialect::Identity), [""]);
}

#[test]
fn what_aws_would_reject_in_a_condition() {
    let cases = [
        ("5", ""),
        (r#"{"StringEqual":{"aws:x":"a"}}"#, "/StringEqual/aws:x"),
        (r#"{"StringEquals":"a"}"#, "/StringEquals"),
        (r#"{"StringEquals":{"aws:x":{"a":1}}}"#, "/StringEquals/aws:x"),
        (r#"{"StringEquals":{"aws:x":null}}"#, "/StringEquals/aws:x"),
        (r#"{"StringEquals":{"x":"a"}}"#, "/StringEquals/x"),
        (
            r#"{"StringEquals":{"aws:RequestTag/a":"1","aws:RequestTag/a":"2"}}"#,
            "/StringEquals/aws:RequestTag~1a",
        ),
        (r#"{"Bool":{"aws:x":"true"},"Bool":{"aws:y":"true"}}"#, "/Bool"),
    ];
    for (condition, pointer) in cases {
        let text = format!(
            r#"{{"Statement":[{{"Effect":"Allow","Action":"*","Resource":"*","Condition":{condition}}}]}}"#
        );
        assert_eq!(
            rejections(&text, Dialect::Identity),
            [format!("/Statement/0/Condition{pointer}")],
            "{text}"
        );
    }
}

#[test]
fn doubt_keeps_what_can_be_read() {
    let mut facts = Facts::default();
    let text = r#"{"Statement":[{"Effect":"Allow","Action":"s3:Get*","Resource":"*"},
        {"Effect":"deny","Action":"s3:Put*","Resource":"arn:aws:s3:::b/*"}]}"#;
    let (document, _) = parse(&mut facts, text, Dialect::Identity);
    let effects: Vec<Effect> = document.statements.iter().map(|s| s.effect).collect();
    assert_eq!(effects, [Effect::Allow, Effect::Allow, Effect::Deny]);
    for statement in &document.statements {
        assert!(statement.doubt.is_some() && statement.actions.items.len() == 1);
    }
    let (unreadable, _) = parse(&mut facts, "{", Dialect::Resource);
    assert_eq!(unreadable.statements.len(), 2);
    assert_eq!(unreadable.statements[0].who.as_ref().unwrap().entries, [WhoEntry::Anyone]);
}

#[test]
fn principals_of_every_kind() {
    let mut facts = Facts::default();
    let text = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Principal":{"AWS":["111122223333",
        "arn:aws:iam::444455556666:root","arn:aws:iam::111122223333:role/a/b",
        "arn:aws:sts::111122223333:assumed-role/b/s","AIDAJQABLZS4A3QDU576Q","*"],
        "Service":"lambda.amazonaws.com","Federated":["cognito-identity.amazonaws.com"],"CanonicalUser":"79a5"}}"#;
    let who = one(&mut facts, text, Dialect::Resource).who.unwrap();
    let kinds = who.entries.iter().map(|entry| match entry {
        WhoEntry::Anyone => "anyone".to_owned(),
        WhoEntry::Account(t) | WhoEntry::Principal(t) | WhoEntry::UniqueId(t) => {
            facts.texts.get(*t).to_owned()
        }
        WhoEntry::Service(t) | WhoEntry::Federated(t) => facts.texts.get(*t).to_owned(),
        WhoEntry::Session { role, session, .. } => {
            format!("{} as {}", facts.texts.get(*role), facts.texts.get(*session))
        }
        WhoEntry::Nobody => "nobody".to_owned(),
    });
    let mut kinds: Vec<String> = kinds.collect();
    kinds.sort();
    assert_eq!(
        kinds,
        [
            "111122223333",
            "444455556666",
            "AIDAJQABLZS4A3QDU576Q",
            "anyone",
            "arn:aws:iam::111122223333:role/a/b",
            "b as s",
            "cognito-identity.amazonaws.com",
            "lambda.amazonaws.com",
            "nobody"
        ]
    );
    let nobody =
        one(&mut facts, r#"{"Effect":"Allow","Action":"s3:*","Resource":"*"}"#, Dialect::Resource).who;
    assert_eq!(nobody.unwrap().entries, []);
    for (principal, pointer) in [
        (r#""x""#, ""),
        ("5", ""),
        (r#"{"Aws":"*"}"#, "/Aws"),
        (r#"{"AWS":["*","arn:aws:iam::111122223333:role/*"]}"#, "/AWS/1"),
        (r#"{"AWS":"bob"}"#, "/AWS"),
        (r#"{"Service":"lambda"}"#, "/Service"),
    ] {
        let text = format!(
            r#"{{"Statement":{{"Effect":"Allow","Principal":{principal},"Action":"sts:AssumeRole"}}}}"#
        );
        assert_eq!(rejections(&text, Dialect::Trust), [format!("/Statement/Principal{pointer}")], "{text}");
    }
    let trust =
        r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"sts:AssumeRole","Resource":"*"}}"#;
    assert_eq!(rejections(trust, Dialect::Trust), ["/Statement/Resource"]);
}

#[test]
fn short_arns_by_kind_of_policy() {
    let short = r#"["arn:aws:s3","arn:aws:s3:*"]"#;
    let both = vec!["arn:aws:s3:*:*:*".to_owned(), "arn:aws:s3:*:*:*".to_owned()];
    assert_eq!(resources(Dialect::Identity, "Resource", short), (false, both));
    for dialect in [Dialect::Scp, Dialect::Resource, Dialect::Endpoint] {
        assert_eq!(resources(dialect, "Resource", short), (false, vec!["arn:aws:s3:*:*:*".to_owned()]));
        // An entry that nothing matches does not make the exclusion match everything.
        assert_eq!(resources(dialect, "NotResource", short), (false, Vec::new()));
    }
    let rcp = r#"{"Statement":{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"arn:aws:s3"}}"#;
    assert_eq!(rejections(rcp, Dialect::Rcp), ["/Statement/Resource"]);
}

#[test]
fn resource_control_policies_only_deny() {
    let full = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#;
    assert!(rejections(full, Dialect::Rcp).is_empty());
    let allow = r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}"#;
    assert_eq!(rejections(allow, Dialect::Rcp), ["/Statement/Effect"]);
    let named = r#"{"Statement":{"Effect":"Deny","Principal":{"AWS":"111122223333"},"Action":"s3:*","Resource":"*"}}"#;
    assert_eq!(rejections(named, Dialect::Rcp), ["/Statement/Principal"]);
    let not = r#"{"Statement":{"Effect":"Deny","Principal":"*","NotAction":"s3:*","Resource":"*"}}"#;
    assert_eq!(rejections(not, Dialect::Rcp), ["/Statement/NotAction"]);
}

#[test]
fn white_space_around_an_action_matches_nothing() {
    let mut facts = Facts::default();
    let text = r#"{"Effect":"Allow","Action":[" s3:GetObject","s3:PutObject ","s3:A,s3:B"],"Resource":"*"}"#;
    let actions = one(&mut facts, text, Dialect::Identity).actions;
    let texts: Vec<&str> = actions.items.iter().map(|&text| facts.texts.get(text)).collect();
    assert_eq!((actions.negated, texts), (false, vec!["s3:A,s3:B"]));
}

#[test]
fn variables_belong_to_the_newer_version() {
    let statement = r#"{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::b/${aws:username}",
        "Condition":{"StringLike":{"s3:prefix":["${aws:username}/*"]}}}"#;
    for (version, expected) in
        [(r#""Version":"2012-10-17","#, true), (r#""Version":"2008-10-17","#, false), ("", false)]
    {
        let mut facts = Facts::default();
        let document =
            good(&mut facts, &format!("{{{version}\"Statement\":{statement}}}"), Dialect::Identity);
        let statement = &document.statements[0];
        let CondNode::Clause(clause) = facts.conditions.get(statement.condition) else { panic!() };
        assert_eq!(statement.resources.items[0].variables, expected);
        assert_eq!(!facts.conditions.clause(*clause).templates.is_empty(), expected);
    }
}

#[test]
fn condition_values_keep_their_text() {
    let mut facts = Facts::default();
    let text = r#"{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"Bool":{"aws:SecureTransport":true},
        "NumericLessThan":{"s3:max-keys":10},"ForAnyValue:StringEquals":{"my:Key":["a"],"aws:username":"x"}}}"#;
    let condition = one(&mut facts, text, Dialect::Identity).condition;
    let CondNode::And(parts) = facts.conditions.get(condition) else { panic!() };
    let clauses = parts.iter().map(|&part| match facts.conditions.get(part) {
        CondNode::Clause(id) => {
            let clause = facts.conditions.clause(*id);
            format!("{} {} {:?} {}", clause.operator, clause.key.name, clause.values, clause.key.many)
        }
        other => panic!("{other:?}"),
    });
    assert_eq!(
        clauses.collect::<Vec<_>>(),
        [
            r#"Bool aws:SecureTransport ["true"] false"#,
            r#"NumericLessThan s3:max-keys ["10"] false"#,
            r#"ForAnyValue:StringEquals my:Key ["a"] true"#,
            r#"ForAnyValue:StringEquals aws:username ["x"] false"#
        ]
    );
}

#[test]
fn public_bucket_policies() {
    let policy = |principal: &str, condition: &str| {
        let mut facts = Facts::default();
        let text = format!(
            r#"{{"Effect":"Allow","Principal":{principal},"Action":"s3:*","Resource":"*","Condition":{condition}}}"#
        );
        let statement = one(&mut facts, &text, Dialect::Resource);
        is_public(&facts, &Document { statements: vec![statement] })
    };
    assert!(policy(r#""*""#, "{}"));
    assert!(policy(r#"{"AWS":"*"}"#, r#"{"Bool":{"aws:SecureTransport":"true"}}"#));
    assert!(policy(r#""*""#, r#"{"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/x"}}"#));
    assert!(policy(r#""*""#, r#"{"StringEqualsIfExists":{"aws:PrincipalOrgID":"o-1"}}"#));
    assert!(policy(r#""*""#, r#"{"StringNotEquals":{"aws:PrincipalOrgID":"o-1"}}"#));
    assert!(!policy(r#""*""#, r#"{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#));
    assert!(!policy(r#""*""#, r#"{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}"#));
    assert!(!policy(r#"{"AWS":"111122223333"}"#, "{}"));
}

proptest! {
    #[test]
    fn no_document_makes_the_parser_panic(
        element in "(Effect|Action|NotAction|Resource|Principal|Condition|Sid|Version|Statement|[a-z]{0,3})",
        value in r#"(null|true|5|"[^"\\]{0,12}"|\[\]|\{\}|\["\*",1\]|\{"AWS":"[^"\\]{0,8}"\}|\{"Bool":\{"a:b":1\}\})"#,
        dialect in 0_usize..7,
    ) {
        let dialects = [Dialect::Identity, Dialect::Scp, Dialect::Rcp, Dialect::Resource, Dialect::OwnResource,
            Dialect::Trust, Dialect::Endpoint];
        let text = format!(r#"{{"Statement":[{{"Effect":"Allow","Action":"*","{element}":{value}}}],"{element}":{value}}}"#);
        let (document, rejected) = parse(&mut Facts::default(), &text, dialects[dialect]);
        for statement in &document.statements {
            prop_assert_eq!(statement.doubt.is_some(), !rejected.is_empty());
        }
    }
}
