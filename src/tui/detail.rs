//! A row as JSON, for copying.

use crate::model::{Detail, Verdict};

/// The row as one JSON object: event, version, verdict, the query's properties, failures, and the log's fields.
pub fn as_json(detail: &Detail) -> String {
    use serde_json::{Map, Value, json};
    let mut properties = Map::new();
    for property in &detail.properties {
        properties.insert(
            property.key.clone(),
            property.value.clone().map_or(Value::Null, Value::String),
        );
    }
    let fields: Map<String, Value> = detail
        .fields
        .iter()
        .filter_map(|f| Some((f.name.clone(), Value::String(f.value.clone()?))))
        .collect();
    let failures: Vec<Value> = detail
        .all_failures()
        .map(|f| json!({ "code": f.code.as_str(), "severity": f.severity.as_str(), "path": f.path, "message": f.sentence }))
        .collect();
    let row = json!({
        "event": detail.event, "version": detail.version,
        "verdict": detail.verdict.map_or("", Verdict::as_str),
        "time_utc": crate::model::time::format_us(detail.time_us),
        "properties": properties, "failures": failures, "fields": fields,
        "object": &*detail.object_uri, "line": detail.line, "offset": detail.offset,
    });
    serde_json::to_string_pretty(&row).unwrap_or_default()
}
