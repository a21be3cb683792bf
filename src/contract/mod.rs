//! Event schemas and `frontlog.toml`: loaded, compiled, and ready to judge by.
//!
//! [`Contract::load`] reads a folder; [`Contract::builtin`] is what holds without one. A schema becomes a list of
//! [`PropertySchema`]s, each with a [`rule::Rule`] that reads a decoded text and says what is wrong with it: no
//! `serde_json::Value` is built for an event whose schema is flat. What a rule does not know is a
//! [`residual::Residual`]: the `jsonschema` crate on the value of that property ([`coerce`] reads it), or on the whole
//! event. To give the fast path a keyword: its name in `keywords::FAST`, a variant of [`rule::Keyword`] with its
//! check, and its lines in `checks`.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jsonschema::Draft;
use sha2::{Digest, Sha256};
use xxhash_rust::xxh3::xxh3_64;

use crate::contract::documents::{Document, Documents};
use crate::error::{Error, Result};
use crate::model::routing::{NameRule, Routing, Surprise};
use crate::model::{EventTypeId, EventTypes};

pub mod acknowledged;
pub mod advice;
pub mod baseline;
pub mod change;
pub mod checks;
pub mod coerce;
pub mod compare;
pub mod compile;
pub mod cycles;
pub mod documents;
pub mod draft;
pub mod finding;
pub mod format;
pub mod iglu;
pub mod infer;
pub mod instance_path;
pub mod json_text;
pub mod keywords;
pub mod kinds;
pub mod locate;
pub mod number;
pub mod pattern;
pub mod phrase;
pub mod place;
pub mod preset;
pub mod privacy;
pub mod property;
pub mod reach;
pub mod repair;
pub mod repair_edit;
pub mod repair_table;
pub mod residual;
pub mod routing_file;
pub mod routing_tables;
pub mod rule;
pub mod schema;
pub mod shape;
pub mod simple_pattern;
pub mod standing;
pub mod version;
pub mod whole_file;
pub mod written;

pub use privacy::Privacy;
pub use repair::Repair;
pub use schema::{Additional, EventSchema, PropertySchema};
pub use version::{SchemaVer, WantedVersion};

/// The name of the file that makes a folder a contract.
pub const FILE_NAME: &str = "frontlog.toml";

/// A loaded contract.
#[derive(Debug, Clone)]
pub struct Contract {
    /// What `frontlog.toml` says, defaults filled in.
    pub routing: Routing,
    /// The event schemas, ordered by name and version.
    pub schemas: Vec<EventSchema>,
    /// SHA-256 over the content, in hex: two contracts that judge alike and lay out alike have the same one, however
    /// their files are formatted.
    pub digest: String,
    /// The folder; `None` for the built-in one.
    pub dir: Option<PathBuf>,
    /// What a person should know: keywords that are not enforced, with file, line and column.
    pub warnings: Vec<String>,
    /// How events are found where nobody said so: `events by parameter e · no schemas`.
    pub guess: Option<String>,
    /// Nothing is judged; event types are told apart by version too, and have all that a schema would judge: see
    /// [`Contract::to_learn`].
    pub learns: bool,
    /// What `[privacy]` says.
    pub privacy: Privacy,
}

impl Contract {
    /// Reads a contract: a folder with `frontlog.toml`, or that file itself.
    ///
    /// # Errors
    /// [`Error::File`] where a file cannot be read; [`Error::Config`] with file, line and column where one is wrong.
    pub fn load(dir: &Path) -> Result<Self> {
        let dir = if dir.is_file() {
            dir.parent().unwrap_or(dir)
        } else {
            dir
        };
        let path = dir.join(FILE_NAME);
        let text = read(&path)?;
        let mut file = routing_file::read(&path, &text)?;
        let mut digest = Sha256::new();
        let table: toml::Table = toml::from_str(&text).unwrap_or_default();
        digest.update(serde_json::to_string(&table).unwrap_or_default());
        let mut schemas = load_schemas(dir, &file.routing, &mut file.warnings, &mut digest)?;
        repair_table::accept(&path, &text, &mut schemas)?;
        if schemas.is_empty() {
            if !file.unknown_event_is_written {
                file.routing.policy.unknown_event = Surprise::Allow;
            }
            file.warnings.push(format!(
                "{} has no event schemas: events are found and counted, but not judged",
                dir.join("schemas").display()
            ));
        }
        let guess = schemas.is_empty().then(|| guess(&file.routing));
        let private = file.privacy.check(&file.routing, &schemas)?;
        file.warnings.extend(private);
        Ok(Self {
            privacy: file.privacy,
            routing: file.routing,
            schemas,
            digest: hex(&digest.finalize()),
            dir: Some(dir.to_owned()),
            warnings: file.warnings,
            guess,
            learns: false,
        })
    }

    /// The folder of the contract in force for a source: `frontlog.toml` in the source's folder or one above it, then
    /// in `cwd` or one above that.
    pub fn discover(source: Option<&Path>, cwd: &Path) -> Option<PathBuf> {
        let from_source = source.map(|s| {
            if s.is_absolute() {
                s.to_owned()
            } else {
                cwd.join(s)
            }
        });
        let start = [from_source.as_deref(), Some(cwd)];
        let mut folders = start.into_iter().flatten().flat_map(Path::ancestors);
        folders
            .find(|folder| folder.join(FILE_NAME).is_file())
            .map(Path::to_owned)
    }

