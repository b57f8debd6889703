//! Counts failed requests by address. After ten in a minute, an address is told to wait.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The number of failures in a minute that are answered as such.
const MOST: u32 = 10;
const MINUTE: Duration = Duration::from_secs(60);
/// The maximum number of addresses that are kept.
const ADDRESSES: usize = 10_000;

/// The failures of the last minute.
#[derive(Debug, Default)]
pub struct Failures(Mutex<HashMap<IpAddr, Window>>);

/// A minute that begins with a failure.
#[derive(Clone, Copy, Debug)]
struct Window {
    since: Instant,
    count: u32,
}

impl Failures {
    /// Counts a failure. From the eleventh of a minute on it returns how long the address must wait.
    pub fn count(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let network = network(address);
        if windows.len() >= ADDRESSES && !windows.contains_key(&network) {
            windows.retain(|_, window| now.duration_since(window.since) < MINUTE);
            // Only an attack has so many addresses. It may start again, and memory does not grow.
            if windows.len() >= ADDRESSES {
                windows.clear();
            }
        }
        let window = windows.entry(network).or_insert(Window { since: now, count: 0 });
        if now.duration_since(window.since) >= MINUTE {
            *window = Window { since: now, count: 0 };
        }
        window.count = window.count.saturating_add(1);
        (window.count > MOST).then(|| MINUTE.saturating_sub(now.duration_since(window.since)))
    }
}

/// The address, or the first 64 bits of an IPv6 address: a subscriber has all addresses below these.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_the_eleventh_failure_of_a_minute_on_an_address_waits() {
        let (failures, begin) = (Failures::default(), Instant::now());
        let at = |seconds| begin + Duration::from_secs(seconds);
        let one: IpAddr = "192.0.2.1".parse().expect("an address");
        for second in 0..10 {
            assert_eq!(failures.count(one, at(second)), None);
        }
        assert_eq!(failures.count(one, at(20)), Some(Duration::from_secs(40)));
        assert_eq!(failures.count("192.0.2.2".parse().expect("an address"), at(20)), None, "another address");
        assert_eq!(
            failures.count("::ffff:192.0.2.1".parse().expect("an address"), at(21)),
            Some(Duration::from_secs(39))
        );
        assert_eq!(failures.count(one, at(60)), None, "the next minute");
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_together_and_memory_is_limited() {
        let (failures, now) = (Failures::default(), Instant::now());
        for host in 0..10 {
            let address = format!("2001:db8:1:2::{host:x}").parse().expect("an address");
            assert_eq!(failures.count(address, now), None);
        }
        assert!(failures.count("2001:db8:1:2:ffff::1".parse().expect("an address"), now).is_some());
        assert!(failures.count("2001:db8:1:3::1".parse().expect("an address"), now).is_none());
        for n in 0..2 * ADDRESSES as u32 {
            failures.count(IpAddr::from(n.to_be_bytes()), now);
        }
        assert!(failures.0.lock().expect("a map").len() <= ADDRESSES);
    }
}
