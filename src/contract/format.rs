//! `format`, asserted: one kernel each, no allocation.

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use crate::contract::written::Written;
use crate::model::routing::TimeFormat;
use crate::model::time::{parse_date, parse_time_text};

/// A format that is asserted.
#[derive(Debug, Clone, PartialEq)]
pub enum Format {
    /// `date-time`, or what `x-format` says instead of RFC 3339.
    DateTime(TimeFormat),
    /// `date-time`, written as `x-format` says in `%` directives.
    Written(Written),
    /// `YYYY-MM-DD`.
    Date,
    /// 8-4-4-4-12 hex digits.
    Uuid,
    /// An absolute URI.
    Uri,
    /// An address with one `@` and a domain.
    Email,
    /// Four decimal octets.
    Ipv4,
    /// RFC 4291 text.
    Ipv6,
    /// RFC 1123 labels.
    Hostname,
}

/// The names of [`Format`] in JSON Schema.
pub const FORMAT_NAMES: [&str; 8] = [
    "date-time",
    "date",
    "uuid",
    "uri",
    "email",
    "ipv4",
    "ipv6",
    "hostname",
];

impl Format {
    /// The format of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "date-time" => Self::DateTime(TimeFormat::Rfc3339),
            "date" => Self::Date,
            "uuid" => Self::Uuid,
            "uri" => Self::Uri,
            "email" => Self::Email,
            "ipv4" => Self::Ipv4,
            "ipv6" => Self::Ipv6,
            "hostname" => Self::Hostname,
            _ => return None,
        })
    }

    /// What `x-format` says: `epoch_s`, `epoch_ms`, or `%` directives.
    pub fn written(text: &str) -> Option<Self> {
        match text {
            "epoch_s" => Some(Self::DateTime(TimeFormat::EpochS)),
            "epoch_ms" => Some(Self::DateTime(TimeFormat::EpochMs)),
            other => Written::parse(other).map(Self::Written),
        }
    }

    /// The name in JSON Schema.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::DateTime(_) | Self::Written(_) => "date-time",
            Self::Date => "date",
            Self::Uuid => "uuid",
            Self::Uri => "uri",
            Self::Email => "email",
            Self::Ipv4 => "ipv4",
            Self::Ipv6 => "ipv6",
            Self::Hostname => "hostname",
        }
    }

    /// What was expected, as a noun phrase.
    pub fn expected(&self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Written(written) => {
                return format!("a time written as {}", written.text()).into();
            }
            Self::DateTime(TimeFormat::Rfc3339) => "a date-time such as 2026-03-04T14:02:11Z",
            Self::DateTime(TimeFormat::EpochS) => "a time in seconds since 1970",
            Self::DateTime(TimeFormat::EpochMs) => "a time in milliseconds since 1970",
            Self::Date => "a date such as 2026-03-04",
            Self::Uuid => "a UUID",
            Self::Uri => "an absolute URI",
            Self::Email => "an email address",
            Self::Ipv4 => "an IPv4 address",
            Self::Ipv6 => "an IPv6 address",
            Self::Hostname => "a hostname",
        })
    }

    /// Checks a text; times and dates come back as a number (microseconds, days), the rest as 0.
    pub fn read(&self, text: &str) -> Option<i64> {
        let ok = match self {
            Self::DateTime(format) => return parse_time_text(text, *format),
            Self::Written(written) => return written.read(text),
            Self::Date => return parse_date(text.as_bytes()).map(i64::from),
            Self::Uuid => is_uuid(text.as_bytes()),
            Self::Uri => is_uri(text),
            Self::Email => is_email(text),
            Self::Ipv4 => text.parse::<Ipv4Addr>().is_ok(),
            Self::Ipv6 => text.parse::<Ipv6Addr>().is_ok(),
            Self::Hostname => is_hostname(text),
        };
        ok.then_some(0)
    }
}

fn is_uuid(text: &[u8]) -> bool {
    // 32 hex digits among 36 bytes of which four are hyphens leave no room for anything else.
    text.len() == 36
        && text[8] == b'-'
        && text[13] == b'-'
        && text[18] == b'-'
        && text[23] == b'-'
        && text
            .iter()
            .fold(0u32, |n, b| n + u32::from(HEX[usize::from(*b)]))
            == 32
}

const HEX: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = (i as u8).is_ascii_hexdigit() as u8;
        i += 1;
    }
    table
};

/// # Source
/// RFC 3986: a scheme, a colon, and only the characters that a URI may hold, with whole percent-escapes.
fn is_uri(text: &str) -> bool {
    let bytes = text.as_bytes();
    let scheme = bytes
        .iter()
        .take_while(|b| SCHEME_BYTES[usize::from(**b)])
        .count();
    bytes.first().is_some_and(u8::is_ascii_alphabetic)
        && bytes.get(scheme) == Some(&b':')
        && bytes.len() > scheme + 1
        && is_uri_text(&bytes[scheme + 1..])
}

fn is_uri_text(text: &[u8]) -> bool {
    let mut at = 0;
    while let Some(&b) = text.get(at) {
        if URI_BYTES[usize::from(b)] {
            at += 1;
        } else if b == b'%'
            && text
                .get(at + 1..at + 3)
                .is_some_and(|h| h.iter().all(u8::is_ascii_hexdigit))
        {
            at += 3;
        } else {
            return false;
        }
    }
    true
}

const SCHEME_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        table[i] = b.is_ascii_alphanumeric() || b == b'+' || b == b'-' || b == b'.';
        i += 1;
    }
    table
};

const URI_BYTES: [bool; 256] = {
    let mut table = [false; 256];
    let (mut i, others) = (0, b"-._~:/?#[]@!$&'()*+,;=");
    while i < 256 {
        table[i] = (i as u8).is_ascii_alphanumeric();
        i += 1;
    }
    i = 0;
    while i < others.len() {
        table[others[i] as usize] = true;
        i += 1;
    }
    table
};

/// # Source
/// RFC 5321's Mailbox without quoted local parts and address literals, which trackers do not send.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let atom =
        |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&b) || b >= 0x80;
    !local.is_empty()
        && local.len() <= 64
        && local
            .split('.')
            .all(|part| !part.is_empty() && part.bytes().all(atom))
        && is_hostname(domain)
}

/// # Source
/// RFC 1123, section 2.1: labels of 1 to 63 letters, digits and inner hyphens, 253 characters in all.
fn is_hostname(text: &str) -> bool {
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && !l.starts_with('-')
            && !l.ends_with('-')
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    (1..=253).contains(&text.len()) && text.split('.').all(label)
}
