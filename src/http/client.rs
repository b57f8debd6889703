//! The client of a request: its address, and the host and scheme that it asked for.
//!
//! Behind a trusted proxy these are what the proxy says in `X-Forwarded-For`, `-Host` and `-Proto`. The same headers of
//! anyone else are ignored: every client can send them.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use actix_web::http::header::{HOST, HeaderMap, HeaderName};

use crate::domain::network::Network;
use crate::domain::origin::{Authority, Scheme};

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// What is known of the client of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// The address.
    pub(super) address: IpAddr,
    /// The host that it asked for. `None` when the request names none.
    pub(super) host: Option<Authority>,
    /// The scheme that it used. `None` when a proxy that is not trusted may be between.
    pub(super) scheme: Option<Scheme>,
    /// Whether a trusted proxy forwarded the request.
    pub(super) is_forwarded: bool,
    /// A header of the trusted proxy that cannot be read.
    pub(super) unreadable: Option<&'static str>,
}

impl Client {
    /// Of the address of the connection, whether it uses TLS, the headers, and the trusted proxies.
    pub(super) fn of(peer: Option<IpAddr>, secure: bool, headers: &HeaderMap, trusted: &[Network]) -> Self {
        let peer = peer.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.to_canonical());
        let mut client = Client {
            address: peer,
            host: headers.get(HOST).and_then(|host| host.to_str().ok()?.trim().parse().ok()),
            scheme: secure.then_some(Scheme::Https),
            is_forwarded: false,
            unreadable: None,
        };
        if is_trusted(peer, trusted) {
            client.hear(headers, trusted);
        }
        client
    }

    /// Takes the word of a trusted proxy.
    fn hear(&mut self, headers: &HeaderMap, trusted: &[Network]) {
        self.is_forwarded =
            [FORWARDED_FOR, FORWARDED_HOST, FORWARDED_PROTO].iter().any(|name| headers.contains_key(name));
        // Each proxy appends the address that it was asked from. What stands before the address of an unknown sender is
        // of that sender, so it is not read.
        for entry in entries(headers, &FORWARDED_FOR).iter().rev() {
            let Some(address) = address(entry) else { break };
            self.address = address;
            if !is_trusted(address, trusted) {
                break;
            }
        }
        // The last value is that of the proxy before us; the others may be of the client.
        if let Some(host) = entries(headers, &FORWARDED_HOST).last() {
            match host.parse() {
                Ok(host) => self.host = Some(host),
                Err(_) => self.unreadable = Some("x-forwarded-host"),
            }
        }
        if let Some(scheme) = entries(headers, &FORWARDED_PROTO).last() {
            match scheme.parse() {
                Ok(scheme) => self.scheme = Some(scheme),
                Err(_) => self.unreadable = Some("x-forwarded-proto"),
            }
        }
    }
}

fn is_trusted(address: IpAddr, trusted: &[Network]) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

/// The entries of a header with commas, of all its lines.
fn entries(headers: &HeaderMap, name: &HeaderName) -> Vec<String> {
    let lines = headers.get_all(name).map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned());
    lines.flat_map(|line| line.split(',').map(|entry| entry.trim().to_owned()).collect::<Vec<_>>()).collect()
}

