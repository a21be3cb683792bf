//! Every `CloudFront` log field: its name as AWS writes it, our column, type, unit and meaning.

use crate::model::ColumnKind;

/// Index into [`FIELDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldId(pub u8);

/// How a field's text becomes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FieldKind {
    /// `YYYY-MM-DD`, UTC.
    Date,
    /// `HH:MM:SS`, UTC.
    Time,
    /// Whole number.
    Int,
    /// Seconds with decimals.
    Seconds,
    /// Few distinct values: a categorical column. The log's percent-encoding comes off (one layer).
    Word,
    /// As [`FieldKind::Word`], then percent-decoded once more: what the viewer sent (user agent).
    DecodedWord,
    /// Any text; the log's percent-encoding comes off (one layer).
    Text,
}

impl FieldKind {
    /// The dtype of its column.
    pub const fn column_kind(self) -> ColumnKind {
        match self {
            Self::Date => ColumnKind::Date,
            Self::Time => ColumnKind::Time,
            Self::Int => ColumnKind::Int,
            Self::Seconds => ColumnKind::Float,
            Self::Word | Self::DecodedWord => ColumnKind::Word,
            Self::Text => ColumnKind::Text,
        }
    }
}

/// One log field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// As AWS writes it: `cs(User-Agent)`.
    pub name: &'static str,
    /// Our column: `cs_user_agent`.
    pub column: &'static str,
    /// How its text becomes a value.
    pub kind: FieldKind,
    /// Unit of its numbers, or empty.
    pub unit: &'static str,
    /// What it says, in one clause.
    pub meaning: &'static str,
}

macro_rules! fields {
    ($($id:ident $name:literal $column:literal $kind:ident $unit:literal $meaning:literal;)*) => {
        /// All fields: first the 33 of the standard log (v1) of December 2019 in their order, then those that only
        /// standard logs (v2), real-time logs and the logs of RTMP distributions have.
        ///
        /// # Source
        /// Amazon `CloudFront` Developer Guide, "Configure and use standard logs (access logs)", "Configure standard
        /// logging (v2)", "Use real-time access logs"; RTMP: the guide's edition of December 2019.
        pub static FIELDS: &[Field] = &[$(Field { name: $name, column: $column, kind: FieldKind::$kind, unit: $unit, meaning: $meaning }),*];

        // The constants below are named as AWS names the fields; their numbers come from here.
        #[allow(missing_docs, non_camel_case_types, clippy::upper_case_acronyms)]
        #[derive(Clone, Copy)]
        #[repr(u8)]
        enum Index { $($id),* }

        #[allow(missing_docs)]
        impl FieldId { $(pub const $id: Self = Self(Index::$id as u8);)* }
    };
}

