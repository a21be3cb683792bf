//! Apache's and NGINX's common and combined logs: the same pixel, served by a web server.
//!
//! # Source
//! Apache HTTP Server, `mod_log_config`: `"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\""`, with `%v:%p` in
//! front (`vhost_combined`) or `%D` behind; NGINX, `ngx_http_log_module`: `combined`, with `$request_time` or
//! `$http_x_forwarded_for` behind.
//!
//! No layer of `CloudFront`'s lies on these values. The steps that follow take one off each, so it is put on here where
//! a value has a `%`: what they give is then what the viewer sent.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::OnceLock;

use crate::model::LogFormat;
use crate::model::time::{days_from_civil, days_in_month, parse_time};
use crate::parse::block::{Line, emit_at};
use crate::parse::layout::{Dialect, Layout};
use crate::parse::line::{LineSink, LineView};
use crate::parse::numbers::{seconds, whole};
use crate::parse::state::{ParseScratch, ParseState};

/// The columns, in the order of [`Parts`]' fields.
const FIELDS: [&str; 14] = [
    "date",
    "time",
    "c-ip",
    "cs-method",
    "cs-uri-stem",
    "cs-uri-query",
    "cs-protocol-version",
    "sc-status",
    "sc-bytes",
    "cs(Referer)",
    "cs(User-Agent)",
    "x-host-header",
    "time-taken",
    "x-forwarded-for",
];
const USER_AGENT: usize = 10;
const TIME_TAKEN: usize = 12;

fn layout() -> Option<&'static Layout> {
    static LAYOUT: OnceLock<Option<Layout>> = OnceLock::new();
    LAYOUT
        .get_or_init(|| Layout::new(&FIELDS, Some(Dialect::Standard)))
        .as_ref()
}

/// Where the values of a line stand.
#[derive(Debug, Default, PartialEq, Eq)]
struct Parts {
    host: Range<usize>,
    client: Range<usize>,
    stamp: Range<usize>,
    method: Range<usize>,
    stem: Range<usize>,
    query: Range<usize>,
    protocol: Range<usize>,
    status: Range<usize>,
    bytes: Range<usize>,
    referer: Range<usize>,
    user_agent: Range<usize>,
    taken: Range<usize>,
    forwarded: Range<usize>,
}

/// Parses a line; false where it has not the shape of these logs.
pub(super) fn record(
    line: &Line<'_>,
    state: &ParseState,
    scratch: &mut ParseScratch,
    sink: &mut impl LineSink,
) -> bool {
    let text = line.text;
    let Some(parts) = Parts::of(text) else {
        return false;
    };
    let (Some(layout), Some(time_us)) = (layout(), stamp(&text[parts.stamp.clone()])) else {
        // Asked for by name, a bad time is a bad time; found by content, it is no such log.
        return state.formats.format == LogFormat::Combined && {
            let message = format_args!("time {:?} is no time", &text[parts.stamp]);
            sink.reject(
                crate::model::Code::L104,
                state.lines,
                line.offset,
                line.raw,
                &message,
            );
            true
        };
    };
    let ParseScratch {
        starts,
        ends,
        text: anew,
        ..
    } = scratch;
    let columns = [
        &parts.stamp,
        &parts.stamp,
        &parts.client,
        &parts.method,
        &parts.stem,
        &parts.query,
        &parts.protocol,
        &parts.status,
        &parts.bytes,
        &parts.referer,
        &parts.user_agent,
        &parts.host,
        &parts.taken,
        &parts.forwarded,
    ];
    starts.clear();
    ends.clear();
    anew.clear();
    anew.push_str(text);
    for (i, place) in columns.into_iter().enumerate() {
        let value = &text[place.clone()];
        let from = anew.len();
        match i {
            TIME_TAKEN if !value.is_empty() && !value.contains('.') => {
                let us = whole(value).unwrap_or(0);
                // Writing to a String cannot fail.
                let _ = write!(anew, "{}.{:06}", us / 1_000_000, us % 1_000_000);
            }
            0 | 1 => {}
            _ if value.bytes().any(|b| matches!(b, b'%' | b'\\')) => {
                layered(value, if i == USER_AGENT { "%2525" } else { "%25" }, anew);
            }
            _ => {}
        }
        let rewritten = anew.len() > from;
        starts.push(if rewritten { from } else { place.start } as u32);
        ends.push(if rewritten { anew.len() } else { place.end } as u32);
    }
    let mut view = LineView {
        line: text,
        text: anew,
        starts,
        ends,
        layout,
        number: state.lines,
        offset: line.offset,
        length: line.raw.len() as u32,
        bad_utf8: line.bad_utf8,
        time_us: 0,
    };
    emit_at(&mut view, time_us, line, sink);
    true
}

