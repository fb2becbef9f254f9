//! Which few roles would give everybody what they have?
//!
//! `cargo run -p ciem-examples --example roles -- [FOLDER]`

use ciem_core::{AssignmentQuery, Error, LoadOptions, MiningOptions, Progress, load_paths};

const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/estate");

fn main() -> Result<(), Error> {
    let folder = std::env::args().nth(1).unwrap_or_else(|| SAMPLE.to_owned());
    let snapshot = load_paths(&[folder.into()], &LoadOptions::default())?;
    for (provider, kind) in [("aws", "user"), ("aws", "person"), ("azure", "user")] {
        let query = AssignmentQuery::default().provider(provider).principal_kind(kind);
        let mined = snapshot.mine_roles(&query, &MiningOptions::default(), None, &Progress::none())?;
        let proof = if mined.optimal() {
            "proven the fewest".to_owned()
        } else {
            format!("at least {}", mined.lower_bound())
        };
        println!("{provider} {kind}: {} pairs, {} roles, {proof}", mined.pairs(), mined.roles().len());
        println!("{:>7} {:>11} {:>9}  {:<32} like", "members", "permissions", "only here", "name");
        for role in mined.roles() {
            let like = role.closest().map_or_else(String::new, |closest| {
                let name = closest.name.rsplit('/').next().unwrap_or(&closest.name);
                format!("{name} {} %", (100.0 * closest.permissions).floor())
            });
            let name = role.name().map_or("", |name| name.rsplit('/').next().unwrap_or(name));
            let (members, permissions) = (role.users().len(), role.permissions().len());
            println!("{members:>7} {permissions:>11} {:>9}  {name:<32} {like}", role.only_here());
        }
    }
    Ok(())
}
