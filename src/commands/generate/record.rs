//! One log line of 33 fields.

use fastrand::Rng;

use super::catalogue::EDGES;
use super::encode;
use super::seed::chance;
use super::viewer::Viewer;

/// The field list of `CloudFront`'s standard log since December 2019.
pub const FIELD_NAMES: &[&str] = &[
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "cs(Cookie)",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "fle-status",
    "fle-encrypted-fields",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
];

/// The distribution all traffic belongs to, as its domain.
pub const DOMAIN: &str = "d2x4k8acme0shop.cloudfront.net";

/// What differs from request to request, besides the viewer.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// When the edge finished, in seconds since 1970 UTC.
    pub time_s: i64,
    /// HTTP method.
    pub method: &'a str,
    /// `Host` header.
    pub host: &'a str,
    /// Path, encoded.
    pub stem: &'a [u8],
    /// Query, encoded; `-` for none.
    pub query: &'a [u8],
    /// HTTP status; 0 when the viewer left first.
    pub status: u64,
    /// `Referer`, encoded; `-` for none.
    pub referer: &'a [u8],
    /// `User-Agent`, encoded.
    pub user_agent: &'a [u8],
    /// Result type, and the detailed one.
    pub result: (&'a str, &'a str),
    /// Content type, encoded; `-` for none.
    pub content_type: &'a str,
    /// Bytes of the body.
    pub body_bytes: u64,
}

/// Text of the dates that an object needs.
#[derive(Debug)]
pub struct Days {
    first: i64,
    texts: [String; 3],
}

impl Days {
    /// The day before that hour (counted from 1970), its own, and the next.
    pub fn around(hour: i64) -> Self {
        let first = hour.div_euclid(24) - 1;
        Self {
            first,
            texts: [0, 1, 2].map(|i| day_text(first + i)),
        }
    }

    fn text(&self, time_s: i64) -> &str {
        &self.texts[(time_s.div_euclid(86_400) - self.first).clamp(0, 2) as usize]
    }
}

/// `YYYY-MM-DD` of a day counted from 1970.
pub fn day_text(day: i64) -> String {
    chrono::DateTime::from_timestamp(day * 86_400, 0)
        .unwrap_or_default()
        .format("%Y-%m-%d")
        .to_string()
}

/// Appends a line without its end.
pub fn write(
    out: &mut Vec<u8>,
    request: &Request<'_>,
    viewer: &Viewer,
    days: &Days,
    rng: &mut Rng,
) {
    let timing = Timing::new(request, rng);
    line_start(out, request, viewer, days, &timing);
    encode::request_id(out, rng);
    line_middle(out, request, viewer, &timing, rng);
    line_end(out, request, &timing, rng);
}

struct Timing {
    taken_ms: u64,
    first_byte_ms: u64,
    sent_bytes: u64,
    received_bytes: u64,
}

impl Timing {
    fn new(request: &Request<'_>, rng: &mut Rng) -> Self {
        let near = if request.result.0 == "Miss" {
            rng.u64(40..400)
        } else {
            rng.u64(0..4)
        };
        Self {
            taken_ms: near + request.body_bytes / rng.u64(2_000..9_000),
            first_byte_ms: near,
            sent_bytes: request.body_bytes + rng.u64(310..560),
            received_bytes: (request.stem.len() + request.query.len()) as u64 + rng.u64(30..420),
        }
    }
}

fn line_start(
    out: &mut Vec<u8>,
    request: &Request<'_>,
    viewer: &Viewer,
    days: &Days,
    timing: &Timing,
) {
    let second = request.time_s.rem_euclid(86_400) as u32;
    out.extend_from_slice(days.text(request.time_s).as_bytes());
    out.push(b'\t');
    encode::two_digits(out, second / 3_600);
    out.push(b':');
    encode::two_digits(out, second / 60 % 60);
    out.push(b':');
    encode::two_digits(out, second % 60);
    text(out, EDGES[viewer.edge % EDGES.len()].as_bytes());
    out.push(b'\t');
    encode::number(out, timing.sent_bytes);
    out.push(b'\t');
    viewer.write_address(out);
    text(out, request.method.as_bytes());
    text(out, DOMAIN.as_bytes());
    text(out, request.stem);
    if request.status == 0 {
        text(out, b"000");
    } else {
        out.push(b'\t');
        encode::number(out, request.status);
    }
    text(out, request.referer);
    text(out, request.user_agent);
    text(out, request.query);
    text(out, b"-");
    text(out, request.result.0.as_bytes());
    out.push(b'\t');
}

fn line_middle(
    out: &mut Vec<u8>,
    request: &Request<'_>,
    viewer: &Viewer,
    timing: &Timing,
    rng: &mut Rng,
) {
    text(out, request.host.as_bytes());
    text(out, b"https");
    out.push(b'\t');
    encode::number(out, timing.received_bytes);
    out.push(b'\t');
    encode::thousandths(out, timing.taken_ms);
    match rng.u32(..1_000) {
        0..20 => {
            out.push(b'\t');
            viewer.write_address(out);
        }
        20..28 => {
            out.push(b'\t');
            viewer.write_address(out);
            out.extend_from_slice(b",%20203.0.113.7");
        }
        _ => text(out, b"-"),
    }
    if viewer.http == 2 {
        text(out, b"TLSv1.2");
        text(out, b"ECDHE-RSA-AES128-GCM-SHA256");
    } else {
        text(out, b"TLSv1.3");
        text(out, b"TLS_AES_128_GCM_SHA256");
    }
    text(out, request.result.0.as_bytes());
    text(
        out,
        [&b"HTTP/2.0"[..], b"HTTP/3.0", b"HTTP/1.1"][viewer.http % 3],
    );
    text(out, b"-\t-");
}

fn line_end(out: &mut Vec<u8>, request: &Request<'_>, timing: &Timing, rng: &mut Rng) {
    out.push(b'\t');
    encode::number(out, rng.u64(1_024..65_536));
    out.push(b'\t');
    encode::thousandths(out, timing.first_byte_ms);
    text(out, request.result.1.as_bytes());
    text(out, request.content_type.as_bytes());
    if request.body_bytes == 0 || request.status == 304 {
        text(out, b"-");
    } else {
        out.push(b'\t');
        encode::number(out, request.body_bytes);
    }
    let is_range = request.status == 206 && request.body_bytes > 0;
    if is_range && chance(rng, 90) {
        text(out, b"0\t");
        encode::number(out, request.body_bytes - 1);
    } else {
        text(out, b"-\t-");
    }
}

fn text(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'\t');
    out.extend_from_slice(text);
}
