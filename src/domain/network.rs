//! A network of addresses: `10.0.0.0/8`, `fd00::/8`, or one address.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// A network: the addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network(IpNet);

/// Why a text is not a network.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotANetwork {
    /// It has another form.
    #[error("not an address or a network: write it as 10.0.0.7, 10.0.0.0/8 or fd00::/8")]
    Form,
    /// It has bits behind its prefix.
    #[error("the address has bits after the first {bits}: write {network}")]
    Bits {
        /// The length of the prefix.
        bits: u8,
        /// The network with this prefix.
        network: Network,
    },
    /// Every address is in it.
    #[error("every address is in it: name the addresses that are meant")]
    Everything,
}

impl Network {
    /// Whether the address is in this network. An IPv4 address that is written as IPv6 counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Network {
    type Err = NotANetwork;

    fn from_str(text: &str) -> Result<Self, NotANetwork> {
        let (address, bits) = match text.trim().split_once('/') {
            Some((address, bits)) if bits.bytes().all(|byte| byte.is_ascii_digit()) => (address, Some(bits)),
            Some(_) => return Err(NotANetwork::Form),
            None => (text.trim(), None),
        };
        let address: IpAddr = address.parse().map_err(|_| NotANetwork::Form)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) => bits.parse::<u8>().ok().filter(|bits| *bits <= most).ok_or(NotANetwork::Form)?,
            None => most,
        };
        if bits == 0 {
            return Err(NotANetwork::Everything);
        }
        // `::ffff:10.0.0.0/104` is `10.0.0.0/8`.
        let (address, bits) = match address.to_canonical() {
            IpAddr::V4(v4) if most == 128 && bits > 96 => (IpAddr::V4(v4), bits - 96),
            IpAddr::V4(_) if most == 128 => return Err(NotANetwork::Form),
            address => (address, bits),
        };
        let network = IpNet::new(address, bits).map_err(|_| NotANetwork::Form)?.trunc();
        match network.addr() == address {
            true => Ok(Network(network)),
            false => Err(NotANetwork::Bits { bits, network: Network(network) }),
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        let network: Network = network.parse().unwrap_or_else(|error| panic!("{network}: {error}"));
        network.contains(address.parse().expect("an address"))
    }

    #[test]
    fn an_address_is_in_the_networks_whose_bits_it_begins_with() {
        for (network, within, without) in [
            ("10.0.0.7", "10.0.0.7", "10.0.0.8"),
            ("10.0.0.0/8", "10.255.0.1", "11.0.0.0"),
            ("192.168.1.128/25", "192.168.1.128", "192.168.1.127"),
            ("10.0.0.0/31", "10.0.0.1", "10.0.0.2"),
            ("128.0.0.0/1", "255.0.0.1", "127.0.0.1"),
            ("::1", "::1", "::2"),
            ("fd00::/8", "fdff::1", "fe00::1"),
            ("2001:db8:1:2::/64", "2001:db8:1:2:ffff::", "2001:db8:1:3::"),
            ("8000::/1", "ffff::", "7fff::"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::ffff:11.1.2.3"),
            ("::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3"),
            ("::ffff:10.0.0.7", "10.0.0.7", "::10.0.0.7"),
        ] {
            assert!(contains(network, within), "{within} is in {network}");
            assert!(!contains(network, without), "{without} is not in {network}");
        }
        assert!(!contains("10.0.0.0/8", "fd00::1"));
        assert!(!contains("fd00::/8", "10.0.0.1"));
    }

    #[test]
    fn another_text_is_not_a_network() {
        for text in [
            "",
            "proxy",
            "10.0.0",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/",
            "10.0.0.0/8/8",
            "/8",
            "::1/129",
            "[::1]",
            "10.0.0.1:80",
            "10.0.0.0/+8",
            "::ffff:0:0/96",
            "fe80::1%eth0",
            "010.0.0.1",
        ] {
            assert_eq!(text.parse::<Network>(), Err(NotANetwork::Form), "{text}");
        }
        assert_eq!("0.0.0.0/0".parse::<Network>(), Err(NotANetwork::Everything));
        assert_eq!("::/0".parse::<Network>(), Err(NotANetwork::Everything));
        let bits = "10.0.0.7/8".parse::<Network>().expect_err("bits after the prefix").to_string();
        assert_eq!(bits, "the address has bits after the first 8: write 10.0.0.0/8");
        let bits = "fd00::7/64".parse::<Network>().expect_err("bits after the prefix").to_string();
        assert_eq!(bits, "the address has bits after the first 64: write fd00::/64");
    }
}
