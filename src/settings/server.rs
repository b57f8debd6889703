//! `[server]`: the address and limits of the server.

use std::fmt::Display;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use super::Settings;
use super::error::{Place, SettingsError};
use super::raw::{RawValue, Section};
use crate::domain::network::Network;
use crate::domain::origin::Origin;

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// Address and port to listen on.
    pub listen: SocketAddr,
    /// The origins of other pages that may use the API.
    pub allowed_origins: Vec<Origin>,
    /// The proxies whose `X-Forwarded-For`, `-Host` and `-Proto` count.
    pub trusted_proxies: Vec<Network>,
    /// The files for TLS. `None`: plain HTTP.
    pub tls: Option<TlsSettings>,
    /// The maximum number of open WebSockets and event streams.
    pub max_sockets: usize,
}

/// `[server.tls]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsSettings {
    /// The file of the certificate, with its chain.
    pub cert: PathBuf,
    /// The file of its key.
    pub key: PathBuf,
}

const FORM: &str = "not an address to listen on: write it as 127.0.0.1:8080";

impl ServerSettings {
    pub(super) fn read(mut section: Section) -> Result<Self, SettingsError> {
        let listen = section.take("listen").map(|given| given.text()?.trim().parse().map_err(|_| given.bad(FORM)));
        let max_sockets = section.take("max_sockets").map(|given| given.whole(1, 1_000_000)).transpose()?;
        let allowed_origins =
            section.take("allowed_origins").map(|given| given.map(read_with::<Origin>)).transpose()?;
        let trusted_proxies =
            section.take("trusted_proxies").map(|given| given.map(read_with::<Network>)).transpose()?;
        let tls = section.take("tls").map(|given| TlsSettings::read(&given)).transpose()?;
        section.done()?;
        Ok(ServerSettings {
            listen: listen.transpose()?.unwrap_or(SocketAddr::from(([127, 0, 0, 1], 8080))),
            allowed_origins: allowed_origins.unwrap_or_default(),
            trusted_proxies: trusted_proxies.unwrap_or_default(),
            tls,
            max_sockets: max_sockets.map_or(1_000, |n| n as usize),
        })
    }
}

impl TlsSettings {
    fn read(given: &RawValue) -> Result<Self, SettingsError> {
        let mut section = given.section()?;
        let file = |given: RawValue| match given.text()?.trim() {
            "" => Err(given.bad("the name of the file is empty")),
            path => Ok(PathBuf::from(path)),
        };
        let cert = section.take("cert").map(file).transpose()?;
        let key = section.take("key").map(file).transpose()?;
        let tls = TlsSettings {
            cert: cert.ok_or_else(|| section.lacks(&given.place, "cert"))?,
            key: key.ok_or_else(|| section.lacks(&given.place, "key"))?,
        };
        section.done()?;
        Ok(tls)
    }
}

/// An entry of a list, with the words of its type when it does not fit.
fn read_with<T: FromStr<Err: Display>>(entry: &RawValue) -> Result<T, SettingsError> {
    entry.text()?.trim().parse().map_err(|fault: T::Err| entry.bad(fault.to_string()))
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
