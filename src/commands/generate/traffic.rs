//! Traffic that is no event: pages, scripts, images, the API, robots, and requests for the pixel that do not count.

use fastrand::Rng;

use super::catalogue::Catalogue;
use super::encode;
use super::record::Request;
use super::seed::{chance, pick, skewed};
use super::viewer::Viewer;

/// The shop's own host.
pub const SHOP: &str = "shop.example";
/// The host of the pixel.
pub const PIXEL: &str = "px.shop.example";

/// Buffers for what is written anew for each request.
#[derive(Debug, Default)]
pub struct Scratch {
    stem: Vec<u8>,
    query: Vec<u8>,
}

/// A request that `[match]` of the contract does not select.
pub fn request<'a>(
    time_s: i64,
    viewer: &Viewer,
    catalogue: &'a Catalogue,
    scratch: &'a mut Scratch,
    rng: &mut Rng,
) -> Request<'a> {
    let page = &catalogue.pages[skewed(rng, catalogue.pages.len())];
    let usual = Request {
        time_s,
        method: "GET",
        host: SHOP,
        stem: &page.path,
        query: b"-",
        status: 200,
        referer: if viewer.native { b"-" } else { &page.referer },
        user_agent: viewer.user_agent(catalogue),
        result: pick(
            rng,
            &[
                ("Hit", "Hit"),
                ("Hit", "Hit"),
                ("Hit", "Hit"),
                ("RefreshHit", "RefreshHit"),
                ("Miss", "Miss"),
            ],
        ),
        content_type: "-",
        body_bytes: 0,
    };
    match rng.u32(..100) {
        0..14 => Request {
            query: &page.query,
            result: ("Miss", "Miss"),
            content_type: "text/html;%20charset=utf-8",
            body_bytes: rng.u64(6_000..40_000),
            ..usual
        },
        14..38 => script(usual, scratch, rng),
        38..70 => image(usual, scratch, rng),
        70..74 => Request {
            stem: b"/favicon.ico",
            content_type: "image/x-icon",
            body_bytes: 15_086,
            ..usual
        },
        74..86 => api(usual, scratch, rng),
        86..91 => missing(usual, scratch, rng),
        91..96 => robot(usual, catalogue, rng),
        _ => uncounted_pixel(usual, scratch, rng),
    }
}

fn script<'a>(usual: Request<'a>, scratch: &'a mut Scratch, rng: &mut Rng) -> Request<'a> {
    let is_style = chance(rng, 30);
    let name = pick(
        rng,
        &[
            "app", "vendor", "checkout", "product", "tracker", "consent", "search",
        ],
    );
    scratch.stem.clear();
    scratch.stem.extend_from_slice(b"/static/");
    scratch.stem.extend_from_slice(name.as_bytes());
    scratch.stem.push(b'.');
    encode::hex(
        &mut scratch.stem,
        0x9F3A_51C7 ^ (name.len() as u64 * 0x0101_0331),
        8,
    );
    scratch
        .stem
        .extend_from_slice(if is_style { b".css" } else { b".js" });
    let content_type = if is_style {
        "text/css"
    } else {
        "application/javascript"
    };
    let (status, body_bytes) = if chance(rng, 12) {
        (304, 0)
    } else {
        (200, 9_000 + 21_937 * name.len() as u64)
    };
    Request {
        stem: &scratch.stem,
        status,
        content_type,
        body_bytes,
        ..usual
    }
}

fn image<'a>(usual: Request<'a>, scratch: &'a mut Scratch, rng: &mut Rng) -> Request<'a> {
    scratch.stem.clear();
    scratch.stem.extend_from_slice(b"/media/");
    encode::number(
        &mut scratch.stem,
        1_000 + 977 * skewed(rng, 900) as u64 % 8_999,
    );
    scratch.stem.extend_from_slice(
        pick(
            rng,
            &["/front", "/side", "/detail%2520view", "/model", "/back"],
        )
        .as_bytes(),
    );
    scratch.stem.extend_from_slice(b".webp");
    let query = pick(rng, &["w=320", "w=640", "w=1280&q=75", "w=96", "-"]);
    let (status, result) = if chance(rng, 4) {
        (206, ("Hit", "Hit"))
    } else {
        (200, usual.result)
    };
    Request {
        stem: &scratch.stem,
        query: query.as_bytes(),
        status,
        result,
        content_type: "image/webp",
        body_bytes: rng.u64(2_000..160_000),
        ..usual
    }
}

