//! The origin of a page: scheme, host and port, as browsers send it (RFC 6454).

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// The scheme of an address on the web.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http`
    Http,
    /// `https`
    Https,
}

impl Scheme {
    /// The name.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// The port that is left out.
    pub fn port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl FromStr for Scheme {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        match text {
            _ if text.eq_ignore_ascii_case("http") => Ok(Scheme::Http),
            _ if text.eq_ignore_ascii_case("https") => Ok(Scheme::Https),
            _ => Err(NotAnOrigin),
        }
    }
}

/// A host and its port, as in `Host`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authority {
    /// The name in small letters, or the address; an IPv6 address in brackets.
    pub name: String,
    /// The port, when it is given.
    pub port: Option<u16>,
}

impl FromStr for Authority {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        // The colons of an IPv6 address are in brackets.
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if !port.contains(']') => (name, Some(port)),
            _ => (text, None),
        };
        let port = match port {
            Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => {
                Some(port.parse::<u16>().ok().filter(|port| *port > 0).ok_or(NotAnOrigin)?)
            }
            Some(_) => return Err(NotAnOrigin),
            None => None,
        };
        let name = match name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            Some(address) => format!("[{}]", address.parse::<Ipv6Addr>().map_err(|_| NotAnOrigin)?),
            None if !name.is_empty() && name.len() <= 253 && name.bytes().all(is_of_name) => name.to_ascii_lowercase(),
            None => return Err(NotAnOrigin),
        };
        Ok(Authority { name, port })
    }
}

/// Whether a byte may be in the name of a host. Names with other letters are sent as `xn--…`.
fn is_of_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._".contains(&byte)
}

/// The origin of a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The scheme.
    pub scheme: Scheme,
    /// The name in small letters, or the address; an IPv6 address in brackets.
    pub name: String,
    /// The port, which may be the scheme's.
    pub port: u16,
}

impl Origin {
    /// The origin of a page that was read from this host.
    pub fn of(scheme: Scheme, authority: &Authority) -> Self {
        Origin { scheme, name: authority.name.clone(), port: authority.port.unwrap_or(scheme.port()) }
    }
}

/// The text is not an origin.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("not the origin of a page: write it as https://crm.example or http://localhost:5173, without a path")]
pub struct NotAnOrigin;

impl FromStr for Origin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let (scheme, authority) = text.split_once("://").ok_or(NotAnOrigin)?;
        Ok(Origin::of(scheme.parse()?, &authority.parse()?))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme.as_str(), self.name)?;
        if self.port == self.scheme.port() { Ok(()) } else { write!(f, ":{}", self.port) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_has_one_form() {
        for (text, form) in [
            ("https://crm.example", "https://crm.example"),
            ("HTTPS://CRM.Example:443", "https://crm.example"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("https://[2001:DB8:0::1]:8443", "https://[2001:db8::1]:8443"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(text.parse::<Origin>().expect("an origin").to_string(), form, "{text}");
        }
    }

    #[test]
    fn another_text_is_not_an_origin() {
        for text in [
            "",
            "*",
            "null",
            "crm.example",
            "//crm.example",
            "ftp://crm.example",
            "https://",
            "https://crm.example/",
            "https://crm.example/page",
            "https://crm.example?a",
            "https://me@crm.example",
            "https://crm.example:",
            "https://crm.example:0",
            "https://crm.example:65536",
            "https://crm.example:a",
            "https://*.example",
            "https://::1",
            "https://[::1",
            "https://[x]",
            "https://a b",
            "https://é.example",
        ] {
            assert_eq!(text.parse::<Origin>(), Err(NotAnOrigin), "{text}");
        }
    }
}
