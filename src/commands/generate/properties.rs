//! The properties of each event type, in the order in which the tracker sends them.

use fastrand::Rng;

use super::catalogue::{Catalogue, SCREENS, SEARCHES};
use super::encode;
use super::pixel::{Pixel, Query};
use super::seed::{chance, pick, skewed};

fn session(query: &mut Query<'_>, pixel: &Pixel<'_>) {
    let mut session = pixel.session.clone();
    query.put("session_id", |out| encode::uuid(out, &mut session));
}

/// The properties of a `page_view`.
pub fn page_view(query: &mut Query<'_>, pixel: &Pixel<'_>, catalogue: &Catalogue, rng: &mut Rng) {
    let page = &catalogue.pages[skewed(rng, catalogue.pages.len())];
    session(query, pixel);
    query.raw("url", &page.url_value);
    if chance(rng, 14) {
        let from = &catalogue.pages[skewed(rng, catalogue.pages.len())];
        query.raw("ref", &from.url_value);
    }
    if query.has("title", chance(rng, 30)) {
        query.raw("title", &page.title_value);
    }
    if chance(rng, 50) {
        query.raw(
            "res",
            SCREENS[pixel.viewer.screen % SCREENS.len()].as_bytes(),
        );
    }
    if query.has("load_ms", chance(rng, 60)) {
        let (fast, slow) = (rng.u64(90..900), rng.u64(0..4_000));
        query.number("load_ms", if chance(rng, 85) { fast } else { fast + slow });
    }
    if chance(rng, 12) {
        query.boolean("is_new", true);
    }
    if chance(rng, 4) {
        // No schema declares it: kept as it is by the policy `rescue`.
        query.raw(
            "exp",
            pick(rng, &["hero-b", "hero-a", "checkout-2"]).as_bytes(),
        );
    }
}

