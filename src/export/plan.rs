//! The plan: which inputs a batch is made of, and the id that follows from them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

use crate::error::{Error, Result};
use crate::export::ledger::Ledger;
use crate::export::options::{Compress, Format, Options, Target};
use crate::model::LogObject;

/// One input as it was listed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Input {
    /// `s3://bucket/key`, or an absolute path, so that one file has one name wherever it is typed.
    pub uri: String,
    /// Size as stored, in bytes.
    pub size_bytes: u64,
    /// S3's `ETag`, or the local stand-in: a change shows.
    pub etag: String,
}

impl Input {
    /// The input that an object is.
    pub fn of(object: &LogObject) -> Self {
        Self {
            uri: identity_uri(&object.uri),
            size_bytes: object.size_bytes,
            etag: object.etag.to_string(),
        }
    }
}

/// One name for one object: S3 URIs as they are, paths absolute and without links. Never fails.
pub fn identity_uri(uri: &str) -> String {
    if uri.contains("://") || uri == "-" {
        return uri.to_owned();
    }
    std::fs::canonicalize(uri).map_or_else(
        |_| uri.to_owned(),
        |path| path.to_string_lossy().into_owned(),
    )
}

/// What a batch will be made of. Same inputs, contract, version and form of the files: same id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Sixteen hexadecimal digits.
    pub id: String,
    /// Sorted by URI, no URI twice.
    pub inputs: Vec<Input>,
    /// Digest of the contract in force.
    pub contract_digest: String,
    /// Version of this program.
    pub tool_version: String,
    /// Format of the files.
    pub format: Format,
    /// Compression of text files.
    pub compress: Compress,
    /// Warehouse.
    pub target: Target,
}

/// A plan, and what it leaves out.
#[derive(Debug, Clone)]
pub struct Planned {
    /// `None` when nothing new is there.
    pub plan: Option<Plan>,
    /// Inputs that a published batch already holds.
    pub published: usize,
    /// URIs of inputs that a published batch holds in another state: they changed since and are left out, because
    /// their rows would be there twice.
    pub changed: Vec<String>,
}

impl Plan {
    /// Plans a batch of these objects, leaving out what the ledger already names.
    ///
    /// # Errors
    /// When an object has no identity by which a second run would know it (standard input).
    pub fn make(
        objects: &[&LogObject],
        contract_digest: &str,
        options: &Options,
        ledger: &Ledger,
    ) -> Result<Planned> {
        let mut inputs = BTreeMap::new();
        let (mut published, mut changed) = (0, vec![]);
        for object in objects {
            if object.etag.is_empty() || object.uri.as_ref() == "-" {
                return Err(Error::Export(format!(
                    "cannot export {}: a second run could not know it again. Save it to a file and export that.",
                    if object.uri.as_ref() == "-" {
                        "standard input"
                    } else {
                        &object.uri
                    }
                )));
            }
            let input = Input::of(object);
            match ledger.etag(&input.uri) {
                Some(etag) if etag == input.etag => published += 1,
                Some(_) => changed.push(input.uri),
                None => {
                    inputs.insert(input.uri.clone(), input);
                }
            }
        }
        let plan = (!inputs.is_empty()).then(|| {
            let mut plan = Self {
                id: String::new(),
                inputs: inputs.into_values().collect(),
                contract_digest: contract_digest.to_owned(),
                tool_version: env!("CARGO_PKG_VERSION").to_owned(),
                format: options.format,
                compress: options.compress,
                target: options.target,
            };
            plan.id = plan.compute_id();
            plan
        });
        Ok(Planned {
            plan,
            published,
            changed,
        })
    }

    fn compute_id(&self) -> String {
        let mut text = String::new();
        let parts = [
            &self.contract_digest,
            &self.tool_version,
            self.format.as_str(),
            self.compress.as_str(),
            self.target.as_str(),
        ];
        for part in parts {
            text.push_str(part);
            text.push('\n');
        }
        for input in &self.inputs {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}	{}	{}", input.uri, input.size_bytes, input.etag);
        }
        format!("{:016x}", (xxh3_128(text.as_bytes()) >> 64) as u64)
    }

    /// The input of that URI.
    pub fn input(&self, uri: &str) -> Option<&Input> {
        self.inputs
            .binary_search_by(|i| i.uri.as_str().cmp(uri))
            .ok()
            .map(|i| &self.inputs[i])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(uri: &str, etag: &str) -> LogObject {
        LogObject {
            uri: uri.into(),
            size_bytes: 10,
            etag: etag.into(),
            hour: None,
            last_modified_ms: None,
        }
    }

    fn plan(objects: &[LogObject], digest: &str, ledger: &Ledger) -> Planned {
        Plan::make(
            &objects.iter().collect::<Vec<_>>(),
            digest,
            &Options::default(),
            ledger,
        )
        .unwrap()
    }

    #[test]
    fn the_id_follows_from_the_inputs_and_the_contract_alone() {
        let (a, b) = (object("s3://b/a.gz", "1"), object("s3://b/b.gz", "2"));
        let id = |objects: &[LogObject], digest| {
            plan(objects, digest, &Ledger::default()).plan.unwrap().id
        };
        assert_eq!(
            id(&[a.clone(), b.clone()], "d"),
            id(&[b.clone(), a.clone(), a.clone()], "d")
        );
        assert_ne!(
            id(&[a.clone(), b.clone()], "d"),
            id(&[a.clone(), b.clone()], "e")
        );
        assert_ne!(
            id(std::slice::from_ref(&a), "d"),
            id(&[object("s3://b/a.gz", "3")], "d")
        );
    }

    #[test]
    fn what_is_published_is_left_out_and_what_changed_is_named() {
        let mut ledger = Ledger::default();
        ledger.add("s3://b/a.gz", "1");
        ledger.add("s3://b/b.gz", "2");
        let planned = plan(
            &[object("s3://b/a.gz", "1"), object("s3://b/b.gz", "other")],
            "d",
            &ledger,
        );
        assert_eq!((planned.plan, planned.published), (None, 1));
        assert_eq!(planned.changed, ["s3://b/b.gz"]);
        let planned = plan(
            &[object("s3://b/a.gz", "1"), object("s3://b/c.gz", "3")],
            "d",
            &ledger,
        );
        assert_eq!(planned.plan.unwrap().inputs.len(), 1);
    }

    #[test]
    fn standard_input_is_refused() {
        let stdin = object("-", "");
        let error =
            Plan::make(&[&stdin], "d", &Options::default(), &Ledger::default()).unwrap_err();
        assert!(error.to_string().contains("standard input"), "{error}");
    }
}
