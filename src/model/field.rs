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
        /// All fields, in the order of the standard log (v1) of December 2019.
        ///
        /// # Source
        /// Amazon `CloudFront` Developer Guide, "Configure and use standard logs (access logs)", log file fields.
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
}

impl FieldId {
    /// The field of that name as AWS writes it, ignoring case and stray U+200B.
    pub fn by_name(name: &str) -> Option<Self> {
        let name = name.trim_matches(|c: char| c.is_whitespace() || c == '\u{200B}');
        FIELDS
            .iter()
            .position(|f| f.name.eq_ignore_ascii_case(name))
            .map(|i| Self(i as u8))
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
