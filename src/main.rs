//! The program: reads the command line and runs what it says.

use std::process::ExitCode;

use clap::Parser;
use throughline::commands::{self, Cli};

/// Facts are made on one thread and freed on another, and answers are many small strings.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commands::main(Cli::parse())
}
