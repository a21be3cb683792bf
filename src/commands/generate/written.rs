//! A row of the standard log (v1) as the other formats write it: the same request, in another dress.

use std::io::Cursor;

use polars::prelude::{Column, DataFrame};
use polars_io::parquet::write::{ParquetCompression, ParquetWriter};

use crate::error::{Error, Result};
use crate::model::time::{parse_date, parse_time};

use super::encode;
use super::record::FIELD_NAMES;

/// The formats that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Written {
    /// Standard logs (v1).
    #[default]
    V1,
    /// Standard logs (v2), w3c: with two fields in front that only v2 has.
    W3c,
    /// Standard logs (v2), JSON.
    Json,
    /// Standard logs (v2), Parquet.
    Parquet,
    /// Real-time logs, all 69 fields.
    Realtime,
    /// Apache's `vhost_combined` with `%D`.
    Combined,
}

/// The distribution, as v2 names it.
pub const DISTRIBUTION: &str = "E2ACMESHOP26PX";
/// What v2 has in front.
const V2_FIELDS: [&str; 2] = ["timestamp(ms)", "DistributionId"];
/// Real-time fields behind those of v1, none of which has a value.
const REALTIME_REST: usize = 69 - 38;

impl Written {
    /// The word of the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1",
            Self::W3c => "w3c",
            Self::Json => "json",
            Self::Parquet => "parquet",
            Self::Realtime => "realtime",
            Self::Combined => "combined",
        }
    }

    /// Objects have `#Version` and `#Fields`.
    pub const fn has_header(self) -> bool {
        matches!(self, Self::V1 | Self::W3c)
    }

    /// The names in the `#Fields` line of objects with that many of v1's.
    pub fn header_names(self, columns: usize) -> Vec<&'static str> {
        let v2: &[&str] = if self == Self::W3c { &V2_FIELDS } else { &[] };
        [v2, &FIELD_NAMES[..columns]].concat()
    }

    /// Appends a row without its line end.
    pub fn write(self, row: &[u8], out: &mut Vec<u8>) {
        let columns: Vec<&[u8]> = row.split(|b| *b == b'\t').collect();
        match self {
            Self::V1 | Self::Parquet => out.extend_from_slice(row),
            Self::W3c => {
                push_stamp(&columns, "000", out);
                out.push(b'\t');
                out.extend_from_slice(DISTRIBUTION.as_bytes());
                out.push(b'\t');
                out.extend_from_slice(row);
            }
            Self::Json => json(&columns, out),
            Self::Realtime => realtime(&columns, out),
            Self::Combined => combined(&columns, out),
        }
    }
}

/// Seconds since 1970 of a row.
fn seconds(columns: &[&[u8]]) -> Option<i64> {
    let day = i64::from(parse_date(columns.first()?)?);
    Some(day * 86_400 + i64::from(parse_time(columns.get(1)?)?))
}

/// The time of a row since 1970 with `rest` behind it; `-` where it has none.
fn push_stamp(columns: &[&[u8]], rest: &str, out: &mut Vec<u8>) {
    match seconds(columns) {
        Some(seconds) => out.extend_from_slice(format!("{seconds}{rest}").as_bytes()),
        None => out.push(b'-'),
    }
}

fn json(columns: &[&[u8]], out: &mut Vec<u8>) {
    let mut stamp = Vec::new();
    push_stamp(columns, "000", &mut stamp);
    let front = [&stamp[..], DISTRIBUTION.as_bytes()];
    let names = V2_FIELDS.iter().chain(FIELD_NAMES);
    for (i, (name, value)) in names.zip(front.iter().chain(columns)).enumerate() {
        out.extend_from_slice(if i == 0 { b"{\"" } else { b",\"" });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\":\"");
        for byte in *value {
            if matches!(byte, b'"' | b'\\') {
                out.push(b'\\');
            }
            out.push(*byte);
        }
        out.push(b'"');
    }
    out.push(b'}');
}

