//! What the fast path does not know of a schema, judged by the `jsonschema` crate on a coerced value.

use std::collections::HashMap;
use std::sync::Arc;

use jsonschema::{PatternOptions, Registry, ValidationError, Validator};
use serde_json::{Value as Json, json};

use crate::contract::documents::{Documents, Node, steps};
use crate::contract::draft;
use crate::contract::finding::{Finding, describe};
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
    fn has(&self, error: &ValidationError<'_>) -> bool {
        let path = error.evaluation_path().as_str();
        // The schema that was compiled is but a `$ref` to the one that is meant.
        let inner = path.strip_prefix("/$ref/").unwrap_or_default();
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
    registry: Registry<'static>,
    alternatives: Arc<HashMap<String, String>>,
}

impl<'d> Residuals<'d> {
    /// Prepares all files of the contract.
    ///
    /// # Errors
    /// A sentence that says why two of them do not go together.
    pub fn new(documents: &'d Documents) -> std::result::Result<Self, String> {
        Ok(Self {
            documents,
            registry: documents.registry()?,
            alternatives: Arc::new(alternatives(documents)),
        })
    }

    /// Compiles the schema at a node.
    ///
    /// # Errors
    /// [`Error::Config`] at the keyword that has a value it cannot have, or at the schema.
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
            .with_registry(&self.registry)
            .offline()
            .with_pattern_options(PatternOptions::fancy_regex().backtrack_limit(MAX_PATTERN_STEPS))
            .should_validate_formats(true);
        for name in FORMAT_NAMES {
            if let Some(format) = Format::parse(name) {
                options = options.with_format(name, move |text: &str| format.read(text).is_some());
            }
        }
        let schema = json!({ "$ref": self.documents.uri_of(node) });
        let validator = options.build(&schema).map_err(|e| {
            let at = steps(&node.pointer);
            let at: Vec<&str> = at.iter().map(String::as_str).collect();
            document.error(&at, &format!("this schema cannot be compiled: {e}"))
        })?;
        Ok(Residual {
            validator: Arc::new(validator),
            told_elsewhere,
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
        for error in self.validator.iter_errors(value) {
            if !self.told_elsewhere.has(&error) {
                describe(&error, path, &self.alternatives, &mut tell);
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