impl Parts {
    fn of(text: &str) -> Option<Self> {
        let open = memchr::memmem::find(text.as_bytes(), b" [")?;
        let mut parts = Self::default();
        parts.before(text, open)?;
        let close = open + 2 + memchr::memchr(b']', &text.as_bytes()[open + 2..])?;
        parts.stamp = open + 2..close;
        if !text[close + 1..].starts_with(" \"") {
            return None;
        }
        let request = close + 3..quote_after(text, close + 3)?;
        let after = request.end + 1;
        parts.request(text, request);
        let mut words = Words { text, at: after };
        parts.status = words.next()?.0;
        parts.bytes = words.next()?.0;
        let (status, bytes) = (&text[parts.status.clone()], &text[parts.bytes.clone()]);
        let is_status = status == "-" || (status.len() == 3 && whole(status).is_some());
        if !is_status || !(bytes == "-" || whole(bytes).is_some()) {
            return None;
        }
        parts.behind(text, words);
        Some(parts)
    }

    /// `[host[:port]] client ident user`, before the time.
    fn before(&mut self, text: &str, end: usize) -> Option<()> {
        let mut words = text[..end].split(' ').map(|word| {
            // `word` is a part of `text`, so this is its place in it.
            let start = word.as_ptr().addr() - text.as_ptr().addr();
            start..start + word.len()
        });
        let (first, second, third) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() && &text[third] == "-" {
            let name = &text[first.clone()];
            let host = name
                .rsplit_once(':')
                .filter(|(_, port)| whole(port).is_some())
                .map_or(name, |(host, _)| host);
            self.host = first.start..first.start + host.len();
            self.client = second;
        } else {
            self.client = first;
        }
        (!self.client.is_empty()).then_some(())
    }

    /// `GET /path?query HTTP/1.1`; of what is no request only the stem, which holds all of it.
    fn request(&mut self, text: &str, place: Range<usize>) {
        let request = &text[place.clone()];
        let parsed = request
            .split_once(' ')
            .and_then(|(method, rest)| Some((method, rest.rsplit_once(' ')?)));
        let Some((method, (target, protocol))) = parsed.filter(|(method, (_, protocol))| {
            protocol.starts_with("HTTP/") && method.bytes().all(|b| b.is_ascii_uppercase())
        }) else {
            self.stem = if request == "-" { 0..0 } else { place };
            return;
        };
        self.method = place.start..place.start + method.len();
        self.protocol = place.end - protocol.len()..place.end;
        let mut start = self.method.end + 1;
        let end = self.protocol.start - 1;
        // A proxy is asked for the whole URL.
        if target.starts_with("http://") || target.starts_with("https://") {
            let path = target
                .splitn(4, '/')
                .nth(3)
                .map_or(0, |path| path.len() + 1);
            start = end - path;
        }
        let query = memchr::memchr(b'?', &text.as_bytes()[start..end]).map(|at| start + at);
        self.stem = start..query.unwrap_or(end);
        self.query = query.map_or(0..0, |at| at + 1..end);
    }

    /// What may follow the bytes: referer and user agent in quotes, then a time, then addresses in quotes.
    fn behind(&mut self, text: &str, words: Words<'_>) {
        let mut quoted_words = 0;
        for (place, quoted) in words {
            let value = &text[place.clone()];
            let is_time = whole(value).is_some() || seconds(value).is_some();
            quoted_words += usize::from(quoted);
            match quoted_words {
                1 if quoted => self.referer = place,
                2 if quoted => self.user_agent = place,
                _ if is_time && self.taken.is_empty() => self.taken = place,
                _ if quoted && self.forwarded.is_empty() => self.forwarded = place,
                _ => {}
            }
        }
    }
}