    /// What holds without a contract: every pixel-like record is an event, any name is allowed, nothing is judged.
    pub fn builtin() -> Self {
        let routing = preset::any();
        let guess = Some(guess(&routing));
        let digest = hex(&Sha256::digest("any preset, no schemas"));
        Self {
            routing,
            schemas: vec![],
            digest,
            dir: None,
            warnings: vec![],
            guess,
            privacy: Privacy::default(),
            learns: false,
        }
    }

    /// Interns the event types of all schemas, in the contract's order; the ids stand in that order too.
    pub fn declare(&self, types: &EventTypes) -> Vec<EventTypeId> {
        self.schemas
            .iter()
            .map(|s| types.intern(s.event_type()))
            .collect()
    }

    /// The schema for a name and a version as asked for (`1-0-0`, `1-*-*`): the highest that matches, or the one that
    /// supersedes it.
    pub fn find(&self, name: &str, wanted: WantedVersion) -> Option<usize> {
        let fits = |s: &EventSchema| *s.name == *name && wanted.matches(s.schema_ver);
        let matching = self.schemas.iter().enumerate().filter(|(_, s)| fits(s));
        matching
            .max_by_key(|(_, s)| s.schema_ver)
            .map(|(i, _)| self.in_force(i))
    }

    /// The schema that judges the events of the schema at `at`: itself, or the one that supersedes it.
    pub fn in_force(&self, at: usize) -> usize {
        let one = &self.schemas[at];
        let newer = one.superseded_by.and_then(|version| {
            let is_it = |s: &EventSchema| s.name == one.name && s.schema_ver == version;
            self.schemas.iter().position(is_it)
        });
        newer.unwrap_or(at)
    }
}

fn guess(routing: &Routing) -> String {
    let sources: Vec<String> = routing.name.iter().map(NameRule::described).collect();
    let mut presets: Vec<&str> = routing.known.iter().map(|pixel| pixel.preset).collect();
    presets.dedup();
    let known = match presets.as_slice() {
        [] => String::new(),
        several => format!("preset {}, else by ", several.join(", ")),
    };
    format!(
        "events by {known}{} · no schemas",
        sources.join(", else by ")
    )
}

fn read(path: &Path) -> Result<String> {
    let bytes = std::fs::read(path).map_err(|e| Error::file("read", path, e))?;
    String::from_utf8(bytes).map_err(|e| {
        let good =
            String::from_utf8_lossy(&e.as_bytes()[..e.utf8_error().valid_up_to()]).into_owned();
        place::error_at(path, &good, good.len(), "this file is not UTF-8 text")
    })
}

fn load_schemas(
    dir: &Path,
    routing: &Routing,
    warnings: &mut Vec<String>,
    digest: &mut Sha256,
) -> Result<Vec<EventSchema>> {
    let mut documents = Documents::new(dir);
    for path in iglu::schema_paths(&dir.join("schemas"))? {
        documents.add(&path, read(&path)?, Draft::Draft202012)?;
    }
    let events = documents.list.len();
    documents.complete()?;
    cycles::check(&documents)?;
    warnings.extend(advice::warnings(&documents));
    let residuals = OnceCell::new();
    let mut schemas: Vec<EventSchema> = Vec::with_capacity(events);
    for document in 0..events {
        let schema = compile::compile(&compile::SchemaFile {
            documents: &documents,
            document,
            routing,
            residuals: &residuals,
        })?;
        let is_same = |s: &&EventSchema| {
            s.name == schema.name && s.iglu == schema.iglu && s.schema_ver == schema.schema_ver
        };
        if let Some(other) = schemas.iter().find(is_same) {
            return Err(Error::Config(format!(
                "{} and {} are both version {} of event {}: remove one, or give it another \"version\"",
                other.file.display(),
                schema.file.display(),
                schema.version,
                schema.name
            )));
        }
        schemas.push(schema);
    }
    let files: Vec<&Document> = documents.list[..events].iter().collect();
    iglu::supersede(&mut schemas, &files)?;
    name_apart(&mut schemas)?;
    let all: Vec<String> = documents.list.iter().map(|d| d.json.to_string()).collect();
    let others = xxh3_64(all.join("\n").as_bytes());
    for (schema, document) in schemas.iter_mut().zip(&documents.list) {
        schema.source = change::source(&document.json, others);
        digest.update(format!(
            "\n{} {}\n{}",
            schema.name, schema.version, document.json
        ));
    }
    for document in &documents.list[events..] {
        digest.update(format!("\n{}\n{}", document.uri, document.json));
    }
    schemas.sort_by(|a, b| (&a.name, a.schema_ver).cmp(&(&b.name, b.schema_ver)));
    Ok(schemas)
}

/// Two vendors may have an event of one name; then both go by `vendor/name`.
fn name_apart(schemas: &mut [EventSchema]) -> Result<()> {
    let names: Vec<(Arc<str>, Option<Arc<str>>)> = schemas
        .iter()
        .map(|s| (s.name.clone(), s.iglu.clone()))
        .collect();
    for at in 0..schemas.len() {
        let rival = names
            .iter()
            .position(|(name, iglu)| *name == names[at].0 && *iglu != names[at].1);
        let Some(rival) = rival else { continue };
        match &names[at].1 {
            Some(full) if names[rival].1.is_some() => schemas[at].rename(full),
            _ => {
                return Err(Error::Config(format!(
                    "{} and {} are both schemas of event {}: remove one",
                    schemas[at].file.display(),
                    schemas[rival].file.display(),
                    schemas[at].name
                )));
            }
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut out, b| {
        let _ = write!(out, "{b:02x}");
        out
    })
}
