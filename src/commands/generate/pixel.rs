//! Pixel events: the query string a tracker sends, as the log has it.

use fastrand::Rng;

use super::catalogue::{Catalogue, SCREENS, SEARCHES};
use super::encode;
use super::fault::{Edit, KeyEdit};
use super::seed::{chance, pick, skewed};
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
struct Query<'a> {
    out: &'a mut Vec<u8>,
    edits: &'static [KeyEdit],
    plus: bool,
}

impl Query<'_> {
    fn put(&mut self, key: &str, write: impl FnOnce(&mut Vec<u8>)) {
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
    fn raw(&mut self, key: &str, text: &[u8]) {
        self.put(key, |out| out.extend_from_slice(text));
    }

    fn text(&mut self, key: &str, text: &str) {
        let encode = if self.plus { encode::form_value } else { encode::query_value };
        self.put(key, |out| encode(out, text));
    }

    fn number(&mut self, key: &str, value: u64) {
        self.put(key, |out| encode::number(out, value));
    }

    fn boolean(&mut self, key: &str, value: bool) {
        self.raw(key, if value { b"true" } else { b"false" });
    }

    /// Whether an optional key is there: by chance, and always when it is to be edited.
    fn has(&self, key: &str, by_chance: bool) -> bool {
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
pub fn write_query(out: &mut Vec<u8>, pixel: &Pixel<'_>, catalogue: &Catalogue, id: &mut Rng, rng: &mut Rng) -> Facts {
    let version = pixel.kind.schema_version(pixel.app_version);
    let mut facts = Facts { kind: pixel.kind, version, time_ms: pixel.time_ms, qty: 0, cents: 0, scroll_pct: 0 };
    let mut query = Query { out, edits: pixel.edits, plus: pixel.viewer.form_encoding };
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
        Kind::PageView => page_view(&mut query, pixel, catalogue, rng),
        Kind::PagePing => facts.scroll_pct = page_ping(&mut query, catalogue, rng),
        Kind::Click => click(&mut query, pixel, catalogue, rng),
        Kind::Search => search(&mut query, catalogue, rng),
        Kind::AddToCart => (facts.qty, facts.cents) = add_to_cart(&mut query, pixel, rng),
        Kind::Checkout => (facts.qty, facts.cents) = checkout(&mut query, pixel, version == "1-0-2", rng),
        Kind::Signup => signup(&mut query, pixel, rng),
        Kind::AppError => app_error(&mut query, pixel, rng),
    }
    if pixel.kind != Kind::AppError {
        query.raw("lang", pixel.viewer.locale().0.as_bytes());
    }
    query.raw("app_version", pixel.app_version.as_bytes());
    query.finish();
    facts
}

fn session(query: &mut Query<'_>, pixel: &Pixel<'_>) {
    let mut session = pixel.session.clone();
    query.put("session_id", |out| encode::uuid(out, &mut session));
}

fn page_view(query: &mut Query<'_>, pixel: &Pixel<'_>, catalogue: &Catalogue, rng: &mut Rng) {
    let page = &catalogue.pages[skewed(rng, catalogue.pages.len())];
    session(query, pixel);
    query.raw("url", &page.url_value);
    if chance(rng, 45) {
        let from = &catalogue.pages[skewed(rng, catalogue.pages.len())];
        query.raw("ref", &from.url_value);
    }
    if query.has("title", chance(rng, 80)) {
        query.raw("title", &page.title_value);
    }
    query.raw("res", SCREENS[pixel.viewer.screen % SCREENS.len()].as_bytes());
    if query.has("load_ms", chance(rng, 60)) {
        let (fast, slow) = (rng.u64(90..900), rng.u64(0..4_000));
        query.number("load_ms", if chance(rng, 85) { fast } else { fast + slow });
    }
    if chance(rng, 12) {
        query.boolean("is_new", true);
    }
    if chance(rng, 4) {
        // No schema declares it: kept as it is by the policy `rescue`.
        query.raw("exp", pick(rng, &["hero-b", "hero-a", "checkout-2"]).as_bytes());
    }
}

fn page_ping(query: &mut Query<'_>, catalogue: &Catalogue, rng: &mut Rng) -> u64 {
    let page = &catalogue.pages[skewed(rng, catalogue.pages.len())];
    let scroll_pct = rng.u64(0..=100);
    query.raw("url", &page.url_value);
    query.number("scroll_pct", scroll_pct);
    let thousandths = 10_000 * rng.u64(1..12) + rng.u64(0..60);
    query.put("seconds", |out| encode::thousandths(out, thousandths));
    if chance(rng, 50) {
        query.boolean("visible", chance(rng, 90));
    }
    scroll_pct
}

fn click(query: &mut Query<'_>, pixel: &Pixel<'_>, catalogue: &Catalogue, rng: &mut Rng) {
    let page = &catalogue.pages[skewed(rng, catalogue.pages.len())];
    session(query, pixel);
    query.raw("url", &page.url_value);
    query.raw("element", pick(rng, &["nav-menu", "buy-button", "size_42", "image-next", "footer-link", "filter-colour", "hero", "store-link"]).as_bytes());
    query.number("x", rng.u64(0..1_900));
    query.number("y", rng.u64(0..4_000));
    let outbound = chance(rng, 8);
    query.boolean("outbound", outbound);
    if query.has("target_host", outbound) {
        query.raw("target_host", pick(rng, &["maps.example.com", "social.example.net", "partner.example.org", "pay.example.com"]).as_bytes());
    }
}

fn search(query: &mut Query<'_>, catalogue: &Catalogue, rng: &mut Rng) {
    let page = &catalogue.pages[skewed(rng, catalogue.pages.len())];
    query.text("q", SEARCHES[skewed(rng, SEARCHES.len())]);
    query.number("results", rng.u64(0..400));
    query.number("page", 1 + skewed(rng, 12) as u64);
    query.raw("sort", pick(rng, &["relevance", "relevance", "price_asc", "price_desc", "newest", "rating"]).as_bytes());
    query.raw("url", &page.url_value);
}

fn sku(out: &mut Vec<u8>, rng: &mut Rng) {
    out.extend_from_slice(pick(rng, &["JCK", "FLC", "BTS", "SCK", "BPK", "TNT", "GLV"]).as_bytes());
    out.push(b'-');
    encode::number(out, 1_000 + 977 * skewed(rng, 400) as u64 % 8_999);
}

fn add_to_cart(query: &mut Query<'_>, pixel: &Pixel<'_>, rng: &mut Rng) -> (u64, u64) {
    session(query, pixel);
    query.put("sku", |out| sku(out, rng));
    let (qty, cents) = (1 + skewed(rng, 4) as u64, 100 * (5 + skewed(rng, 400) as u64) - rng.u64(0..2) * 5);
    query.number("qty", qty);
    query.put("price", |out| encode::hundredths(out, cents));
    query.raw("currency", pixel.viewer.locale().1.as_bytes());
    if chance(rng, 70) {
        query.raw("list", pick(rng, &["category", "search", "wishlist", "recommended", "detail"]).as_bytes());
    }
    (qty, cents)
}

fn checkout(query: &mut Query<'_>, pixel: &Pixel<'_>, second_version: bool, rng: &mut Rng) -> (u64, u64) {
    session(query, pixel);
    let order = rng.u64(10_000_000..100_000_000);
    query.put("order_id", |out| {
        out.extend_from_slice(b"ORD-");
        encode::number(out, order);
    });
    let cents = 100 * (8 + skewed(rng, 900) as u64) + pick(rng, &[0, 50, 90, 95, 99]);
    query.put("value", |out| encode::hundredths(out, cents));
    query.raw("currency", pixel.viewer.locale().1.as_bytes());
    let qty = 1 + skewed(rng, 9) as u64;
    query.number("qty", qty);
    query.raw("payment", pick(rng, &["card", "card", "paypal", "invoice", "apple_pay", "google_pay"]).as_bytes());
    if query.has("coupon", chance(rng, 15)) {
        query.raw("coupon", pick(rng, &["WINTER26", "FRIENDS10", "NEWS5OFF"]).as_bytes());
    }
    if chance(rng, 10) {
        query.boolean("gift", chance(rng, 60));
    }
    if second_version {
        query.raw("delivery", pick(rng, &["home", "home", "pickup", "locker"]).as_bytes());
        if chance(rng, 40) {
            email(query, rng);
        }
        let day = rng.u32(1..29);
        query.put("ship_date", |out| {
            out.extend_from_slice(b"2026-12-");
            encode::two_digits(out, day);
        });
    }
    (qty, cents)
}

fn email(query: &mut Query<'_>, rng: &mut Rng) {
    let (name, number) = (pick(rng, &["jane.doe", "m.kowalski", "a+shop", "lena_b", "sven", "tanaka.y"]), rng.u64(1..9_999));
    let host = pick(rng, &["mail.example", "example.com", "post.example.org"]);
    query.text("email", &format!("{name}{number}@{host}"));
}

fn signup(query: &mut Query<'_>, pixel: &Pixel<'_>, rng: &mut Rng) {
    email(query, rng);
    query.raw("plan", pick(rng, &["free", "free", "plus", "family"]).as_bytes());
    query.boolean("newsletter", chance(rng, 40));
    if chance(rng, 50) {
        query.raw("referrer_host", pick(rng, &["www.example.com", "news.example.net", "blog.example.org"]).as_bytes());
    }
    if query.has("birth_date", chance(rng, 60)) {
        let (year, month, day) = (rng.u64(1950..2008), rng.u32(1..13), rng.u32(1..29));
        query.put("birth_date", |out| {
            encode::number(out, year);
            out.push(b'-');
            encode::two_digits(out, month);
            out.push(b'-');
            encode::two_digits(out, day);
        });
    }
    let address = pixel.viewer.address;
    query.put("ip", |out| private_address(out, address));
}

fn private_address(out: &mut Vec<u8>, bits: u64) {
    out.extend_from_slice(b"192.168.");
    encode::number(out, bits >> 20 & 3);
    out.push(b'.');
    encode::number(out, 2 + (bits >> 24) % 250);
}

fn app_error(query: &mut Query<'_>, pixel: &Pixel<'_>, rng: &mut Rng) {
    let (message, code) = pick(
        rng,
        &[
            ("TypeError: undefined is not a function", 1_101),
            ("Network request failed", 2_003),
            ("Timeout after 30000 ms: GET /api/v2/cart", 2_008),
            ("Cannot read properties of null (reading 'price')", 1_104),
            ("QuotaExceededError", 3_001),
        ],
    );
    query.text("message", message);
    let fatal = chance(rng, 10);
    query.raw("level", if fatal { "fatal" } else { pick(rng, &["warning", "error"]) }.as_bytes());
    query.number("code", code);
    query.boolean("fatal", fatal);
    query.raw("screen", pick(rng, &["cart", "product", "home", "checkout", "search"]).as_bytes());
    query.text("os_version", pick(rng, &["iOS 26.1", "Android 15", "Windows 11", "macOS 26.1", "iOS 18.7"]));
    let address = pixel.viewer.address;
    if query.has("device_ip", chance(rng, 50)) {
        query.put("device_ip", |out| private_address(out, address));
    }
    if query.has("at", chance(rng, 70)) {
        let at = chrono::DateTime::from_timestamp_millis(pixel.time_ms - 40).unwrap_or_default();
        query.text("at", &at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    }
}
