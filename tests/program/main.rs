//! The program as people run it: exit codes, what it says, and a server from its start to its end.

mod access;
mod command_line;
mod conditions;
mod erasures;
mod exporting;
mod files;
mod identities;
mod importing;
mod knowing;
mod live_segments;
mod mappings;
mod masks;
mod pictures;
mod purposes;
mod rules;
mod running;
mod segments;
mod server;
mod sockets;
mod subject;
mod tools;
#[path = "../common/wipe.rs"]
#[allow(unreachable_pub, reason = "what several test crates share")]
mod wipe;
mod wire;