/// In the canonical order; the names in comments are v1's where real-time logs swap them.
fn realtime(columns: &[&[u8]], out: &mut Vec<u8>) {
    let v1 = |i: usize| columns.get(i).copied().unwrap_or(b"-");
    push_stamp(columns, ".000", out);
    let with_query = |out: &mut Vec<u8>| {
        out.extend_from_slice(v1(7));
        if v1(11) != b"-" {
            out.push(b'?');
            out.extend_from_slice(v1(11));
        }
    };
    let is_v6 = v1(4).contains(&b':');
    for (place, i) in REALTIME_ORDER.iter().enumerate() {
        out.push(b'\t');
        match (place + 1, i) {
            (REALTIME_STEM, _) => with_query(out),
            (REALTIME_IP_VERSION, _) => {
                out.extend_from_slice(if is_v6 { b"IPv6" } else { b"IPv4" });
            }
            (_, Some(i)) => out.extend_from_slice(v1(*i)),
            (_, None) => out.push(b'-'),
        }
    }
    for _ in 0..REALTIME_REST + 38 - 1 - REALTIME_ORDER.len() {
        out.extend_from_slice(b"\t-");
    }
}

const REALTIME_STEM: usize = 9;
const REALTIME_IP_VERSION: usize = 16;
/// After the timestamp: where each real-time field stands in a row of v1.
const REALTIME_ORDER: [Option<usize>; 33] = [
    Some(4),  // c-ip
    None,     // s-ip
    Some(27), // time-to-first-byte
    Some(8),  // sc-status
    Some(3),  // sc-bytes
    Some(5),  // cs-method
    Some(16), // cs-protocol
    Some(15), // cs-host: x-host-header
    Some(7),  // cs-uri-stem
    Some(17), // cs-bytes
    Some(2),  // x-edge-location
    Some(14), // x-edge-request-id
    Some(6),  // x-host-header: cs(Host)
    Some(18), // time-taken
    Some(23), // cs-protocol-version
    None,     // c-ip-version
    Some(10), // cs-user-agent
    Some(9),  // cs-referer
    Some(12), // cs-cookie
    Some(11), // cs-uri-query
    Some(22), // x-edge-response-result-type
    Some(19), // x-forwarded-for
    Some(20), // ssl-protocol
    Some(21), // ssl-cipher
    Some(13), // x-edge-result-type
    Some(25), // fle-encrypted-fields
    Some(24), // fle-status
    Some(29), // sc-content-type
    Some(30), // sc-content-len
    Some(31), // sc-range-start
    Some(32), // sc-range-end
    Some(26), // c-port
    Some(28), // x-edge-detailed-result-type
];

fn combined(columns: &[&[u8]], out: &mut Vec<u8>) {
    let v1 = |i: usize| columns.get(i).copied().unwrap_or(b"-");
    out.extend_from_slice(v1(15));
    out.extend_from_slice(b":443 ");
    out.extend_from_slice(v1(4));
    let at = chrono::DateTime::from_timestamp(seconds(columns).unwrap_or(0), 0).unwrap_or_default();
    out.extend_from_slice(
        at.format(" - - [%d/%b/%Y:%H:%M:%S +0000] \"")
            .to_string()
            .as_bytes(),
    );
    out.extend_from_slice(v1(5));
    out.push(b' ');
    out.extend_from_slice(&sent(v1(7)));
    if v1(11) != b"-" {
        out.push(b'?');
        out.extend_from_slice(&sent(v1(11)));
    }
    out.push(b' ');
    out.extend_from_slice(v1(23));
    out.extend_from_slice(b"\" ");
    out.extend_from_slice(v1(8));
    out.push(b' ');
    out.extend_from_slice(v1(3));
    out.extend_from_slice(b" \"");
    escaped(&sent(v1(9)), out);
    out.extend_from_slice(b"\" \"");
    escaped(&decoded(&sent(v1(10))), out);
    out.extend_from_slice(b"\" ");
    let taken: String = String::from_utf8_lossy(v1(18)).replace('.', "");
    encode::number(out, taken.parse::<u64>().unwrap_or(0) * 1_000);
}

