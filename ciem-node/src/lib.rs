//! The native half of the Node package `ciem`: questions as text in, tables and text out. The package itself is `index.js`.

// The exporting macro wants public items, so the modules that hold them are public too.
pub mod edge;
pub mod snapshot;
pub mod table;
pub mod usage;
