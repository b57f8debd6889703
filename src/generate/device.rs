//! The devices of customers. Each has a cookie or an installation id as its anonymous id.

use serde::Serialize;

use super::{
    ids::{Id, Token},
    random::Random,
};

/// One browser or one app on one machine.
pub(super) struct Device {
    pub(super) model: &'static Model,
    /// Whether two customers use it.
    pub(super) shared: bool,
    /// Whether a user is signed in.
    pub(super) signed_in: bool,
    /// The delay of its clock, in milliseconds.
    pub(super) slow_by: u64,
    /// The device id that an app sends.
    pub(super) id: Id,
    seed: u64,
    owner: u64,
    number: u64,
    cookies: u64,
}

/// The description that devices of a model send.
#[derive(Debug)]
pub(super) struct Model {
    pub(super) app: bool,
    pub(super) platform: &'static str,
    pub(super) user_agent: &'static str,
    pub(super) os: Os,
    pub(super) hardware: Hardware,
}

/// `context.os`.
#[derive(Debug, Serialize)]
pub(super) struct Os {
    name: &'static str,
    version: &'static str,
}

/// The part of `context.device` that is the same for all devices of a model.
#[derive(Debug, Serialize)]
pub(super) struct Hardware {
    #[serde(rename = "type")]
    kind: &'static str,
    manufacturer: &'static str,
    model: &'static str,
}

/// The `number` of a shared device; own devices count from 0.
pub(super) const SHARED: u64 = 15;

impl Device {
    /// The device `number` of `owner`; the probability of each model depends on the number.
    pub(super) fn new(random: &mut Random, seed: u64, owner: u64, number: u64) -> Self {
        let kinds: &[(u64, usize)] = match number {
            0 => &[(280, 0), (220, 1), (140, 2), (150, 3), (60, 4), (80, 5), (70, 6)],
            1 => &[(100, 0), (60, 1), (230, 2), (180, 3), (80, 4), (200, 5), (150, 6)],
            _ => &[(150, 2), (150, 3), (300, 4), (220, 5), (180, 6)],
        };
        let model = &MODELS[random.weighted(kinds)];
        let slow = model.app && random.chance(20);
        Self { slow_by: if slow { random.between(2, 90) * 60_000 } else { 0 }, ..Self::of(model, seed, owner, number) }
    }

    /// A tablet that two customers share. Its cookie is never cleared.
    pub(super) fn shared_tablet(seed: u64, owner: u64) -> Self {
        Self { shared: true, ..Self::of(&MODELS[4], seed, owner, SHARED) }
    }

    fn of(model: &'static Model, seed: u64, owner: u64, number: u64) -> Self {
        Self {
            model,
            shared: false,
            signed_in: false,
            slow_by: 0,
            id: Id::device(seed, owner, number),
            seed,
            owner,
            number,
            cookies: 0,
        }
    }

    /// Its current anonymous id.
    pub(super) fn cookie(&self) -> Token {
        Token::cookie(self.seed, self.owner, self.number, self.cookies)
    }

    /// Clears the cookie and the sign-in of a browser; not of an app or a shared tablet.
    pub(super) fn clear_cookie(&mut self) {
        if !self.model.app && !self.shared && self.cookies < 63 {
            self.cookies += 1;
            self.signed_in = false;
        }
    }
}

const MODELS: [Model; 7] = [
    browser(
        "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1",
        "iOS",
        "17.4",
        "mobile",
        "Apple",
        "iPhone",
    ),
    browser(
        "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36",
        "Android",
        "14",
        "mobile",
        "Google",
        "Pixel 8",
    ),
    browser(
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36",
        "Windows",
        "10",
        "desktop",
        "PC",
        "Windows PC",
    ),
    browser(
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:125.0) Gecko/20100101 Firefox/125.0",
        "Mac OS X",
        "10.15",
        "desktop",
        "Apple",
        "Mac",
    ),
    browser(
        "Mozilla/5.0 (iPad; CPU OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Safari/604.1",
        "iPadOS",
        "17.4",
        "tablet",
        "Apple",
        "iPad",
    ),
    Model {
        app: true,
        platform: "ios",
        user_agent: "ThroughlineShop/5.2 (iOS 17.4; iPhone15,4)",
        os: Os { name: "iOS", version: "17.4" },
        hardware: Hardware { kind: "ios", manufacturer: "Apple", model: "iPhone15,4" },
    },
    Model {
        app: true,
        platform: "android",
        user_agent: "ThroughlineShop/5.2 (Android 14; SM-S921B)",
        os: Os { name: "Android", version: "14" },
        hardware: Hardware { kind: "android", manufacturer: "Samsung", model: "SM-S921B" },
    },
];

const fn browser(
    user_agent: &'static str,
    os: &'static str,
    version: &'static str,
    kind: &'static str,
    manufacturer: &'static str,
    model: &'static str,
) -> Model {
    Model {
        app: false,
        platform: "web",
        user_agent,
        os: Os { name: os, version },
        hardware: Hardware { kind, manufacturer, model },
    }
}
