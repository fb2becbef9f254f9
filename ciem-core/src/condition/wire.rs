//! The wire form of conditions: the `condition` of API.md. Names within an object are written in order.

use super::expr::{Atom, Expr};
use crate::pattern::Pattern;
use serde::ser::{Serialize, SerializeMap, Serializer};

/// An object of one name.
fn single<S: Serializer>(serializer: S, name: &str, value: &impl Serialize) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry(name, value)?;
    map.end()
}

fn test<S: Serializer>(
    serializer: S,
    key: &str,
    operator: &str,
    values: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(3))?;
    map.serialize_entry("key", key)?;
    map.serialize_entry("operator", operator)?;
    map.serialize_entry("values", values)?;
    map.end()
}

impl Serialize for Expr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Expr::Always => single(serializer, "and", &[(); 0]),
            Expr::Never => single(serializer, "or", &[(); 0]),
            Expr::And(parts) => single(serializer, "and", parts),
            Expr::Or(parts) => single(serializer, "or", parts),
            Expr::Not(inner) => single(serializer, "not", inner),
            Expr::Atom(atom) => atom.serialize(serializer),
        }
    }
}

impl Serialize for Atom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Atom::Key { key, test: of } => test(serializer, &key.name, &of.operator_text(), &of.values()),
            Atom::Open { key, operator, values } => test(serializer, &key.name, operator, values),
            Atom::SessionName(name) => single(serializer, "session_name", name),
            Atom::ResourceIn(patterns) => single(serializer, "resource_in", patterns),
            Atom::Missing(fact) => {
                single(serializer, "missing", &format_args!("{} {}", fact.fact, fact.subject))
            }
        }
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
