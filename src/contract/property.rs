//! From one entry of `properties` to a [`PropertySchema`].

use std::sync::Arc;

use jsonschema::Draft;
use serde_json::{Map, Value as Json};

use crate::contract::compile::{SchemaFile, shared};
use crate::contract::documents::{Node, steps};
use crate::contract::format::Format;
use crate::contract::kinds::{self, Kinds};
use crate::contract::pattern::{self, PatternProblem};
use crate::contract::place::did_you_mean;
use crate::contract::residual::{Elsewhere, Residual};
use crate::contract::rule::{Check, Coercion, Keyword, Rule, Types};
use crate::contract::schema::{Nested, PropertySchema, Whole};
use crate::contract::shape::{ShapeBuilder, ShapeId};
use crate::contract::{keywords, phrase};
use crate::error::{Error, Result};
use crate::model::routing::TimeFormat;
use crate::model::{Cause, Code, ColumnKind, Words};

/// Compiles the properties of one schema.
#[derive(Debug)]
pub struct PropertyCompiler<'c, 'd> {
    /// The file.
    pub file: &'c SchemaFile<'d>,
    /// The event's name.
    pub event: Arc<str>,
    /// The schema's version.
    pub version: Arc<str>,
    /// `required` of the schema.
    pub required: &'c [String],
}

/// The property that is being compiled.
#[derive(Debug)]
pub struct Subject<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its schema.
    pub node: &'a Node<'a>,
}

static ANYTHING: Json = Json::Bool(true);

