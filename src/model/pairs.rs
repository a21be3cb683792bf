//! Reads a JSON object of texts (`_rest_json`) pair by pair, borrowing what has no escape.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Calls `f(name, text)` for each member of a JSON object in its order; what is no text comes as JSON. False where
/// the text is no JSON object; the members before the error have been told then.
pub fn each_pair(json: &str, f: impl FnMut(&str, &str)) -> bool {
    serde_json::Deserializer::from_str(json)
        .deserialize_map(Members(f))
        .is_ok()
}

struct Members<F>(F);

impl<'de, F: FnMut(&str, &str)> Visitor<'de> for Members<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key_seed(Text)? {
            let text = map.next_value_seed(Text)?;
            (self.0)(&name, &text);
        }
        Ok(())
    }
}

/// Any JSON value as text.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(if value { "true" } else { "false" }))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_string()))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_string()))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Cow::Owned(value.to_string()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(""))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list: Vec<serde_json::Value> = vec![];
        while let Some(item) = seq.next_element()? {
            list.push(item);
        }
        Ok(Cow::Owned(serde_json::Value::from(list).to_string()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut object = serde_json::Map::new();
        while let Some((name, value)) = map.next_entry::<String, serde_json::Value>()? {
            object.insert(name, value);
        }
        Ok(Cow::Owned(serde_json::Value::from(object).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_as_they_are_and_the_rest_as_json() {
        let mut got = vec![];
        let json =
            r#"{"a":"x","b\"":"\u00e9\n","n":-1.5,"t":true,"z":null,"o":{"k":[1,"2"]},"a":""}"#;
        assert!(each_pair(json, |name, text| got.push(format!("{name}={text}"))));
        let wanted = [
            "a=x",
            "b\"=é\n",
            "n=-1.5",
            "t=true",
            "z=",
            "o={\"k\":[1,\"2\"]}",
            "a=",
        ];
        assert_eq!(got, wanted);
        for bad in ["", "[]", "{\"a\":", "{\"a\":\"x\"", "1"] {
            assert!(!each_pair(bad, |_, _| ()), "{bad}");
        }
    }
}
