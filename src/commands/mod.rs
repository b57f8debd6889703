//! What the subcommands of `throughline` do. Each has its arguments and its `run`; only these print.

pub mod import;
