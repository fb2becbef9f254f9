//! The native half of the Python package `ciem`: text in, text and tables out. The package itself is `python/ciem`.
#![forbid(unsafe_code)]

mod edge;
mod snapshot;
mod table;
mod usage;

use pyo3::prelude::*;

/// Native half of `ciem`; import `ciem` instead.
#[pymodule]
mod _core {
    #[pymodule_export]
    use crate::snapshot::{
        Snapshot, check, condition_blocks, condition_text, explanation_html, explanation_text, mine_roles,
        simulate,
    };
    #[pymodule_export]
    use crate::table::Table;
    #[pymodule_export]
    use crate::usage::Usage;

    /// Version of crate, wheel and npm package.
    #[pymodule_export]
    #[allow(non_upper_case_globals, reason = "the name that Python gives to a version")]
    const __version__: &str = env!("CARGO_PKG_VERSION");
}
