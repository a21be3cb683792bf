//! What a correct reader must count, tallied while the lines are written, and put into `truth.json`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::model::{Code, Counters, Severity};

use super::GenerateOptions;
use super::fault::KeyEdit;
use super::pixel::{Facts, Kind};
use super::plan::{Plan, Quirk};
use super::written::Written;

/// Event name and schema version; empty where there is none.
pub type Label = (&'static str, &'static str);

/// What one line is to a correct reader.
#[derive(Debug, Clone, Copy)]
pub enum Outcome {
    /// Begins with `#`.
    Header,
    /// Empty.
    Blank,
    /// No record.
    Reject(Code),
    /// A record that is no event, at that time (seconds since 1970 UTC).
    NotEvent(i64),
    /// An event.
    Event(EventOutcome),
}

/// What one event is to a correct reader.
#[derive(Debug, Clone, Copy)]
pub struct EventOutcome {
    /// Log time in seconds since 1970 UTC.
    pub time_s: i64,
    /// Its type; empty where it has none.
    pub label: Label,
    /// What was done to its query.
    pub edits: &'static [KeyEdit],
    /// A failure of the whole event: R201 for a request without a query, X501, X502.
    pub whole: Option<Code>,
    /// One of the incident's.
    pub incident: bool,
    /// What sums are made of; `None` without a query.
    pub facts: Option<Facts>,
}

/// The first and the last of some times.
#[derive(Debug, Clone, Copy, Default)]
struct Span(Option<(i64, i64)>);

impl Span {
    fn take(&mut self, time: i64) {
        self.0 = Some(self.0.map_or((time, time), |(first, last)| {
            (first.min(time), last.max(time))
        }));
    }

    fn add(&mut self, other: Self) {
        if let Some((first, last)) = other.0 {
            self.take(first);
            self.take(last);
        }
    }

    fn json(self) -> Value {
        self.0.map_or(
            Value::Null,
            |(first, last)| json!({ "first": first, "last": last }),
        )
    }
}

/// Counts of some lines. They add up in any order.
#[derive(Debug, Default)]
pub struct Tally {
    /// The identity.
    pub counters: Counters,
    events: BTreeMap<Label, (u64, u64)>,
    rejects: BTreeMap<Code, u64>,
    failures: BTreeMap<(Label, Code, &'static str), u64>,
    sums: BTreeMap<&'static str, u64>,
    incident: (u64, Span),
    log_time_s: Span,
    event_time_ms: Span,
}

impl Tally {
    /// Counts a line.
    pub fn take(&mut self, outcome: &Outcome) {
        self.counters.lines += 1;
        match outcome {
            Outcome::Header => self.counters.header_lines += 1,
            Outcome::Blank => self.counters.blank_lines += 1,
            Outcome::Reject(code) => {
                self.counters.unreadable_lines += 1;
                *self.rejects.entry(*code).or_default() += 1;
            }
            Outcome::NotEvent(time_s) => {
                self.counters.records += 1;
                self.counters.not_events += 1;
                self.log_time_s.take(*time_s);
            }
            Outcome::Event(event) => self.take_event(event),
        }
    }

    fn take_event(&mut self, event: &EventOutcome) {
        self.counters.records += 1;
        self.counters.events += 1;
        self.log_time_s.take(event.time_s);
        let mut is_good = true;
        let edits = event.edits.iter().map(|e| (e.code, path_of(e)));
        for (code, path) in edits.chain(event.whole.map(|code| (code, ""))) {
            *self.failures.entry((event.label, code, path)).or_default() += 1;
            if code.default_severity() == Severity::Error {
                self.counters.errors += 1;
                is_good = false;
            } else {
                self.counters.warnings += 1;
            }
        }
        let of_type = self.events.entry(event.label).or_default();
        if is_good {
            self.counters.good += 1;
            of_type.0 += 1;
            self.take_good(event);
        } else {
            self.counters.failed += 1;
            of_type.1 += 1;
        }
        if event.incident {
            self.incident.0 += 1;
            self.incident.1.take(event.time_s);
        }
    }

