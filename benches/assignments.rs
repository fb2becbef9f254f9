//! User-permission pairs to mine: the sets of HP Labs where they are present, and made ones of any size.

use ciem_core::{Assignments, Error};
use std::fmt::Write;
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

/// What made pairs look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Shape {
    /// Users who have two of some planted roles each.
    Planted,
    /// The same, with so many strays to a thousand pairs.
    Strays(u64),
    /// Every user has a tenth of all permissions, drawn at random: nothing to be found.
    Random,
    /// Every user has all permissions but a fifth, drawn at random.
    Dense,
    /// Very many users with five permissions each, a few of which are had by most.
    Sparse,
    /// Every user has all permissions.
    Alike,
}

pub(crate) const SHAPES: [(&str, Shape); 7] = [
    ("planted", Shape::Planted),
    ("planted, 2 % strays", Shape::Strays(20)),
    ("planted, 100 % strays", Shape::Strays(1_000)),
    ("random, a tenth", Shape::Random),
    ("dense, four fifths", Shape::Dense),
    ("sparse, five each", Shape::Sparse),
    ("all alike", Shape::Alike),
];

/// About `count` pairs of this shape, the same every time.
pub(crate) fn made(shape: Shape, count: usize) -> Result<Assignments, Error> {
    let mut made =
        Made { seed: 1, pairs: Assignments::new(), user: String::new(), permission: String::new() };
    match shape {
        Shape::Planted => made.planted(count, 0)?,
        Shape::Strays(stray) => made.planted(count, stray)?,
        Shape::Random => made.rectangle(count, 100)?,
        Shape::Dense => made.rectangle(count, 800)?,
        Shape::Sparse => made.sparse(count)?,
        Shape::Alike => made.rectangle(count, 1_000)?,
    }
    Ok(made.pairs)
}

struct Made {
    seed: u64,
    pairs: Assignments,
    user: String,
    permission: String,
}

impl Made {
    /// SplitMix64.
    fn random(&mut self, below: usize) -> usize {
        self.seed = self.seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = (self.seed ^ (self.seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ (mixed >> 31)) % below.max(1) as u64) as usize
    }

    fn add(&mut self, user: usize, permission: usize) -> Result<(), Error> {
        self.user.clear();
        self.permission.clear();
        // Writing to a text cannot fail.
        let _ = write!(self.user, "user{user}");
        let _ = write!(self.permission, "permission{permission}");
        self.pairs.add(&self.user, &self.permission)
    }

    fn planted(&mut self, count: usize, stray: u64) -> Result<(), Error> {
        let (users, roles) = ((count / 200).max(10), (count / 20_000).clamp(5, 500));
        let permissions = roles * 60;
        let planted: Vec<Vec<usize>> =
            (0..roles).map(|_| (0..100).map(|_| self.random(permissions)).collect()).collect();
        for user in 0..users {
            for _ in 0..2 {
                let role = self.random(roles);
                for &permission in planted.get(role).into_iter().flatten() {
                    self.add(user, permission)?;
                }
            }
            for _ in 0..200 {
                if (self.random(1_000) as u64) < stray {
                    let permission = self.random(permissions);
                    self.add(user, permission)?;
                }
            }
        }
        Ok(())
    }

    /// Four times as many users as permissions, each pair with this chance in a thousand.
    fn rectangle(&mut self, count: usize, chance: usize) -> Result<(), Error> {
        let permissions = (count * 1_000 / chance / 4).isqrt().max(2);
        for user in 0..permissions * 4 {
            for permission in 0..permissions {
                if self.random(1_000) < chance {
                    self.add(user, permission)?;
                }
            }
        }
        Ok(())
    }

    /// The smaller the number of a permission the more have it.
    fn sparse(&mut self, count: usize) -> Result<(), Error> {
        let permissions = (count / 100).max(5);
        for user in 0..count / 5 {
            for _ in 0..5 {
                let below = 1 + self.random(permissions);
                let permission = self.random(below);
                self.add(user, permission)?;
            }
        }
        Ok(())
    }
}
