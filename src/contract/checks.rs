//! The keywords of one property, as checks.

use serde_json::{Map, Value as Json};

use crate::contract::number::parse_decimal;
use crate::contract::pattern::{self, PatternProblem};
use crate::contract::phrase;
use crate::contract::property::{PropertyCompiler, Subject};
use crate::contract::rule::{Allowed, Bound, Check, Keyword};
use crate::contract::simple_pattern::SimplePattern;
use crate::error::Result;
use crate::model::lanes::Mark;
use crate::model::{Cause, Code};

impl PropertyCompiler<'_, '_> {
    /// The checks of one property; their causes are appended.
    pub(super) fn checks(
        &mut self,
        at: &Subject<'_>,
        schema: &Map<String, Json>,
        fast: &[&'static str],
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
                return Err(self.error(at, Some("enum"), "\"enum\" must be a list of values"));
            };
            add(
                Keyword::Allowed(allowed(values)),
                self.cause(at.name, Code::V403, "enum", phrase::allowed(values)),
            );
        }
        if let Some(value) = schema.get("const").filter(|_| fast.contains(&"const")) {
            let values = std::slice::from_ref(value);
            add(
                Keyword::Allowed(allowed(values)),
                self.cause(at.name, Code::V403, "const", phrase::allowed(values)),
            );
        }
        for (keyword, code, phrase) in self.bounds(at, schema)? {
            let word = keyword_name(&keyword);
            add(keyword, self.cause(at.name, code, word, phrase));
        }
        if let Some(step) = schema.get("multipleOf") {
            let decimal = step
                .as_f64()
                .filter(|s| *s > 0.0)
                .and_then(|_| parse_decimal(&step.to_string()));
            let Some(decimal) = decimal else {
                return Err(self.error(
                    at,
                    Some("multipleOf"),
                    "\"multipleOf\" must be a number above 0",
                ));
            };
            add(
                Keyword::MultipleOf(decimal),
                self.cause(
                    at.name,
                    Code::V411,
                    "multipleOf",
                    format!("a multiple of {step}"),
                ),
            );
        }
        if let Some(n) = self.length(at, schema, "minLength")? {
            let expected = format!("at least {}", phrase::characters(n));
            add(
                Keyword::MinLength(n),
                self.cause(at.name, Code::V406, "minLength", expected),
            );
        }
        if let Some(n) = self.length(at, schema, "maxLength")? {
            let expected = format!("at most {}", phrase::characters(n));
            add(
                Keyword::MaxLength(n),
                self.cause(at.name, Code::V407, "maxLength", expected),
            );
        }
        if let Some(regex) = self.pattern(at, schema)? {
            let expected = format!(
                "text that matches {}",
                schema["pattern"].as_str().unwrap_or_default()
            );
            add(
                match SimplePattern::parse(schema["pattern"].as_str().unwrap_or_default()) {
                    Some(simple) => Keyword::Simple(Box::new(simple)),
                    None => Keyword::Pattern(regex),
                },
                self.cause(at.name, Code::V408, "pattern", expected),
            );
        }
        Ok(checks)
    }

    /// `minimum` and its kin; draft 4 writes `exclusiveMinimum: true` beside `minimum`.
    fn bounds(
        &self,
        at: &Subject<'_>,
        schema: &Map<String, Json>,
    ) -> Result<Vec<(Keyword, Code, String)>> {
        let exclusive = |key: &str| schema.get(key) == Some(&Json::Bool(true));
        let mut out = Vec::new();
        if let Some((bound, n)) = self.bound(at, schema, "minimum")? {
            out.push(if exclusive("exclusiveMinimum") {
                (Keyword::Above(bound), Code::V404, format!("more than {n}"))
            } else {
                (Keyword::Minimum(bound), Code::V404, format!("at least {n}"))
            });
        }
        if let Some((bound, n)) = self.bound(at, schema, "exclusiveMinimum")? {
            out.push((Keyword::Above(bound), Code::V404, format!("more than {n}")));
        }
        if let Some((bound, n)) = self.bound(at, schema, "maximum")? {
            out.push(if exclusive("exclusiveMaximum") {
                (Keyword::Below(bound), Code::V405, format!("less than {n}"))
            } else {
                (Keyword::Maximum(bound), Code::V405, format!("at most {n}"))
            });
        }
        if let Some((bound, n)) = self.bound(at, schema, "exclusiveMaximum")? {
            out.push((Keyword::Below(bound), Code::V405, format!("less than {n}")));
        }
        Ok(out)
    }

    fn bound(
        &self,
        at: &Subject<'_>,
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
                at,
                Some(key),
                &format!("\"{key}\" is {other}, but must be a number"),
            )),
        }
    }

    fn length(
        &self,
        at: &Subject<'_>,
        schema: &Map<String, Json>,
        key: &str,
    ) -> Result<Option<u64>> {
        match schema.get(key) {
            None => Ok(None),
            // `2.0` is a whole number to JSON Schema.
            Some(n) => whole(n).map(Some).ok_or_else(|| {
                self.error(
                    at,
                    Some(key),
                    &format!("\"{key}\" is {n}, but must be a whole number from 0"),
                )
            }),
        }
    }

    fn pattern(
        &self,
        at: &Subject<'_>,
        schema: &Map<String, Json>,
    ) -> Result<Option<regex::Regex>> {
        let text = match schema.get("pattern") {
            None => return Ok(None),
            Some(Json::String(text)) => text,
            Some(other) => {
                return Err(self.error(
                    at,
                    Some("pattern"),
                    &format!("\"pattern\" is {other}, but must be a text"),
                ));
            }
        };
        match pattern::compile(text) {
            Ok(regex) => Ok(Some(regex)),
            Err(PatternProblem::Broken(reason)) => Err(self.error(
                at,
                Some("pattern"),
                &format!("the pattern {text:?} is broken: {reason}"),
            )),
            // The residual has it: see `PropertyCompiler::fast`.
            Err(PatternProblem::Unsupported(_)) => Ok(None),
        }
    }
}

fn whole(n: &Json) -> Option<u64> {
    let float = || {
        n.as_f64()
            .filter(|f| f.fract() == 0.0 && (0.0..9e15).contains(f))
    };
    n.as_u64().or_else(|| float().map(|f| f as u64))
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
        Keyword::Pattern(_) | Keyword::Simple(_) => "pattern",
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
            Json::String(text) => {
                allowed.texts.push(text.as_str().into());
                allowed.marks.push(Mark::of_text(text));
            }
            Json::Number(n) => {
                allowed.numbers.push(Bound {
                    float: n.as_f64().unwrap_or_default(),
                    integer: integer_of(n),
                });
            }
            Json::Bool(true) => allowed.yes = true,
            Json::Bool(false) => allowed.no = true,
            Json::Null => allowed.null = true,
            Json::Array(_) | Json::Object(_) => {}
        }
    }
    if allowed.texts.len() > MANY {
        allowed.text_set = Some(allowed.texts.iter().cloned().collect());
    }
    allowed
}
