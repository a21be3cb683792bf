//! Accepted repairs, tried where a text breaks its rule or a required property is missing.

use super::catalogue::Judge;
use super::emit::{DynamicCauses, Ranked};
use crate::contract::repair::{Done, Mending, Repair};
use crate::model::{Cause, Code};

/// Repairs the text of a property, if `[repair]` accepts what it takes; the text is in `mending` then.
pub(super) fn mend(
    judge: &mut Judge,
    at: usize,
    text: &str,
    mending: &mut Mending,
    causes: &DynamicCauses,
) -> Option<Ranked> {
    let property = &judge.schema.properties[at];
    let repairs = property
        .repairs
        .as_deref()
        .filter(|_| property.nested.is_none())?;
    let done = repairs.mend(&property.rule, text, mending)?;
    Some(cause(judge, at, done, causes))
}

/// The default of a missing property, if `[repair]` accepts one; its text is in `mending` then.
pub(super) fn default(
    judge: &mut Judge,
    at: usize,
    mending: &mut Mending,
    causes: &DynamicCauses,
) -> Option<Ranked> {
    let default = judge.schema.properties[at]
        .repairs
        .as_deref()?
        .default
        .as_deref()?;
    mending.text.clear();
    mending.text.push_str(default);
    Some(cause(judge, at, Done::only(Repair::Default), causes))
}

/// Interned when first met: a property has as many as ways in which its repairs were combined.
fn cause(judge: &mut Judge, at: usize, done: Done, causes: &DynamicCauses) -> Ranked {
    let known = judge.mended.iter().find(|(p, d, _)| *p == at && *d == done);
    if let Some((_, _, ranked)) = known {
        return *ranked;
    }
    let ranked = causes.intern(&Cause {
        code: Code::F701,
        severity: causes.severity(Code::F701),
        event: judge.schema.name.clone(),
        version: judge.schema.version.clone(),
        path: judge.schema.properties[at].name.clone(),
        keyword: "",
        expected: done.names().into(),
    });
    judge.mended.push((at, done, ranked));
    ranked
}
