//! `$ref`s that come back to themselves without going into the value: nothing could ever be judged by those.

use std::collections::HashMap;

use serde_json::Value as Json;

use crate::contract::documents::{Documents, Node, steps};
use crate::contract::draft;
use crate::error::{Error, Result};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// On the way from the schema that was asked about.
    Open,
    /// Leads to no circle.
    Done,
}

/// Refuses schemas that are their own part. A recursion that goes into a property or an item is legal.
///
/// # Errors
/// [`Error::Config`] at the `$ref` that closes the circle.
pub fn check(documents: &Documents) -> Result<()> {
    let mut marks = HashMap::new();
    for document in 0..documents.list.len() {
        for node in documents.schemas(document) {
            visit(documents, &node, &mut marks)?;
        }
    }
    Ok(())
}

fn visit<'d>(
    documents: &'d Documents,
    node: &Node<'d>,
    marks: &mut HashMap<(usize, String), Mark>,
) -> Result<()> {
    let key = (node.document, node.pointer.clone());
    if marks.contains_key(&key) {
        return Ok(());
    }
    marks.insert(key.clone(), Mark::Open);
    for (next, is_ref) in in_place(documents, node) {
        let at = (next.document, next.pointer.clone());
        if is_ref && marks.get(&at) == Some(&Mark::Open) {
            return Err(circle(documents, node));
        }
        visit(documents, &next, marks)?;
    }
    marks.insert(key, Mark::Done);
    Ok(())
}

fn circle(documents: &Documents, node: &Node<'_>) -> Error {
    let mut at = steps(&node.pointer);
    at.push("$ref".into());
    let at: Vec<&str> = at.iter().map(String::as_str).collect();
    let reference = node.schema["$ref"].as_str().unwrap_or_default();
    documents.of(node).error(
        &at,
        &format!("\"{reference}\" comes back to this very schema without going into a property or an item: it could never be judged"),
    )
}

/// The schemas that judge the same value as `node`, and whether a `$ref` leads there.
fn in_place<'d>(documents: &'d Documents, node: &Node<'d>) -> Vec<(Node<'d>, bool)> {
    let Some(map) = node.map() else { return vec![] };
    let reference = map.get("$ref").and_then(Json::as_str);
    let target = reference.and_then(|r| documents.follow(node, r));
    let mut all: Vec<(Node<'d>, bool)> = target.map(|t| (t, true)).into_iter().collect();
    if reference.is_some() && draft::ref_stands_alone(documents.of(node).draft) {
        return all;
    }
    for key in [
        "allOf",
        "anyOf",
        "oneOf",
        "dependentSchemas",
        "dependencies",
    ] {
        let names: Vec<String> = match map.get(key) {
            Some(Json::Array(list)) => (0..list.len()).map(|i| i.to_string()).collect(),
            Some(Json::Object(members)) => members.keys().cloned().collect(),
            _ => continue,
        };
        let inner = names.iter().filter_map(|name| node.child(&[key, name]));
        all.extend(inner.map(|n| (n, false)));
    }
    let single = ["not", "if", "then", "else"].into_iter();
    all.extend(single.filter_map(|key| Some((node.child(&[key])?, false))));
    all
}
