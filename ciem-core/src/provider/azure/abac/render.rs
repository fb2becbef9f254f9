//! A condition as text, in one spelling.

use super::syntax::{Attribute, Compare, Condition, Literal, Operand, Source};
use std::fmt;

impl Source {
    pub(super) fn name(self) -> &'static str {
        match self {
            Source::Request => "Request",
            Source::Resource => "Resource",
            Source::Principal => "Principal",
            Source::Environment => "Environment",
        }
    }
}

/// As it is written, which is also the name of the context key: `@Resource[Microsoft.Storage/storageAccounts:name]`.
impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "@{}[{}]", self.source.name(), self.name)
    }
}

impl fmt::Display for Literal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Literal::Text(text) => write!(f, "'{text}'"),
            Literal::Integer(number) => write!(f, "{number}"),
            Literal::Truth(truth) => write!(f, "{truth}"),
            Literal::Guid(guid) => f.write_str(guid),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Attribute(attribute) => attribute.fmt(f),
            Operand::One(literal) => literal.fmt(f),
            Operand::Set(list) => {
                for (place, literal) in list.iter().enumerate() {
                    write!(f, "{}{literal}", if place == 0 { "{" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

impl fmt::Display for Compare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.left)?;
        if let Some([left, right]) = self.over {
            write!(f, "For{left:?}Of{right:?}Values:")?;
        }
        write!(f, "{} {}", self.operator.name(), self.right)
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (parts, word) = match self {
            Condition::And(parts) => (parts, "AND"),
            Condition::Or(parts) => (parts, "OR"),
            Condition::Not(inner) => return write!(f, "!({inner})"),
            Condition::Action(pattern) => return write!(f, "ActionMatches{{'{pattern}'}}"),
            Condition::SubOperation(name) => return write!(f, "SubOperationMatches{{'{name}'}}"),
            Condition::Exists(attribute) => return write!(f, "Exists {attribute}"),
            Condition::Compare(compare) => return compare.fmt(f),
        };
        for (place, part) in parts.iter().enumerate() {
            if place > 0 {
                write!(f, " {word} ")?;
            }
            match part {
                Condition::And(_) | Condition::Or(_) => write!(f, "({part})")?,
                other => other.fmt(f)?,
            }
        }
        Ok(())
    }
}
