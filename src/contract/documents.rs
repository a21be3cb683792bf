//! The JSON files of a contract, and what their `$ref`s lead to: files inside the folder, and nothing else.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use jsonschema::{Draft, Retrieve, Uri, uri};
use serde_json::{Map, Value as Json};

use crate::contract::draft;
use crate::contract::keywords::{Holds, holds};
use crate::contract::place::{error_at, find_json_key, line_column};
use crate::error::{Error, Result};

/// The scheme of the URIs that stand for files of a contract.
pub(super) const SCHEME: &str = "contract:///";

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
    pub(super) dir: PathBuf,
    /// The event schemas first, then what they refer to.
    pub list: Vec<Document>,
    /// URI (with a fragment for an anchor) → document and pointer.
    pub(super) places: HashMap<String, (usize, String)>,
    /// Schemas with an `$id` of their own: document, pointer, URI.
    pub(super) bases: Vec<(usize, String, String)>,
    /// URIs under which a document is known beside its own.
    pub(super) aliases: Vec<(String, usize)>,
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
    pub(super) fn base_of(&self, node: &Node<'_>) -> String {
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

    pub(super) fn locate(&self, base: &str, reference: &str) -> Option<(usize, String)> {
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
            &self.root(document),
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
fn walk<'d>(node: &Node<'d>, draft: Draft, visit: &mut dyn FnMut(Node<'d>)) {
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
                walk(&child, draft, visit);
            }
        }
    }
}

pub(super) fn resolve(base: &str, reference: &str) -> Option<String> {
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

pub(super) fn decode(text: &str) -> String {
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
