//! How texts become a nested value: the part of a schema that coercion needs, compiled once.

use std::collections::HashMap;

use regex::Regex;
use serde_json::Value as Json;

use crate::contract::documents::{Documents, Node};
use crate::contract::format::Format;
use crate::contract::kinds::{self, Kinds, parts};
use crate::contract::pattern;

/// Index of a shape in [`Shapes`].
pub type ShapeId = usize;

/// Any text.
pub const PLAIN: ShapeId = 0;

/// All shapes of one schema; they may refer to each other in circles.
#[derive(Debug, Clone)]
pub struct Shapes {
    list: Vec<Shape>,
}

/// What a text at one place of a schema is read as.
#[derive(Debug, Clone)]
pub struct Shape {
    /// The types it may have.
    pub kinds: Kinds,
    /// How a time is written, where `x-format` says so.
    pub written: Option<Format>,
    /// `x-split`
    pub split: Option<Box<str>>,
    prefix: Vec<ShapeId>,
    items: Option<ShapeId>,
    properties: HashMap<Box<str>, ShapeId>,
    patterns: Vec<(Regex, ShapeId)>,
    additional: Option<ShapeId>,
}

impl Shape {
    fn of(kinds: Kinds) -> Self {
        Self {
            kinds,
            written: None,
            split: None,
            prefix: vec![],
            items: None,
            properties: HashMap::new(),
            patterns: vec![],
            additional: None,
        }
    }
}

impl Default for Shapes {
    fn default() -> Self {
        Self {
            list: vec![Shape::of(Kinds::STRING)],
        }
    }
}

impl Shapes {
    /// The shape of that id.
    pub fn get(&self, id: ShapeId) -> &Shape {
        self.list.get(id).unwrap_or(&self.list[PLAIN])
    }

    /// The shape of an item.
    pub fn item(&self, of: ShapeId, index: usize) -> ShapeId {
        let shape = self.get(of);
        let prefixed = shape.prefix.get(index).copied();
        prefixed.or(shape.items).unwrap_or(PLAIN)
    }

    /// The shape of a member.
    pub fn member(&self, of: ShapeId, key: &str) -> ShapeId {
        let shape = self.get(of);
        let by_pattern = || {
            let mut patterns = shape.patterns.iter();
            let found = patterns.find(|(regex, _)| regex.is_match(key));
            found.map(|(_, id)| *id)
        };
        let known = shape.properties.get(key).copied().or_else(by_pattern);
        known.or(shape.additional).unwrap_or(PLAIN)
    }

    /// The members that the schema names.
    pub fn members(&self, of: ShapeId) -> impl Iterator<Item = (&str, ShapeId)> {
        let properties = self.get(of).properties.iter();
        properties.map(|(name, id)| (&**name, *id))
    }
}

/// Builds shapes; the same schema gives the same shape.
#[derive(Debug)]
pub struct ShapeBuilder<'d> {
    documents: &'d Documents,
    shapes: Shapes,
    known: HashMap<Vec<(usize, String)>, ShapeId>,
}

/// Past this many places of a schema the rest is read as plain text.
const MOST: usize = 4_096;

impl<'d> ShapeBuilder<'d> {
    /// Nothing built yet.
    pub fn new(documents: &'d Documents) -> Self {
        Self {
            documents,
            shapes: Shapes::default(),
            known: HashMap::new(),
        }
    }

    /// What was built.
    pub fn finish(self) -> Shapes {
        self.shapes
    }

