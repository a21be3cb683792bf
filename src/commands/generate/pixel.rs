//! Pixel events: the query string a tracker sends, as the log has it.

use fastrand::Rng;

use super::catalogue::Catalogue;
use super::encode;
use super::fault::{Edit, KeyEdit};
use super::properties;
use super::seed::chance;
use super::viewer::Viewer;

/// Event types that the contract knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum Kind {
    PageView,
    PagePing,
    Click,
    Search,
    AddToCart,
    Checkout,
    Signup,
    AppError,
}

impl Kind {
    /// The event's name as logged.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PageView => "page_view",
            Self::PagePing => "page_ping",
            Self::Click => "click",
            Self::Search => "search",
            Self::AddToCart => "add_to_cart",
            Self::Checkout => "checkout",
            Self::Signup => "signup",
            Self::AppError => "app_error",
        }
    }

    /// A kind as often as it happens.
    pub fn usual(rng: &mut Rng) -> Self {
        match rng.u32(..100) {
            0..34 => Self::PageView,
            34..60 => Self::PagePing,
            60..76 => Self::Click,
            76..84 => Self::Search,
            84..90 => Self::AddToCart,
            90..95 => Self::Checkout,
            95..98 => Self::AppError,
            _ => Self::Signup,
        }
    }

    /// The version that an app of that version sends.
    pub fn schema_version(self, app_version: &str) -> &'static str {
        match self {
            Self::AddToCart => "1-1-0",
            Self::AppError => "2-0-0",
            Self::Checkout if app_version >= "8.3" => "1-0-2",
            _ => "1-0-0",
        }
    }
}

/// What is in an event that sums are made of.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Its type.
    pub kind: Kind,
    /// The schema version it is judged by.
    pub version: &'static str,
    /// Its `ts`, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// `qty`, or 0.
    pub qty: u64,
    /// `value` or `price` in hundredths, or 0.
    pub cents: u64,
    /// `scroll_pct`, or 0.
    pub scroll_pct: u64,
}

/// Everything an event's query follows from, besides random numbers.
#[derive(Debug)]
pub struct Pixel<'a> {
    /// Its type.
    pub kind: Kind,
    /// Who sends it.
    pub viewer: &'a Viewer,
    /// Version of the app that sends it.
    pub app_version: &'static str,
    /// Random numbers of the visit.
    pub session: Rng,
    /// When it happened, in milliseconds since 1970 UTC.
    pub time_ms: i64,
    /// What is done to it.
    pub edits: &'static [KeyEdit],
}

/// A query in the making.
pub struct Query<'a> {
    out: &'a mut Vec<u8>,
    edits: &'static [KeyEdit],
    plus: bool,
}

impl Query<'_> {
    /// Adds a key, its value as `write` appends it, or what the edits want instead.
    pub fn put(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
        match self.edits.iter().find(|e| e.key == key).map(|e| e.edit) {
            Some(Edit::Omit) => {}
            Some(Edit::Set(text)) => {
                self.key(key);
                self.out.extend_from_slice(text.as_bytes());
            }
            edit => {
                self.key(key);
                let start = self.out.len();
                write(self.out);
                if edit == Some(Edit::Comma) {
                    self.point_to_comma(start);
                }
            }
        }
    }

    fn point_to_comma(&mut self, start: usize) {
        if let Some(at) = self.out[start..].iter().position(|b| *b == b'.') {
            self.out.splice(start + at..=start + at, *b"%252C");
        }
    }

    fn key(&mut self, key: &str) {
        if !self.out.is_empty() {
            self.out.push(b'&');
        }
        self.out.extend_from_slice(key.as_bytes());
        self.out.push(b'=');
    }

    /// Text that needs no encoding, or has it.
    pub fn raw(&mut self, key: &str, text: &[u8]) {
        self.put(key, |out| out.extend_from_slice(text));
    }

    /// Text that is to be encoded.
    pub fn text(&mut self, key: &str, text: &str) {
        let encode = if self.plus {
            encode::form_value
        } else {
            encode::query_value
        };
        self.put(key, |out| encode(out, text));
    }

    /// A whole number.
    pub fn number(&mut self, key: &str, value: u64) {
        self.put(key, |out| encode::number(out, value));
    }

    /// `true` or `false`.
    pub fn boolean(&mut self, key: &str, value: bool) {
        self.raw(key, if value { b"true" } else { b"false" });
    }

    /// Whether an optional key is there: by chance, and always when it is to be edited.
    pub fn has(&self, key: &str, by_chance: bool) -> bool {
        by_chance || self.edits.iter().any(|e| e.key == key)
    }

    fn finish(&mut self) {
        for edit in self.edits {
            if let Edit::Again(text) | Edit::Extra(text) = edit.edit {
                self.key(edit.key);
                self.out.extend_from_slice(text.as_bytes());
            }
        }
    }
}

/// Appends the query of an event to the empty `out`. `id` gives its event id, `rng` everything else.
pub fn write_query(
    out: &mut Vec<u8>,
    pixel: &Pixel<'_>,
    catalogue: &Catalogue,
    id: &mut Rng,
    rng: &mut Rng,
) -> Facts {
    let version = pixel.kind.schema_version(pixel.app_version);
    let mut facts = Facts {
        kind: pixel.kind,
        version,
        time_ms: pixel.time_ms,
        qty: 0,
        cents: 0,
        scroll_pct: 0,
    };
    let mut query = Query {
        out,
        edits: pixel.edits,
        plus: pixel.viewer.form_encoding,
    };
    query.raw("e", pixel.kind.name().as_bytes());
    if query.has("sv", pixel.kind != Kind::PagePing || !chance(rng, 30)) {
        query.raw("sv", version.as_bytes());
    }
    query.put("eid", |out| encode::uuid(out, id));
    query.number("ts", pixel.time_ms.unsigned_abs());
    query.put("user_id", |out| {
        out.extend_from_slice(b"u_");
        encode::hex(out, pixel.viewer.pseudonym, 10);
    });
    match pixel.kind {
        Kind::PageView => properties::page_view(&mut query, pixel, catalogue, rng),
        Kind::PagePing => facts.scroll_pct = properties::page_ping(&mut query, catalogue, rng),
        Kind::Click => properties::click(&mut query, pixel, catalogue, rng),
        Kind::Search => properties::search(&mut query, catalogue, rng),
        Kind::AddToCart => {
            (facts.qty, facts.cents) = properties::add_to_cart(&mut query, pixel, rng);
        }
        Kind::Checkout => {
            (facts.qty, facts.cents) =
                properties::checkout(&mut query, pixel, version == "1-0-2", rng);
        }
        Kind::Signup => properties::signup(&mut query, pixel, rng),
        Kind::AppError => properties::app_error(&mut query, pixel, rng),
    }
    if !matches!(pixel.kind, Kind::AppError | Kind::PagePing) {
        query.raw("lang", pixel.viewer.locale().0.as_bytes());
    }
    query.raw("app_version", pixel.app_version.as_bytes());
    query.finish();
    facts
}
