//! The nine user-permission sets of HP Labs, at the number of roles that is known to be the optimum.
use ciem_core::{Assignments, Budget, mine_roles};
use std::collections::BTreeSet;
use std::io::Read;
use std::path::Path;

const OPTIMA: [(&str, usize); 9] = [
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

#[test]
fn the_nine_sets_have_their_proven_optimum() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/role-mining");
    if !folder.is_dir() {
        println!("not here: {}", folder.display());
        return;
    }
    for (name, optimum) in OPTIMA {
        let packed = std::fs::File::open(folder.join(format!("{name}.txt.gz"))).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
        let words: Vec<&str> = text.split_whitespace().collect();
        let pairs: BTreeSet<(&str, &str)> = words.chunks(2).map(|pair| (pair[0], pair[1])).collect();
        let assignments = Assignments::from_pairs(pairs.iter().copied()).unwrap();

        let mined = mine_roles(&assignments, &Budget::default()).unwrap();
        assert_eq!(mined.roles().len(), optimum, "{name}");
        assert!(mined.optimal(), "{name}: {}", mined.lower_bound());
        // Not the library's own check: pair by pair.
        let mut given = BTreeSet::new();
        for role in mined.roles() {
            for user in role.users() {
                given.extend(role.permissions().map(|permission| (user, permission)));
            }
        }
        assert!(given == pairs, "{name}: the roles give exactly the pairs");
    }
}
