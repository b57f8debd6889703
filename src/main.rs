//! The program `throughline`: reads the command line and runs the command.

use std::process::ExitCode;

use clap::Parser;
use throughline::commands::{self, Cli};

/// mimalloc is faster than the default here: facts are allocated on one thread and freed on another, and answers have
/// many small strings.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commands::main(Cli::parse())
}
