//! Who can become whom: edges between principals, and what is reached over several of them.

mod become_row;
mod chain;
mod graph;
mod inquiry;
mod needs;
#[cfg(test)]
mod tests;

pub use become_row::{BecomeRow, Becoming};
