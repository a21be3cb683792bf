//! What the `$ref`s of a contract lead to is read: files inside its folder, and nothing else.

use std::path::{Component, Path, PathBuf};

use serde_json::{Map, Value as Json};

use crate::contract::documents::{Documents, Node, SCHEME, decode, resolve, steps};
use crate::contract::draft;
use crate::contract::place::did_you_mean;
use crate::error::Result;

/// A sentence about a `$ref`.
type Refused = String;

impl Documents {
    /// Reads every file that a `$ref` leads to.
    ///
    /// # Errors
    /// [`crate::error::Error::Config`] at the `$ref` that leads to the network, out of the folder, or nowhere.
    pub fn complete(&mut self) -> Result<()> {
        let mut document = 0;
        while document < self.list.len() {
            let refs: Vec<(String, String, String)> = self
                .schemas(document)
                .iter()
                .flat_map(|node| {
                    let map = node.map().into_iter().flatten();
                    let refs = map.filter(|(k, _)| matches!(k.as_str(), "$ref" | "$dynamicRef"));
                    refs.filter_map(|(k, v)| {
                        Some((node.pointer.clone(), k.clone(), v.as_str()?.to_owned()))
                    })
                    .collect::<Vec<_>>()
                })
                .collect();
            for (pointer, key, reference) in refs {
                if let Err(sentence) = self.reach(document, &pointer, &reference) {
                    let mut at = steps(&pointer);
                    at.push(key);
                    let at: Vec<&str> = at.iter().map(String::as_str).collect();
                    return Err(self.list[document].error(&at, &sentence));
                }
            }
            document += 1;
        }
        Ok(())
    }

    fn reach(
        &mut self,
        document: usize,
        pointer: &str,
        reference: &str,
    ) -> std::result::Result<(), Refused> {
        let from = Node {
            document,
            pointer: pointer.to_owned(),
            schema: &Json::Null,
        };
        let base = self.base_of(&from);
        let file = reference.split('#').next().unwrap_or_default();
        let Some(uri) = (if file.is_empty() {
            Some(base.clone())
        } else {
            resolve(&base, file)
        }) else {
            return Err(format!("\"{reference}\" is no URI reference"));
        };
        if !self.places.contains_key(uri.trim_end_matches('#')) && !draft::is_meta_schema(&uri) {
            let path = self.file_of(document, &base, file, &uri)?;
            let text = std::fs::read_to_string(&path)
                .map_err(|e| format!("\"{reference}\": {} cannot be read: {e}", path.display()))?;
            let default = self.list[document].draft;
            let at = self.add(&path, text, default).map_err(|e| e.to_string())?;
            if self.list[at].uri != uri {
                self.places.insert(uri.clone(), (at, String::new()));
                self.aliases.push((uri.clone(), at));
            }
        }
        if draft::is_meta_schema(&uri) || self.locates(&base, reference) {
            return Ok(());
        }
        Err(format!(
            "\"{reference}\" leads nowhere: there is no such schema in that file{}",
            {
                let fragment = reference.split_once('#').map_or("", |(_, f)| f);
                let last = fragment.rsplit('/').next().unwrap_or_default();
                let names = self.list[document].json.as_object().into_iter().flatten();
                let names = names.filter(|(k, _)| matches!(k.as_str(), "$defs" | "definitions"));
                let names: Vec<&str> = names
                    .filter_map(|(_, v)| v.as_object())
                    .flat_map(Map::keys)
                    .map(String::as_str)
                    .collect();
                did_you_mean(last, names)
            }
        ))
    }

    fn locates(&self, base: &str, reference: &str) -> bool {
        let found = self.locate(base, reference);
        found
            .is_some_and(|(document, pointer)| self.list[document].json.pointer(&pointer).is_some())
    }

    /// The file inside the folder that a URI stands for.
    fn file_of(
        &self,
        document: usize,
        base: &str,
        file: &str,
        uri: &str,
    ) -> std::result::Result<PathBuf, Refused> {
        let beside = self.list[document]
            .path
            .parent()
            .unwrap_or(&self.dir)
            .to_owned();
        let relative = if uri.starts_with(SCHEME) {
            decode(file)
        } else {
            // A file whose `$id` is on the network has its neighbours beside it all the same.
            let root = self
                .bases
                .iter()
                .find(|b| b.0 == document && b.1.is_empty() && b.2 == base);
            let folder = root
                .and_then(|b| b.2.rsplit_once('/'))
                .map(|(folder, _)| folder);
            let rest = folder.and_then(|f| uri.strip_prefix(f)?.strip_prefix('/'));
            let rest = rest.map(decode).filter(|rest| beside.join(rest).is_file());
            rest.ok_or_else(|| {
                format!("\"{file}\" would be fetched from {uri}: a contract is read from its own folder only; put that schema into a file there")
            })?
        };
        let outside = || {
            format!(
                "\"{file}\" leads out of the contract's folder {}",
                self.dir.display()
            )
        };
        let path = Path::new(&relative);
        if path
            .components()
            .any(|c| matches!(c, Component::RootDir | Component::Prefix(_)))
        {
            return Err(outside());
        }
        let whole = beside.join(path);
        let real = whole.canonicalize().map_err(|e| {
            if leaves(&beside, path, &self.dir) {
                outside()
            } else {
                format!("\"{file}\": {} cannot be read: {e}", whole.display())
            }
        })?;
        if real.starts_with(&self.dir) {
            Ok(whole)
        } else {
            Err(outside())
        }
    }
}

/// True where a relative path goes above `dir` on its way from `beside`, whether or not anything is there.
fn leaves(beside: &Path, path: &Path, dir: &Path) -> bool {
    let inside = beside.canonicalize().unwrap_or_else(|_| beside.to_owned());
    let mut depth = inside
        .strip_prefix(dir)
        .map_or(0, |rest| rest.components().count());
    path.components().any(|c| match c {
        Component::ParentDir => {
            let above = depth == 0;
            depth = depth.saturating_sub(1);
            above
        }
        Component::Normal(_) => {
            depth += 1;
            false
        }
        _ => false,
    })
}
