//! `throughline presets`: the mappings that come with the program.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use crate::domain::nearest::hint;
use crate::ingest::mapping::presets;

/// Lists the mappings that come with the program, and prints one to copy and change.
///
/// A mapping says how the rows of a file become events. `throughline import --mapping NAME` takes the name of a preset;
/// for an export that is a little different, write the preset into a file, change it, and give the file. docs/mappings.md
/// explains every key and function.
#[derive(Args, Clone, Debug)]
#[command(after_long_help = EXAMPLES)]
pub struct PresetsArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand, Clone, Debug)]
enum What {
    /// Lists the names, with what each reads
    List,
    /// Prints one
    Show {
        /// Its name
        name: String,
    },
}

const EXAMPLES: &str = "\
Exit status:
  0    done
  2    there is no such preset

Examples:
  throughline presets list
  throughline presets show shopify-orders > orders.toml";

/// Prints the list or one preset.
///
/// # Errors
/// When standard output cannot be written.
pub fn run(args: &PresetsArgs) -> anyhow::Result<ExitCode> {
    let text = match &args.what {
        What::List => presets::names().map(|name| format!("{name:<20}{}\n", presets::about(name))).collect(),
        What::Show { name } => match presets::text(name) {
            Some(text) => text.to_owned(),
            None => {
                eprintln!("error: there is no preset \"{name}\"; {}", hint(name, presets::names()));
                return Ok(ExitCode::from(2));
            }
        },
    };
    super::print(&text)?;
    Ok(ExitCode::SUCCESS)
}