/// The address of an entry of `X-Forwarded-For`, which some proxies write with its port.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = || entry.strip_prefix('[')?.strip_suffix(']')?.parse::<IpAddr>().ok().filter(IpAddr::is_ipv6);
    let with_port = || entry.parse::<SocketAddr>().ok().map(|address| address.ip());
    entry.parse().ok().or_else(with_port).or_else(bare).map(|address: IpAddr| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn client(peer: &str, headers: &[(&'static str, &str)]) -> Client {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(HeaderName::from_static(name), HeaderValue::from_str(value).expect("a header"));
        }
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().expect("a network"));
        Client::of(Some(peer.parse().expect("an address")), false, &map, &trusted)
    }

    fn address_of(peer: &str, forwarded: &[&str]) -> String {
        let headers: Vec<_> = forwarded.iter().map(|value| ("x-forwarded-for", *value)).collect();
        client(peer, &headers).address.to_string()
    }

    #[test]
    fn the_address_is_that_of_the_last_sender_that_is_no_trusted_proxy() {
        for (peer, forwarded, expected) in [
            ("10.0.0.1", &[][..], "10.0.0.1"),
            ("10.0.0.1", &["192.0.2.7"], "192.0.2.7"),
            ("::ffff:10.0.0.1", &["192.0.2.7"], "192.0.2.7"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["192.0.2.7, 10.0.0.2"], "192.0.2.7"),
            ("10.0.0.1", &["192.0.2.7, fd00::2,10.0.0.2"], "192.0.2.7"),
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            // Several lines are one list.
            ("10.0.0.1", &["203.0.113.1", "192.0.2.7", "10.0.0.2"], "192.0.2.7"),
            ("10.0.0.1", &["192.0.2.7:4711"], "192.0.2.7"),
            ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["::ffff:192.0.2.7"], "192.0.2.7"),
        ] {
            assert_eq!(address_of(peer, forwarded), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn an_address_that_a_client_made_up_does_not_count() {
        for (peer, forwarded, expected) in [
            // Not a proxy.
            ("192.0.2.7", "203.0.113.1", "192.0.2.7"),
            ("2001:db8::7", "203.0.113.1", "2001:db8::7"),
            // The proxy appended the true address.
            ("10.0.0.1", "203.0.113.1, 192.0.2.7", "192.0.2.7"),
            ("10.0.0.1", "10.0.0.9, 192.0.2.7", "192.0.2.7"),
            ("10.0.0.1", "203.0.113.1, 192.0.2.7, 10.0.0.2", "192.0.2.7"),
        ] {
            assert_eq!(address_of(peer, &[forwarded]), expected, "{peer} {forwarded}");
        }
    }

    #[test]
    fn what_stands_before_an_unreadable_address_does_not_count() {
        for bad in ["unknown", "", "_hidden", "192.0.2", "192.0.2.7:x", "[192.0.2.7]", "for=192.0.2.7"] {
            assert_eq!(address_of("10.0.0.1", &[bad]), "10.0.0.1", "{bad}");
            assert_eq!(address_of("10.0.0.1", &[&format!("203.0.113.1, {bad}")]), "10.0.0.1", "{bad}");
            assert_eq!(address_of("10.0.0.1", &[&format!("{bad}, 10.0.0.2")]), "10.0.0.2", "{bad}");
            assert_eq!(address_of("10.0.0.1", &[&format!("{bad}, 192.0.2.7")]), "192.0.2.7", "{bad}");
        }
    }

    #[test]
    fn host_and_scheme_are_the_last_word_of_a_trusted_proxy_alone() {
        let headers = [
            ("host", "127.0.0.1:8080"),
            ("x-forwarded-host", "evil.example, CRM.example:8443"),
            ("x-forwarded-proto", "http,HTTPS"),
        ];
        let host = |client: &Client| client.host.as_ref().map(|host| (host.name.clone(), host.port));
        let behind = client("10.0.0.1", &headers);
        assert_eq!(host(&behind), Some(("crm.example".to_owned(), Some(8443))));
        assert_eq!((behind.scheme, behind.is_forwarded, behind.unreadable), (Some(Scheme::Https), true, None));
        let direct = client("192.0.2.7", &headers);
        assert_eq!(host(&direct), Some(("127.0.0.1".to_owned(), Some(8080))));
        assert_eq!((direct.scheme, direct.is_forwarded, direct.unreadable), (None, false, None));
    }

    #[test]
    fn an_unreadable_word_of_a_trusted_proxy_is_noticed_and_of_others_ignored() {
        for (name, value) in [
            ("x-forwarded-host", "crm.example/x"),
            ("x-forwarded-host", "me@crm.example"),
            ("x-forwarded-host", "crm.example,"),
            ("x-forwarded-host", ""),
            ("x-forwarded-host", "crm.example:http"),
            ("x-forwarded-proto", "ftp"),
            ("x-forwarded-proto", "https,"),
        ] {
            assert_eq!(client("fd00::1", &[(name, value)]).unreadable, Some(name), "{name}: {value}");
            assert_eq!(client("192.0.2.7", &[(name, value)]).unreadable, None, "{name}: {value}");
        }
    }
}
