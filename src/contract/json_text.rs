//! JSON texts inside a query, read to a value: bounded depth, and keys that come twice are told.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};

use crate::contract::instance_path::{push_index, push_key};
use crate::model::routing::DuplicateKey;

/// A JSON text that was read.
#[derive(Debug, Clone, PartialEq)]
pub struct JsonText {
    /// What it says.
    pub value: Json,
    /// Path of the first key that came twice in one object.
    pub repeated: Option<String>,
}

/// Why a text is no JSON that can be judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadJson {
    /// It is no JSON.
    Syntax,
    /// Arrays and objects are nested deeper than 127.
    Depth,
    /// A number is past what a double can hold.
    Number,
}

impl BadJson {
    /// What was expected, as a noun phrase.
    pub const fn expected(self) -> &'static str {
        match self {
            Self::Syntax => "JSON",
            Self::Depth => "JSON of at most 127 levels",
            Self::Number => "JSON with numbers up to 1.8e308",
        }
    }
}

/// Reads a JSON text. Where a key comes twice, `keep` says which value counts (the first one under `Error`).
///
/// Numbers past u64 become doubles, as in every JSON library. Nested deeper than 127 levels it is refused.
pub fn read(text: &str, keep: DuplicateKey) -> Result<JsonText, BadJson> {
    let mut state = State {
        repeated: None,
        keep_last: keep == DuplicateKey::Last,
    };
    // serde_json counts the levels itself, for our visitor as for its own.
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Reader { state: &mut state }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|e| reason(&e))?;
    Ok(JsonText {
        value,
        repeated: state.repeated,
    })
}

fn reason(error: &serde_json::Error) -> BadJson {
    let text = error.to_string();
    if text.starts_with("recursion limit") {
        BadJson::Depth
    } else if text.starts_with("number out of range") {
        BadJson::Number
    } else {
        BadJson::Syntax
    }
}

struct State {
    repeated: Option<String>,
    keep_last: bool,
}

struct Reader<'s> {
    state: &'s mut State,
}

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, v: bool) -> Result<Json, E> {
        Ok(Json::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Json, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Json, E> {
        Ok(v.into())
    }

    fn visit_f64<E>(self, v: f64) -> Result<Json, E> {
        Ok(v.into())
    }

    fn visit_str<E>(self, v: &str) -> Result<Json, E> {
        Ok(Json::String(v.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        loop {
            let known = self.state.repeated.is_some();
            let Some(item) = seq.next_element_seed(Reader { state: self.state })? else {
                return Ok(Json::Array(items));
            };
            if let (false, Some(path)) = (known, &mut self.state.repeated) {
                let mut whole = String::new();
                push_index(&mut whole, items.len());
                join(&mut whole, path);
            }
            items.push(item);
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut object = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let known = self.state.repeated.is_some();
            let value = map.next_value_seed(Reader { state: self.state })?;
            if let (false, Some(path)) = (known, &mut self.state.repeated) {
                let mut whole = String::new();
                push_key(&mut whole, &key);
                join(&mut whole, path);
            }
            if !object.contains_key(&key) {
                object.insert(key, value);
                continue;
            }
            if self.state.repeated.is_none() {
                let mut path = String::new();
                push_key(&mut path, &key);
                self.state.repeated = Some(path);
            }
            if self.state.keep_last {
                object.insert(key, value);
            }
        }
        Ok(Json::Object(object))
    }
}

/// Puts `outer` in front of `path`.
fn join(outer: &mut String, path: &mut String) {
    if !path.starts_with('[') {
        outer.push('.');
    }
    outer.push_str(path);
    std::mem::swap(outer, path);
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn repeated_keys_have_a_path() {
        let text = r#"{"a":[1,{"b":1,"c d":{"x":1,"x":2}}],"a":0}"#;
        let first = read(text, DuplicateKey::First).unwrap();
        assert_eq!(first.repeated.as_deref(), Some("a[1][\"c d\"].x"));
        assert_eq!(first.value, json!({"a":[1,{"b":1,"c d":{"x":1}}]}));
        let last = read(r#"{"a":1,"a":2}"#, DuplicateKey::Last).unwrap();
        assert_eq!(
            (last.value, last.repeated.as_deref()),
            (json!({"a":2}), Some("a"))
        );
    }

    #[test]
    fn depth_and_numbers_are_bounded() {
        let nested = |n: usize| "[".repeat(n) + &"]".repeat(n);
        let read = |text: &str| read(text, DuplicateKey::First).map(|t| t.value);
        assert!(read(&nested(127)).is_ok());
        assert_eq!(read(&nested(10_000)), Err(BadJson::Depth));
        assert_eq!(read(&r#"{"a":"#.repeat(10_000)), Err(BadJson::Depth));
        assert_eq!(read("1e999"), Err(BadJson::Number));
        assert_eq!(read("18446744073709551615"), Ok(json!(u64::MAX)));
        assert_eq!(read("100000000000000000000"), Ok(json!(1e20)));
        for bad in ["", "{", "[1,]", "01", "nul", "1 2", "{'a':1}"] {
            assert_eq!(read(bad), Err(BadJson::Syntax), "{bad}");
        }
    }
}