    fn take_good(&mut self, event: &EventOutcome) {
        let Some(facts) = &event.facts else { return };
        self.event_time_ms.take(facts.time_ms);
        let mut sum = |name, value| *self.sums.entry(name).or_default() += value;
        match facts.kind {
            Kind::Checkout => {
                sum("checkout.qty", facts.qty);
                sum("checkout.value", facts.cents);
            }
            Kind::AddToCart => {
                sum("add_to_cart.qty", facts.qty);
                sum("add_to_cart.price", facts.cents);
            }
            Kind::PagePing => sum("page_ping.scroll_pct", facts.scroll_pct),
            _ => {}
        }
    }

    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        self.counters.add(&other.counters);
        for (label, (good, failed)) in &other.events {
            let of_type = self.events.entry(*label).or_default();
            of_type.0 += good;
            of_type.1 += failed;
        }
        add_counts(&mut self.rejects, &other.rejects);
        add_counts(&mut self.failures, &other.failures);
        add_counts(&mut self.sums, &other.sums);
        self.incident.0 += other.incident.0;
        self.incident.1.add(other.incident.1);
        self.log_time_s.add(other.log_time_s);
        self.event_time_ms.add(other.event_time_ms);
    }

    /// The content of `truth.json`.
    pub fn json(&self, options: &GenerateOptions, plan: &Plan) -> Value {
        let mut by_code: BTreeMap<&str, u64> = BTreeMap::new();
        for ((_, code, _), count) in &self.failures {
            *by_code.entry(code.as_str()).or_default() += count;
        }
        let mut made_by = json!({
            "records": options.records, "objects": options.objects, "seed": options.seed, "faults": options.faults,
            "hours": options.hours, "start": super::hour_text(options.start_hour),
        });
        if options.format != Written::V1 {
            made_by["log_format"] = json!(options.format.as_str());
        }
        json!({
            "made_by": made_by,
            "counters": self.counters_json(),
            "bytes": { "objects": self.counters.object_bytes, "text": self.counters.text_bytes },
            "unreadable_by_code": self.rejects.iter().map(|(code, count)| (code.as_str().to_owned(), json!(count))).collect::<serde_json::Map<_, _>>(),
            "failures_by_code": by_code,
            "events": self.events.iter().map(|((event, version), (good, failed))| {
                json!({ "event": event, "version": version, "good": good, "failed": failed })
            }).collect::<Vec<_>>(),
            "failures": self.failures.iter().map(|(((event, version), code, path), count)| {
                json!({ "event": event, "version": version, "code": code, "path": path, "count": count })
            }).collect::<Vec<_>>(),
            "sums_of_good_events": self.sums.iter().map(|(name, sum)| ((*name).to_owned(), sum_json(name, *sum))).collect::<serde_json::Map<_, _>>(),
            "log_time_s": self.log_time_s.json(),
            "good_event_time_ms": self.event_time_ms.json(),
            "incident": {
                "event": "checkout", "code": Code::V402, "path": "value", "app_version": super::viewer::BROKEN_VERSION,
                "count": self.incident.0, "log_time_s": self.incident.1.json(),
            },
            "forms": plan.objects.iter().filter(|o| o.quirk != Quirk::Usual).map(|o| {
                json!({ "object": o.name, "form": o.quirk.as_str() })
            }).collect::<Vec<_>>(),
        })
    }

    /// The counters without the bytes: those depend on how far a reader gets in a truncated object.
    fn counters_json(&self) -> Value {
        let mut counters = json!(self.counters);
        if let Some(map) = counters.as_object_mut() {
            map.shift_remove("object_bytes");
            map.shift_remove("text_bytes");
        }
        counters
    }
}

/// Sums of money are tallied in hundredths.
fn sum_json(name: &str, sum: u64) -> Value {
    if name.ends_with("value") || name.ends_with("price") {
        json!(sum as f64 / 100.0)
    } else {
        json!(sum)
    }
}

fn add_counts<K: Ord + Copy>(to: &mut BTreeMap<K, u64>, from: &BTreeMap<K, u64>) {
    for (key, count) in from {
        *to.entry(*key).or_default() += count;
    }
}

/// The instance path of a failure: the key it is about, empty where there is none that could be shown.
fn path_of(edit: &KeyEdit) -> &'static str {
    if matches!(edit.code, Code::R201 | Code::R202) {
        ""
    } else {
        edit.key
    }
}
