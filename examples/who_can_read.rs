//! Who can read this secret, bucket, key or queue?
//!
//! `cargo run -p ciem-examples --example who_can_read -- [FOLDER [RESOURCE]]`

use ciem_core::{LoadOptions, Query, load_paths};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/estate");
/// What reading is called, and which part of the resource is read.
const READING: [(&str, &str, &str); 4] = [
    ("secretsmanager:secret", "secretsmanager:GetSecretValue", ""),
    ("s3:bucket", "s3:GetObject", "/*"),
    ("kms:key", "kms:Decrypt", ""),
    ("sqs:queue", "sqs:ReceiveMessage", ""),
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().unwrap_or_else(|| SAMPLE.to_owned());
    let snapshot = load_paths(&[folder.into()], &LoadOptions::default())?;
    let wanted = arguments.next();

    // Without a resource, the most telling one that was loaded.
    let found = READING.iter().find_map(|(kind, action, part)| {
        let of_kind = snapshot.resources().filter(|row| row.resource_kind == *kind);
        let mut named = of_kind.filter(|row| wanted.as_ref().is_none_or(|wanted| row.resource == *wanted));
        Some((*action, format!("{}{part}", named.next()?.resource)))
    });
    let (action, resource) = found.ok_or("nothing that can be read was loaded")?;

    println!("{action} on {resource}");
    for row in snapshot.who_can(&Query::who(action, &resource))?.rows() {
        println!("  {:<12} {}", row.verdict.as_str(), row.principal);
        if let Some(condition) = row.condition {
            println!("  {:>12} {condition}", "if");
        }
    }
    Ok(())
}
