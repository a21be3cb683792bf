//! Event schemas: loaded, compiled, and every event judged by them.
//! (stub: helper H3 owns this folder)

/// A loaded contract.
#[derive(Debug, Clone)]
pub struct Contract {}
