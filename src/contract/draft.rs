//! The drafts of JSON Schema: which one a file is written in, and which keywords it knows.

use jsonschema::Draft;
use serde_json::{Map, Value as Json};

/// Snowplow's self-describing schemas are written in draft 4.
const IGLU: &str = "iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/";

/// The draft of a schema, by its `$schema`; `None` where that names none that is known.
pub fn of(schema: &Map<String, Json>) -> Option<Draft> {
    let Some(written) = schema.get("$schema") else {
        return Some(Draft::Draft202012);
    };
    let uri = written.as_str()?;
    if uri.contains(IGLU) {
        return Some(Draft::Draft4);
    }
    match Draft::from_schema_uri(uri) {
        Draft::Unknown => None,
        known => Some(known),
    }
}

/// The URI of a draft, as `$schema` has it.
pub const fn uri(draft: Draft) -> &'static str {
    match draft {
        Draft::Draft4 => "http://json-schema.org/draft-04/schema#",
        Draft::Draft6 => "http://json-schema.org/draft-06/schema#",
        Draft::Draft7 => "http://json-schema.org/draft-07/schema#",
        Draft::Draft201909 => "https://json-schema.org/draft/2019-09/schema",
        _ => "https://json-schema.org/draft/2020-12/schema",
    }
}

/// `draft 4`, `draft 2019-09`.
pub const fn name(draft: Draft) -> &'static str {
    match draft {
        Draft::Draft4 => "draft 4",
        Draft::Draft6 => "draft 6",
        Draft::Draft7 => "draft 7",
        Draft::Draft201909 => "draft 2019-09",
        _ => "draft 2020-12",
    }
}

/// Up to draft 7, whatever stands beside a `$ref` is ignored.
pub fn ref_stands_alone(draft: Draft) -> bool {
    matches!(draft, Draft::Draft4 | Draft::Draft6 | Draft::Draft7)
}

/// The fragment-less URI of a meta-schema, or a part of one: those need no file.
pub fn is_meta_schema(uri: &str) -> bool {
    let uri = uri.split('#').next().unwrap_or_default();
    Draft::from_schema_uri(uri) != Draft::Unknown
        || ["2019-09", "2020-12"]
            .iter()
            .any(|draft| uri.starts_with(&format!("https://json-schema.org/draft/{draft}/meta/")))
}
