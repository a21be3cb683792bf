//! From one entry of `properties` to a [`PropertySchema`].

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::contract::compile::{SchemaFile, shared};
use crate::contract::format::{FORMAT_NAMES, Format};
use crate::contract::place::did_you_mean;
use crate::contract::rule::{Check, Keyword, Rule, Types};
use crate::contract::schema::PropertySchema;
use crate::contract::{keywords, phrase};
use crate::error::{Error, Result};
use crate::model::routing::TimeFormat;
use crate::model::{Cause, Code, ColumnKind, Words};

/// Compiles the properties of one schema.
#[derive(Debug)]
pub struct PropertyCompiler<'a> {
    /// The file.
    pub file: &'a SchemaFile<'a>,
    /// The event's name.
    pub event: Arc<str>,
    /// The schema's version.
    pub version: Arc<str>,
    /// `required` of the schema.
    pub required: &'a [String],
    /// Where warnings go.
    pub warnings: &'a mut Vec<String>,
}

/// The types of a property, and whether `array` or `object` is among them.
#[derive(Debug, Clone, Copy, Default)]
struct Declared {
    types: Types,
    structured: bool,
}

impl PropertyCompiler<'_> {
    /// Compiles one property. `true` stands for a property of which nothing is said.
    ///
    /// # Errors
    /// [`Error::Config`] with file, line and column where a keyword has a value it cannot have.
    pub fn property(&mut self, name: &str, schema: &Json) -> Result<PropertySchema> {
        let empty = Map::new();
        let schema = match schema {
            Json::Bool(true) => &empty,
            Json::Object(map) => map,
            _ => {
                return Err(self.error(
                    name,
                    None,
                    "a property's schema must be an object or true",
                ));
            }
        };
        let at = ["properties", name];
        self.warnings
            .extend(self.file.keyword_warnings(&at, schema, &keywords::ENFORCED));
        let declared = self.types(name, schema)?;
        let format = self.format(name, schema, declared.types)?;
        let mut causes = self.coercion_causes(name, declared.types, format);
        let checks = if declared.structured {
            vec![]
        } else {
            self.checks(name, schema, &mut causes)?
        };
        let kind = column_kind(declared, format, &checks);
        let mut words = vec![phrase::declared_type(declared.types)];
        words.extend(phrase::declared_keywords(schema));
        words.retain(|w| !w.is_empty());
        Ok(PropertySchema {
            name: name.into(),
            required: self.required.iter().any(|r| r == name) && !declared.types.null,
            declared: if schema.is_empty() {
                "".into()
            } else {
                shared(words.join(" "))
            },
            kind,
            max_length: schema.get("maxLength").and_then(Json::as_u64),
            default: default(schema),
            repairs: None,
            words: (kind == ColumnKind::Word).then(Words::new),
            rule: Rule {
                coercion: declared.types.coercion(),
                nullable: declared.types.null,
                format,
                checks,
            },
            causes,
            structured: declared.structured,
        })
    }

    pub(super) fn error(&self, property: &str, keyword: Option<&str>, sentence: &str) -> Error {
        let at: Vec<&str> = ["properties", property]
            .into_iter()
            .chain(keyword)
            .collect();
        self.file
            .error(&at, &format!("property \"{property}\": {sentence}"))
    }

    pub(super) fn warn(&mut self, property: &str, keyword: &str, sentence: &str) {
        let at = ["properties", property, keyword];
        self.warnings.push(
            self.file
                .warning(&at, &format!("property \"{property}\": {sentence}")),
        );
    }

    fn types(&mut self, name: &str, schema: &Map<String, Json>) -> Result<Declared> {
        let mut declared = Declared::default();
        match schema.get("type") {
            None => {
                return Ok(Declared {
                    types: implied_types(schema),
                    structured: false,
                });
            }
            Some(Json::String(one)) => self.add_type(name, one, &mut declared)?,
            Some(Json::Array(several)) if !several.is_empty() => {
                for one in several {
                    let Some(one) = one.as_str() else {
                        return Err(self.error(
                            name,
                            Some("type"),
                            &format!("{one} in \"type\" is no type's name"),
                        ));
                    };
                    self.add_type(name, one, &mut declared)?;
                }
            }
            Some(other) => {
                return Err(self.error(
                    name,
                    Some("type"),
                    &format!("\"type\" is {other}, but must be a type's name or a list of them"),
                ));
            }
        }
        if declared.structured {
            self.warn(
                name,
                "type",
                "arrays and objects are not judged yet; the text is kept as it is",
            );
            declared.types = Types {
                string: true,
                ..Types::default()
            };
        }
        Ok(declared)
    }

    fn add_type(&self, name: &str, one: &str, declared: &mut Declared) -> Result<()> {
        const NAMES: [&str; 7] = [
            "null", "boolean", "integer", "number", "string", "array", "object",
        ];
        match one {
            "null" => declared.types.null = true,
            "boolean" => declared.types.boolean = true,
            "integer" => declared.types.integer = true,
            "number" => declared.types.number = true,
            "string" => declared.types.string = true,
            "array" | "object" => declared.structured = true,
            other => {
                let sentence = format!("\"{other}\" is no type{}", did_you_mean(other, NAMES));
                return Err(self.error(name, Some("type"), &sentence));
            }
        }
        Ok(())
    }

    fn format(
        &mut self,
        name: &str,
        schema: &Map<String, Json>,
        types: Types,
    ) -> Result<Option<Format>> {
        let text = |key: &str| match schema.get(key) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.as_str())),
            Some(other) => Err(self.error(
                name,
                Some(key),
                &format!("\"{key}\" is {other}, but must be a text"),
            )),
        };
        let (format, written) = (text("format")?, text("x-format")?);
        match written {
            Some("epoch_s") => return Ok(Some(Format::DateTime(TimeFormat::EpochS))),
            Some("epoch_ms") => return Ok(Some(Format::DateTime(TimeFormat::EpochMs))),
            Some(other) => {
                let hint = did_you_mean(other, ["epoch_s", "epoch_ms"]);
                let sentence =
                    format!("x-format \"{other}\" is not known; epoch_s and epoch_ms are{hint}");
                return Err(self.error(name, Some("x-format"), &sentence));
            }
            None => {}
        }
        let Some(format) = format else {
            return Ok(None);
        };
        let known = Format::parse(format);
        if known.is_none() {
            let hint = did_you_mean(format, FORMAT_NAMES);
            self.warn(
                name,
                "format",
                &format!("format \"{format}\" is not asserted{hint}"),
            );
        }
        Ok(known.filter(|_| types.string))
    }

    pub(super) fn cause(
        &self,
        name: &str,
        code: Code,
        keyword: &'static str,
        expected: impl AsRef<str>,
    ) -> Cause {
        Cause {
            code,
            severity: self.file.routing.severity_of(code),
            event: self.event.clone(),
            version: self.version.clone(),
            path: name.into(),
            keyword,
            expected: shared(expected),
        }
    }

    /// The causes that every property has, at the indices that `rule` names.
    fn coercion_causes(&self, name: &str, types: Types, format: Option<Format>) -> Vec<Cause> {
        vec![
            self.cause(name, Code::V401, "required", ""),
            self.cause(name, Code::V402, "type", phrase::types(types)),
            self.cause(
                name,
                Code::V409,
                "format",
                format.map_or("", Format::expected),
            ),
        ]
    }
}