fn hex(bytes: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(bytes.get(..2)?).ok()?;
    text.bytes()
        .all(|b| b.is_ascii_hexdigit())
        .then(|| u8::from_str_radix(text, 16).ok())?
}

/// What the viewer sent: the log's layer off.
fn sent(logged: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(logged.len());
    let mut at = 0;
    while at < logged.len() {
        let rest = &logged[at..];
        if rest.starts_with(b"%25") && hex(&rest[3..]).is_some() {
            out.push(b'%');
            out.extend_from_slice(&rest[3..5]);
            at += 5;
        } else {
            out.push(rest[0]);
            at += 1;
        }
    }
    out
}

/// One layer of percent-encoding off.
fn decoded(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while at < text.len() {
        let byte = (text[at] == b'%').then(|| hex(&text[at + 1..])).flatten();
        out.push(byte.unwrap_or(text[at]));
        at += if byte.is_some() { 3 } else { 1 };
    }
    out
}

/// As Apache writes what stands in quotes.
fn escaped(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', *byte]),
            b' '..0x7f => out.push(*byte),
            other => out.extend_from_slice(format!("\\x{other:02x}").as_bytes()),
        }
    }
}

/// Rows of v1 as a Parquet file of texts.
///
/// # Errors
/// When Polars refuses, which it never does with texts of one length.
pub fn parquet(rows: &[u8]) -> Result<Vec<u8>> {
    let mut columns: Vec<Vec<&str>> = vec![vec![]; FIELD_NAMES.len()];
    let text = std::str::from_utf8(rows).unwrap_or_default();
    for row in text.lines() {
        let mut values = row.split('\t');
        for column in &mut columns {
            column.push(values.next().unwrap_or("-"));
        }
    }
    let name = |field: &str| {
        let spelt = field.trim_end_matches(')').replace(['(', '-'], "_");
        spelt.to_ascii_lowercase()
    };
    let columns = FIELD_NAMES
        .iter()
        .zip(columns)
        .map(|(field, values)| Column::new(name(field).into(), values))
        .collect();
    let failed = |e| Error::Export(format!("cannot write Parquet: {e}"));
    let mut frame = DataFrame::new_infer_height(columns).map_err(failed)?;
    let mut out = Cursor::new(Vec::new());
    ParquetWriter::new(&mut out)
        .with_compression(ParquetCompression::Snappy)
        .set_parallel(false)
        .finish(&mut frame)
        .map_err(failed)?;
    Ok(out.into_inner())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(format: Written, row: &str) -> String {
        let mut out = Vec::new();
        format.write(row.as_bytes(), &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_row_in_each_dress() {
        let mut row = vec!["-"; 33];
        (row[0], row[1], row[5], row[7]) = ("2026-11-22", "14:00:01", "GET", "/i");
        (row[6], row[15], row[11]) = ("d1.cloudfront.net", "px.example", "a=1%2520b");
        (row[10], row[18], row[8]) = ("A%20%22B%22", "0.042", "200");
        let row = row.join("\t");
        let realtime = written(Written::Realtime, &row);
        let columns: Vec<&str> = realtime.split('\t').collect();
        assert_eq!(columns.len(), 69);
        assert_eq!((columns[0], columns[8]), ("1795356001.000", "px.example"));
        assert_eq!((columns[9], columns[20]), ("/i?a=1%2520b", "a=1%2520b"));
        assert_eq!(columns[13], "d1.cloudfront.net");
        assert!(
            written(Written::Json, &row)
                .starts_with(r#"{"timestamp(ms)":"1795356001000","DistributionId":"#)
        );
        let combined = written(Written::Combined, &row);
        assert!(combined.starts_with("px.example:443 - - - [22/Nov/2026:14:00:01 +0000] \"GET /i?a=1%20b -\" 200 - \"-\" "), "{combined}");
        assert!(combined.ends_with("\"A \\\"B\\\"\" 42000"), "{combined}");
    }
}
