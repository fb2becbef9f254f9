//! Hostile policies: patterns, variables, operators and values made of what grammars treat in a special way.

use super::random::Random;
use serde_json::Value;

/// The numbers of one case.
pub(crate) fn numbers(case: u64) -> Random {
    Random(case.wrapping_mul(0x2545_f491_4f6c_dd1d))
}

/// Texts that grammars treat in a special way, and values at the edges of types.
pub(crate) const TOKENS: &[&str] = &[
    "*",
    "?",
    "${",
    "${aws:username}",
    "${*}",
    "}",
    "**",
    "arn:aws:s3:::",
    "arn:aws:iam::111122223333:root",
    ":",
    "/",
    "%2",
    "%00",
    "\u{0}",
    "\u{1b}[31m",
    "\u{feff}",
    "\u{202e}",
    "ß",
    "\u{1f600}",
    "\"",
    "\\",
    "\\ud800",
    "{",
    "}",
    "[",
    "]",
    ",",
    "null",
    "true",
    "-1",
    "1e999",
    "18446744073709551616",
    "0.1",
    "Allow",
    "Deny",
    "NotAction",
    "NotResource",
    "NotPrincipal",
    "Principal",
    "Condition",
    "ForAllValues:StringLike",
    "ForAnyValue:StringNotEquals",
    "IpAddressIfExists",
    "Null",
    "DateLessThan",
    "NumericEquals",
    "BinaryEquals",
    "ArnLike",
    "0.0.0.0/33",
    "::/0",
    "10.0.0.0/8",
    "2026-13-40T99:99:99Z",
    "9999999999999999",
    "Version",
    "2012-10-17",
    "sts:AssumeRole",
    "s3:Get*",
    "AKIAIOSFODNN7EXAMPLE",
    "aws:PrincipalTag/",
    "aws:TagKeys",
    "\n",
    "\r\n",
    "\t",
    "<root_account>,",
];

/// Words of patterns, keys and values.
pub(crate) const WORDS: &[&str] = &[
    "arn",
    "aws",
    "s3",
    "iam",
    "a",
    "b",
    "x",
    "pay",
    "report",
    "10",
    "0",
    "-",
    ".",
    ",",
    " ",
    "'",
    "$",
    "${",
    "}",
    "=",
    "T",
    "Z",
    "2026-01-02",
    "fe80::1",
    "192.0.2.1",
    "/8",
    "false",
    "aws:username",
    "aws:PrincipalTag/team",
    "aws:SourceIp",
];

pub(crate) const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateGreaterThan",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnNotLike",
    "Null",
];

pub(crate) const KEYS: &[&str] = &[
    "aws:SourceIp",
    "aws:CurrentTime",
    "aws:TagKeys",
    "aws:PrincipalArn",
    "s3:prefix",
    "aws:PrincipalTag/team",
    "x",
];

/// A text of words and tokens: now and then nothing, now and then long.
pub(crate) fn mixture(random: &mut Random) -> String {
    let length = if random.below(60) == 0 { 300 } else { random.below(9) };
    (0..length)
        .map(|_| if random.below(2) == 0 { *random.pick(WORDS) } else { *random.pick(TOKENS) })
        .collect()
}

fn several(random: &mut Random, item: fn(&mut Random) -> String) -> Value {
    match random.below(4) {
        0 => Value::Array((0..1 + random.below(4)).map(|_| item(random).into()).collect()),
        _ => item(random).into(),
    }
}

/// A glob that a document may hold, now and then anything.
fn glob(random: &mut Random) -> String {
    const PIECES: &[&str] =
        &["*", "?", "**", "?*", "Get", "Object", "G", "x", "pay/", "/", "é", "-", "a*b", "aaaaaaaa"];
    if random.below(25) == 0 {
        return mixture(random);
    }
    let length = if random.below(40) == 0 { 400 } else { 1 + random.below(6) };
    (0..length).map(|_| *random.pick(PIECES)).collect()
}

fn resource(random: &mut Random) -> String {
    const VARIABLES: &[&str] =
        &["${aws:username}", "${aws:PrincipalTag/team, 'x'}", "${*}", "${$}", "${?}", "${s3:prefix}", ""];
    match random.below(6) {
        0 => "*".to_owned(),
        1 => {
            format!(
                "arn:aws:s3:::pay/{}",
                random.pick(&["*", "?", "x*", "${aws:username}", "*${s3:prefix}*"])
            )
        }
        2 => format!("arn:{}:s3:*:*:{}", random.pick(&["aws", "*", "a?s"]), glob(random)),
        _ => format!("arn:aws:s3:::{}{}{}", glob(random), random.pick(VARIABLES), glob(random)),
    }
}