/// `default` as a query would hold it; an array or object has no such text.
fn default(schema: &Map<String, Json>) -> Option<Arc<str>> {
    match schema.get("default")? {
        Json::String(text) => Some(text.as_str().into()),
        scalar @ (Json::Number(_) | Json::Bool(_)) => Some(shared(scalar.to_string())),
        Json::Null | Json::Array(_) | Json::Object(_) => None,
    }
}

/// The types of a property that has no `type`: those of its values, else any text, which keywords for numbers read as
/// a number where it is one.
fn implied_types(schema: &Map<String, Json>) -> Types {
    let mut types = Types::default();
    let listed = schema
        .get("enum")
        .and_then(Json::as_array)
        .into_iter()
        .flatten();
    for value in listed.chain(schema.get("const")) {
        match value {
            Json::Null => types.null = true,
            Json::Bool(_) => types.boolean = true,
            Json::Number(n) if n.is_f64() => types.number = true,
            Json::Number(_) => types.integer = true,
            _ => types.string = true,
        }
    }
    if types == Types::default() {
        types.string = true;
        types.number = [
            "minimum",
            "maximum",
            "exclusiveMinimum",
            "exclusiveMaximum",
            "multipleOf",
        ]
        .iter()
        .any(|key| schema.contains_key(*key));
    }
    types
}

fn column_kind(declared: Declared, format: Option<Format>, checks: &[Check]) -> ColumnKind {
    let t = declared.types;
    let listed = checks
        .iter()
        .any(|c| matches!(c.keyword, Keyword::Allowed(_)));
    match (t.boolean, t.integer || t.number, t.string) {
        (false, true, false) if !t.number && matches!(format, Some(Format::DateTime(_))) => {
            ColumnKind::Timestamp
        }
        (false, false, true) => match format {
            Some(Format::DateTime(_)) => ColumnKind::Timestamp,
            Some(Format::Date) => ColumnKind::Date,
            _ if listed => ColumnKind::Word,
            _ => ColumnKind::Text,
        },
        (true, false, false) => ColumnKind::Bool,
        (false, true, false) if t.number => ColumnKind::Float,
        (false, true, false) => ColumnKind::Int,
        _ => ColumnKind::Text,
    }
}