impl<'d> PropertyCompiler<'_, 'd> {
    /// A property of which only `required` knows.
    ///
    /// # Errors
    /// As [`PropertyCompiler::property`].
    pub fn unknown(&mut self, name: &str) -> Result<PropertySchema> {
        let mut node = self.file.documents.root(self.file.document);
        node.schema = &ANYTHING;
        self.property(name, &node)
    }

    /// Compiles one property. `true` stands for a property of which nothing is said.
    ///
    /// # Errors
    /// [`Error::Config`] with file, line and column where a keyword has a value it cannot have.
    pub fn property(&mut self, name: &str, node: &Node<'d>) -> Result<PropertySchema> {
        let documents = self.file.documents;
        let node = documents.inline(node).unwrap_or_else(|| node.clone());
        let at = &Subject { name, node: &node };
        let empty = Map::new();
        let schema = match node.schema {
            Json::Bool(_) => &empty,
            Json::Object(map) => map,
            _ => {
                return Err(self.error(
                    at,
                    None,
                    "a property's schema must be an object, true or false",
                ));
            }
        };
        self.check_types(at, schema)?;
        let kinds = kinds::of(documents, &node);
        let draft = documents.of(&node).draft;
        let is_nested = kinds.structured();
        let format = self.format(at, schema, kinds.types())?;
        let fast = fast(schema, draft);
        let mut causes = self.coercion_causes(name, kinds, format.as_ref());
        let checks = if is_nested {
            vec![]
        } else {
            self.checks(at, schema, &fast, &mut causes)?
        };
        let residual = self.residual(at, &fast, is_nested)?;
        let native = self.native(at, is_nested)?;
        let kind = if is_nested {
            ColumnKind::Json
        } else {
            column_kind(kinds.types(), format.as_ref(), &checks)
        };
        let listed = self.required.iter().any(|r| r == name);
        let allows_null = checks
            .iter()
            .all(|c| !matches!(&c.keyword, Keyword::Allowed(a) if !a.null));
        Ok(PropertySchema {
            name: name.into(),
            required: listed && !(kinds.has(Kinds::NULL) && allows_null),
            listed,
            declared: declared(schema, kinds),
            kind,
            max_length: schema.get("maxLength").and_then(Json::as_u64),
            default: default(schema),
            repairs: None,
            words: (kind == ColumnKind::Word).then(Words::new),
            rule: Rule {
                coercion: if is_nested {
                    Coercion::Text
                } else {
                    kinds.types().coercion()
                },
                nullable: kinds.has(Kinds::NULL),
                format,
                checks,
            },
            causes,
            indirect: false,
            nested: is_nested.then(|| self.nested(&node, kinds)),
            residual,
            native,
        })
    }

    fn nested(&self, node: &Node<'d>, kinds: Kinds) -> Nested {
        let mut builder = ShapeBuilder::new(self.file.documents);
        let shape = builder.build(std::slice::from_ref(node));
        Nested {
            shapes: Arc::new(builder.finish()),
            shape,
            lists: kinds.has(Kinds::ARRAY),
        }
    }

    /// A property that only parts of the schema such as `allOf` name.
    ///
    /// # Errors
    /// As [`PropertyCompiler::property`].
    pub fn indirect(
        &mut self,
        name: &str,
        whole: &Whole,
        shape: ShapeId,
        required: bool,
    ) -> Result<PropertySchema> {
        let kinds = whole.shapes.get(shape).kinds;
        let written = whole.shapes.get(shape).written.clone();
        let mut property = self.unknown(name)?;
        let is_nested = kinds.structured() || property.nested.is_some();
        property.indirect = true;
        property.required = required && property.required && !kinds.has(Kinds::NULL);
        property.declared = phrase::declared_type(kinds).into();
        property.kind = if is_nested {
            ColumnKind::Json
        } else {
            column_kind(kinds.types(), written.as_ref(), &[])
        };
        property.causes = self.coercion_causes(name, kinds, None);
        property.rule.coercion = if is_nested {
            Coercion::Text
        } else {
            kinds.types().coercion()
        };
        property.rule.nullable = kinds.has(Kinds::NULL);
        property.rule.format = written;
        property.nested = is_nested.then(|| Nested {
            shapes: whole.shapes.clone(),
            shape,
            lists: kinds.has(Kinds::ARRAY),
        });
        Ok(property)
    }

    /// What of the schema goes to the crate, if anything.
    fn residual(
        &self,
        at: &Subject<'_>,
        fast: &[&'static str],
        is_nested: bool,
    ) -> Result<Option<Residual>> {
        let draft = self.file.documents.of(at.node).draft;
        let of_scalars = |key: &str| {
            let applies =
                !keywords::OF_OBJECTS.contains(&key) && !keywords::OF_ARRAYS.contains(&key);
            let in_place = keywords::IN_PLACE.contains(&key);
            (keywords::is_residual(draft, key) && (applies || in_place))
                || (keywords::FAST.contains(&key)
                    && keywords::is_of(draft, key)
                    && !fast.contains(&key))
        };
        let of_nested = |key: &str| {
            (keywords::is_residual(draft, key) || keywords::FAST.contains(&key))
                && (self.has_payloads() || key != "type")
        };
        let wanted = match at.node.schema {
            Json::Bool(allowed) => !allowed,
            schema => {
                let mut keys = schema
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(|(k, _)| k.as_str());
                keys.any(|key| {
                    if is_nested {
                        of_nested(key)
                    } else {
                        of_scalars(key)
                    }
                })
            }
        };
        if !wanted {
            return Ok(None);
        }
        let elsewhere = if is_nested {
            Elsewhere::Nothing
        } else {
            Elsewhere::Keywords(fast.to_vec())
        };
        self.file.residual(at.node, elsewhere).map(Some)
    }

    /// Payloads may bring any property.
    fn has_payloads(&self) -> bool {
        !self.file.routing.payloads.is_empty()
    }

    /// The whole schema of a scalar property, for values that were JSON.
    fn native(&self, at: &Subject<'_>, is_nested: bool) -> Result<Option<Residual>> {
        let says = match at.node.schema {
            Json::Bool(allowed) => !allowed,
            schema => {
                let mut keys = schema.as_object().into_iter().flatten();
                keys.any(|(key, _)| keywords::asserts(key))
            }
        };
        if is_nested || !says || !self.has_payloads() {
            return Ok(None);
        }
        self.file.residual(at.node, Elsewhere::Nothing).map(Some)
    }

    pub(super) fn error(&self, at: &Subject<'_>, keyword: Option<&str>, sentence: &str) -> Error {
        let mut path = steps(&at.node.pointer);
        path.extend(keyword.map(str::to_owned));
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        let document = self.file.documents.of(at.node);
        document.error(&path, &format!("property \"{}\": {sentence}", at.name))
    }

    fn check_types(&self, at: &Subject<'_>, schema: &Map<String, Json>) -> Result<()> {
        const NAMES: [&str; 7] = [
            "null", "boolean", "integer", "number", "string", "array", "object",
        ];
        let check = |one: &Json| {
            let Some(name) = one.as_str() else {
                return Err(self.error(
                    at,
                    Some("type"),
                    &format!("{one} in \"type\" is no type's name"),
                ));
            };
            if Kinds::named(name).is_some() {
                return Ok(());
            }
            let sentence = format!("\"{name}\" is no type{}", did_you_mean(name, NAMES));
            Err(self.error(at, Some("type"), &sentence))
        };
        match schema.get("type") {
            None => Ok(()),
            Some(one @ Json::String(_)) => check(one),
            Some(Json::Array(several)) if !several.is_empty() => several.iter().try_for_each(check),
            Some(other) => Err(self.error(
                at,
                Some("type"),
                &format!("\"type\" is {other}, but must be a type's name or a list of them"),
            )),
        }
    }

    fn format(
        &self,
        at: &Subject<'_>,
        schema: &Map<String, Json>,
        types: Types,
    ) -> Result<Option<Format>> {
        let text = |key: &str| match schema.get(key) {
            None => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.as_str())),
            Some(other) => Err(self.error(
                at,
                Some(key),
                &format!("\"{key}\" is {other}, but must be a text"),
            )),
        };
        let (format, written) = (text("format")?, text("x-format")?);
        if let Some(text) = written {
            return Format::written(text).map(Some).ok_or_else(|| {
                let hint = did_you_mean(text, ["epoch_s", "epoch_ms"]);
                let sentence = format!("x-format \"{text}\" is not known; epoch_s, epoch_ms and % directives such as %d.%m.%Y are{hint}");
                self.error(at, Some("x-format"), &sentence)
            });
        }
        Ok(format.and_then(Format::parse).filter(|_| types.string))
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
    fn coercion_causes(&self, name: &str, kinds: Kinds, format: Option<&Format>) -> Vec<Cause> {
        vec![
            self.cause(name, Code::V401, "required", ""),
            self.cause(name, Code::V402, "type", phrase::types(kinds)),
            self.cause(
                name,
                Code::V409,
                "format",
                format.map(Format::expected).unwrap_or_default(),
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

/// The keywords of a scalar property that the fast path judges wholly.
fn fast(schema: &Map<String, Json>, draft: Draft) -> Vec<&'static str> {
    let text = |key: &str| schema.get(key).and_then(Json::as_str);
    let by_crate = |key: &str| match key {
        "pattern" => text(key)
            .is_some_and(|p| matches!(pattern::compile(p), Err(PatternProblem::Unsupported(_)))),
        "format" => text(key).is_some_and(|f| {
            Format::parse(f).is_none() && jsonschema::options().is_known_format(draft, f)
        }),
        _ => !keywords::is_of(draft, key),
    };
    keywords::FAST
        .into_iter()
        .filter(|key| !by_crate(key))
        .collect()
}

fn declared(schema: &Map<String, Json>, kinds: Kinds) -> Arc<str> {
    let mut words = vec![phrase::declared_type(kinds)];
    words.extend(phrase::declared_keywords(schema));
    words.retain(|w| !w.is_empty());
    if schema.is_empty() {
        "".into()
    } else {
        shared(words.join(" "))
    }
}

fn column_kind(t: Types, format: Option<&Format>, checks: &[Check]) -> ColumnKind {
    let listed = checks
        .iter()
        .any(|c| matches!(c.keyword, Keyword::Allowed(_)));
    match (t.boolean, t.integer || t.number, t.string) {
        (false, true, false)
            if !t.number
                && matches!(
                    format,
                    Some(
                        Format::DateTime(TimeFormat::EpochS | TimeFormat::EpochMs)
                            | Format::Written(_)
                    )
                ) =>
        {
            ColumnKind::Timestamp
        }
        (false, false, true) => match format {
            Some(Format::DateTime(_) | Format::Written(_)) => ColumnKind::Timestamp,
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