/// Words apart by spaces, or in quotes; each with whether it was in quotes.
struct Words<'a> {
    text: &'a str,
    at: usize,
}

impl Iterator for Words<'_> {
    type Item = (Range<usize>, bool);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..)?.trim_start_matches(' ');
        let start = self.text.len() - rest.len();
        if rest.is_empty() {
            return None;
        }
        if rest.starts_with('"') {
            let end = quote_after(self.text, start + 1).unwrap_or(self.text.len());
            self.at = end + 1;
            return Some((start + 1..end, true));
        }
        let end = start + rest.find(' ').unwrap_or(rest.len());
        self.at = end;
        Some((start..end, false))
    }
}

/// The next quote that no backslash stands before.
fn quote_after(text: &str, mut at: usize) -> Option<usize> {
    loop {
        at += memchr::memchr2(b'"', b'\\', text.as_bytes().get(at..)?)?;
        if text.as_bytes()[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// Microseconds since 1970 of `10/Oct/2000:13:55:36 -0700`.
fn stamp(text: &str) -> Option<i64> {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let (time, zone) = text.split_once(' ')?;
    let (date, clock) = time.split_once(':')?;
    let mut date = date.split('/');
    let (day, month, year) = (date.next()?, date.next()?, date.next()?);
    if day.len() != 2 || month.len() != 3 || year.len() != 4 || zone.len() != 5 {
        return None;
    }
    let (day, year) = (whole(day)? as u32, whole(year)?);
    let month = MONTHS.find(month).filter(|at| at.is_multiple_of(3))? as u32 / 3 + 1;
    if day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let (sign, zone) = (zone.get(..1)?, whole(zone.get(1..)?)?);
    let away = (zone / 100 * 60 + zone % 100) * 60;
    let away = match sign {
        "+" => away,
        "-" => -away,
        _ => return None,
    };
    let seconds = i64::from(parse_time(clock.as_bytes())?) - away;
    Some((days_from_civil(year, month, day) * 86_400 + seconds) * 1_000_000)
}

/// Appends a value without the server's backslashes and with `CloudFront`'s layer: `layer` stands for the `%` of an
/// escape that the viewer sent.
fn layered(value: &str, layer: &str, out: &mut String) {
    let bytes = value.as_bytes();
    let is_hex = |at: usize| {
        bytes
            .get(at..at + 2)
            .is_some_and(|h| h.iter().all(u8::is_ascii_hexdigit))
    };
    let (mut at, mut done) = (0, 0);
    while let Some(found) = memchr::memchr2(b'%', b'\\', &bytes[at..]) {
        at += found;
        out.push_str(&value[done..at]);
        if bytes[at] == b'%' {
            out.push_str(if is_hex(at + 1) { layer } else { "%" });
            at += 1;
            done = at;
            continue;
        }
        let (text, taken) = match bytes.get(at + 1) {
            Some(b'x') if is_hex(at + 2) => {
                let hex = &value[at + 2..at + 4];
                match u8::from_str_radix(hex, 16) {
                    // What may stand as it is; the rest as an escape, which decoding undoes.
                    Ok(b) if (b' '..0x7f).contains(&b) && b != b'%' => out.push(char::from(b)),
                    _ => {
                        out.push('%');
                        out.push_str(hex);
                    }
                }
                ("", 4)
            }
            Some(b'"') => ("\"", 2),
            Some(b'\\') => ("\\", 2),
            Some(b'n') => ("%0A", 2),
            Some(b't') => ("%09", 2),
            Some(b'r') => ("%0D", 2),
            _ => ("\\", 1),
        };
        out.push_str(text);
        at += taken;
        done = at;
    }
    out.push_str(&value[done..]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse::encoding::{decode_header, undo_log_layer};

    fn parts(line: &str) -> Option<Vec<&str>> {
        let p = Parts::of(line)?;
        let all = [
            p.host,
            p.client,
            p.method,
            p.stem,
            p.query,
            p.protocol,
            p.status,
            p.bytes,
            p.referer,
            p.user_agent,
            p.taken,
            p.forwarded,
        ];
        Some(all.into_iter().map(|place| &line[place]).collect())
    }

    #[test]
    fn each_variant_gives_its_parts() {
        let time = "[10/Oct/2000:13:55:36 -0700]";
        let get = "\"GET /i?e=pv HTTP/1.0\" 200 43";
        for (line, expected) in [
            (
                format!("1.2.3.4 - - {time} {get}"),
                "|1.2.3.4|GET|/i|e=pv|HTTP/1.0|200|43||||",
            ),
            (
                format!("::1 - a {time} {get} \"-\" \"UA \\\" 1\""),
                "|::1|GET|/i|e=pv|HTTP/1.0|200|43|-|UA \\\" 1||",
            ),
            (
                format!("px.example:443 1.2.3.4 - - {time} {get} \"r\" \"u\""),
                "px.example|1.2.3.4|GET|/i|e=pv|HTTP/1.0|200|43|r|u||",
            ),
            (
                format!("1.2.3.4 - - {time} {get} \"r\" \"u\" 1234"),
                "|1.2.3.4|GET|/i|e=pv|HTTP/1.0|200|43|r|u|1234|",
            ),
            (
                format!("1.2.3.4 - - {time} {get} \"r\" \"u\" \"5.6.7.8\" 0.002"),
                "|1.2.3.4|GET|/i|e=pv|HTTP/1.0|200|43|r|u|0.002|5.6.7.8",
            ),
            (
                format!("1.2.3.4 - - {time} {get} 1234"),
                "|1.2.3.4|GET|/i|e=pv|HTTP/1.0|200|43|||1234|",
            ),
            (
                format!("1.2.3.4 - - {time} \"\\x16\\x03\" 400 -"),
                "|1.2.3.4||\\x16\\x03|||400|-||||",
            ),
            (
                format!("1.2.3.4 - - {time} \"GET http://a.b/c?d HTTP/1.1\" 200 1"),
                "|1.2.3.4|GET|/c|d|HTTP/1.1|200|1||||",
            ),
        ] {
            assert_eq!(
                parts(&line).map(|p| p.join("|")).as_deref(),
                Some(expected),
                "{line}"
            );
        }
        for other in [
            "",
            " [",
            "a - - [x] \"GET / HTTP/1.0",
            "a b [x] \"GET / HTTP/1.0\" 200 1",
            "a - - [x] \"-\" OK 1",
        ] {
            assert_eq!(parts(other), None, "{other}");
        }
    }

    #[test]
    fn times_have_their_zone() {
        assert_eq!(
            stamp("10/Oct/2000:13:55:36 -0700"),
            Some(971_211_336_000_000)
        );
        assert_eq!(stamp("01/Jan/1970:01:00:00 +0100"), Some(0));
        for bad in [
            "31/Feb/2000:13:55:36 -0700",
            "10/Okt/2000:13:55:36 -0700",
            "10/Oct/2000:24:55:36 -0700",
            "10/Oct/2000:13:55:36",
            "",
        ] {
            assert_eq!(stamp(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_value_comes_back_as_the_viewer_sent_it() {
        for (logged, sent) in [
            ("a=%7B%22x%22%7D", "a=%7B%22x%22%7D"),
            ("p=100%", "p=100%"),
            ("p=%2525", "p=%2525"),
            ("q=\\\"", "q=\""),
        ] {
            let (mut layer, mut back) = (String::new(), String::new());
            layered(logged, "%25", &mut layer);
            undo_log_layer(&layer, &mut back);
            assert_eq!(back, sent);
        }
        for (logged, sent) in [
            ("Mozilla (X; 100%)", "Mozilla (X; 100%)"),
            ("a%20b", "a%20b"),
            ("\\xc3\\xa9 \\\\", "é \\"),
        ] {
            let mut layer = String::new();
            layered(logged, "%2525", &mut layer);
            assert_eq!(decode_header(&layer), sent);
        }
    }
}