fn action(random: &mut Random) -> String {
    if random.below(2) == 0 {
        return (*random.pick(&["s3:*", "s3:Get*", "*", "s3:?etObjec?"])).to_owned();
    }
    let name = glob(random).replace(['/', 'é', '-'], "");
    format!("{}:{}*", random.pick(&["s3", "S3", "s3", "sqs"]), name)
}

fn operator(random: &mut Random) -> String {
    let set = *random.pick(&["", "", "", "ForAllValues:", "ForAnyValue:"]);
    let name = if random.below(80) == 0 { "NoSuch" } else { *random.pick(OPERATORS) };
    let exists = if name != "Null" && set.is_empty() && random.below(4) == 0 { "IfExists" } else { "" };
    format!("{}{name}{exists}", if name == "Null" { "" } else { set })
}

/// A value that suits the operator, or nearly.
fn value(random: &mut Random, operator: &str) -> String {
    if random.below(30) == 0 {
        return mixture(random);
    }
    let of: &[&str] = match operator {
        _ if operator.contains("Numeric") => {
            &["0", "-1", "1e3", "0.1", "99999999999999999999", "-0", "1e400", "٣"]
        }
        _ if operator.contains("Date") => &[
            "2026-01-02T03:04:05Z",
            "2026-01-02",
            "1767225600",
            "0",
            "-1",
            "99999999999999",
            "2026-02-30T00:00:00Z",
        ],
        _ if operator.contains("Ip") => {
            &["10.0.0.0/8", "::/0", "::1", "0.0.0.0/0", "192.0.2.1", "2001:db8::/127", "10.1.2.3/31"]
        }
        _ if operator.contains("Bool") || operator.contains("Null") => &["true", "false", "TRUE"],
        _ if operator.contains("Arn") => &[
            "arn:aws:s3:::*",
            "arn:*:*:*:*:*",
            "arn:aws:iam::111122223333:user/a?a",
            "arn:aws:s3:::${aws:username}",
        ],
        _ if operator.contains("Binary") => &["YQ==", "", "Zm9v", "YQ", "===="],
        _ => return if random.below(4) == 0 { "${aws:username}".to_owned() } else { glob(random) },
    };
    (*random.pick(of)).to_owned()
}

/// Loose policies of one or two statements, and a request that leaves some of its context open.
pub(crate) fn hostile(random: &mut Random) -> Value {
    let mut statement = || {
        let mut statement =
            serde_json::json!({"Effect": random.pick(&["Allow", "Allow", "Deny"]), "Condition": {}});
        let negated = random.below(8) == 0;
        statement[if negated { "NotAction" } else { "Action" }] = several(random, action);
        statement[if random.below(8) == 0 { "NotResource" } else { "Resource" }] = several(random, resource);
        for _ in 0..random.below(4) {
            let (operator, key) = (operator(random), *random.pick(KEYS));
            let values: Vec<Value> =
                (0..1 + random.below(3)).map(|_| value(random, &operator).into()).collect();
            statement["Condition"][operator] = serde_json::json!({key: values});
        }
        statement
    };
    let statements = [statement(), statement()];
    let given = |random: &mut Random| match random.below(4) {
        0 => Value::Null,
        _ => {
            let operator = *random.pick(OPERATORS);
            let values: Vec<Value> =
                (0..1 + random.below(2)).map(|_| value(random, operator).into()).collect();
            if values.len() == 1 { values.into_iter().next().unwrap_or_default() } else { values.into() }
        }
    };
    let keys: Vec<&str> = KEYS.iter().copied().filter(|_| random.below(2) == 0).collect();
    let context: serde_json::Map<String, Value> =
        keys.into_iter().map(|key| (key.to_owned(), given(random))).collect();
    serde_json::json!({
        "v": 1, "provider": "aws", "principal": "arn:aws:iam::111122223333:user/ana", "resource_account": "111122223333",
        "action": if random.below(4) == 0 { "s3:ListAllMyBuckets" } else { "s3:GetObject" },
        "resource": if random.below(2) == 0 { "arn:aws:s3:::pay/x".to_owned() } else { resource(random) },
        "unknown_context": random.pick(&["absent", "unknown"]), "context": context,
        "identity_policies": [{"name": "own", "document": {"Version": random.pick(&["2012-10-17", "2008-10-17"]), "Statement": statements}}],
    })
}

/// The policy of a hostile request alone.
pub(crate) fn policy(random: &mut Random) -> Value {
    hostile(random)["identity_policies"][0]["document"].take()
}
