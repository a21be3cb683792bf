//! The ledger: the published manifests themselves say which inputs are already in a batch.

use std::collections::HashMap;
use std::path::Path;

use serde::Deserialize;

use crate::error::{Error, Result};

/// Which inputs published batches hold, and with which `ETag`.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    etags: HashMap<String, String>,
}

#[derive(Deserialize)]
struct Manifest {
    inputs: Vec<ManifestInput>,
}

#[derive(Deserialize)]
struct ManifestInput {
    uri: String,
    etag: String,
    state: String,
}

impl Ledger {
    /// Reads the manifests of every published batch under a destination; a folder without a manifest is no batch.
    ///
    /// # Errors
    /// When a manifest cannot be read or understood: going on could publish rows twice.
    pub fn read(destination: &Path) -> Result<Self> {
        let mut ledger = Self::default();
        let batches = destination.join("batches");
        let entries = match std::fs::read_dir(&batches) {
            Ok(entries) => entries,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(ledger),
            Err(e) => return Err(unreadable(&batches, &e)),
        };
        for entry in entries {
            let path = entry
                .map_err(|e| unreadable(&batches, &e))?
                .path()
                .join("manifest.json");
            let text = match std::fs::read(&path) {
                Ok(text) => text,
                Err(e)
                    if matches!(
                        e.kind(),
                        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory
                    ) =>
                {
                    continue;
                }
                Err(e) => return Err(unreadable(&path, &e)),
            };
            let manifest: Manifest =
                serde_json::from_slice(&text).map_err(|e| unreadable(&path, &e))?;
            // An object that could not be read is in no batch yet: the next run tries it again.
            for input in manifest
                .inputs
                .into_iter()
                .filter(|i| i.state != "unreadable")
            {
                ledger.add(&input.uri, &input.etag);
            }
        }
        Ok(ledger)
    }

    /// Notes an input as published.
    pub fn add(&mut self, uri: &str, etag: &str) {
        self.etags.insert(uri.to_owned(), etag.to_owned());
    }

    /// The `ETag` under which an input was published, if it was.
    pub fn etag(&self, uri: &str) -> Option<&str> {
        self.etags.get(uri).map(String::as_str)
    }
}

fn unreadable(path: &Path, why: &dyn std::fmt::Display) -> Error {
    Error::Export(format!(
        "cannot read {}: {why}. It says which inputs are already published; without it rows could be published twice",
        path.display()
    ))
}
