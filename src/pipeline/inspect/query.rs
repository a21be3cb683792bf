//! The query of one record as a tree: its pairs, and below each payload what was in it.

use std::cell::RefCell;
use std::ops::Range;

use crate::contract::Contract;
use crate::event::json::{self, Value};
use crate::event::{KeyTable, Routes, UNKNOWN_KEY, split_query};
use crate::model::{DetailProperty, Payload, Properties, PropertyScratch, ValueKind};

/// What decides which way a record is an event.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub method: &'a str,
    pub stem: &'a str,
    pub status: Option<i64>,
}

/// A property, and the range of the query that its value came from (its key where the value is empty).
pub(super) type Placed = (DetailProperty, Range<usize>);

/// A payload may hold thousands of values; nobody reads on past this many.
const MAX_INSIDE: usize = 400;

/// The routes of the contract that was asked for last.
struct Prepared {
    digest: String,
    keys: KeyTable,
    routes: Routes,
}

thread_local! {
    static PREPARED: RefCell<Option<Prepared>> = const { RefCell::new(None) };
}

/// The decoded pairs of a query in their order, each followed by what its payload held.
pub(super) fn read(contract: &Contract, request: Request<'_>, query: &str) -> Vec<Placed> {
    let mut scratch = PropertyScratch::default();
    split_query(query, &mut scratch);
    let roles = open(contract, request, query, &mut scratch);
    tree(query, &scratch.view(query), &roles)
}

/// Opens the payloads as judging did, and says what `[event]` of `frontlog.toml` uses each pair for.
fn open(
    contract: &Contract,
    request: Request<'_>,
    query: &str,
    scratch: &mut PropertyScratch,
) -> Vec<&'static str> {
    PREPARED.with_borrow_mut(|prepared| {
        let known = prepared.take().filter(|p| p.digest == contract.digest);
        let mut ready = known.unwrap_or_else(|| {
            let mut keys = KeyTable::default();
            Prepared {
                digest: contract.digest.clone(),
                routes: Routes::new(&contract.routing, &mut keys),
                keys,
            }
        });
        let (routes, keys) = (&mut ready.routes, &ready.keys);
        let mut ids = vec![];
        keys.resolve(&scratch.view(query), &mut ids);
        let candidates = routes.candidates(request.method, request.stem, request.status);
        let route = routes.choose(candidates, &scratch.view(query), &ids);
        let roles = route.map(|route| {
            routes.payloads(route).open(query, scratch, &mut ids, keys);
            let (envelope, view) = (routes.envelope(route), scratch.view(query));
            let name = envelope.name(&view, &ids, request.stem);
            let name_key = name.at.map_or(UNKNOWN_KEY, |at| ids[at]);
            ids.iter().map(|id| envelope.role(*id, name_key)).collect()
        });
        *prepared = Some(ready);
        roles.unwrap_or_default()
    })
}

fn tree(query: &str, view: &Properties<'_>, roles: &[&str]) -> Vec<Placed> {
    let is_spread = |i: usize| view.get(i).payload == Payload::Spread;
    let pairs = if view.beside() == 0 {
        view.len()
    } else {
        view.beside()
    };
    let mut out: Vec<Placed> = Vec::with_capacity(view.len());
    for i in 0..pairs {
        let range = place(query, view.raw_value(i));
        let mut pair = property(view, i, 0);
        pair.declared
            .push_str(roles.get(i).copied().unwrap_or_default());
        out.push((pair, range.clone()));
        if is_spread(i) {
            let raw = view.raw_value(i).as_ptr();
            for member in (pairs..view.len()).filter(|m| view.raw_value(*m).as_ptr() == raw) {
                out.push((property(view, member, 1), range.clone()));
                inside(view, member, 2, &range, &mut out);
            }
        } else {
            inside(view, i, 1, &range, &mut out);
        }
    }
    out
}

fn property(view: &Properties<'_>, i: usize, depth: u8) -> DetailProperty {
    DetailProperty {
        key: view.key(i).to_owned(),
        value: Some(view.value(i).to_owned()),
        depth,
        path: view.key(i).to_owned(),
        raw: view.raw_value(i).to_owned(),
        ..DetailProperty::default()
    }
}

/// `raw` is a part of `query`: its place there, or that of its key where it is empty.
fn place(query: &str, raw: &str) -> Range<usize> {
    let end = (raw.as_ptr().addr() - query.as_ptr().addr()) + raw.len();
    let start = if raw.is_empty() {
        query[..end].rfind('&').map_or(0, |at| at + 1)
    } else {
        end - raw.len()
    };
    start..end
}

/// What the JSON text of a property holds.
fn inside(view: &Properties<'_>, i: usize, depth: u8, range: &Range<usize>, out: &mut Vec<Placed>) {
    if !matches!(view.get(i).kind, ValueKind::Array | ValueKind::Object) {
        return;
    }
    let text = view.value(i);
    let Some(whole) = json::read(text) else {
        return;
    };
    let mut list = vec![];
    values(text, whole, (view.key(i), depth), &mut list);
    out.extend(list.into_iter().map(|p| (p, range.clone())));
}

fn values(text: &str, value: Value, (path, depth): (&str, u8), out: &mut Vec<DetailProperty>) {
    let mut add = |key: String, path: String, value: Value| {
        if out.len() >= MAX_INSIDE {
            return;
        }
        out.push(DetailProperty {
            key,
            value: Some(said(text, value)),
            depth,
            path: path.clone(),
            ..DetailProperty::default()
        });
        values(text, value, (&path, depth.saturating_add(1)), out);
    };
    match value.kind {
        ValueKind::Object => json::members(text, value, |key, value| {
            let mut name = String::new();
            json::unescape(&text[key], &mut name);
            let path = format!("{path}.{name}");
            add(name, path, value);
        }),
        ValueKind::Array => {
            let mut at = 0;
            json::items(text, value, |value| {
                add(format!("[{at}]"), format!("{path}[{at}]"), value);
                at += 1;
            });
        }
        _ => {}
    }
}

fn said(text: &str, value: Value) -> String {
    let mut said = String::new();
    match value.kind {
        ValueKind::String => json::unescape(&text[value.text()], &mut said),
        _ => said.push_str(&text[value.start..value.end]),
    }
    said
}
