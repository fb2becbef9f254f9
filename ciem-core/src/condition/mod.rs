//! Conditions: tests of context keys, Kleene evaluation, and the residual expression an answer depends on.

mod among;
mod block;
mod cross;
mod describe;
mod domain;
mod examples;
mod expr;
mod fold;
mod key;
mod operator;
mod render;
mod sets;
mod simplify;
mod table;
mod test;
#[cfg(test)]
mod tests;
mod text;
mod told;
mod tri;
mod values;
mod variable;
mod wire;
mod words;

pub(crate) use among::{Among, constant_among, simplify_among, tells_resources_apart};
pub(crate) use block::KeyNature;
pub(crate) use cross::{Comparison, Cross, Kind, Over, Relation, Side};
pub(crate) use examples::{Example, examples};
pub(crate) use expr::{Atom, Expr, MissingFact};
pub(crate) use key::{Key, KeyState};
pub(crate) use operator::{Operator, Prefix};
pub(crate) use simplify::{Simplified, simplify};
pub(crate) use test::Test;
pub(crate) use told::Told;
pub(crate) use tri::Tri;
pub(crate) use values::{parse_base64, parse_instant};
pub(crate) use words::{KeyWords, Vocabulary, quoted};
