//! `[server]`: the address and limits of the server.

use std::net::SocketAddr;

use super::Settings;
use super::error::{Place, SettingsError};
use super::raw::Section;

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The maximum number of open WebSockets and event streams.
    pub max_sockets: usize,
}

const FORM: &str = "not an address to listen on: write it as 127.0.0.1:8080";

impl ServerSettings {
    pub(super) fn read(mut section: Section) -> Result<Self, SettingsError> {
        let listen = section.take("listen").map(|given| given.text()?.trim().parse().map_err(|_| given.bad(FORM)));
        let max_sockets = section.take("max_sockets").map(|given| given.whole(1, 1_000_000)).transpose()?;
        section.done()?;
        Ok(ServerSettings {
            listen: listen.transpose()?.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            max_sockets: max_sockets.map_or(1_000, |n| n as usize),
        })
    }
}

impl Settings {
    /// Sets the address from `--listen`.
    ///
    /// # Errors
    /// When it is not an address with a port.
    pub fn set_listen(&mut self, text: &str) -> Result<(), SettingsError> {
        self.server.listen = text.trim().parse().map_err(|_| SettingsError::BadValue {
            place: Place::Flag("--listen"),
            key: "server.listen".into(),
            reason: FORM.into(),
        })?;
        Ok(())
    }
}
