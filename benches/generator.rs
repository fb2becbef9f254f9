//! The seeded generator of synthetic AWS organisations: the same seed and size give the same bytes everywhere.
//!
//! Accounts of 1,000 principals (500 users, 500 roles), each with none to two managed policies (skewed: 40 of the
//! account, 40 that AWS manages) and an inline policy for every second one; five statements per policy with one to six
//! action patterns (55 % exact, 30 % `Verb*`, 9 % `service:*`, 6 % other wildcards, 1 % `*`), 40 % on every resource and
//! the others on one to three ARN patterns, 8 % Deny, 15 % with conditions; 10 % of the principals have a boundary and
//! 20 % of the users one of ten groups. Above them an organisation two to four levels deep with SCPs and RCPs, and 20
//! resources with policies of their own in each account.

mod account;
mod arn;
mod catalogue;
mod organisation;
mod policy;
mod random;
pub(crate) mod requests;
mod resources;

use account::Identity;
use catalogue::Catalogue;
use random::Random;
use resources::Guarded;

const PRINCIPALS_PER_ACCOUNT: usize = 1_000;
const SHARED_POLICIES: usize = 40;

/// The exports of an organisation, and what the generator knows about it for asking questions.
#[derive(Debug)]
pub(crate) struct Estate {
    /// Name and bytes of every export file.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    catalogue: Catalogue,
    identities: Vec<Identity>,
    guarded: Vec<Guarded>,
}

impl Estate {
    /// An organisation with this many principals.
    pub(crate) fn generate(seed: u64, principals: usize) -> Self {
        let catalogue = Catalogue::load();
        let shared = account::shared_policies(&mut Random::fork(seed, 1), &catalogue, SHARED_POLICIES);
        let accounts: Vec<String> =
            (0..principals.div_ceil(PRINCIPALS_PER_ACCOUNT)).map(arn::account_id).collect();
        let mut estate = Estate { files: Vec::new(), catalogue, identities: Vec::new(), guarded: Vec::new() };
        let tree = organisation::tree(&mut Random::fork(seed, 2), &accounts);
        estate.files.push(("organization-tree.json".to_owned(), tree.to_string().into_bytes()));

        let mut rows = Vec::new();
        for (number, id) in accounts.iter().enumerate() {
            let mut random = Random::fork(seed, 1_000 + number as u64);
            let size = (principals - number * PRINCIPALS_PER_ACCOUNT).min(PRINCIPALS_PER_ACCOUNT);
            let neighbour = &accounts[random.below(accounts.len())];
            let account = account::account(&mut random, &estate.catalogue, id, size, &shared, neighbour);
            let arns: Vec<&str> = account.identities.iter().map(|identity| identity.arn.as_str()).collect();
            let (own_rows, guarded) = resources::rows(&mut random, id, &arns, &accounts);
            rows.extend(own_rows);
            estate.guarded.extend(guarded);
            let bytes = account.details.to_string().into_bytes();
            estate.files.push((format!("authorization-details-{id}.json"), bytes));
            estate.identities.extend(account.identities);
        }
        let rows = serde_json::Value::Array(rows).to_string().into_bytes();
        estate.files.push(("resource-policies.json".to_owned(), rows));
        estate
    }

    /// All bytes of all files.
    pub(crate) fn size(&self) -> usize {
        self.files.iter().map(|(_, bytes)| bytes.len()).sum()
    }

    /// ARNs of all principals.
    pub(crate) fn principals(&self) -> impl ExactSizeIterator<Item = &str> {
        self.identities.iter().map(|identity| identity.arn.as_str())
    }

    /// An object in a bucket that has a policy.
    pub(crate) fn object_with_policy(&self) -> Option<&str> {
        self.guarded.iter().map(|guarded| guarded.arn.as_str()).find(|arn| arn.starts_with("arn:aws:s3:::"))
    }
}
