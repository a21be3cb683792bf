//! What the fast path does not know of a schema, judged by the `jsonschema` crate on a coerced value.

use std::collections::HashMap;
use std::sync::Arc;

use jsonschema::{PatternOptions, ValidationError, Validator};
use serde_json::{Value as Json, json};

use crate::contract::documents::{Documents, Files, Node, steps};
use crate::contract::draft;
use crate::contract::finding::{Around, Finding, describe};
use crate::contract::format::{FORMAT_NAMES, Format};
use crate::contract::phrase;
use crate::error::Result;

/// Steps that a pattern with look-around or backreferences may take on one text; past them it does not match.
pub const MAX_PATTERN_STEPS: usize = 100_000;

/// A part of an event schema that the crate judges.
#[derive(Debug, Clone)]
pub struct Residual {
    validator: Arc<Validator>,
    told_elsewhere: Elsewhere,
    /// What was compiled is but a `$ref` to the schema that is meant.
    is_ref: bool,
    alternatives: Arc<HashMap<String, String>>,
}

/// What the fast path tells of; the crate finds it too, and is not listened to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Elsewhere {
    /// Nothing.
    Nothing,
    /// These keywords of the schema itself.
    Keywords(Vec<&'static str>),
    /// These keywords of the event's schema, and all of its `properties`.
    Properties(Vec<&'static str>),
}

impl Elsewhere {
    fn has(&self, error: &ValidationError<'_>, is_ref: bool) -> bool {
        let path = error.evaluation_path().as_str();
        let start = if is_ref { "/$ref/" } else { "/" };
        let inner = path.strip_prefix(start).unwrap_or_default();
        let (first, rest) = inner.split_once('/').unwrap_or((inner, ""));
        match self {
            Self::Nothing => false,
            Self::Keywords(words) => rest.is_empty() && words.contains(&first),
            Self::Properties(words) => {
                (first == "properties" && !rest.is_empty())
                    || (rest.is_empty() && words.contains(&first))
            }
        }
    }
}

/// Compiles residuals of one contract.
#[derive(Debug)]
pub struct Residuals<'d> {
    documents: &'d Documents,
    files: Files,
    alternatives: Arc<HashMap<String, String>>,
}

impl<'d> Residuals<'d> {
    /// Prepares all files of the contract.
    pub fn new(documents: &'d Documents) -> Self {
        Self {
            documents,
            files: documents.by_uri(),
            alternatives: Arc::new(alternatives(documents)),
        }
    }

    /// Compiles the schema at a node.
    ///
    /// # Errors
    /// [`crate::error::Error::Config`] at the keyword that has a value it cannot have, or at the schema.
    pub fn compile(&self, node: &Node<'_>, told_elsewhere: Elsewhere) -> Result<Residual> {
        let document = self.documents.of(node);
        if let Err(error) = jsonschema::meta::validate(&document.in_its_draft()) {
            let at = steps(error.instance_path().as_str());
            let at: Vec<&str> = at.iter().map(String::as_str).collect();
            let draft = draft::name(document.draft);
            return Err(document.error(&at, &format!("this is no JSON Schema of {draft}: {error}")));
        }
        let mut options = jsonschema::options()
            .with_draft(self.documents.of(node).draft)
            .with_retriever(self.files.clone())
            .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(MAX_PATTERN_STEPS))
            .should_validate_formats(true);
        for name in FORMAT_NAMES {
            if let Some(format) = Format::parse(name) {
                options = options.with_format(name, move |text: &str| format.read(text).is_some());
            }
        }
        // A file as a whole is compiled as it is: `$recursiveRef` asks for the outermost schema.
        let is_ref = !node.pointer.is_empty();
        let schema = if is_ref {
            json!({ "$ref": self.documents.uri_of(node) })
        } else {
            options = options.with_base_uri(document.uri.clone());
            document.in_its_draft()
        };
        let validator = options.build(&schema).map_err(|e| {
            // Where in the schema, if it is this file's.
            let place = e.schema_path().as_str();
            let is_inside = place.starts_with(&node.pointer);
            let at = steps(if is_inside { place } else { &node.pointer });
            let at: Vec<&str> = at.iter().map(String::as_str).collect();
            document.error(&at, &format!("this schema cannot be compiled: {e}"))
        })?;
        Ok(Residual {
            validator: Arc::new(validator),
            told_elsewhere,
            is_ref,
            alternatives: self.alternatives.clone(),
        })
    }
}

impl Residual {
    /// Judges a value that stands at `path` of the event, and tells each broken rule. Allocates only for what is
    /// broken.
    pub fn judge(&self, value: &Json, path: &str, mut tell: impl FnMut(&Finding)) {
        if self.validator.is_valid(value) {
            return;
        }
        let errors: Vec<ValidationError<'_>> = self.validator.iter_errors(value).collect();
        // A part of a schema that is broken evaluates nothing: what it knows is not unknown for that.
        let broken = |at: &str| {
            let inside = |path: &str| {
                path.strip_prefix(at)
                    .is_some_and(|r| r.is_empty() || r.starts_with('/'))
            };
            errors.iter().any(|e| inside(e.instance_path().as_str()))
        };
        let around = Around {
            alternatives: &self.alternatives,
            broken: &broken,
        };
        for error in &errors {
            if !self.told_elsewhere.has(error, self.is_ref) {
                describe(error, path, &around, &mut tell);
            }
        }
    }
}

/// By the pointer of each `anyOf`, `oneOf` and `not`: what it asks for, in words that do not depend on a value.
fn alternatives(documents: &Documents) -> HashMap<String, String> {
    let mut all: HashMap<String, String> = HashMap::new();
    for document in 0..documents.list.len() {
        for node in documents.schemas(document) {
            for key in ["anyOf", "oneOf", "not"] {
                let words = match node.schema.get(key) {
                    Some(Json::Array(parts)) => {
                        let parts: Vec<String> = parts.iter().map(phrase::schema).collect();
                        parts.join(" or ")
                    }
                    Some(not) => phrase::schema(not),
                    None => continue,
                };
                let pointer = format!("{}/{key}", node.pointer);
                // Two files may have different ones at one place; then neither is named.
                let entry = all.entry(pointer).or_insert_with(|| words.clone());
                if *entry != words {
                    entry.clear();
                }
            }
        }
    }
    all
}
