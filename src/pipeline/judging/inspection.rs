//! One record looked at closely, for the explorer's detail: judged by the very code of the hot path, told in words.

use std::sync::Arc;

use super::{Judging, RecordView, query_of};
use crate::contract::Contract;
use crate::event::split_query;
use crate::model::{
    Cause, Causes, Code, Counters, EventType, EventTypes, FailureColumns, Severity, Verdict,
};

/// A record and everything that is known of it as an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// What it turned out to be.
    pub verdict: Verdict,
    /// The event's name; `None` for a record that is no event, or has no name (R201).
    pub name: Option<String>,
    /// Version of the event schema it was judged by; empty where none was.
    pub version: String,
    /// The contract has an event schema for it.
    pub declared: bool,
    /// The pairs in the order of the query, then the required ones that are missing. For records that are no event
    /// too, so that any query can be read.
    pub properties: Vec<InspectedProperty>,
    /// Failures of the event as a whole.
    pub failures: Vec<InspectedFailure>,
}

/// One pair of the query, or a required property that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedProperty {
    /// The decoded key.
    pub key: String,
    /// The decoded value; `None` where the property is missing.
    pub value: Option<String>,
    /// The value as it stands in the log; empty where the property is missing.
    pub raw: String,
    /// The declaration in few words; `None` where the schema does not know the property.
    pub declared: Option<String>,
    /// Listed in `required`.
    pub required: bool,
    /// What is wrong with it.
    pub failures: Vec<InspectedFailure>,
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InspectedFailure {
    /// The code.
    pub code: Code,
    /// How much it weighs.
    pub severity: Severity,
    /// `value: "12,50" is not a number`.
    pub sentence: String,
}

/// Judges one record by itself. Compiles nothing anew but takes the contract's causes in, so it is for one record at
/// a time (tens of microseconds), not for many.
pub fn inspect(contract: &Contract, view: &RecordView<'_>) -> Inspection {
    let (types, causes) = (Arc::new(EventTypes::default()), Arc::new(Causes::default()));
    let mut judging = Judging::new(
        Arc::new(contract.clone()),
        types.clone(),
        causes.clone(),
        false,
        false,
    );
    let mut failures = FailureColumns::default();
    let (event_type, _, verdict) = judging.record(0, view, &mut failures, &mut Counters::default());
    let event_type = event_type
        .checked_sub(1)
        .and_then(|at| types.list().get(usize::from(at)).cloned());
    let mut inspection = Inspection {
        verdict,
        name: event_type.as_ref().map(|t| t.name.to_string()),
        version: event_type
            .as_ref()
            .map_or_else(String::new, |t| t.version.to_string()),
        declared: event_type.as_ref().is_some_and(|t| t.declared),
        properties: judging.pairs(view, event_type.as_deref()),
        failures: vec![],
    };
    for (row, cause) in failures.cause.iter().enumerate() {
        let texts = (failures.value.get(row), failures.repaired.get(row));
        if let Some(cause) = causes.get(*cause) {
            inspection.add(&cause, texts, event_type.as_deref());
        }
    }
    inspection
}

impl Judging {
    /// The properties of the record that was judged last.
    fn pairs(
        &mut self,
        view: &RecordView<'_>,
        event_type: Option<&EventType>,
    ) -> Vec<InspectedProperty> {
        if self.open(view).is_none() {
            split_query(query_of(view), &mut self.properties);
        }
        let pairs = self.properties.view(query_of(view));
        let property = |i: usize| {
            let key = pairs.key(i);
            let column = event_type.and_then(|t| t.columns.iter().find(|c| *c.name == *key));
            InspectedProperty {
                key: key.to_owned(),
                value: Some(pairs.value(i).to_owned()),
                raw: pairs.raw_value(i).to_owned(),
                declared: column.map(|c| c.declared.to_string()),
                required: column.is_some_and(|c| c.required),
                failures: vec![],
            }
        };
        (0..pairs.len()).map(property).collect()
    }
}

impl Inspection {
    fn add(
        &mut self,
        cause: &Cause,
        (value, repaired): (Option<&str>, Option<&str>),
        event_type: Option<&EventType>,
    ) {
        let failure = InspectedFailure {
            code: cause.code,
            severity: cause.severity,
            sentence: cause.message_of(value, repaired),
        };
        if cause.code == Code::V401 || (cause.code == Code::F701 && value.is_none()) {
            let column = event_type.and_then(|t| t.columns.iter().find(|c| c.name == cause.path));
            self.properties.push(InspectedProperty {
                key: cause.path.to_string(),
                value: None,
                raw: String::new(),
                declared: column.map(|c| c.declared.to_string()),
                required: true,
                failures: vec![failure],
            });
            return;
        }
        let holds = |p: &InspectedProperty| {
            let start = value.unwrap_or_default();
            p.value.as_ref().is_some_and(|v| v.starts_with(start)) || p.raw.starts_with(start)
        };
        // A cause keeps the start of a very long key.
        let same_key = |p: &InspectedProperty| {
            p.key == *cause.path || (cause.path.len() > 120 && p.key.starts_with(&*cause.path))
        };
        let at = self
            .properties
            .iter()
            .rposition(|p| same_key(p) && holds(p));
        let at = at.or_else(|| self.properties.iter().position(same_key));
        match at.and_then(|at| self.properties.get_mut(at)) {
            Some(property) => property.failures.push(failure),
            None => self.failures.push(failure),
        }
    }
}