/// The properties of a `page_ping`. Returns: percentage scrolled.
pub fn page_ping(query: &mut Query<'_>, catalogue: &Catalogue, rng: &mut Rng) -> u64 {
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

/// The properties of a `click`.
pub fn click(query: &mut Query<'_>, pixel: &Pixel<'_>, catalogue: &Catalogue, rng: &mut Rng) {
    let page = &catalogue.pages[skewed(rng, catalogue.pages.len())];
    if chance(rng, 25) {
        session(query, pixel);
    }
    query.raw("url", &page.url_value);
    query.raw(
        "element",
        pick(
            rng,
            &[
                "nav-menu",
                "buy-button",
                "size_42",
                "image-next",
                "footer-link",
                "filter-colour",
                "hero",
                "store-link",
            ],
        )
        .as_bytes(),
    );
    query.number("x", rng.u64(0..1_900));
    query.number("y", rng.u64(0..4_000));
    let outbound = chance(rng, 8);
    query.boolean("outbound", outbound);
    if query.has("target_host", outbound) {
        query.raw(
            "target_host",
            pick(
                rng,
                &[
                    "maps.example.com",
                    "social.example.net",
                    "partner.example.org",
                    "pay.example.com",
                ],
            )
            .as_bytes(),
        );
    }
}

/// The properties of a `search`.
pub fn search(query: &mut Query<'_>, catalogue: &Catalogue, rng: &mut Rng) {
    let page = &catalogue.pages[skewed(rng, catalogue.pages.len())];
    query.text("q", SEARCHES[skewed(rng, SEARCHES.len())]);
    query.number("results", rng.u64(0..400));
    query.number("page", 1 + skewed(rng, 12) as u64);
    query.raw(
        "sort",
        pick(
            rng,
            &[
                "relevance",
                "relevance",
                "price_asc",
                "price_desc",
                "newest",
                "rating",
            ],
        )
        .as_bytes(),
    );
    query.raw("url", &page.url_value);
}

fn sku(out: &mut Vec<u8>, rng: &mut Rng) {
    out.extend_from_slice(pick(rng, &["JCK", "FLC", "BTS", "SCK", "BPK", "TNT", "GLV"]).as_bytes());
    out.push(b'-');
    encode::number(out, 1_000 + 977 * skewed(rng, 400) as u64 % 8_999);
}

/// The properties of a `add_to_cart`. Returns: quantity and price in hundredths.
pub fn add_to_cart(query: &mut Query<'_>, pixel: &Pixel<'_>, rng: &mut Rng) -> (u64, u64) {
    session(query, pixel);
    query.put("sku", |out| sku(out, rng));
    let (qty, cents) = (
        1 + skewed(rng, 4) as u64,
        100 * (5 + skewed(rng, 400) as u64) - rng.u64(0..2) * 5,
    );
    query.number("qty", qty);
    query.put("price", |out| encode::hundredths(out, cents));
    query.raw("currency", pixel.viewer.locale().1.as_bytes());
    if chance(rng, 70) {
        query.raw(
            "list",
            pick(
                rng,
                &["category", "search", "wishlist", "recommended", "detail"],
            )
            .as_bytes(),
        );
    }
    (qty, cents)
}

/// The properties of a `checkout`. Returns: quantity and total in hundredths.
pub fn checkout(
    query: &mut Query<'_>,
    pixel: &Pixel<'_>,
    second_version: bool,
    rng: &mut Rng,
) -> (u64, u64) {
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
    query.raw(
        "payment",
        pick(
            rng,
            &[
                "card",
                "card",
                "paypal",
                "invoice",
                "apple_pay",
                "google_pay",
            ],
        )
        .as_bytes(),
    );
    if query.has("coupon", chance(rng, 15)) {
        query.raw(
            "coupon",
            pick(rng, &["WINTER26", "FRIENDS10", "NEWS5OFF"]).as_bytes(),
        );
    }
    if chance(rng, 10) {
        query.boolean("gift", chance(rng, 60));
    }
    if second_version {
        query.raw(
            "delivery",
            pick(rng, &["home", "home", "pickup", "locker"]).as_bytes(),
        );
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
    let (name, number) = (
        pick(
            rng,
            &[
                "jane.doe",
                "m.kowalski",
                "a+shop",
                "lena_b",
                "sven",
                "tanaka.y",
            ],
        ),
        rng.u64(1..9_999),
    );
    let host = pick(rng, &["mail.example", "example.com", "post.example.org"]);
    query.text("email", &format!("{name}{number}@{host}"));
}

/// The properties of a `signup`.
pub fn signup(query: &mut Query<'_>, pixel: &Pixel<'_>, rng: &mut Rng) {
    email(query, rng);
    query.raw(
        "plan",
        pick(rng, &["free", "free", "plus", "family"]).as_bytes(),
    );
    query.boolean("newsletter", chance(rng, 40));
    if chance(rng, 50) {
        query.raw(
            "referrer_host",
            pick(
                rng,
                &["www.example.com", "news.example.net", "blog.example.org"],
            )
            .as_bytes(),
        );
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

/// The properties of a `app_error`.
pub fn app_error(query: &mut Query<'_>, pixel: &Pixel<'_>, rng: &mut Rng) {
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
    query.raw(
        "level",
        if fatal {
            "fatal"
        } else {
            pick(rng, &["warning", "error"])
        }
        .as_bytes(),
    );
    query.number("code", code);
    query.boolean("fatal", fatal);
    query.raw(
        "screen",
        pick(rng, &["cart", "product", "home", "checkout", "search"]).as_bytes(),
    );
    query.text(
        "os_version",
        pick(
            rng,
            &[
                "iOS 26.1",
                "Android 15",
                "Windows 11",
                "macOS 26.1",
                "iOS 18.7",
            ],
        ),
    );
    let address = pixel.viewer.address;
    if query.has("device_ip", chance(rng, 50)) {
        query.put("device_ip", |out| private_address(out, address));
    }
    if query.has("at", chance(rng, 70)) {
        let at = chrono::DateTime::from_timestamp_millis(pixel.time_ms - 40).unwrap_or_default();
        query.text("at", &at.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string());
    }
}
