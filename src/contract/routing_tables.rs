//! `[event] name` and `[payload]` of `frontlog.toml`: what may be written in one entry, and the rule it means.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer};
use toml::Spanned;

use crate::model::routing::{Encoding, Has, NameFrom, NameRule, PayloadRule, Spread};

/// One entry, or a list of them.
#[derive(Debug)]
pub struct NameTables(pub Vec<Spanned<NameTable>>);

/// One way to find an event's name.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameTable {
    query: Option<Keys>,
    path_segment: Option<i32>,
    r#const: Option<String>,
    payload: Option<String>,
    map: Option<BTreeMap<String, String>>,
    has: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "a query key or a list of them")]
enum Keys {
    One(String),
    Several(Vec<String>),
}

/// One parameter that holds a text of its own.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PayloadTable {
    encoding: Option<EncodingWord>,
    media: Option<MediaWord>,
    into: Option<String>,
    at: Option<String>,
    spread: Option<SpreadWord>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum EncodingWord {
    Base64url,
    Base64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
enum MediaWord {
    #[serde(rename = "application/json")]
    Json,
    #[serde(rename = "text/plain")]
    Text,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SpreadWord {
    Members,
    Deep,
}

impl NameTable {
    /// The rule; a sentence where there is none.
    pub fn rule(&self) -> Result<NameRule, String> {
        let query = self.query.clone().map(|keys| match keys {
            Keys::One(key) => vec![key],
            Keys::Several(keys) => keys,
        });
        let sources = [
            query.filter(|keys| !keys.is_empty()).map(NameFrom::Query),
            self.path_segment.map(NameFrom::PathSegment),
            self.r#const
                .clone()
                .filter(|name| !name.is_empty())
                .map(NameFrom::Const),
            self.payload.clone().map(NameFrom::Payload),
        ];
        let mut sources = sources.into_iter().flatten();
        let (Some(from), None) = (sources.next(), sources.next()) else {
            return Err(
                "the event's name has one source: query, path_segment, const or payload".to_owned(),
            );
        };
        if let NameFrom::Payload(pointer) = &from {
            check_pointer(pointer)?;
        }
        let map = self.map.clone().unwrap_or_default();
        Ok(NameRule {
            from,
            map: map.into_iter().collect(),
            has: self.has.as_deref().map(Has::parse),
        })
    }
}

impl PayloadTable {
    /// The rule for the parameter `key`; a sentence where there is none.
    pub fn rule(&self, key: &str) -> Result<PayloadRule, String> {
        let at = self.at.clone().unwrap_or_default();
        check_pointer(&at)?;
        let json = self.media != Some(MediaWord::Text);
        if !json && (self.spread.is_some() || !at.is_empty()) {
            return Err(
                "at and spread are for JSON: write media = \"application/json\"".to_owned(),
            );
        }
        if self.into.is_some() && self.spread.is_some() {
            return Err(
                "into makes one property of the payload, spread one of each member: write only one of them".to_owned(),
            );
        }
        Ok(PayloadRule {
            key: key.to_owned(),
            encoding: self.encoding.map_or(Encoding::Plain, |word| match word {
                EncodingWord::Base64url | EncodingWord::Base64 => Encoding::Base64,
            }),
            json,
            into: self.into.clone(),
            at,
            spread: match self.spread {
                None => Spread::No,
                Some(SpreadWord::Members) => Spread::Members,
                Some(SpreadWord::Deep) => Spread::Deep,
            },
        })
    }
}

fn check_pointer(pointer: &str) -> Result<(), String> {
    if pointer.is_empty() || pointer.starts_with('/') {
        return Ok(());
    }
    Err(format!(
        "{pointer:?} is no JSON pointer: it starts with /, as in /data/schema"
    ))
}

/// By hand, because serde's untagged enums forget which key was wrong, and where.
impl<'de> Deserialize<'de> for NameTables {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(OneOrSeveral)
    }
}

struct OneOrSeveral;

impl<'de> Visitor<'de> for OneOrSeveral {
    type Value = NameTables;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a table such as { query = \"e\" }, or a list of them")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<NameTables, A::Error> {
        let mut tables = vec![];
        while let Some(table) = seq.next_element()? {
            tables.push(table);
        }
        if tables.is_empty() {
            return Err(serde::de::Error::custom(
                "the list of ways to the event's name is empty",
            ));
        }
        Ok(NameTables(tables))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<NameTables, A::Error> {
        let table = NameTable::deserialize(MapAccessDeserializer::new(map))?;
        // Its place is not known here: whoever reads it knows that of the whole.
        Ok(NameTables(vec![Spanned::new(0..0, table)]))
    }
}
