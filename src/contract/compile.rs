//! From a JSON Schema file to an [`EventSchema`].

use std::path::Path;
use std::sync::Arc;

use serde_json::{Map, Value as Json};

use crate::contract::keywords;
use crate::contract::place::{did_you_mean, error_at, find_json_key, line_column};
use crate::contract::property::PropertyCompiler;
use crate::contract::schema::{Additional, EventSchema, PropertySchema};
use crate::contract::version::SchemaVer;
use crate::error::{Error, Result};
use crate::model::routing::Routing;

/// A schema file as it was read.
#[derive(Debug, Clone, Copy)]
pub struct SchemaFile<'a> {
    /// Where it is.
    pub path: &'a Path,
    /// What it says.
    pub text: &'a str,
    /// The contract's routing: severities.
    pub routing: &'a Routing,
}

impl SchemaFile<'_> {
    /// An error at a key of this file.
    pub fn error(&self, at: &[&str], sentence: &str) -> Error {
        error_at(self.path, self.text, find_json_key(self.text, at), sentence)
    }

    /// A warning at a key of this file.
    pub fn warning(&self, at: &[&str], sentence: &str) -> String {
        let (line, column) = line_column(self.text, find_json_key(self.text, at));
        format!("{}:{line}:{column}: {sentence}", self.path.display())
    }

    /// Warnings for the keywords of `schema` that are not enforced, or that nobody knows.
    pub fn keyword_warnings(
        &self,
        at: &[&str],
        schema: &Map<String, Json>,
        enforced: &[&str],
    ) -> Vec<String> {
        let unknown = |key: &&String| {
            !enforced.contains(&key.as_str())
                && !keywords::ANNOTATIONS.contains(&key.as_str())
                && !key.starts_with("x-")
        };
        let sentence = |key: &String| {
            let here: Vec<&str> = at.iter().copied().chain([key.as_str()]).collect();
            if keywords::all().any(|k| k == key) {
                self.warning(
                    &here,
                    &format!("\"{key}\" is not enforced yet; events are judged without it"),
                )
            } else {
                let hint = did_you_mean(key, keywords::all());
                self.warning(
                    &here,
                    &format!("\"{key}\" is no keyword of JSON Schema and is ignored{hint}"),
                )
            }
        };
        schema.keys().filter(unknown).map(sentence).collect()
    }
}

/// Compiles one schema file. Warnings name what is not enforced.
///
/// # Errors
/// [`Error::Config`] with file, line and column where the file is no JSON, or a keyword has a value it cannot have.
pub fn compile(file: &SchemaFile<'_>, warnings: &mut Vec<String>) -> Result<EventSchema> {
    let json: Json = serde_json::from_str(file.text).map_err(|e| json_error(file.path, &e))?;
    let Json::Object(schema) = json else {
        return Err(file.error(
            &[],
            "an event schema is a JSON object: { \"properties\": … }",
        ));
    };
    let (name, suffix) = name_and_suffix(file.path);
    let schema_ver = version(file, &schema, suffix)?;
    check_type(file, &schema)?;
    warnings.extend(file.keyword_warnings(&[], &schema, &keywords::ENFORCED_TOP));
    let required = required(file, &schema)?;
    let mut compiler = PropertyCompiler {
        file,
        event: name.as_str().into(),
        version: schema_ver.to_string().into(),
        required: &required,
        warnings,
    };
    let properties = properties(file, &schema, &mut compiler)?;
    let text_of = |key: &str| schema.get(key).and_then(Json::as_str);
    Ok(EventSchema {
        name: compiler.event.clone(),
        version: compiler.version.clone(),
        schema_ver,
        file: file.path.to_owned(),
        source: 0,
        description: text_of("description")
            .or_else(|| text_of("title"))
            .unwrap_or_default()
            .to_owned(),
        properties,
        additional: additional(file, &schema, warnings)?,
    })
}

fn json_error(path: &Path, error: &serde_json::Error) -> Error {
    let text = error.to_string();
    let reason = text.split(" at line ").next().unwrap_or_default();
    let (line, column) = (error.line(), error.column());
    Error::Config(format!(
        "{}:{line}:{column}: this is not JSON: {reason}",
        path.display()
    ))
}

/// `order.completed.1-0-2.json` is version 1-0-2 of `order.completed`.
fn name_and_suffix(path: &Path) -> (String, Option<SchemaVer>) {
    let stem = path
        .file_stem()
        .map_or_else(String::new, |s| s.to_string_lossy().into_owned());
    if let Some((name, suffix)) = stem.rsplit_once('.')
        && let Some(version) = SchemaVer::parse(suffix)
    {
        return (name.to_owned(), Some(version));
    }
    (stem, None)
}

fn version(
    file: &SchemaFile<'_>,
    schema: &Map<String, Json>,
    suffix: Option<SchemaVer>,
) -> Result<SchemaVer> {
    let own = schema
        .get("version")
        .or_else(|| schema.get("self").and_then(|s| s.get("version")));
    let Some(own) = own else {
        return Ok(suffix.unwrap_or(SchemaVer {
            model: 1,
            revision: 0,
            addition: 0,
        }));
    };
    let parsed = own.as_str().and_then(SchemaVer::parse).ok_or_else(|| {
        file.error(
            &["version"],
            &format!("\"version\" is {own}, but must be a SchemaVer such as \"1-0-0\""),
        )
    })?;
    match suffix {
        Some(suffix) if suffix != parsed => Err(file.error(
            &["version"],
            &format!("\"version\" is {parsed}, but the file's name says {suffix}"),
        )),
        _ => Ok(parsed),
    }
}

fn check_type(file: &SchemaFile<'_>, schema: &Map<String, Json>) -> Result<()> {
    match schema.get("type") {
        None => Ok(()),
        Some(Json::String(t)) if t == "object" => Ok(()),
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

fn properties(
    file: &SchemaFile<'_>,
    schema: &Map<String, Json>,
    compiler: &mut PropertyCompiler<'_>,
) -> Result<Vec<PropertySchema>> {
    let empty = Map::new();
    let declared = match schema.get("properties") {
        None => &empty,
        Some(Json::Object(map)) => map,
        Some(_) => return Err(file.error(&["properties"], "\"properties\" must be an object")),
    };
    let mut out: Vec<PropertySchema> = declared
        .iter()
        .map(|(name, schema)| compiler.property(name, schema))
        .collect::<Result<_>>()?;
    let required: &[String] = compiler.required;
    for name in required {
        if !out.iter().any(|p| *p.name == **name) {
            out.push(compiler.property(name, &Json::Bool(true))?);
        }
    }
    Ok(out)
}

fn additional(
    file: &SchemaFile<'_>,
    schema: &Map<String, Json>,
    warnings: &mut Vec<String>,
) -> Result<Additional> {
    let key = ["additionalProperties"];
    match schema.get(key[0]) {
        None => Ok(Additional::Silent),
        Some(Json::Bool(false)) => Ok(Additional::Forbidden),
        Some(Json::Bool(true)) => Ok(Additional::Allowed),
        Some(Json::Object(inner)) => {
            if !inner.is_empty() {
                warnings.push(file.warning(
                    &key,
                    "a schema for \"additionalProperties\" is not enforced yet",
                ));
            }
            Ok(Additional::Allowed)
        }
        Some(_) => Err(file.error(
            &key,
            "\"additionalProperties\" must be true, false or a schema",
        )),
    }
}

/// A text as a shared one.
pub fn shared(text: impl AsRef<str>) -> Arc<str> {
    text.as_ref().into()
}
