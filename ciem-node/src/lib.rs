//! The native half of the Node package `ciem`: text in, text out. The package itself is `index.js`.

// The exporting macro wants public items, so the modules that hold them are public too.
pub mod edge;
pub mod snapshot;
