//! What is done to one value.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use sha2::{Digest, Sha256};

/// What is done to a value.
#[derive(Clone)]
pub enum Treatment {
    /// An address loses its end: IPv4 keeps 24 bits, IPv6 48. What is no address goes.
    Truncate,
    /// It goes.
    Drop,
    /// HMAC-SHA-256 in hex; the same value under the same salt gives the same text.
    Hash(Box<[Sha256; 2]>),
    /// An address of a page without its query and fragment.
    CutQuery,
}

impl std::fmt::Debug for Treatment {
    /// Without the salt.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Truncate => "Truncate",
            Self::Drop => "Drop",
            Self::Hash(_) => "Hash",
            Self::CutQuery => "CutQuery",
        })
    }
}

/// Bytes of a block of SHA-256.
const BLOCK: usize = 64;
/// Length of a hash in hex.
pub const HASH_CHARS: u64 = 64;

impl Treatment {
    /// Hashes with that salt.
    ///
    /// # Source
    /// RFC 2104 (HMAC); the inner and outer states are made once.
    pub fn hash(salt: &str) -> Self {
        let mut key = [0_u8; BLOCK];
        if salt.len() > BLOCK {
            let short = Sha256::digest(salt.as_bytes());
            key[..short.len()].copy_from_slice(&short);
        } else {
            key[..salt.len()].copy_from_slice(salt.as_bytes());
        }
        let state = |pad: u8| {
            let mut state = Sha256::new();
            state.update(key.map(|b| b ^ pad));
            state
        };
        Self::Hash(Box::new([state(0x36), state(0x5c)]))
    }

    /// The value in its new form; `None`: nothing is left of it. Never fails.
    pub fn apply(&self, text: &str) -> Option<String> {
        match self {
            Self::Drop => None,
            Self::Truncate => truncated(text),
            Self::Hash(states) => {
                let [mut inner, mut outer] = (**states).clone();
                inner.update(text.as_bytes());
                outer.update(inner.finalize());
                Some(hex(&outer.finalize()))
            }
            Self::CutQuery => {
                let end = text.find(['?', '#', ';']).unwrap_or(text.len());
                // Encoded once more, a query begins with %3F.
                let end = end.min(find_encoded(text).unwrap_or(end));
                Some(text[..end].to_owned())
            }
        }
    }
}

fn find_encoded(text: &str) -> Option<usize> {
    ["%3F", "%3f", "%253F", "%253f", "%23", "%2523"]
        .iter()
        .filter_map(|mark| text.find(mark))
        .min()
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, b| {
        // Writing to a String never fails.
        let _ = write!(out, "{b:02x}");
        out
    })
}

/// Each address of a list; what is none is left out.
fn truncated(text: &str) -> Option<String> {
    let separators = |c: char| c == ',' || c.is_whitespace() || c == '+';
    let decoded = text
        .replace("%20", " ")
        .replace("%2C", ",")
        .replace("%2c", ",");
    let parts = decoded.split(separators).filter_map(address);
    let short: Vec<String> = parts.map(|ip| shortened(ip).to_string()).collect();
    (!short.is_empty()).then(|| short.join(", "))
}

/// With or without a port, brackets, or a zone.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim_matches('"');
    let bare = text.trim_start_matches('[').split([']', '%']).next();
    text.parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|a| a.ip()))
        .or_else(|| bare?.parse().ok())
}

fn shortened(ip: IpAddr) -> IpAddr {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            let [a, b, c, _] = ip.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(ip) => {
            let [a, b, c, ..] = ip.segments();
            IpAddr::V6(Ipv6Addr::new(a, b, c, 0, 0, 0, 0, 0))
        }
    }
}
