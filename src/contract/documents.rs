//! The JSON files of a contract, and what their `$ref`s lead to: files inside the folder, and nothing else.

use std::collections::HashMap;
use std::path::{Component, Path, PathBuf};

use jsonschema::{Draft, Retrieve, Uri, uri};
use serde_json::{Map, Value as Json};

use crate::contract::draft;
use crate::contract::keywords::{Holds, holds};
use crate::contract::place::{did_you_mean, error_at, find_json_key, line_column};
use crate::error::{Error, Result};

/// The scheme of the URIs that stand for files of a contract.
const SCHEME: &str = "contract:///";

/// One JSON file.
#[derive(Debug)]
pub struct Document {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub text: String,
    /// The same, read.
    pub json: Json,
    /// The draft it is written in.
    pub draft: Draft,
    /// `contract:///schemas/order.json`
    pub uri: String,
}

impl Document {
    /// An error at a key of this file.
    pub fn error(&self, at: &[&str], sentence: &str) -> Error {
        error_at(
            &self.path,
            &self.text,
            find_json_key(&self.text, at),
            sentence,
        )
    }

    /// The content with the plain name of its draft: Snowplow's own `$schema` would have to be fetched.
    pub fn in_its_draft(&self) -> Json {
        let mut json = self.json.clone();
        if let Json::Object(map) = &mut json {
            map.insert("$schema".into(), draft::uri(self.draft).into());
        }
        json
    }

    /// A warning at a key of this file.
    pub fn warning(&self, at: &[&str], sentence: &str) -> String {
        let (line, column) = line_column(&self.text, find_json_key(&self.text, at));
        format!("{}:{line}:{column}: {sentence}", self.path.display())
    }
}

/// A schema inside a file.
#[derive(Debug, Clone)]
pub struct Node<'d> {
    /// Index into [`Documents::list`].
    pub document: usize,
    /// JSON pointer, escaped.
    pub pointer: String,
    /// The schema.
    pub schema: &'d Json,
}

impl<'d> Node<'d> {
    /// The schema as an object; `None` for `true` and `false`.
    pub fn map(&self) -> Option<&'d Map<String, Json>> {
        self.schema.as_object()
    }

    /// The node of a member.
    pub fn child(&self, keys: &[&str]) -> Option<Self> {
        let mut child = self.clone();
        for key in keys {
            child.schema = match child.schema {
                Json::Object(map) => map.get(*key)?,
                Json::Array(list) => list.get(key.parse::<usize>().ok()?)?,
                _ => return None,
            };
            push_pointer(&mut child.pointer, key);
        }
        Some(child)
    }
}

