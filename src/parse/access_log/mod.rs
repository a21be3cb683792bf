//! Apache's and NGINX's common and combined logs: the same pixel, served by a web server.
//!
//! # Source
//! Apache HTTP Server, `mod_log_config`: `"%h %l %u %t \"%r\" %>s %b \"%{Referer}i\" \"%{User-agent}i\""`, with `%v:%p` in
//! front (`vhost_combined`) or `%D` behind; NGINX, `ngx_http_log_module`: `combined`, with `$request_time` or
//! `$http_x_forwarded_for` behind.
//!
//! No layer of `CloudFront`'s lies on these values. The steps that follow take one off each, so it is put on here where
//! a value has a `%`: what they give is then what the viewer sent.

mod layer;
mod shape;

use std::sync::OnceLock;

use crate::model::LogFormat;
use crate::parse::block::{Line, emit_at};
use crate::parse::layout::{Dialect, Layout};
use crate::parse::line::{LineSink, LineView};
use crate::parse::numbers::whole;
use crate::parse::state::{ParseScratch, ParseState};
use layer::{layered, push_seconds};
use shape::{Parts, stamp};

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
const STEM: usize = 4;
const QUERY: usize = 5;
const REFERER: usize = 9;
const USER_AGENT: usize = 10;
const TIME_TAKEN: usize = 12;

fn layout() -> Option<&'static Layout> {
    static LAYOUT: OnceLock<Option<Layout>> = OnceLock::new();
    LAYOUT
        .get_or_init(|| Layout::new(&FIELDS, Some(Dialect::Standard)))
        .as_ref()
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
    for place in columns {
        starts.push(place.start as u32);
        ends.push(place.end as u32);
    }
    let mut rewrite = |column: usize, write: &mut dyn FnMut(&str, &mut String)| {
        let from = anew.len();
        let value = &text[starts[column] as usize..ends[column] as usize];
        write(value, anew);
        if anew.len() > from {
            starts[column] = from as u32;
            ends[column] = anew.len() as u32;
        }
    };
    for column in [STEM, QUERY, REFERER] {
        rewrite(column, &mut |value, out| layered(value, "%25", out));
    }
    rewrite(USER_AGENT, &mut |value, out| layered(value, "%2525", out));
    rewrite(TIME_TAKEN, &mut |value, out| {
        if let Some(us) = whole(value) {
            push_seconds(us as u64, out);
        }
    });
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