    /// The shape of a value that all of `nodes` speak of.
    pub fn build(&mut self, nodes: &[Node<'d>]) -> ShapeId {
        let mut key: Vec<(usize, String)> = nodes
            .iter()
            .map(|n| (n.document, n.pointer.clone()))
            .collect();
        key.sort();
        key.dedup();
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        if nodes.is_empty() || self.shapes.list.len() >= MOST {
            return PLAIN;
        }
        let id = self.shapes.list.len();
        self.known.insert(key, id);
        self.shapes.list.push(Shape::of(Kinds::STRING));
        let shape = self.shape(nodes);
        self.shapes.list[id] = shape;
        id
    }

    fn shape(&mut self, nodes: &[Node<'d>]) -> Shape {
        let kinds = nodes.iter().map(|n| kinds::of(self.documents, n));
        let mut shape = Shape::of(kinds.reduce(Kinds::or).unwrap_or(Kinds::STRING));
        let all = self.expand(nodes);
        let text = |key: &str| all.iter().find_map(|n| n.schema.get(key)?.as_str());
        shape.split = text("x-split").filter(|s| !s.is_empty()).map(Into::into);
        shape.written = text("x-format").and_then(Format::written);
        self.members(&all, &mut shape);
        if shape.kinds.has(Kinds::ARRAY) {
            self.items(&all, &mut shape);
        }
        shape
    }

    fn members(&mut self, all: &[Node<'d>], shape: &mut Shape) {
        let named = |key: &str| {
            let mut by_name: Vec<(&'d str, Vec<Node<'d>>)> = vec![];
            for node in all {
                for name in node
                    .schema
                    .get(key)
                    .and_then(Json::as_object)
                    .into_iter()
                    .flatten()
                    .map(|(k, _)| k)
                {
                    let Some(child) = node.child(&[key, name]) else {
                        continue;
                    };
                    match by_name.iter_mut().find(|(n, _)| *n == name.as_str()) {
                        Some((_, nodes)) => nodes.push(child),
                        None => by_name.push((name, vec![child])),
                    }
                }
            }
            by_name
        };
        for (name, nodes) in named("properties") {
            let id = self.build(&nodes);
            shape.properties.insert(name.into(), id);
        }
        for (text, nodes) in named("patternProperties") {
            if let Ok(regex) = pattern::compile(text) {
                let id = self.build(&nodes);
                shape.patterns.push((regex, id));
            }
        }
        let rest = ["additionalProperties", "unevaluatedProperties"];
        shape.additional = self.first(all, &rest);
    }

    fn items(&mut self, all: &[Node<'d>], shape: &mut Shape) {
        let listed = ["prefixItems", "items"].into_iter();
        let prefixes: Vec<Vec<Node<'d>>> = listed
            .flat_map(|key| all.iter().map(move |n| parts(n, key)))
            .filter(|p| !p.is_empty())
            .collect();
        let longest = prefixes.iter().map(Vec::len).max().unwrap_or(0);
        for i in 0..longest {
            let nodes: Vec<Node<'d>> = prefixes.iter().filter_map(|p| p.get(i).cloned()).collect();
            let id = self.build(&nodes);
            shape.prefix.push(id);
        }
        let rest = ["items", "additionalItems", "unevaluatedItems", "contains"];
        shape.items = self.first(all, &rest);
    }

    /// The shape of the first of these keywords that holds a schema.
    fn first(&mut self, all: &[Node<'d>], keys: &[&str]) -> Option<ShapeId> {
        let of_key = |key: &&str| -> Vec<Node<'d>> {
            let children = all.iter().filter_map(|n| n.child(&[key]));
            children.filter(|n| n.schema.is_object()).collect()
        };
        let nodes = keys.iter().map(of_key).find(|nodes| !nodes.is_empty())?;
        Some(self.build(&nodes))
    }

    /// These schemas and all that judge the same value with them.
    fn expand(&self, nodes: &[Node<'d>]) -> Vec<Node<'d>> {
        let mut all: Vec<Node<'d>> = vec![];
        let mut open = nodes.to_vec();
        open.reverse();
        while let Some(node) = open.pop() {
            let known = all
                .iter()
                .any(|n| n.document == node.document && n.pointer == node.pointer);
            if known || all.len() >= MOST {
                continue;
            }
            let target = |key: &str| {
                self.documents
                    .follow(&node, node.schema.get(key)?.as_str()?)
            };
            open.extend(
                ["$ref", "$dynamicRef", "$recursiveRef"]
                    .into_iter()
                    .filter_map(target),
            );
            open.extend(
                ["allOf", "anyOf", "oneOf"]
                    .into_iter()
                    .flat_map(|key| parts(&node, key)),
            );
            open.extend(
                ["if", "then", "else"]
                    .into_iter()
                    .filter_map(|key| node.child(&[key])),
            );
            for key in ["dependentSchemas", "dependencies"] {
                let named = node
                    .schema
                    .get(key)
                    .and_then(Json::as_object)
                    .into_iter()
                    .flatten();
                open.extend(named.filter_map(|(name, _)| node.child(&[key, name])));
            }
            all.push(node);
        }
        all
    }
}
