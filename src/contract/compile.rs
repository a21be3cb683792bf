//! From a JSON Schema file to an [`EventSchema`].

use std::cell::OnceCell;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::contract::documents::{Document, Documents, Node};
use crate::contract::iglu::{self, Named};
use crate::contract::pattern;
use crate::contract::property::PropertyCompiler;
use crate::contract::residual::{Elsewhere, Residual, Residuals};
use crate::contract::schema::{Additional, EventSchema, PropertySchema, Whole};
use crate::contract::shape::ShapeBuilder;
use crate::contract::{draft, keywords};
use crate::error::{Error, Result};
use crate::model::routing::Routing;

/// A schema file among those of its contract.
#[derive(Debug, Clone, Copy)]
pub struct SchemaFile<'a> {
    /// All files.
    pub documents: &'a Documents,
    /// Which of them it is.
    pub document: usize,
    /// The contract's routing: severities, payloads.
    pub routing: &'a Routing,
    /// What compiles residuals; made once one is needed.
    pub residuals: &'a OnceCell<Residuals<'a>>,
}

impl<'a> SchemaFile<'a> {
    /// The file itself.
    pub fn own(&self) -> &'a Document {
        &self.documents.list[self.document]
    }

    /// An error at a key of this file.
    pub fn error(&self, at: &[&str], sentence: &str) -> Error {
        self.own().error(at, sentence)
    }

    /// Compiles what the fast path does not know of a schema.
    ///
    /// # Errors
    /// [`Error::Config`] at that schema.
    pub fn residual(&self, node: &Node<'_>, elsewhere: Elsewhere) -> Result<Residual> {
        let residuals = self
            .residuals
            .get_or_init(|| Residuals::new(self.documents));
        residuals.compile(node, elsewhere)
    }
}

/// Compiles one schema file.
///
/// # Errors
/// [`Error::Config`] with file, line and column where a keyword has a value it cannot have.
pub fn compile(file: &SchemaFile<'_>) -> Result<EventSchema> {
    let root = file.documents.root(file.document);
    let Some(written) = root.map() else {
        return Err(file.error(
            &[],
            "an event schema is a JSON object: { \"properties\": … }",
        ));
    };
    let Named {
        name,
        iglu,
        version,
    } = iglu::name(file.own(), written)?;
    // A file that is but a `$ref` is what that leads to.
    let node = file.documents.inline(&root).unwrap_or(root);
    let empty = Map::new();
    let schema = node.map().unwrap_or(&empty);
    check_type(file, schema)?;
    let required = required(file, schema)?;
    let mut compiler = PropertyCompiler {
        file,
        event: name.as_str().into(),
        version: version.to_string().into(),
        required: &required,
    };
    let mut properties = properties(file, &node, &mut compiler)?;
    let (additional, patterns) = additional(file, schema)?;
    let whole = whole(file, &node, additional)?;
    if let (Some(whole), true) = (&whole, additional != Additional::Forbidden) {
        indirect(&mut compiler, whole, &node, &mut properties)?;
    }
    let text_of = |key: &str| written.get(key).and_then(Json::as_str);
    Ok(EventSchema {
        name: compiler.event.clone(),
        iglu: iglu.map(Into::into),
        version: compiler.version.clone(),
        schema_ver: version,
        superseded_by: None,
        file: file.own().path.clone(),
        source: 0,
        description: text_of("description")
            .or_else(|| text_of("title"))
            .unwrap_or_default()
            .to_owned(),
        properties,
        additional,
        patterns: patterns.unwrap_or_default(),
        whole,
    })
}

fn check_type(file: &SchemaFile<'_>, schema: &Map<String, Json>) -> Result<()> {
    let is_object = |t: &Json| t.as_str() == Some("object");
    match schema.get("type") {
        None => Ok(()),
        Some(one) if is_object(one) => Ok(()),
        Some(Json::Array(several)) if several.iter().any(is_object) => Ok(()),
        Some(other) => Err(file.error(
            &["type"],
            &format!("an event is an object, but \"type\" is {other}"),
        )),
    }
}

fn required(file: &SchemaFile<'_>, schema: &Map<String, Json>) -> Result<Vec<String>> {
    let Some(list) = schema.get("required") else {
        return Ok(vec![]);
    };
    let names = list
        .as_array()
        .and_then(|l| l.iter().map(|n| n.as_str().map(str::to_owned)).collect());
    names.ok_or_else(|| {
        file.error(
            &["required"],
            "\"required\" must be a list of property names",
        )
    })
}

