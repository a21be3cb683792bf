//! Words for people: what was expected, and how a property is declared.

use serde_json::Value as Json;

use crate::contract::kinds::Kinds;

/// `a number`, `an integer or a string`: what V402 expected.
pub fn types(kinds: Kinds) -> String {
    let types = kinds.types();
    let named = [
        (kinds.has(Kinds::ARRAY), "an array"),
        (kinds.has(Kinds::OBJECT), "an object"),
        (types.boolean, "a boolean (true, false, 1, 0)"),
        (types.integer && !types.number, "an integer"),
        (types.number, "a number"),
        (types.string, "a string"),
        (types.null, "empty"),
    ];
    let words: Vec<&str> = named
        .iter()
        .filter(|(yes, _)| *yes)
        .map(|(_, word)| *word)
        .collect();
    words.join(" or ")
}

/// `an array`: a type of JSON as a noun.
pub const fn json_type(name: &str) -> &'static str {
    match name.as_bytes() {
        b"null" => "null",
        b"boolean" => "a boolean",
        b"integer" => "an integer",
        b"number" => "a number",
        b"string" => "a string",
        b"array" => "an array",
        _ => "an object",
    }
}

/// What a schema asks for, in a few words: for what stands beside it in `anyOf`.
pub fn schema(schema: &Json) -> String {
    const MOST: usize = 80;
    let text = |key: &str| schema.get(key).and_then(Json::as_str);
    if let Some(title) = text("title") {
        return title.to_owned();
    }
    if let Some(values) = schema.get("enum").and_then(Json::as_array) {
        return allowed(values);
    }
    if let Some(value) = schema.get("const") {
        return value.to_string();
    }
    if let Some(reference) = text("$ref") {
        return reference
            .rsplit(['/', '#'])
            .next()
            .unwrap_or(reference)
            .to_owned();
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Json::String(one)) => vec![json_type(one)],
        Some(Json::Array(several)) => several
            .iter()
            .filter_map(Json::as_str)
            .map(json_type)
            .collect(),
        _ => vec![],
    };
    let mut words = types.join(" or ");
    if let Some(names) = schema.get("required").and_then(Json::as_array) {
        let names: Vec<&str> = names.iter().filter_map(Json::as_str).collect();
        words.push_str(if words.is_empty() { "with " } else { " with " });
        words.push_str(&names.join(" and "));
    }
    let rest = schema
        .as_object()
        .map(declared_keywords)
        .unwrap_or_default();
    if !rest.is_empty() {
        words.push_str(if words.is_empty() { "" } else { " " });
        words.push_str(&rest.join(" "));
    }
    if words.is_empty() {
        words = schema.to_string();
    }
    if words.len() > MOST {
        words.truncate(words.floor_char_boundary(MOST));
        words.push('…');
    }
    words
}

/// `"EUR"`: a value of `enum` as JSON writes it.
pub fn allowed(values: &[Json]) -> String {
    const MOST: usize = 12;
    let shown: Vec<String> = values.iter().take(MOST).map(Json::to_string).collect();
    match (values.len(), shown.as_slice()) {
        (1, [one]) => one.clone(),
        (n, _) if n > MOST => format!("one of {} and {} more", shown.join(", "), n - MOST),
        _ => format!("one of {}", shown.join(", ")),
    }
}

/// `1 character`, `32 characters`.
pub fn characters(n: u64) -> String {
    format!("{n} character{}", if n == 1 { "" } else { "s" })
}

/// The type for the Schemas screen: `number`, `array`, `integer|null`.
pub fn declared_type(kinds: Kinds) -> String {
    let types = kinds.types();
    let named = [
        (kinds.has(Kinds::ARRAY), "array"),
        (kinds.has(Kinds::OBJECT), "object"),
        (types.boolean, "boolean"),
        (types.integer && !types.number, "integer"),
        (types.number, "number"),
        (types.string, "string"),
        (types.null, "null"),
    ];
    let words: Vec<&str> = named
        .iter()
        .filter(|(yes, _)| *yes)
        .map(|(_, word)| *word)
        .collect();
    words.join("|")
}

/// The keywords for the Schemas screen: `≥ 0`, `enum 3`, `uuid`, `≤ 32 chars`.
pub fn declared_keywords(schema: &serde_json::Map<String, Json>) -> Vec<String> {
    let mut words = Vec::new();
    let format = schema.get("x-format").or_else(|| schema.get("format"));
    if let Some(format) = format.and_then(Json::as_str) {
        words.push(format.to_owned());
    }
    if let Some(values) = schema.get("enum").and_then(Json::as_array) {
        words.push(format!("enum {}", values.len()));
    }
    if let Some(value) = schema.get("const") {
        words.push(format!("= {value}"));
    }
    if let Some(Json::Bool(true)) = schema.get("exclusiveMinimum") {
        words.extend(schema.get("minimum").map(|v| format!("> {v}")));
    } else {
        words.extend(schema.get("minimum").map(|v| format!("≥ {v}")));
    }
    if let Some(Json::Bool(true)) = schema.get("exclusiveMaximum") {
        words.extend(schema.get("maximum").map(|v| format!("< {v}")));
    } else {
        words.extend(schema.get("maximum").map(|v| format!("≤ {v}")));
    }
    words.extend(
        schema
            .get("exclusiveMinimum")
            .filter(|v| v.is_number())
            .map(|v| format!("> {v}")),
    );
    words.extend(
        schema
            .get("exclusiveMaximum")
            .filter(|v| v.is_number())
            .map(|v| format!("< {v}")),
    );
    words.extend(schema.get("multipleOf").map(|v| format!("step {v}")));
    words.extend(schema.get("minLength").map(|v| format!("≥ {v} chars")));
    words.extend(schema.get("maxLength").map(|v| format!("≤ {v} chars")));
    words.extend(schema.get("pattern").map(|_| "pattern".to_owned()));
    words
}
