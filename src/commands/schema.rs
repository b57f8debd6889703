//! `throughline schema`: prints the schema of the API.

use clap::Args;

/// Prints the schema of the API, as in schema.graphql.
///
/// In GraphQL's schema definition language, with a description of every type and field. It needs no store and no
/// settings.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct SchemaArgs {}

const EXAMPLES: &str = "\
Examples:
  Types for a client:
    throughline schema > schema.graphql

  What another version changes:
    throughline schema | diff schema.graphql -";

/// Prints the schema.
///
/// # Errors
/// When standard output cannot be written to.
pub fn run(_: &SchemaArgs) -> anyhow::Result<()> {
    super::print(&crate::graphql::sdl())
}
