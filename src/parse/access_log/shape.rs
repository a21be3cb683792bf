//! Where the values of a web server's line stand, and its time.

use std::ops::Range;

use crate::model::time::{days_from_civil, days_in_month, parse_time};
use crate::parse::numbers::{seconds, whole};

/// Where the values of a line stand.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) host: Range<usize>,
    pub(super) client: Range<usize>,
    pub(super) stamp: Range<usize>,
    pub(super) method: Range<usize>,
    pub(super) stem: Range<usize>,
    pub(super) query: Range<usize>,
    pub(super) protocol: Range<usize>,
    pub(super) status: Range<usize>,
    pub(super) bytes: Range<usize>,
    pub(super) referer: Range<usize>,
    pub(super) user_agent: Range<usize>,
    pub(super) taken: Range<usize>,
    pub(super) forwarded: Range<usize>,
}

impl Parts {
    pub(super) fn of(text: &str) -> Option<Self> {
        let open = memchr::memmem::find(text.as_bytes(), b" [")?;
        let mut parts = Self::default();
        parts.before(text, open)?;
        let close = open + 2 + memchr::memchr(b']', &text.as_bytes()[open + 2..])?;
        parts.stamp = open + 2..close;
        if text.as_bytes().get(close + 1..close + 3) != Some(b" \"") {
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
        let bytes = &text.as_bytes()[..end];
        let first = 0..space_after(bytes, 0)?;
        let second = first.end + 1..space_after(bytes, first.end + 1)?;
        let third = second.end + 1..space_after(bytes, second.end + 1).unwrap_or(end);
        if third.end < end && bytes[third] == *b"-" {
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
        let request = &text.as_bytes()[place.clone()];
        let spaces = memchr::memchr(b' ', request).zip(memchr::memrchr(b' ', request));
        let Some((method, target)) = spaces.filter(|(method, target)| {
            method < target
                && request[target + 1..].starts_with(b"HTTP/")
                && request[..*method].iter().all(u8::is_ascii_uppercase)
        }) else {
            let is_none = request == b"-";
            self.stem = if is_none { 0..0 } else { place };
            return;
        };
        self.method = place.start..place.start + method;
        self.protocol = place.start + target + 1..place.end;
        let mut start = self.method.end + 1;
        let end = self.protocol.start - 1;
        // A proxy is asked for the whole URL.
        if text.as_bytes()[start] != b'/' && text[start..end].starts_with("http") {
            let target = &text[start..end];
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
        // On bytes: searching a text for a character costs more than these short words are long.
        let bytes = self.text.as_bytes();
        let mut start = self.at;
        while bytes.get(start) == Some(&b' ') {
            start += 1;
        }
        if *bytes.get(start)? == b'"' {
            let end = quote_after(self.text, start + 1).unwrap_or(bytes.len());
            self.at = end + 1;
            return Some((start + 1..end, true));
        }
        let end = space_after(bytes, start).unwrap_or(bytes.len());
        self.at = end;
        Some((start..end, false))
    }
}

fn space_after(bytes: &[u8], start: usize) -> Option<usize> {
    let length = bytes.get(start..)?.iter().position(|b| *b == b' ')?;
    Some(start + length)
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
pub(super) fn stamp(text: &str) -> Option<i64> {
    let b = text.as_bytes();
    if b.len() != 26 || (b[2], b[6], b[11], b[20]) != (b'/', b'/', b':', b' ') {
        return None;
    }
    let number = |range: Range<usize>| text.get(range).and_then(whole);
    let (day, year) = (number(0..2)? as u32, number(7..11)?);
    let month = match &b[3..6] {
        b"Jan" => 1,
        b"Feb" => 2,
        b"Mar" => 3,
        b"Apr" => 4,
        b"May" => 5,
        b"Jun" => 6,
        b"Jul" => 7,
        b"Aug" => 8,
        b"Sep" => 9,
        b"Oct" => 10,
        b"Nov" => 11,
        b"Dec" => 12,
        _ => return None,
    };
    if day == 0 || day > days_in_month(year, month) {
        return None;
    }
    let zone = number(22..26)?;
    let away = (zone / 100 * 60 + zone % 100) * 60;
    let away = match b[21] {
        b'+' => away,
        b'-' => -away,
        _ => return None,
    };
    let seconds = i64::from(parse_time(&b[12..20])?) - away;
    Some((days_from_civil(year, month, day) * 86_400 + seconds) * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