fn push_pointer(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

/// The steps of a JSON pointer, unescaped.
pub fn steps(pointer: &str) -> Vec<String> {
    let parts = pointer.split('/').skip(1);
    parts
        .map(|p| p.replace("~1", "/").replace("~0", "~"))
        .collect()
}

/// All files of a contract, and where `$id`, anchors and `$ref` lead.
#[derive(Debug, Default)]
pub struct Documents {
    /// The contract's folder, canonical.
    dir: PathBuf,
    /// The event schemas first, then what they refer to.
    pub list: Vec<Document>,
    /// URI (with a fragment for an anchor) → document and pointer.
    places: HashMap<String, (usize, String)>,
    /// Schemas with an `$id` of their own: document, pointer, URI.
    bases: Vec<(usize, String, String)>,
    /// URIs under which a document is known beside its own.
    aliases: Vec<(String, usize)>,
}

impl Documents {
    /// Without a file yet.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.canonicalize().unwrap_or_else(|_| dir.to_owned()),
            ..Self::default()
        }
    }

    /// Adds a file, and says where it stands in [`Documents::list`]. `default` is its draft where it has no `$schema`.
    ///
    /// # Errors
    /// [`Error::Config`] with line and column where it is no JSON, or no schema.
    pub fn add(&mut self, path: &Path, text: String, default: Draft) -> Result<usize> {
        let json: Json = serde_json::from_str(&text).map_err(|e| json_error(path, &e))?;
        let written = json.as_object().map(|map| {
            if map.contains_key("$schema") {
                draft::of(map)
            } else {
                Some(default)
            }
        });
        let full = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let inside = full.strip_prefix(&self.dir).unwrap_or(path);
        self.list.push(Document {
            path: path.to_owned(),
            text,
            draft: written.flatten().unwrap_or(Draft::Draft202012),
            json,
            uri: format!("{SCHEME}{}", encode(&inside.to_string_lossy())),
        });
        let at = self.list.len() - 1;
        self.index(at);
        Ok(at)
    }

    /// The root of a document.
    pub fn root(&self, document: usize) -> Node<'_> {
        Node {
            document,
            pointer: String::new(),
            schema: &self.list[document].json,
        }
    }

    /// The document that a node is in.
    pub fn of(&self, node: &Node<'_>) -> &Document {
        &self.list[node.document]
    }

    /// A URI that leads to a node.
    pub fn uri_of(&self, node: &Node<'_>) -> String {
        format!("{}#{}", self.of(node).uri, encode(&node.pointer))
    }

    /// What `reference` leads to from a node; `None` for a meta-schema or where it leads nowhere.
    pub fn follow(&self, from: &Node<'_>, reference: &str) -> Option<Node<'_>> {
        let (document, pointer) = self.locate(&self.base_of(from), reference)?;
        let schema = self.list[document].json.pointer(&pointer)?;
        Some(Node {
            document,
            pointer,
            schema,
        })
    }

    /// Where a lone `$ref` leads in the end; the node itself where it is none. `None`: round in circles or nowhere.
    pub fn inline<'d>(&'d self, node: &Node<'d>) -> Option<Node<'d>> {
        let mut node = node.clone();
        for _ in 0..64 {
            let Some(reference) = lone_ref(&node, self.of(&node).draft) else {
                return Some(node);
            };
            node = self.follow(&node, reference)?;
        }
        None
    }

    /// The URI that `$ref`s in a node are relative to.
    fn base_of(&self, node: &Node<'_>) -> String {
        let within = |pointer: &str| {
            node.pointer
                .strip_prefix(pointer)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let bases = self
            .bases
            .iter()
            .filter(|b| b.0 == node.document && within(&b.1));
        let nearest = bases.max_by_key(|b| b.1.len());
        nearest.map_or_else(|| self.of(node).uri.clone(), |b| b.2.clone())
    }

    fn locate(&self, base: &str, reference: &str) -> Option<(usize, String)> {
        let (file, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let uri = if file.is_empty() {
            base.to_owned()
        } else {
            resolve(base, file)?
        };
        let fragment = decode(fragment);
        if fragment.is_empty() || fragment.starts_with('/') {
            let (document, pointer) = self.places.get(uri.trim_end_matches('#'))?;
            return Some((*document, format!("{pointer}{fragment}")));
        }
        self.places.get(&format!("{uri}#{fragment}")).cloned()
    }

    /// Every schema of a document, outermost first, with the steps that lead to it.
    pub fn schemas(&self, document: usize) -> Vec<Node<'_>> {
        let mut all = Vec::new();
        walk(
            self.root(document),
            self.list[document].draft,
            &mut |node| {
                all.push(node);
            },
        );
        all
    }

    fn index(&mut self, document: usize) {
        let own = self.list[document].uri.clone();
        let draft = self.list[document].draft;
        let mut places = vec![(own.clone(), String::new())];
        let mut bases: Vec<(String, String)> = vec![(String::new(), own)];
        for node in self.schemas(document) {
            let Some(map) = node.map() else { continue };
            let text = |key: &str| map.get(key).and_then(Json::as_str);
            let within = |p: &str| {
                node.pointer
                    .strip_prefix(p)
                    .is_some_and(|r| r.is_empty() || r.starts_with('/'))
            };
            let nearest = bases
                .iter()
                .filter(|(p, _)| within(p))
                .max_by_key(|(p, _)| p.len());
            let mut base = nearest.map(|(_, uri)| uri.clone()).unwrap_or_default();
            let ignored = draft::ref_stands_alone(draft) && text("$ref").is_some();
            if let Some(id) = text(draft.id_keyword()).filter(|_| !ignored) {
                if let Some(anchor) = id.strip_prefix('#').filter(|a| !a.is_empty()) {
                    places.push((format!("{base}#{anchor}"), node.pointer.clone()));
                } else if let Some(uri) = resolve(&base, id.split('#').next().unwrap_or_default()) {
                    places.push((uri.clone(), node.pointer.clone()));
                    bases.push((node.pointer.clone(), uri.clone()));
                    base = uri;
                }
            }
            for anchor in ["$anchor", "$dynamicAnchor"].into_iter().filter_map(text) {
                places.push((format!("{base}#{anchor}"), node.pointer.clone()));
            }
        }
        for (uri, pointer) in places {
            self.places.entry(uri).or_insert((document, pointer));
        }
        let bases = bases.into_iter().skip(1);
        self.bases
            .extend(bases.map(|(pointer, uri)| (document, pointer, uri)));
    }

    /// Reads every file that a `$ref` leads to.
    ///
    /// # Errors
    /// [`Error::Config`] at the `$ref` that leads to the network, out of the folder, or nowhere.
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
    ) -> std::result::Result<(), String> {
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
    ) -> std::result::Result<PathBuf, String> {
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

    /// All files by the URIs that lead to them, for the `jsonschema` crate.
    pub fn by_uri(&self) -> Files {
        let own = self.list.iter().enumerate().map(|(at, d)| (&d.uri, at));
        let aliases = self.aliases.iter().map(|(uri, at)| (uri, *at));
        let whole = self
            .places
            .iter()
            .filter(|(_, (_, pointer))| pointer.is_empty());
        let ids = whole.map(|(uri, (at, _))| (uri, *at));
        let all = own.chain(aliases).chain(ids);
        Files(
            all.map(|(uri, at)| (uri.clone(), self.list[at].in_its_draft()))
                .collect(),
        )
    }
}

/// The files of a contract: all that the `jsonschema` crate is ever given.
#[derive(Debug, Clone, Default)]
pub struct Files(HashMap<String, Json>);

impl Retrieve for Files {
    fn retrieve(
        &self,
        uri: &Uri<String>,
    ) -> std::result::Result<Json, Box<dyn std::error::Error + Send + Sync>> {
        let file = self.0.get(uri.as_str().trim_end_matches('#'));
        file.cloned()
            .ok_or_else(|| "it is no file of the contract".into())
    }
}

/// The `$ref` of a schema that says nothing else.
fn lone_ref<'d>(node: &Node<'d>, draft: Draft) -> Option<&'d str> {
    let map = node.map()?;
    let reference = map.get("$ref")?.as_str()?;
    let says = |key: &String| {
        key != "$ref" && (crate::contract::keywords::asserts(key) || key == draft.id_keyword())
    };
    (draft::ref_stands_alone(draft) || !map.keys().any(says)).then_some(reference)
}

