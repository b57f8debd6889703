//! Published data sets, through the whole ingest. The data is not in this repository: see README.md.

#[path = "../common/mod.rs"]
mod common;
mod febrl;