fn properties<'a>(
    file: &SchemaFile<'a>,
    node: &Node<'a>,
    compiler: &mut PropertyCompiler<'_, 'a>,
) -> Result<Vec<PropertySchema>> {
    let empty = Map::new();
    let declared = match node.schema.get("properties") {
        None => &empty,
        Some(Json::Object(map)) => map,
        Some(_) => return Err(file.error(&["properties"], "\"properties\" must be an object")),
    };
    let mut out = Vec::with_capacity(declared.len());
    for name in declared.keys() {
        if let Some(child) = node.child(&["properties", name]) {
            out.push(compiler.property(name, &child)?);
        }
    }
    let required: &[String] = compiler.required;
    for name in required {
        if !out.iter().any(|p: &PropertySchema| *p.name == **name) {
            out.push(compiler.unknown(name)?);
        }
    }
    Ok(out)
}

/// Properties that only parts such as `allOf` name get columns too; what is wrong with them the whole tells.
fn indirect<'a>(
    compiler: &mut PropertyCompiler<'_, 'a>,
    whole: &Whole,
    node: &Node<'a>,
    properties: &mut Vec<PropertySchema>,
) -> Result<()> {
    let mut members: Vec<(&str, usize)> = whole.shapes.members(whole.shape).collect();
    members.sort_unstable();
    for (name, shape) in members {
        let declared = |p: &PropertySchema| *p.name == *name;
        if properties.iter().any(declared) && node.child(&["properties", name]).is_some() {
            continue;
        }
        let known = properties.iter().position(declared);
        let new = compiler.indirect(name, whole, shape, known.is_some())?;
        match known {
            // One that `required` names and `allOf` describes.
            Some(at) => properties[at] = new,
            None => properties.push(new),
        }
    }
    Ok(())
}

/// What the schema says of other properties, and the names that `patternProperties` knows: `None` where one of those
/// patterns is for the crate, which then judges `additionalProperties` too.
fn additional(
    file: &SchemaFile<'_>,
    schema: &Map<String, Json>,
) -> Result<(Additional, Option<Vec<regex::Regex>>)> {
    let patterns = schema.get("patternProperties").and_then(Json::as_object);
    let patterns: Option<Vec<regex::Regex>> = patterns
        .into_iter()
        .flatten()
        .map(|(pattern, _)| pattern::compile(pattern).ok())
        .collect();
    let additional = match schema.get("additionalProperties") {
        None if schema.contains_key("unevaluatedProperties") => Additional::Allowed,
        None => Additional::Silent,
        Some(Json::Bool(false)) if patterns.is_some() => Additional::Forbidden,
        Some(Json::Bool(_) | Json::Object(_)) => Additional::Allowed,
        Some(_) => {
            return Err(file.error(
                &["additionalProperties"],
                "\"additionalProperties\" must be true, false or a schema",
            ));
        }
    };
    Ok((additional, patterns))
}

/// The residual of the event as a whole, where the fast path does not know all that its schema says.
fn whole<'a>(
    file: &SchemaFile<'a>,
    node: &Node<'a>,
    additional: Additional,
) -> Result<Option<Whole>> {
    let draft = file.documents.of(node).draft;
    let empty = Map::new();
    let schema = node.map().unwrap_or(&empty);
    let by_fast = |key: &str, value: &Json| match key {
        "additionalProperties" => match value {
            Json::Bool(true) => true,
            Json::Bool(false) => additional == Additional::Forbidden,
            other => other.as_object().is_some_and(Map::is_empty),
        },
        "type" | "properties" | "required" => true,
        // An event is no array, no text and no number.
        "enum" | "const" => !keywords::is_of(draft, key),
        other => keywords::OF_ARRAYS.contains(&other) || !keywords::is_residual(draft, other),
    };
    let alone = draft::ref_stands_alone(draft) && schema.get("$ref").is_some_and(Json::is_string);
    let mut left = schema
        .iter()
        .filter(|(k, _)| !alone || *k == "$ref")
        .filter(|(k, v)| !by_fast(k, v));
    let forbidden = node.schema == &Json::Bool(false);
    if left.next().is_none() && !forbidden {
        return Ok(None);
    }
    let mut told = vec!["type", "required"];
    if additional == Additional::Forbidden {
        told.push("additionalProperties");
    }
    let residual = file.residual(node, Elsewhere::Properties(told))?;
    let mut builder = ShapeBuilder::new(file.documents);
    let shape = builder.build(std::slice::from_ref(node));
    Ok(Some(Whole {
        residual,
        shapes: Arc::new(builder.finish()),
        shape,
    }))
}

/// A text as a shared one.
pub fn shared(text: impl AsRef<str>) -> Arc<str> {
    text.as_ref().into()
}

/// The stem of a file's name.
pub fn stem(path: &Path) -> String {
    path.file_stem()
        .map_or_else(String::new, |s| s.to_string_lossy().into_owned())
}
