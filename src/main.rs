//! The program: reads the command line and runs what it says.

use std::process::ExitCode;

use clap::Parser;
use throughline::commands::{self, Cli};

fn main() -> ExitCode {
    commands::main(Cli::parse())
}
