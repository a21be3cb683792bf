//! Private properties inside of other values: members of JSON, parameters of an address, JSON in base64.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde_json::{Map, Value};

use super::{Keyed, is_under};

/// See [`Keyed::scrub`].
pub(super) fn value<'a>(keyed: &Keyed, path: &str, text: &'a str) -> Option<Cow<'a, str>> {
    let text = address(keyed, text);
    if is_like_json(&text) {
        return match serde_json::from_str(&text) {
            Ok(mut json) => Some(if clean(keyed, path, &mut json) {
                Cow::Owned(json.to_string())
            } else {
                text
            }),
            // Cut, or never JSON: what cannot be read goes where it names what is private.
            Err(_) => (!is_named_in(keyed, &text)).then_some(text),
        };
    }
    // A part of this value is named, and it cannot be told where it is.
    if keyed
        .properties
        .iter()
        .any(|(name, _)| is_under(name, path))
    {
        return None;
    }
    let holds = unpacked(&text).is_some_and(|inner| match serde_json::from_str(&inner) {
        Ok(mut json) => clean(keyed, path, &mut json),
        Err(_) => is_named_in(keyed, &inner),
    });
    (!holds).then_some(text)
}

/// See [`Keyed::rest`].
pub(super) fn rest(keyed: &Keyed, text: &str) -> Option<String> {
    // What is no object cannot be looked into.
    let Ok(Value::Object(members)) = serde_json::from_str(text) else {
        return None;
    };
    let mut kept = Map::new();
    for (key, member) in members {
        let treated = match (keyed.property(&key), member) {
            (Some(treatment), member) => treatment.apply(&as_text(&member)).map(Value::String),
            (None, Value::String(text)) => {
                value(keyed, &key, &text).map(|text| Value::String(text.into_owned()))
            }
            (None, mut other) => {
                clean(keyed, &key, &mut other);
                Some(other)
            }
        };
        if let Some(treated) = treated {
            kept.insert(key, treated);
        }
    }
    (!kept.is_empty()).then(|| Value::Object(kept).to_string())
}

fn as_text(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

fn is_like_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '['])
}

/// True where the last part of a rule's name stands in the text.
fn is_named_in(keyed: &Keyed, text: &str) -> bool {
    let mut names = keyed.properties.iter().map(|(name, _)| name.as_str());
    names.any(|name| {
        let last = name.trim_end_matches(']').rsplit(['.', '[']).next();
        last.is_some_and(|last| text.contains(last))
    })
}

/// What looks like JSON and stands in base64: of either alphabet, padded or not, whole or cut.
fn unpacked(text: &str) -> Option<String> {
    // The shortest that could name anything: {"a":1}
    if text.len() < 10 {
        return None;
    }
    let config = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    let alphabets = [&base64::alphabet::STANDARD, &base64::alphabet::URL_SAFE];
    alphabets.into_iter().find_map(|alphabet| {
        let end = text
            .bytes()
            .take_while(|b| alphabet.as_str().as_bytes().contains(b))
            .count();
        // A single letter at the end stands for less than a byte.
        let end = if end % 4 == 1 { end - 1 } else { end };
        let bytes = GeneralPurpose::new(alphabet, config)
            .decode(&text[..end])
            .ok()?;
        let inner = String::from_utf8_lossy(&bytes).into_owned();
        is_like_json(&inner).then_some(inner)
    })
}

/// Treats members that are meant, at any depth; true where there was one.
fn clean(keyed: &Keyed, path: &str, json: &mut Value) -> bool {
    match json {
        Value::Array(items) => {
            let mut found = false;
            for item in items {
                found |= clean(keyed, path, item);
            }
            found
        }
        Value::Object(members) => {
            let mut found = false;
            let mut kept = Map::new();
            for (key, mut member) in std::mem::take(members) {
                let inner = format!("{path}.{key}");
                if let Some(treatment) = keyed.property(&inner) {
                    found = true;
                    if let Some(text) = treatment.apply(&as_text(&member)) {
                        kept.insert(key, Value::String(text));
                    }
                    continue;
                }
                found |= clean(keyed, &inner, &mut member);
                kept.insert(key, member);
            }
            *members = kept;
            found
        }
        Value::String(text) => {
            let Some(clean) = value(keyed, path, text) else {
                *json = Value::Null;
                return true;
            };
            let changed = matches!(clean, Cow::Owned(_)) && *clean != **text;
            if changed {
                *json = Value::String(clean.into_owned());
            }
            changed
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

/// An address of a page without the parameters that are meant, in its query and in its fragment.
fn address<'a>(keyed: &Keyed, text: &'a str) -> Cow<'a, str> {
    let Some(start) = text.find(['?', '#']).filter(|_| text.contains('=')) else {
        return Cow::Borrowed(text);
    };
    let mut out = text[..start].to_owned();
    let mut changed = false;
    let mut rest = &text[start..];
    while let Some(mark) = rest.chars().next() {
        let end = rest[1..]
            .find(['?', '#', '&', ';'])
            .map_or(rest.len(), |at| at + 1);
        let (pair, after) = (&rest[1..end], &rest[end..]);
        let key = pair.split('=').next().unwrap_or_default();
        match keyed.property(&decoded(key)) {
            Some(_) => {
                changed = true;
                // The next pair takes the place of a `?` that lost its own.
                if !matches!(mark, '&' | ';') {
                    out.push(mark);
                }
            }
            None => {
                if !out.ends_with(['?', '#']) || !matches!(mark, '&' | ';') {
                    out.push(mark);
                }
                out.push_str(pair);
            }
        }
        rest = after;
    }
    if changed {
        Cow::Owned(out)
    } else {
        Cow::Borrowed(text)
    }
}

/// Percent-escapes undone; what is none stays.
fn decoded(key: &str) -> String {
    let bytes = key.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escape = (bytes[at] == b'%')
            .then(|| std::str::from_utf8(bytes.get(at + 1..at + 3)?).ok())
            .flatten()
            .and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(escape.unwrap_or(bytes[at]));
        at += if escape.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}
