//! The manifest and the files beside it.
//!
//! # Source
//! Amazon Redshift Database Developer Guide, "UNLOAD", `MANIFEST VERBOSE`: the shape of `entries`, `schema`, `meta`
//! and `author`. COPY reads it and ignores what it does not know, so the audit stands in the same file.

use std::path::Path;

use serde_json::{Value, json};

use crate::export::commit::Published;
use crate::export::destination::SideFile;
use crate::export::options::{Options, Target};
use crate::export::parts::Class;
use crate::export::plan::{Input, Plan};
use crate::export::table::{TableSchema, Tables};
use crate::export::verify::CheckedFile;
use crate::export::warehouse::redshift;
use crate::model::Counters;
use crate::model::time::format_us;

/// What became of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputState {
    /// Read to its end.
    Read,
    /// Read up to a corrupt tail, which counts as one unreadable line.
    Corrupt,
    /// Not read; it is in no batch yet.
    Unreadable,
}

impl InputState {
    /// The word in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Corrupt => "corrupt",
            Self::Unreadable => "unreadable",
        }
    }
}

/// An input as the manifest names it.
#[derive(Debug, Clone)]
pub struct ManifestInput {
    /// As planned.
    pub input: Input,
    /// What became of it.
    pub state: InputState,
    /// Why it is corrupt or unreadable.
    pub reason: Option<String>,
    /// What was counted in it, before the proof of loadability.
    pub counters: Counters,
}

/// What a manifest is made from.
#[derive(Debug, Clone, Copy)]
pub struct BatchFiles<'a> {
    /// The destination, absolute.
    pub root: &'a Path,
    /// The plan.
    pub plan: &'a Plan,
    /// Format and target.
    pub options: &'a Options,
    /// All files, sorted by path.
    pub files: &'a [CheckedFile],
    /// All tables.
    pub tables: &'a Tables,
}

impl BatchFiles<'_> {
    /// The URL of a file as manifests name it.
    fn url(&self, path: &str) -> String {
        match &self.options.url_prefix {
            Some(prefix) => format!("{}/{path}", prefix.trim_end_matches('/')),
            None => format!("file://{}/{path}", self.root.display()),
        }
    }

    fn good_files(&self, table: Option<&str>) -> impl Iterator<Item = &CheckedFile> {
        self.files.iter().filter(move |f| {
            f.file.key.class == Class::Good && table.is_none_or(|t| t == f.file.schema.name)
        })
    }

    /// `entries`, `schema`, `meta` and `author`, for one table or for all.
    fn unload_shape(&self, table: Option<&str>, schema: &Value) -> serde_json::Map<String, Value> {
        let entries: Vec<Value> = self
            .good_files(table)
            .map(|f| {
                json!({
                    "url": self.url(&f.file.path),
                    "mandatory": true,
                    "meta": { "content_length": f.file.bytes, "record_count": f.file.rows },
                })
            })
            .collect();
        let sum = |value: fn(&CheckedFile) -> u64| self.good_files(table).map(value).sum::<u64>();
        let mut map = serde_json::Map::new();
        map.insert("entries".into(), entries.into());
        map.insert("schema".into(), schema.clone());
        map.insert("meta".into(), json!({ "content_length": sum(|f| f.file.bytes), "record_count": sum(|f| f.file.rows) }));
        map.insert(
            "author".into(),
            json!({ "name": "frontlog", "version": self.plan.tool_version }),
        );
        map
    }

    /// The text of `manifest.json`.
    pub fn manifest(&self, published: &Published, inputs: &[ManifestInput], now_us: i64) -> String {
        let schemas: Vec<Value> = self
            .tables
            .list
            .iter()
            .filter(|t| self.good_files(Some(&t.name)).next().is_some())
            .map(|t| json!({ "table": t.name, "elements": redshift::elements(t) }))
            .collect();
        let mut map = self.unload_shape(None, &json!({ "tables": schemas }));
        let audit = json!({
            "batch": published.batch,
            "published_utc": format_us(now_us),
            "contract_digest": self.plan.contract_digest,
            "format": self.options.format.as_str(),
            "compress": self.options.compress.as_str(),
            "target": self.options.target.as_str(),
            "counts": published.counts,
            "moved_to_rejected": published.moved,
            "identity": published.identity,
            "content_hash": published.content_hash,
            "tables": published.tables,
            "failures_by_code": published.failures_by_code,
            "files": self.files.iter().map(file_json).collect::<Vec<_>>(),
            "inputs": inputs.iter().map(input_json).collect::<Vec<_>>(),
        });
        if let Value::Object(audit) = audit {
            map.extend(audit);
        }
        pretty(&Value::Object(map))
    }

    /// DDL of every table; manifest and COPY of every table that has rows.
    pub fn side_files(&self) -> Vec<SideFile> {
        let folder = format!("batches/{}", self.plan.id);
        let mut out = Vec::new();
        for table in &self.tables.list {
            let has_rows = self.good_files(Some(&table.name)).next().is_some();
            match self.options.target {
                Target::Redshift => self.redshift(&folder, table, has_rows, &mut out),
            }
        }
        out
    }

    fn redshift(&self, folder: &str, table: &TableSchema, has_rows: bool, out: &mut Vec<SideFile>) {
        let name = &table.name;
        let mut add = |path: String, content: String| out.push(SideFile { path, content });
        if has_rows || table.name != crate::export::table::UNDECLARED {
            add(
                format!("{folder}/ddl/redshift/{name}.sql"),
                redshift::create_table(table),
            );
        }
        if has_rows {
            let manifest = format!("{folder}/redshift/{name}.manifest");
            let schema = json!({ "elements": redshift::elements(table) });
            let copy = redshift::copy(table, &self.url(&manifest), self.options);
            add(
                manifest,
                pretty(&Value::Object(self.unload_shape(Some(name), &schema))),
            );
            add(format!("{folder}/load/redshift/{name}.sql"), copy);
        }
    }
}

fn file_json(checked: &CheckedFile) -> Value {
    let file = &checked.file;
    json!({
        "path": file.path,
        "class": file.key.class.as_str(),
        "table": file.schema.name,
        "rows": file.rows,
        "bytes": file.bytes,
        "sha256": checked.sha256,
        "content_hash": format!("{:032x}", file.content_hash),
    })
}

fn input_json(input: &ManifestInput) -> Value {
    let c = &input.counters;
    let mut value = json!({
        "uri": input.input.uri,
        "size_bytes": input.input.size_bytes,
        "etag": input.input.etag,
        "state": input.state.as_str(),
        "lines": c.lines,
        "records": c.records,
        "events": c.events,
    });
    if let (Some(reason), Value::Object(map)) = (&input.reason, &mut value) {
        map.insert("reason".into(), reason.clone().into());
    }
    value
}

/// JSON with line breaks and a final one. Values that we build cannot fail to become text.
fn pretty(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_default();
    text.push('\n');
    text
}
