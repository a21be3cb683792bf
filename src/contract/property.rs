//! From one entry of `properties` to a [`PropertySchema`].

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::contract::compile::{SchemaFile, shared};
use crate::contract::format::{FORMAT_NAMES, Format};
use crate::contract::number::parse_decimal;
use crate::contract::pattern::{self, PatternProblem};
use crate::contract::place::did_you_mean;
use crate::contract::rule::{Allowed, Bound, Check, Keyword, Rule, Types};
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

    fn error(&self, property: &str, keyword: Option<&str>, sentence: &str) -> Error {
        let at: Vec<&str> = ["properties", property]
            .into_iter()
            .chain(keyword)
            .collect();
        self.file
            .error(&at, &format!("property \"{property}\": {sentence}"))
    }

    fn warn(&mut self, property: &str, keyword: &str, sentence: &str) {
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

    fn cause(
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

    fn checks(
        &mut self,
        name: &str,
        schema: &Map<String, Json>,
        causes: &mut Vec<Cause>,
    ) -> Result<Vec<Check>> {
        let mut checks = Vec::new();
        let mut add = |keyword: Keyword, cause: Cause| {
            checks.push(Check {
                keyword,
                cause: causes.len() as u8,
            });
            causes.push(cause);
        };
        if let Some(values) = schema.get("enum") {
            let Some(values) = values.as_array().filter(|v| !v.is_empty()) else {
                return Err(self.error(name, Some("enum"), "\"enum\" must be a list of values"));
            };
            add(
                Keyword::Allowed(allowed(values)),
                self.cause(name, Code::V403, "enum", phrase::allowed(values)),
            );
        }
        if let Some(value) = schema.get("const") {
            let values = std::slice::from_ref(value);
            add(
                Keyword::Allowed(allowed(values)),
                self.cause(name, Code::V403, "const", phrase::allowed(values)),
            );
        }
        for (keyword, code, phrase) in self.bounds(name, schema)? {
            let word = keyword_name(&keyword);
            add(keyword, self.cause(name, code, word, phrase));
        }
        if let Some(step) = schema.get("multipleOf") {
            let decimal = step
                .as_f64()
                .filter(|s| *s > 0.0)
                .and_then(|_| parse_decimal(&step.to_string()));
            let Some(decimal) = decimal else {
                return Err(self.error(
                    name,
                    Some("multipleOf"),
                    "\"multipleOf\" must be a number above 0",
                ));
            };
            add(
                Keyword::MultipleOf(decimal),
                self.cause(
                    name,
                    Code::V411,
                    "multipleOf",
                    format!("a multiple of {step}"),
                ),
            );
        }
        if let Some(n) = self.length(name, schema, "minLength")? {
            let expected = format!("at least {}", phrase::characters(n));
            add(
                Keyword::MinLength(n),
                self.cause(name, Code::V406, "minLength", expected),
            );
        }
        if let Some(n) = self.length(name, schema, "maxLength")? {
            let expected = format!("at most {}", phrase::characters(n));
            add(
                Keyword::MaxLength(n),
                self.cause(name, Code::V407, "maxLength", expected),
            );
        }
        if let Some(regex) = self.pattern(name, schema)? {
            let expected = format!(
                "text that matches {}",
                schema["pattern"].as_str().unwrap_or_default()
            );
            add(
                Keyword::Pattern(regex),
                self.cause(name, Code::V408, "pattern", expected),
            );
        }
        Ok(checks)
    }

    /// `minimum` and its kin; draft 4 writes `exclusiveMinimum: true` beside `minimum`.
    fn bounds(
        &self,
        name: &str,
        schema: &Map<String, Json>,
    ) -> Result<Vec<(Keyword, Code, String)>> {
        let exclusive = |key: &str| schema.get(key) == Some(&Json::Bool(true));
        let mut out = Vec::new();
        if let Some((bound, n)) = self.bound(name, schema, "minimum")? {
            out.push(if exclusive("exclusiveMinimum") {
                (Keyword::Above(bound), Code::V404, format!("more than {n}"))
            } else {
                (Keyword::Minimum(bound), Code::V404, format!("at least {n}"))
            });
        }
        if let Some((bound, n)) = self.bound(name, schema, "exclusiveMinimum")? {
            out.push((Keyword::Above(bound), Code::V404, format!("more than {n}")));
        }
        if let Some((bound, n)) = self.bound(name, schema, "maximum")? {
            out.push(if exclusive("exclusiveMaximum") {
                (Keyword::Below(bound), Code::V405, format!("less than {n}"))
            } else {
                (Keyword::Maximum(bound), Code::V405, format!("at most {n}"))
            });
        }
        if let Some((bound, n)) = self.bound(name, schema, "exclusiveMaximum")? {
            out.push((Keyword::Below(bound), Code::V405, format!("less than {n}")));
        }
        Ok(out)
    }

    fn bound(
        &self,
        name: &str,
        schema: &Map<String, Json>,
        key: &str,
    ) -> Result<Option<(Bound, String)>> {
        match schema.get(key) {
            Some(Json::Number(n)) => {
                let bound = Bound {
                    float: n.as_f64().unwrap_or_default(),
                    integer: integer_of(n),
                };
                Ok(Some((bound, n.to_string())))
            }
            None => Ok(None),
            Some(Json::Bool(_)) if key.starts_with("exclusive") => Ok(None),
            Some(other) => Err(self.error(
                name,
                Some(key),
                &format!("\"{key}\" is {other}, but must be a number"),
            )),
        }
    }

    fn length(&self, name: &str, schema: &Map<String, Json>, key: &str) -> Result<Option<u64>> {
        match schema.get(key) {
            None => Ok(None),
            Some(n) => n.as_u64().map(Some).ok_or_else(|| {
                self.error(
                    name,
                    Some(key),
                    &format!("\"{key}\" is {n}, but must be a whole number from 0"),
                )
            }),
        }
    }

    fn pattern(&mut self, name: &str, schema: &Map<String, Json>) -> Result<Option<regex::Regex>> {
        let text = match schema.get("pattern") {
            None => return Ok(None),
            Some(Json::String(text)) => text,
            Some(other) => {
                return Err(self.error(
                    name,
                    Some("pattern"),
                    &format!("\"pattern\" is {other}, but must be a text"),
                ));
            }
        };
        match pattern::compile(text) {
            Ok(regex) => Ok(Some(regex)),
            Err(PatternProblem::Broken(reason)) => Err(self.error(
                name,
                Some("pattern"),
                &format!("the pattern {text:?} is broken: {reason}"),
            )),
            Err(PatternProblem::Unsupported(reason)) => {
                self.warn(
                    name,
                    "pattern",
                    &format!("the pattern {text:?} is not enforced: {reason}"),
                );
                Ok(None)
            }
        }
    }
}

fn keyword_name(keyword: &Keyword) -> &'static str {
    match keyword {
        Keyword::Allowed(_) => "enum",
        Keyword::Minimum(_) => "minimum",
        Keyword::Above(_) => "exclusiveMinimum",
        Keyword::Maximum(_) => "maximum",
        Keyword::Below(_) => "exclusiveMaximum",
        Keyword::MultipleOf(_) => "multipleOf",
        Keyword::MinLength(_) => "minLength",
        Keyword::MaxLength(_) => "maxLength",
        Keyword::Pattern(_) => "pattern",
    }
}

fn integer_of(n: &serde_json::Number) -> Option<i64> {
    // `5.0` is the integer 5 for JSON Schema; within 2^53 the conversion is exact.
    n.as_i64().or_else(|| {
        n.as_f64()
            .filter(|f| f.fract() == 0.0 && f.abs() < 9e15)
            .map(|f| f as i64)
    })
}

fn allowed(values: &[Json]) -> Allowed {
    /// From here on a hash is faster than comparing with each.
    const MANY: usize = 12;
    let mut allowed = Allowed::default();
    for value in values {
        match value {
            Json::String(text) => allowed.texts.push(text.as_str().into()),
            Json::Number(n) => {
                allowed.numbers.push(Bound {
                    float: n.as_f64().unwrap_or_default(),
                    integer: integer_of(n),
                });
            }
            Json::Bool(true) => allowed.yes = true,
            Json::Bool(false) => allowed.no = true,
            _ => {}
        }
    }
    if allowed.texts.len() > MANY {
        allowed.text_set = Some(allowed.texts.iter().cloned().collect());
    }
    allowed
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
