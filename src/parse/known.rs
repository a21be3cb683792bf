//! The field lists that `CloudFront` itself has written: for files without a `#Fields` line.

use std::sync::OnceLock;

use crate::model::{FIELDS, STANDARD_FIELDS};
use crate::parse::layout::{Dialect, Layout};

/// Numbers of fields that standard logs (v1) have had: additions were always at the end. 27 and 29 never were one.
const STANDARD_WIDTHS: [usize; 9] = [11, 12, 15, 18, 19, 23, 24, 26, 33];

/// The fields of RTMP distributions.
const RTMP: &str = "date time x-edge-location c-ip x-event sc-bytes x-cf-status x-cf-client-id cs-uri-stem cs-uri-query \
                    c-referrer x-page-url c-user-agent x-sname x-sname-query x-file-ext x-sid";

/// Every field of real-time logs in the order in which they are delivered, whatever the order of the configuration.
///
/// # Source
/// Amazon `CloudFront` Developer Guide, "Use real-time access logs", fields.
const REALTIME: &str = "timestamp c-ip s-ip time-to-first-byte sc-status sc-bytes cs-method cs-protocol cs-host cs-uri-stem \
    cs-bytes x-edge-location x-edge-request-id x-host-header time-taken cs-protocol-version c-ip-version cs-user-agent \
    cs-referer cs-cookie cs-uri-query x-edge-response-result-type x-forwarded-for ssl-protocol ssl-cipher \
    x-edge-result-type fle-encrypted-fields fle-status sc-content-type sc-content-len sc-range-start sc-range-end c-port \
    x-edge-detailed-result-type c-country cs-accept-encoding cs-accept cache-behavior-path-pattern cs-headers \
    cs-header-names cs-headers-count primary-distribution-id primary-distribution-dns-name origin-fbl origin-lbl asn \
    cmcd-encoded-bitrate cmcd-buffer-length cmcd-buffer-starvation cmcd-content-id cmcd-object-duration cmcd-deadline \
    cmcd-measured-throughput cmcd-next-object-request cmcd-next-range-request cmcd-object-type cmcd-playback-rate \
    cmcd-requested-maximum-throughput cmcd-streaming-format cmcd-session-id cmcd-stream-type cmcd-startup \
    cmcd-top-bitrate cmcd-version r-host sr-reason x-edge-mqcs distribution-tenant-id connection-id";

/// The fields at launch (August 2020): `s-ip` and everything after `cs-headers-count` came later.
const REALTIME_2020: usize = 40;

/// All of them.
struct Known {
    standard: Vec<Layout>,
    rtmp: Option<Layout>,
    realtime: Vec<Layout>,
    collector: Vec<Layout>,
}

fn known() -> &'static Known {
    static KNOWN: OnceLock<Known> = OnceLock::new();
    KNOWN.get_or_init(|| {
        let fields: Vec<&str> = FIELDS[..STANDARD_FIELDS].iter().map(|f| f.name).collect();
        let realtime: Vec<&str> = REALTIME.split_ascii_whitespace().collect();
        let launch: Vec<&str> = realtime
            .iter()
            .filter(|name| **name != "s-ip")
            .take(REALTIME_2020)
            .copied()
            .collect();
        let standard = |width: &usize| Layout::new(&fields[..*width], Some(Dialect::Standard));
        let body = ["request-content-type", "request-body"];
        let collector = [&fields[..15], &[&fields[..15], &body].concat()[..]]
            .iter()
            .filter_map(|names| Layout::new(names, Some(Dialect::Standard)))
            .collect();
        Known {
            standard: STANDARD_WIDTHS.iter().filter_map(standard).collect(),
            rtmp: Layout::from_directive(RTMP, None),
            realtime: [&launch[..], &realtime[..]]
                .iter()
                .filter_map(|names| Layout::new(names, Some(Dialect::Realtime)))
                .collect(),
            collector,
        }
    })
}

fn of_width(layouts: &'static [Layout], width: usize) -> Option<&'static Layout> {
    layouts.iter().find(|layout| layout.width() == width)
}

/// The standard log (v1) of that many fields, or the RTMP log of 17.
pub fn standard(width: usize) -> Option<&'static Layout> {
    let known = known();
    of_width(&known.standard, width).or_else(|| known.rtmp.as_ref().filter(|l| l.width() == width))
}

/// The real-time log of that many fields.
pub fn realtime(width: usize) -> Option<&'static Layout> {
    of_width(&known().realtime, width)
}

/// The log of Snowplow's Clojure collector: 15 fields of the standard log, then the type and the body of a request.
pub fn collector(width: usize) -> Option<&'static Layout> {
    of_width(&known().collector, width)
}

/// The widths of real-time logs: for records that no line end parts.
pub fn realtime_widths() -> impl Iterator<Item = usize> {
    known().realtime.iter().map(Layout::width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FieldId;

    #[test]
    fn every_list_is_known_by_name_and_has_its_width() {
        for width in STANDARD_WIDTHS {
            assert_eq!(standard(width).map(Layout::width), Some(width));
        }
        assert_eq!(
            (standard(27), standard(29), realtime(41)),
            (None, None, None)
        );
        let all = realtime(69).unwrap();
        assert!(all.columns.iter().all(Option::is_some));
        assert_eq!(all.columns[2], Some(FieldId::S_IP));
        let launch = realtime(40).unwrap();
        assert_eq!(launch.columns[39], Some(FieldId::CS_HEADERS_COUNT));
        // What real-time logs call cs-host is what standard logs call x-host-header, and the other way round.
        assert_eq!(launch.position(FieldId::X_HOST_HEADER), Some(7));
        assert_eq!(launch.position(FieldId::CS_HOST), Some(12));
        assert!(standard(17).is_some_and(|l| l.columns.iter().all(Option::is_some)));
    }
}