/// Visits a schema and all schemas in it, outermost first.
fn walk<'d>(node: Node<'d>, draft: Draft, visit: &mut dyn FnMut(Node<'d>)) {
    visit(node.clone());
    let Some(map) = node.map() else { return };
    let alone = draft::ref_stands_alone(draft) && map.get("$ref").is_some_and(Json::is_string);
    for (key, value) in map.iter().filter(|_| !alone) {
        let named = match holds(key) {
            None => continue,
            Some(how) => how == Holds::Named,
        };
        let inner: Vec<Vec<String>> = match value {
            Json::Object(members) if named => members
                .keys()
                .map(|k| vec![key.clone(), k.clone()])
                .collect(),
            Json::Array(list) if !named => (0..list.len())
                .map(|i| vec![key.clone(), i.to_string()])
                .collect(),
            _ => vec![vec![key.clone()]],
        };
        for path in inner {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let child = node
                .child(&path)
                .filter(|c| c.schema.is_object() || c.schema.is_boolean());
            if let Some(child) = child {
                walk(child, draft, visit);
            }
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

fn resolve(base: &str, reference: &str) -> Option<String> {
    let base = uri::from_str(base).ok()?;
    let resolved = uri::resolve_against(&base.borrow(), reference).ok()?;
    Some(resolved.as_str().to_owned())
}

/// Percent-encodes what a URI's path or fragment may not hold.
fn encode(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$'()*+,;=:@/".contains(&b);
    text.bytes().fold(String::new(), |mut out, b| {
        if plain(b) {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
        out
    })
}

fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut at) = (Vec::with_capacity(bytes.len()), 0);
    while at < bytes.len() {
        let digits = text.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        match digits.and_then(|d| u8::from_str_radix(d, 16).ok()) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).into_owned()
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
