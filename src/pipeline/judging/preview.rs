//! What each repair would do, counted before anything is accepted.
//!
//! Memory is bounded by the declared properties: counts, and [`EXAMPLES`] examples a repair. The examples are the
//! shortest texts (then the first by alphabet), so that they are the same for any number of threads.

use serde::Serialize;

use crate::contract::repair::{Mending, Repair, Repairs, words_of};
use crate::contract::rule::CAUSE_REQUIRED;
use crate::contract::{Contract, EventSchema, PropertySchema};
use crate::model::Cause;
use crate::model::batch::MAX_FAILURE_VALUE_BYTES;

/// Examples kept of each repair.
pub const EXAMPLES: usize = 3;

/// Counts by event schema and property; those of several threads add up.
#[derive(Debug, Default)]
pub struct PreviewTally {
    /// By index of the event schema in the contract, then by property.
    schemas: Vec<Vec<Counts>>,
    /// The schema that is looked at.
    at: usize,
    mending: Mending,
    spare: String,
}

/// What was counted of one property.
#[derive(Debug, Default)]
struct Counts {
    /// By number of the cause: values that break it.
    failing: Vec<u64>,
    /// By repair as in [`Repair::ALL`].
    repairs: [RepairCounts; Repair::ALL.len()],
    candidates: Option<Box<[Option<Repairs>]>>,
    words: Option<Vec<Box<str>>>,
}

#[derive(Debug, Default)]
struct RepairCounts {
    /// By number of the cause.
    repaired: Vec<u64>,
    changes_good: u64,
    examples: Vec<Example>,
}

/// A value before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// As sent, cut at 256 bytes; null where it is missing.
    pub from: Option<String>,
    /// Repaired, cut likewise.
    pub to: String,
}

impl Example {
    fn new(from: Option<&str>, to: &str) -> Self {
        let cut = |text: &str| text[..text.floor_char_boundary(MAX_FAILURE_VALUE_BYTES)].to_owned();
        Self {
            from: from.map(cut),
            to: cut(to),
        }
    }
}

/// What one repair would do to the values of one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RepairRow {
    /// Its name in `frontlog.toml`.
    pub repair: &'static str,
    /// Failing values that pass when repaired.
    pub repairs: u64,
    /// Values that pass today and that the repair would alter, were it applied to all.
    pub changes_good: u64,
    /// Shortest first.
    pub examples: Vec<Example>,
}

/// What can be done about one cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PreviewRow {
    /// `V402`.
    pub code: &'static str,
    /// Event name.
    pub event: String,
    /// Version of the event schema.
    pub version: String,
    /// Property.
    pub path: String,
    /// JSON Schema keyword.
    pub keyword: &'static str,
    /// What was expected.
    pub expected: String,
    /// Values that fail for this cause.
    pub failing: u64,
    /// The repairs that help, most first.
    pub repairs: Vec<RepairRow>,
}

impl PreviewRow {
    /// True for the row of that cause.
    pub fn is_of(&self, cause: &Cause) -> bool {
        self.code == cause.code.as_str()
            && self.keyword == cause.keyword
            && (&*self.event, &*self.version) == (&*cause.event, &*cause.version)
            && (&*self.path, &*self.expected) == (&*cause.path, &*cause.expected)
    }
}

impl PreviewTally {
    /// The next values are of an event of this schema, by its index in the contract.
    pub(super) fn look_at(&mut self, schema: usize) {
        self.at = schema;
        if self.schemas.len() <= schema {
            self.schemas.resize_with(schema + 1, Vec::new);
        }
    }

