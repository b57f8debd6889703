//! Published data, through the whole of ingest. The data is not in this repository: see README.md.

#[path = "../common/mod.rs"]
mod common;
mod febrl;
