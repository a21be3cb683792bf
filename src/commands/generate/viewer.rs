//! Viewers: who sends the requests. A viewer's traits follow from its number, so that it is the same one in every object.

use fastrand::Rng;

use super::catalogue::{Catalogue, EDGES, LOCALES, SCREENS};
use super::encode;
use super::seed::{Stream, chance, pick, rng, skewed};

/// The app version whose checkout writes a decimal comma, and that is first seen when the incident starts.
pub const BROKEN_VERSION: &str = "8.4.0";
const VERSIONS: &[&str] = &["8.3.1", "8.3.1", "8.3.1", "8.3.0", "8.2.4", "7.9.12"];

/// One viewer.
#[derive(Debug, Clone)]
pub struct Viewer {
    /// Its number, from 0.
    pub number: u64,
    /// Index of its user agent.
    pub browser: usize,
    /// Has the shop's own app: its user agent is one of those, and it sends no referer.
    pub native: bool,
    /// Index of its language and currency.
    pub locale: usize,
    /// Index of its screen size.
    pub screen: usize,
    /// Index of its edge location.
    pub edge: usize,
    /// What its address is made from.
    pub address: u64,
    /// Its query strings have `+` for a space.
    pub form_encoding: bool,
    /// Updates the app as soon as there is a new version.
    pub eager: bool,
    /// Version of the app before the new one.
    pub version: &'static str,
    /// HTTP version by index: 2, 3 or 1.1.
    pub http: usize,
    /// Ten hex digits of its pseudonym.
    pub pseudonym: u64,
}

impl Viewer {
    /// The viewer of that number.
    pub fn new(seed: u64, number: u64, catalogue: &Catalogue) -> Self {
        let mut rng = rng(seed, Stream::Viewer, number);
        Self {
            number,
            browser: skewed(&mut rng, catalogue.browsers.len()),
            native: chance(&mut rng, 25),
            locale: skewed(&mut rng, LOCALES.len()),
            screen: skewed(&mut rng, SCREENS.len()),
            edge: skewed(&mut rng, EDGES.len()),
            address: rng.u64(..),
            form_encoding: chance(&mut rng, 30),
            eager: chance(&mut rng, 35),
            version: pick(&mut rng, VERSIONS),
            http: [0, 0, 0, 0, 1, 1, 1, 2][rng.usize(..8)],
            pseudonym: rng.u64(..),
        }
    }

    /// Its user agent as the log writes it.
    pub fn user_agent<'a>(&self, catalogue: &'a Catalogue) -> &'a [u8] {
        let list = if self.native {
            &catalogue.apps
        } else {
            &catalogue.browsers
        };
        &list[self.browser % list.len()]
    }

    /// Language, currency, and whether it writes a decimal comma.
    pub fn locale(&self) -> (&'static str, &'static str, bool) {
        LOCALES[self.locale % LOCALES.len()]
    }

    /// Makes its language one that writes a comma.
    pub fn take_comma_locale(&mut self) {
        while !self.locale().2 {
            self.locale = (self.locale + 1) % LOCALES.len();
        }
    }

    /// The app version it runs when the new one is out or not yet.
    pub fn app_version(&self, released: bool) -> &'static str {
        if released && self.eager {
            BROKEN_VERSION
        } else {
            self.version
        }
    }

    /// The random numbers of its visit in that hour: the session id comes from them.
    pub fn session(&self, seed: u64, hour: i64) -> Rng {
        rng(seed, Stream::Session, self.number ^ ((hour as u64) << 40))
    }

    /// Appends its address, from the ranges kept for documentation and benchmarks (RFC 2544, RFC 3849).
    pub fn write_address(&self, out: &mut Vec<u8>) {
        let bits = self.address;
        if bits % 100 < 18 {
            out.extend_from_slice(b"2001:db8:");
            encode::hex(out, bits >> 12, 4);
            out.push(b':');
            encode::hex(out, bits >> 28, 3);
            out.push(b':');
            encode::hex(out, 0x1000 | (bits >> 40 & 0x8FFF), 4);
            out.push(b':');
            encode::hex(out, 0x1000 | (bits >> 44 & 0x0FFF), 4);
            out.push(b':');
            encode::hex(out, 0x1000 | (bits >> 20 & 0x0FFF), 4);
            out.push(b':');
            encode::hex(out, 0x1000 | (bits >> 8 & 0x0FFF), 4);
        } else {
            out.extend_from_slice(if bits >> 63 == 0 {
                b"198.18."
            } else {
                b"198.19."
            });
            encode::number(out, bits >> 8 & 255);
            out.push(b'.');
            encode::number(out, 1 + (bits >> 16) % 254);
        }
    }
}