fn api<'a>(usual: Request<'a>, scratch: &'a mut Scratch, rng: &mut Rng) -> Request<'a> {
    scratch.query.clear();
    scratch.query.extend_from_slice(b"page=");
    encode::number(&mut scratch.query, 1 + skewed(rng, 20) as u64);
    scratch.query.extend_from_slice(b"&per=24&cursor=");
    encode::hex(&mut scratch.query, rng.u64(..), 12);
    let (stem, method) = pick(
        rng,
        &[
            ("/api/v2/products", "GET"),
            ("/api/v2/cart", "GET"),
            ("/api/v2/cart", "POST"),
            ("/api/v2/prices", "GET"),
            ("/api/v2/session", "OPTIONS"),
        ],
    );
    let (status, result) = match rng.u32(..100) {
        0..2 => (502, ("Error", "OriginConnectError")),
        2..5 => (401, ("Error", "Error")),
        5..7 => (0, ("Error", "ClientCommError")),
        _ => (200, ("Miss", "Miss")),
    };
    let query: &[u8] = if method == "GET" {
        &scratch.query
    } else {
        b"-"
    };
    Request {
        method,
        stem: stem.as_bytes(),
        query,
        status,
        result,
        content_type: "application/json",
        body_bytes: rng.u64(80..9_000),
        ..usual
    }
}

fn missing<'a>(usual: Request<'a>, scratch: &'a mut Scratch, rng: &mut Rng) -> Request<'a> {
    scratch.stem.clear();
    scratch.stem.extend_from_slice(
        pick(
            rng,
            &[
                "/wp-login.php",
                "/.env",
                "/p/discontinued-",
                "/apple-touch-icon-precomposed.png",
                "/old/",
            ],
        )
        .as_bytes(),
    );
    encode::number(&mut scratch.stem, rng.u64(1..500));
    Request {
        stem: &scratch.stem,
        status: 404,
        referer: b"-",
        result: ("Error", "Error"),
        content_type: "text/html",
        body_bytes: 1_245,
        ..usual
    }
}

fn robot<'a>(usual: Request<'a>, catalogue: &'a Catalogue, rng: &mut Rng) -> Request<'a> {
    let robot = &catalogue.robots[rng.usize(..catalogue.robots.len())];
    let stem = if chance(rng, 15) {
        &b"/robots.txt"[..]
    } else {
        usual.stem
    };
    let method = if chance(rng, 10) { "HEAD" } else { "GET" };
    Request {
        method,
        stem,
        referer: b"-",
        user_agent: robot,
        content_type: "text/html;%20charset=utf-8",
        body_bytes: rng.u64(900..30_000),
        ..usual
    }
}

/// A request for the pixel that is no event: its method or its status is not one of the contract's.
fn uncounted_pixel<'a>(usual: Request<'a>, scratch: &'a mut Scratch, rng: &mut Rng) -> Request<'a> {
    scratch.query.clear();
    scratch
        .query
        .extend_from_slice(b"e=page_view&sv=1-0-0&eid=");
    encode::uuid(&mut scratch.query, rng);
    let usual = Request {
        host: PIXEL,
        stem: b"/i.gif",
        referer: b"https://shop.example/",
        query: &scratch.query,
        ..usual
    };
    match rng.u32(..4) {
        0 | 1 => Request {
            method: "POST",
            query: b"-",
            status: 204,
            result: ("FunctionGeneratedResponse", "FunctionGeneratedResponse"),
            ..usual
        },
        2 => Request {
            status: 403,
            result: ("Error", "Error"),
            content_type: "text/html",
            body_bytes: 919,
            ..usual
        },
        _ => Request {
            status: 0,
            result: ("Error", "ClientHungUpRequest"),
            ..usual
        },
    }
}
