//! User-permission pairs to mine: the sets of HP Labs where they are present, and planted ones of any size.

use ciem_core::Assignments;
use std::io::Read;
use std::path::Path;

/// The sets, and the fewest roles that there are known to be.
pub(crate) const SETS: [(&str, usize); 9] = [
    ("domino", 20),
    ("hc", 14),
    ("emea", 34),
    ("apj", 453),
    ("fire1", 64),
    ("fire2", 10),
    ("customer", 276),
    ("americas_small", 178),
    ("americas_large", 398),
];

/// A set by name; none if the data are not beside the checkout.
pub(crate) fn set(name: &str) -> Option<Assignments> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/role-mining");
    let packed = std::fs::File::open(folder.join(format!("{name}.txt.gz"))).ok()?;
    let mut text = String::new();
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).ok()?;
    let mut words = text.split_whitespace();
    let mut pairs = Assignments::new();
    while let (Some(user), Some(permission)) = (words.next(), words.next()) {
        pairs.add(user, permission).ok()?;
    }
    Some(pairs)
}

/// About `count` pairs of users who have two of some planted roles each, and `stray` further pairs in a thousand.
pub(crate) fn planted(count: usize, stray: u64) -> Assignments {
    let (users, roles) = ((count / 200).max(10), (count / 20_000).clamp(5, 500));
    let mut seed = 1u64;
    // SplitMix64.
    let mut random = move |below: usize| {
        seed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % below.max(1) as u64) as usize
    };
    let permissions = roles * 60;
    let planted: Vec<Vec<usize>> =
        (0..roles).map(|_| (0..100).map(|_| random(permissions)).collect()).collect();
    let mut pairs = Assignments::new();
    for user in 0..users {
        let name = format!("user{user}");
        for _ in 0..2 {
            let role = random(roles);
            for permission in planted.get(role).into_iter().flatten() {
                let added = pairs.add(&name, &format!("permission{permission}"));
                debug_assert!(added.is_ok());
            }
        }
        for _ in 0..200 {
            if (random(1_000) as u64) < stray {
                let added = pairs.add(&name, &format!("permission{}", random(permissions)));
                debug_assert!(added.is_ok());
            }
        }
    }
    pairs
}