    fn counts<'a>(
        schemas: &'a mut [Vec<Counts>],
        schema: usize,
        (event, at): (&EventSchema, usize),
    ) -> &'a mut Counts {
        let properties = &mut schemas[schema];
        if properties.len() < event.properties.len() {
            properties.resize_with(event.properties.len(), Counts::default);
        }
        &mut properties[at]
    }

    /// A value that was not repaired, and what it breaks.
    pub(super) fn value(&mut self, event: &EventSchema, at: usize, text: &str, broken: &[u8]) {
        let property = &event.properties[at];
        if property.nested.is_some() {
            return;
        }
        let counts = Self::counts(&mut self.schemas, self.at, (event, at));
        if broken.is_empty() {
            let words = counts.words.get_or_insert_with(|| words_of(&property.rule));
            for repair in Repair::ALL {
                let changes = repair.apply(text, words, &mut self.spare);
                counts.repairs[repair as usize].changes_good += u64::from(changes);
            }
            return;
        }
        for cause in broken {
            add(&mut counts.failing, *cause);
        }
        let candidates = counts
            .candidates
            .get_or_insert_with(|| candidates(property));
        for (candidate, tally) in candidates.iter().zip(&mut counts.repairs) {
            let mended = candidate
                .as_ref()
                .and_then(|c| c.mend(&property.rule, text, &mut self.mending));
            if mended.is_some() {
                for cause in broken {
                    add(&mut tally.repaired, *cause);
                }
                tally.example(Some(text), &self.mending.text);
            }
        }
    }

    /// A required property that is missing.
    pub(super) fn missing(&mut self, event: &EventSchema, at: usize) {
        let property = &event.properties[at];
        let counts = Self::counts(&mut self.schemas, self.at, (event, at));
        add(&mut counts.failing, CAUSE_REQUIRED);
        let Some(default) = property.default.as_deref() else {
            return;
        };
        let mut broken = vec![];
        property.rule.judge(default, &mut broken);
        if broken.is_empty() {
            let tally = &mut counts.repairs[Repair::Default as usize];
            add(&mut tally.repaired, CAUSE_REQUIRED);
            tally.example(None, default);
        }
    }

    /// Adds what another thread counted.
    pub fn add(&mut self, other: Self) {
        if self.schemas.len() < other.schemas.len() {
            self.schemas.resize_with(other.schemas.len(), Vec::new);
        }
        for (mine, theirs) in self.schemas.iter_mut().zip(other.schemas) {
            if mine.len() < theirs.len() {
                mine.resize_with(theirs.len(), Counts::default);
            }
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                sum(&mut mine.failing, &theirs.failing);
                for (mine, theirs) in mine.repairs.iter_mut().zip(theirs.repairs) {
                    sum(&mut mine.repaired, &theirs.repaired);
                    mine.changes_good += theirs.changes_good;
                    theirs.examples.into_iter().for_each(|e| mine.keep(e));
                }
            }
        }
    }

    /// A row for each failing cause of a declared property, most failing first; repairs that help none are left out.
    pub fn rows(&self, contract: &Contract) -> Vec<PreviewRow> {
        let mut rows = Vec::new();
        for (schema, counts) in contract.schemas.iter().zip(&self.schemas) {
            for (property, counts) in schema.properties.iter().zip(counts) {
                for (number, cause) in property.causes.iter().enumerate() {
                    rows.extend(counts.row(number, cause));
                }
            }
        }
        let key = |row: &PreviewRow| {
            (
                row.event.clone(),
                row.version.clone(),
                row.path.clone(),
                row.code,
            )
        };
        rows.sort_by(|a, b| b.failing.cmp(&a.failing).then_with(|| key(a).cmp(&key(b))));
        rows
    }
}

/// The accepted repairs of a property and one more, for each one that could be accepted.
fn candidates(property: &PropertySchema) -> Box<[Option<Repairs>]> {
    let accepted = property.repairs.as_deref();
    let words = words_of(&property.rule);
    let candidate = |repair: Repair| {
        let mut list = accepted.map(|r| r.list.clone()).unwrap_or_default();
        if repair == Repair::Default || list.contains(&repair) {
            return None;
        }
        list.push(repair);
        list.sort_unstable();
        Some(Repairs {
            list,
            words: words.clone(),
            default: None,
        })
    };
    Repair::ALL.into_iter().map(candidate).collect()
}

fn add(counts: &mut Vec<u64>, cause: u8) {
    let at = usize::from(cause);
    if counts.len() <= at {
        counts.resize(at + 1, 0);
    }
    counts[at] += 1;
}

fn sum(mine: &mut Vec<u64>, theirs: &[u64]) {
    if mine.len() < theirs.len() {
        mine.resize(theirs.len(), 0);
    }
    mine.iter_mut().zip(theirs).for_each(|(a, b)| *a += b);
}

impl RepairCounts {
    fn example(&mut self, from: Option<&str>, to: &str) {
        let order = |e: &Example| {
            let text = e.from.as_deref().unwrap_or_default();
            (text.len(), text.to_owned())
        };
        // Most values come too late to be an example: no text is copied for those.
        let text = from.unwrap_or_default();
        let is_late = self.examples.len() == EXAMPLES
            && self.examples.last().is_some_and(|e| {
                let (length, last) = order(e);
                (text.len(), text) >= (length, last.as_str())
            });
        if !is_late {
            self.keep(Example::new(from, to));
        }
    }

    fn keep(&mut self, example: Example) {
        let order = |e: &Example| {
            let text = e.from.as_deref().unwrap_or_default();
            (text.len(), text.to_owned())
        };
        if let Err(at) = self
            .examples
            .binary_search_by(|e| order(e).cmp(&order(&example)))
        {
            self.examples.insert(at, example);
            self.examples.truncate(EXAMPLES);
        }
    }
}

impl Counts {
    fn row(&self, number: usize, cause: &Cause) -> Option<PreviewRow> {
        let failing = self.failing.get(number).copied().filter(|n| *n > 0)?;
        let mut repairs: Vec<RepairRow> = Repair::ALL
            .into_iter()
            .zip(&self.repairs)
            .map(|(repair, counts)| RepairRow {
                repair: repair.name(),
                repairs: counts.repaired.get(number).copied().unwrap_or(0),
                changes_good: counts.changes_good,
                examples: counts.examples.clone(),
            })
            .filter(|row| row.repairs > 0)
            .collect();
        repairs.sort_by_key(|row| std::cmp::Reverse(row.repairs));
        Some(PreviewRow {
            code: cause.code.as_str(),
            event: cause.event.to_string(),
            version: cause.version.to_string(),
            path: cause.path.to_string(),
            keyword: cause.keyword,
            expected: cause.expected.to_string(),
            failing,
            repairs,
        })
    }
}
