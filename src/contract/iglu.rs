//! What a schema file is the schema of: by its name, by `self`, and by its place in an Iglu registry's layout.

use std::path::{Path, PathBuf};

use serde_json::{Map, Value as Json};

use crate::contract::compile::stem;
use crate::contract::documents::Document;
use crate::contract::schema::EventSchema;
use crate::contract::version::SchemaVer;
use crate::error::{Error, Result};

/// Event and version of a schema file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// The event's name.
    pub name: String,
    /// `vendor/name`, in Iglu's layout.
    pub iglu: Option<String>,
    /// The version.
    pub version: SchemaVer,
}

/// The schema files of a contract: `schemas/*.json`, then those in Iglu's layout
/// (`schemas/VENDOR/NAME/jsonschema/M-R-A`), each by name; none where there is no such folder.
///
/// # Errors
/// [`Error::File`] where a folder cannot be listed.
pub fn schema_paths(folder: &Path) -> Result<Vec<PathBuf>> {
    let (mut files, folders) = list(folder)?;
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    for vendor in folders {
        for name in list(&vendor)?.1 {
            let (versions, _) = list(&name.join("jsonschema"))?;
            files.extend(versions.into_iter().filter(|p| version_of(p).is_some()));
        }
    }
    Ok(files)
}

/// Files and folders in a folder, by name.
fn list(folder: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok((vec![], vec![])),
        Err(e) => return Err(Error::file("list", folder, e)),
    };
    let (mut files, mut folders) = (vec![], vec![]);
    for entry in entries {
        let path = entry.map_err(|e| Error::file("list", folder, e))?.path();
        if path.is_dir() {
            folders.push(path);
        } else if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    folders.sort();
    Ok((files, folders))
}

/// The version that a file in Iglu's layout is named after; `1-0-0` or `1-0-0.json`.
fn version_of(path: &Path) -> Option<SchemaVer> {
    let name = path.file_name()?.to_str()?;
    SchemaVer::parse(name.strip_suffix(".json").unwrap_or(name))
}

/// Vendor, name and version by place: `…/VENDOR/NAME/jsonschema/M-R-A`.
fn by_place(path: &Path) -> Option<(String, String, SchemaVer)> {
    let version = version_of(path)?;
    let format = path.parent().filter(|p| p.ends_with("jsonschema"))?;
    let name = format.parent()?;
    let text = |p: &Path| p.file_name()?.to_str().map(str::to_owned);
    Some((text(name.parent()?)?, text(name)?, version))
}

/// What a file is the schema of.
///
/// # Errors
/// [`Error::Config`] where its place, its `self` and its `version` contradict each other, or one of them is no version.
pub fn name(document: &Document, schema: &Map<String, Json>) -> Result<Named> {
    let own = schema.get("self").and_then(Json::as_object);
    if let Some((vendor, name, version)) = by_place(&document.path) {
        let format = "jsonschema".to_owned();
        let version_text = version.to_string();
        let parts = [
            ("vendor", &vendor),
            ("name", &name),
            ("format", &format),
            ("version", &version_text),
        ];
        for (key, by_place) in parts {
            let written = own.and_then(|s| s.get(key));
            if written.is_some_and(|w| w.as_str() != Some(by_place)) {
                let sentence = format!(
                    "\"{key}\" is {}, but the file's place says \"{by_place}\"",
                    written.unwrap_or(&Json::Null)
                );
                return Err(document.error(&["self", key], &sentence));
            }
        }
        return Ok(Named {
            iglu: Some(format!("{vendor}/{name}")),
            name,
            version,
        });
    }
    let stem = stem(&document.path);
    // `order.completed.1-0-2.json` is version 1-0-2 of `order.completed`.
    let split = stem.rsplit_once('.');
    let suffix =
        split.and_then(|(name, suffix)| Some((name.to_owned(), SchemaVer::parse(suffix)?)));
    let (name, suffix) = suffix.map_or((stem, None), |(name, version)| (name, Some(version)));
    Ok(Named {
        name,
        iglu: None,
        version: version(document, schema, suffix)?,
    })
}

fn version(
    document: &Document,
    schema: &Map<String, Json>,
    suffix: Option<SchemaVer>,
) -> Result<SchemaVer> {
    let top = schema.get("version").map(|v| (v, &["version"][..]));
    let own = schema.get("self").and_then(|s| s.get("version"));
    let Some((written, at)) = top.or(own.map(|v| (v, &["self", "version"][..]))) else {
        return Ok(suffix.unwrap_or(SchemaVer {
            model: 1,
            revision: 0,
            addition: 0,
        }));
    };
    let parsed = written.as_str().and_then(SchemaVer::parse).ok_or_else(|| {
        document.error(
            at,
            &format!("\"version\" is {written}, but must be a SchemaVer such as \"1-0-0\""),
        )
    })?;
    match suffix {
        Some(suffix) if suffix != parsed => Err(document.error(
            at,
            &format!("\"version\" is {parsed}, but the file's name says {suffix}"),
        )),
        _ => Ok(parsed),
    }
}

/// Fills [`EventSchema::superseded_by`] by `$supersededBy` and `$supersedes` of the files.
///
/// # Errors
/// [`Error::Config`] at one that names no version there is, or leads back to itself.
pub fn supersede(schemas: &mut [EventSchema], documents: &[&Document]) -> Result<()> {
    for (at, document) in documents.iter().enumerate() {
        let read = |key: &str, written: &Json| {
            let version = written.as_str().and_then(SchemaVer::parse);
            let found = version.and_then(|v| position(schemas, at, v));
            let event = &schemas[at].name;
            found.ok_or_else(|| {
                document.error(
                    &[key],
                    &format!("\"{key}\" is {written}, but there is no such version of {event}"),
                )
            })
        };
        let mut pairs = vec![];
        if let Some(written) = document.json.get("$supersededBy") {
            pairs.push((at, read("$supersededBy", written)?));
        }
        let older = match document.json.get("$supersedes") {
            Some(Json::Array(several)) => several.iter().collect(),
            other => other.into_iter().collect::<Vec<_>>(),
        };
        for written in older {
            pairs.push((read("$supersedes", written)?, at));
        }
        for (older, newer) in pairs {
            schemas[older].superseded_by = Some(schemas[newer].schema_ver);
        }
    }
    for at in 0..schemas.len() {
        let (mut last, mut steps) = (at, 0);
        while let Some(next) = schemas[last]
            .superseded_by
            .and_then(|v| position(schemas, last, v))
        {
            last = next;
            steps += 1;
            if steps > schemas.len() {
                return Err(documents[at].error(
                    &["$supersededBy"],
                    &format!(
                        "the versions of {} supersede each other in a circle",
                        schemas[at].name
                    ),
                ));
            }
        }
        schemas[at].superseded_by = (last != at).then(|| schemas[last].schema_ver);
    }
    Ok(())
}

/// Another version of the same event.
fn position(schemas: &[EventSchema], of: usize, version: SchemaVer) -> Option<usize> {
    let one = &schemas[of];
    schemas
        .iter()
        .position(|s| s.name == one.name && s.iglu == one.iglu && s.schema_ver == version)
}
