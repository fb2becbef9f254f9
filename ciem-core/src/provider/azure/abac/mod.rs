//! The condition language of Azure role assignments (version 2.0): read, and turned into conditions of statements.
//!
//! What it means is Microsoft's "Azure role assignment condition format and syntax"
//! (MicrosoftDocs/azure-docs, `articles/role-based-access-control/conditions-format.md`); what that page leaves open and
//! how it is read here stands in NOTES.md of this folder.

mod guards;
mod keys;
mod lower;
mod operator;
mod parse;
mod render;
mod scan;
mod syntax;
#[cfg(test)]
mod tests;

pub(crate) use guards::{Guard, read};
pub(crate) use keys::{RESOURCE_NUMBER, key_nature, key_scope, key_value, key_words};
pub(crate) use parse::Fault;