fields! {
    DATE "date" "date" Date "" "day on which the edge finished responding, UTC";
    TIME "time" "time" Time "" "time at which the edge finished responding, UTC";
    X_EDGE_LOCATION "x-edge-location" "x_edge_location" Word "" "edge location that served the request";
    SC_BYTES "sc-bytes" "sc_bytes" Int "bytes" "bytes sent to the viewer, headers included";
    C_IP "c-ip" "c_ip" Text "" "address of the viewer, or of the proxy before it";
    CS_METHOD "cs-method" "cs_method" Word "" "HTTP method";
    CS_HOST "cs(Host)" "cs_host" Word "" "domain name of the distribution";
    CS_URI_STEM "cs-uri-stem" "cs_uri_stem" Word "" "path of the request, without the query";
    SC_STATUS "sc-status" "sc_status" Int "" "HTTP status; 0 when the viewer closed the connection first";
    CS_REFERER "cs(Referer)" "cs_referer" Word "" "Referer header";
    CS_USER_AGENT "cs(User-Agent)" "cs_user_agent" DecodedWord "" "User-Agent header";
    CS_URI_QUERY "cs-uri-query" "cs_uri_query" Text "" "query of the request, without the question mark";
    CS_COOKIE "cs(Cookie)" "cs_cookie" Text "" "Cookie header, where cookie logging is on";
    X_EDGE_RESULT_TYPE "x-edge-result-type" "x_edge_result_type" Word "" "how the edge classified the response at the end";
    X_EDGE_REQUEST_ID "x-edge-request-id" "x_edge_request_id" Text "" "opaque id of the request, unique";
    X_HOST_HEADER "x-host-header" "x_host_header" Word "" "Host header the viewer sent";
    CS_PROTOCOL "cs-protocol" "cs_protocol" Word "" "http, https, ws or wss";
    CS_BYTES "cs-bytes" "cs_bytes" Int "bytes" "bytes the viewer sent, headers included";
    TIME_TAKEN "time-taken" "time_taken" Seconds "s" "from the request's first byte in to the response's last byte out";
    X_FORWARDED_FOR "x-forwarded-for" "x_forwarded_for" Word "" "addresses before the proxy";
    SSL_PROTOCOL "ssl-protocol" "ssl_protocol" Word "" "TLS version";
    SSL_CIPHER "ssl-cipher" "ssl_cipher" Word "" "TLS cipher";
    X_EDGE_RESPONSE_RESULT_TYPE "x-edge-response-result-type" "x_edge_response_result_type" Word "" "how the edge classified the response before sending it";
    CS_PROTOCOL_VERSION "cs-protocol-version" "cs_protocol_version" Word "" "HTTP version";
    FLE_STATUS "fle-status" "fle_status" Word "" "outcome of field-level encryption";
    FLE_ENCRYPTED_FIELDS "fle-encrypted-fields" "fle_encrypted_fields" Int "" "number of fields encrypted";
    C_PORT "c-port" "c_port" Int "" "port of the viewer";
    TIME_TO_FIRST_BYTE "time-to-first-byte" "time_to_first_byte" Seconds "s" "from the request to the response's first byte, at the edge";
    X_EDGE_DETAILED_RESULT_TYPE "x-edge-detailed-result-type" "x_edge_detailed_result_type" Word "" "the result type with the kind of error";
    SC_CONTENT_TYPE "sc-content-type" "sc_content_type" Word "" "Content-Type of the response";
    SC_CONTENT_LEN "sc-content-len" "sc_content_len" Int "bytes" "Content-Length of the response";
    SC_RANGE_START "sc-range-start" "sc_range_start" Int "bytes" "start of the range";
    SC_RANGE_END "sc-range-end" "sc_range_end" Int "bytes" "end of the range";
    TIMESTAMP "timestamp" "timestamp" Seconds "s" "time at which the edge finished responding, since 1970 UTC";
    TIMESTAMP_MS "timestamp(ms)" "timestamp_ms" Int "ms" "the same in milliseconds";
    DISTRIBUTION_ID "DistributionId" "distribution_id" Word "" "id of the distribution";
    C_COUNTRY "c-country" "c_country" Word "" "country of the viewer, by its address";
    ASN "asn" "asn" Int "" "autonomous system number of the viewer's network";
    S_IP "s-ip" "s_ip" Text "" "address of the edge server";
    C_IP_VERSION "c-ip-version" "c_ip_version" Word "" "IPv4 or IPv6";
    CS_ACCEPT_ENCODING "cs-accept-encoding" "cs_accept_encoding" Word "" "Accept-Encoding header";
    CS_ACCEPT "cs-accept" "cs_accept" Word "" "Accept header";
    CACHE_BEHAVIOR_PATH_PATTERN "cache-behavior-path-pattern" "cache_behavior_path_pattern" Word "" "path pattern of the cache behavior that matched";
    CS_HEADERS "cs-headers" "cs_headers" Text "" "headers of the request, cut at 800 bytes";
    CS_HEADER_NAMES "cs-header-names" "cs_header_names" Text "" "names of the request's headers, cut at 800 bytes";
    CS_HEADERS_COUNT "cs-headers-count" "cs_headers_count" Int "" "number of headers in the request";
    PRIMARY_DISTRIBUTION_ID "primary-distribution-id" "primary_distribution_id" Word "" "id of the primary distribution of a staging one";
    PRIMARY_DISTRIBUTION_DNS_NAME "primary-distribution-dns-name" "primary_distribution_dns_name" Word "" "domain name of that primary distribution";
    ORIGIN_FBL "origin-fbl" "origin_fbl" Seconds "s" "from the edge's request to the origin's first byte";
    ORIGIN_LBL "origin-lbl" "origin_lbl" Seconds "s" "from the edge's request to the origin's last byte";
    CMCD_ENCODED_BITRATE "cmcd-encoded-bitrate" "cmcd_encoded_bitrate" Word "" "CMCD, as the player sent it: encoded bitrate (kbit/s)";
    CMCD_BUFFER_LENGTH "cmcd-buffer-length" "cmcd_buffer_length" Word "" "CMCD: length of the buffer (ms)";
    CMCD_BUFFER_STARVATION "cmcd-buffer-starvation" "cmcd_buffer_starvation" Word "" "CMCD: the buffer ran dry";
    CMCD_CONTENT_ID "cmcd-content-id" "cmcd_content_id" Word "" "CMCD: id of the content";
    CMCD_OBJECT_DURATION "cmcd-object-duration" "cmcd_object_duration" Word "" "CMCD: playback duration of the object (ms)";
    CMCD_DEADLINE "cmcd-deadline" "cmcd_deadline" Word "" "CMCD: deadline until the buffer runs dry (ms)";
    CMCD_MEASURED_THROUGHPUT "cmcd-measured-throughput" "cmcd_measured_throughput" Word "" "CMCD: throughput that the player measured (kbit/s)";
    CMCD_NEXT_OBJECT_REQUEST "cmcd-next-object-request" "cmcd_next_object_request" Text "" "CMCD: path of the next object";
    CMCD_NEXT_RANGE_REQUEST "cmcd-next-range-request" "cmcd_next_range_request" Text "" "CMCD: range of the next request";
    CMCD_OBJECT_TYPE "cmcd-object-type" "cmcd_object_type" Word "" "CMCD: type of the object";
    CMCD_PLAYBACK_RATE "cmcd-playback-rate" "cmcd_playback_rate" Word "" "CMCD: playback rate";
    CMCD_REQUESTED_MAXIMUM_THROUGHPUT "cmcd-requested-maximum-throughput" "cmcd_requested_maximum_throughput" Word "" "CMCD: throughput that suffices (kbit/s)";
    CMCD_STREAMING_FORMAT "cmcd-streaming-format" "cmcd_streaming_format" Word "" "CMCD: streaming format";
    CMCD_SESSION_ID "cmcd-session-id" "cmcd_session_id" Text "" "CMCD: id of the session";
    CMCD_STREAM_TYPE "cmcd-stream-type" "cmcd_stream_type" Word "" "CMCD: live or on demand";
    CMCD_STARTUP "cmcd-startup" "cmcd_startup" Word "" "CMCD: the object is needed urgently";
    CMCD_TOP_BITRATE "cmcd-top-bitrate" "cmcd_top_bitrate" Word "" "CMCD: highest bitrate there is (kbit/s)";
    CMCD_VERSION "cmcd-version" "cmcd_version" Word "" "CMCD: version";
    R_HOST "r-host" "r_host" Word "" "host of the origin that answered";
    SR_REASON "sr-reason" "sr_reason" Word "" "why that origin was chosen";
    X_EDGE_MQCS "x-edge-mqcs" "x_edge_mqcs" Word "" "media quality confidence score";
    DISTRIBUTION_TENANT_ID "distribution-tenant-id" "distribution_tenant_id" Word "" "id of the distribution tenant";
    CONNECTION_ID "connection-id" "connection_id" Text "" "id of the TLS connection, as in connection logs";
    VIEWER_REQUEST_LOG_DATA "viewer-request-log-data" "viewer_request_log_data" Text "" "what a function logged on the viewer's request";
    VIEWER_RESPONSE_LOG_DATA "viewer-response-log-data" "viewer_response_log_data" Text "" "what a function logged on the viewer's response";
    X_EVENT "x-event" "x_event" Word "" "RTMP: connect, play, stop, pause, unpause, seek, disconnect";
    X_CF_STATUS "x-cf-status" "x_cf_status" Word "" "RTMP: status of the event";
    X_CF_CLIENT_ID "x-cf-client-id" "x_cf_client_id" Text "" "RTMP: id of the connection";
    X_PAGE_URL "x-page-url" "x_page_url" Word "" "RTMP: page that the player is on";
    X_SNAME "x-sname" "x_sname" Word "" "RTMP: name of the stream";
    X_SNAME_QUERY "x-sname-query" "x_sname_query" Text "" "RTMP: query of the stream";
    X_FILE_EXT "x-file-ext" "x_file_ext" Word "" "RTMP: type of the stream";
    X_SID "x-sid" "x_sid" Text "" "RTMP: id of the stream in its connection";
}

/// How many of [`FIELDS`], from the first on, are those of the standard log (v1): they always have a column; the others
/// have one where a log that was loaded has them.
pub const STANDARD_FIELDS: usize = 33;

/// Names that RTMP logs have for fields which all others call otherwise.
const ALIASES: [(&str, FieldId); 2] = [
    ("c-referrer", FieldId::CS_REFERER),
    ("c-user-agent", FieldId::CS_USER_AGENT),
];

/// Letters and digits in lower case: `cs(User-Agent)`, `cs-user-agent` and `cs_user_agent` are one name.
fn letters(name: &str) -> impl Iterator<Item = u8> + '_ {
    name.bytes()
        .filter(u8::is_ascii_alphanumeric)
        .map(|b| b.to_ascii_lowercase())
}

impl FieldId {
    /// The field of that name, however a format spells it: `cs(User-Agent)` in standard logs, `cs-user-agent` in
    /// real-time logs, `cs_user_agent` in Parquet. What real-time logs call `cs-host` and `x-host-header` is swapped;
    /// that is for the caller to know.
    pub fn by_name(name: &str) -> Option<Self> {
        let same = |other: &str| letters(other).eq(letters(name));
        FIELDS
            .iter()
            .position(|f| same(f.name))
            .map(|i| Self(i as u8))
            .or_else(|| ALIASES.iter().find(|(n, _)| same(n)).map(|(_, id)| *id))
    }

    /// The field of that column name.
    pub fn by_column(column: &str) -> Option<Self> {
        FIELDS
            .iter()
            .position(|f| f.column == column)
            .map(|i| Self(i as u8))
    }

    /// Its description.
    pub fn field(self) -> &'static Field {
        &FIELDS[self.0 as usize]
    }
}
