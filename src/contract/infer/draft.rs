//! From what was seen of an event type to a JSON Schema, by rules that are stated here and nowhere else.
//!
//! Each keyword must hold for all values but the tolerated share, and there must be enough values to speak of:
//! - **type**: `boolean` where `true` or `false` occur (beside `0` and `1`), else `integer`, `number`, `string`, the
//!   first that fits; from [`MIN_TYPED`] values on. With empty texts a type other than free text becomes a union with
//!   `null`.
//! - **required**: present in all events, from [`MIN_REQUIRED`] events on.
//! - **enum**: texts without digits, at most [`MAX_ENUM`] distinct, from [`MIN_ENUM`] values on, each of them more than
//!   once, and the newest of them in the first half of the events.
//! - **format**: from [`MIN_FORMAT`] values on; a hostname only where the property's name says so.
//! - **x-format**: integers of ten (seconds) or thirteen digits (milliseconds) that are near their event's time.
//! - **pattern**: from [`MIN_PATTERN`] values of which [`MIN_PATTERN_DISTINCT`] are distinct, where their shape tells
//!   anything.
//! - **minimum**: 0 where none is below; else, as **maximum**, the power of ten that is 10 to 100 times the largest;
//!   from [`MIN_BOUNDED`] values on.
//! - **maxLength**: the power of two that is two to four times the longest, at least 16; **minLength**: 1 where none is
//!   empty; from [`MIN_BOUNDED`] values on.

use serde_json::{Map, Value as Json, json};

use crate::contract::format::Format;
use crate::contract::infer::figures::{FORMATS, Figures, LENGTH_CLASSES};
use crate::contract::infer::learner::{PropertySketch, TypeSketch};
use crate::contract::infer::sketch::Sketch;
use crate::contract::privacy::Privacy;
use crate::contract::version::SchemaVer;
use crate::model::TextKind;

/// Values from which on a type other than `string` is drafted.
pub const MIN_TYPED: u64 = 5;
/// Events from which on a property is required.
pub const MIN_REQUIRED: u64 = 50;
/// Values from which on an enum is drafted.
pub const MIN_ENUM: u64 = 200;
/// Most values of an enum.
pub const MAX_ENUM: usize = 12;
/// Values from which on a format is drafted.
pub const MIN_FORMAT: u64 = 10;
/// Values from which on a pattern is drafted.
pub const MIN_PATTERN: u64 = 100;
/// Distinct values from which on a pattern is drafted.
pub const MIN_PATTERN_DISTINCT: u64 = 20;
/// Values from which on bounds are drafted.
pub const MIN_BOUNDED: u64 = 100;

/// How to draft.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Share of values, 0 to 1, that need not fit: what comes so rarely is taken for a fault.
    pub tolerate: f64,
    /// Values named in a comment.
    pub examples: usize,
}

impl Rules {
    /// How many of `all` need not fit.
    pub fn spare(&self, all: u64) -> u64 {
        (self.tolerate * all as f64 + 1e-9) as u64
    }
}

/// A drafted event schema.
#[derive(Debug, Clone)]
pub struct Draft {
    /// The schema, its keys in the order in which a person would write them.
    pub schema: Json,
    /// Sentences on what was left out.
    pub notes: Vec<String>,
}

/// Where a schema is to go.
#[derive(Debug, Clone, Copy)]
pub struct Setting<'a> {
    /// Its version.
    pub version: SchemaVer,
    /// What is private has no examples.
    pub privacy: &'a Privacy,
    /// The policy forbids properties that a schema does not know.
    pub forbids_unknown: bool,
}

/// Drafts the schema of an event type.
pub fn draft(seen: &TypeSketch, setting: &Setting<'_>, rules: &Rules) -> Draft {
    let mut properties = Map::new();
    let mut required = vec![];
    let mut rare = 0u64;
    for property in &seen.properties {
        let present = property.sketch.present();
        if property.forgotten > 0
            || (seen.events >= MIN_REQUIRED && present <= rules.spare(seen.events))
        {
            rare += 1;
            continue;
        }
        let rules = &Rules {
            examples: if setting.privacy.hides("V402", &property.name) {
                0
            } else {
                rules.examples
            },
            ..*rules
        };
        let drafted = property_schema(property, seen.events, rules);
        let is_nullable = drafted.get("type").is_some_and(Json::is_array);
        if is_required(present, seen.events, rules) && !is_nullable {
            required.push(Json::from(&*property.name));
        }
        properties.insert(property.name.to_string(), Json::Object(drafted));
    }
    let left_out = rare + seen.dropped_names();
    let mut schema = Map::new();
    schema.insert(
        "$schema".into(),
        "https://json-schema.org/draft/2020-12/schema".into(),
    );
    schema.insert("$comment".into(), comment(seen).into());
    schema.insert("version".into(), setting.version.to_string().into());
    schema.insert("type".into(), "object".into());
    schema.insert("properties".into(), properties.into());
    if !required.is_empty() {
        schema.insert("required".into(), required.into());
    }
    if setting.forbids_unknown && left_out > 0 {
        schema.insert("additionalProperties".into(), true.into());
    }
    let mut notes = vec![];
    if left_out > 0 {
        notes.push(format!(
            "{}: {} too rare to be described {} left out",
            seen.name,
            if left_out == 1 {
                "1 property".to_owned()
            } else {
                format!("some {left_out} properties")
            },
            if left_out == 1 { "is" } else { "are" },
        ));
    }
    Draft {
        schema: Json::Object(schema),
        notes,
    }
}

fn comment(seen: &TypeSketch) -> String {
    let span = seen.span_us.map_or_else(String::new, |(first, last)| {
        let text = crate::model::time::format_us;
        format!(", {} to {} UTC", text(first), text(last))
    });
    format!(
        "Drafted by frontlog infer from {} events{span}. Read it before you rely on it.",
        seen.events
    )
}

/// Present in so many events that it is required.
pub fn is_required(present: u64, events: u64, rules: &Rules) -> bool {
    events >= MIN_REQUIRED && events - present.min(events) <= rules.spare(events)
}

/// The schema of one property of a type with that many events.
pub fn property_schema(property: &PropertySketch, events: u64, rules: &Rules) -> Map<String, Json> {
    let sketch = &property.sketch;
    let figures = sketch.figures();
    let spare = rules.spare(figures.values);
    let mut out = match type_of(&figures, spare) {
        "string" => string(&property.name, (sketch, &figures), events, spare),
        "integer" => integer(&figures, spare),
        "number" => {
            let mut out = typed("number", &figures, spare);
            bounds(&figures, spare, &mut out);
            out
        }
        other => typed(other, &figures, spare),
    };
    out.insert(
        "$comment".into(),
        facts(sketch, &figures, events, rules).into(),
    );
    out
}

/// The narrowest type that all values but `spare` have.
pub fn type_of(figures: &Figures, spare: u64) -> &'static str {
    let texts = figures.values - figures.of(&[TextKind::Empty]);
    let fits = |kinds: &[TextKind]| {
        let of = figures.of(kinds);
        of > 0 && texts - of <= spare
    };
    let whole = [TextKind::Bit, TextKind::Integer];
    let number = [TextKind::Bit, TextKind::Integer, TextKind::Number];
    if texts < MIN_TYPED {
        "string"
    } else if figures.of(&[TextKind::Boolean]) > spare && fits(&[TextKind::Boolean, TextKind::Bit])
    {
        "boolean"
    } else if fits(&whole) {
        "integer"
    } else if fits(&number) {
        "number"
    } else {
        "string"
    }
}

/// A schema with that type, which may be null where texts are empty.
fn typed(name: &str, figures: &Figures, spare: u64) -> Map<String, Json> {
    let mut out = Map::new();
    let nullable = figures.of(&[TextKind::Empty]) > spare;
    let value = if nullable {
        json!([name, "null"])
    } else {
        json!(name)
    };
    out.insert("type".into(), value);
    out
}

fn integer(figures: &Figures, spare: u64) -> Map<String, Json> {
    let mut out = typed("integer", figures, spare);
    let texts = figures.values - figures.of(&[TextKind::Empty]);
    for (times, written) in figures.epochs.iter().zip(["epoch_s", "epoch_ms"]) {
        if texts >= MIN_FORMAT && texts - times <= spare {
            out.insert("x-format".into(), written.into());
            return out;
        }
    }
    bounds(figures, spare, &mut out);
    out
}

fn bounds(figures: &Figures, spare: u64, out: &mut Map<String, Json>) {
    /// Past 2^53 a bound would be no number that all readers agree on.
    const MAX_POWER: usize = 15;
    let numbers: u64 = figures.sizes.iter().sum();
    if numbers < MIN_BOUNDED {
        return;
    }
    let class = class_of_all(&figures.sizes, spare);
    let limit = (class < MAX_POWER).then(|| 10i64.pow(class as u32 + 1));
    if figures.negative <= spare {
        out.insert("minimum".into(), 0.into());
    } else if let Some(limit) = limit {
        out.insert("minimum".into(), (-limit).into());
    }
    if let Some(limit) = limit {
        out.insert("maximum".into(), limit.into());
    }
}

/// The lowest class with all but `spare` in it or below.
fn class_of_all(counts: &[u64], spare: u64) -> usize {
    let mut above = 0;
    for (class, count) in counts.iter().enumerate().rev() {
        above += count;
        if above > spare {
            return class;
        }
    }
    0
}

fn string(
    name: &str,
    (sketch, figures): (&Sketch, &Figures),
    events: u64,
    spare: u64,
) -> Map<String, Json> {
    let empty = figures.of(&[TextKind::Empty]);
    let texts = figures.values - empty;
    if let Some(values) = enumerated(sketch, figures, events, spare) {
        let mut out = typed("string", figures, spare);
        let mut values: Vec<Json> = values.into_iter().map(Json::from).collect();
        if empty > spare {
            values.push(Json::Null);
        }
        out.insert("enum".into(), values.into());
        return out;
    }
    if let Some(format) = format_of(name, figures, spare).filter(|_| texts >= MIN_FORMAT) {
        let mut out = typed("string", figures, spare);
        out.insert("format".into(), format.name().into());
        if matches!(format, Format::Uri | Format::Email) && texts >= MIN_BOUNDED {
            max_length(figures, spare, &mut out);
        }
        return out;
    }
    let told = texts >= MIN_PATTERN && sketch.distinct() >= MIN_PATTERN_DISTINCT;
    if let Some(pattern) = figures.looks.pattern(spare).filter(|_| told) {
        let mut out = typed("string", figures, spare);
        out.insert("pattern".into(), pattern.into());
        return out;
    }
    let mut out = Map::new();
    out.insert("type".into(), "string".into());
    if texts >= MIN_BOUNDED {
        if empty <= spare {
            out.insert("minLength".into(), 1.into());
        }
        max_length(figures, spare, &mut out);
    }
    out
}

fn max_length(figures: &Figures, spare: u64, out: &mut Map<String, Json>) {
    const LEAST: u64 = 16;
    let class = class_of_all(&figures.lengths, spare);
    if class < LENGTH_CLASSES - 1 {
        out.insert("maxLength".into(), (2u64 << class).max(LEAST).into());
    }
}

/// The format that all texts but `spare` have.
pub fn format_of(name: &str, figures: &Figures, spare: u64) -> Option<Format> {
    let texts = figures.values - figures.of(&[TextKind::Empty]);
    let times = figures.of(&[TextKind::Time]);
    if times > 0 && texts - times <= spare {
        return Format::parse("date-time");
    }
    let says_host = ["host", "domain", "site"]
        .iter()
        .any(|word| name.to_ascii_lowercase().contains(word));
    let mut formats = FORMATS.into_iter().zip(figures.formats);
    let found = formats.find(|(format, count)| {
        *count > 0 && texts - count <= spare && (says_host || *format != Format::Hostname)
    });
    found.map(|(format, _)| format)
}

/// The values, sorted, where they are few and no new one is to be expected.
fn enumerated(sketch: &Sketch, figures: &Figures, events: u64, spare: u64) -> Option<Vec<String>> {
    let mut values = sketch.few()?;
    values.retain(|(text, _)| !text.is_empty());
    // The rarest are outliers as long as all of them together may be.
    let mut left_out = 0;
    while let Some((_, seen)) = values.last()
        && left_out + seen.times <= spare
    {
        left_out += seen.times;
        values.pop();
    }
    let settled = |seen: &super::sketch::Seen| seen.times > 1 && seen.first * 2 <= events;
    let fits = (2..=MAX_ENUM).contains(&values.len())
        && figures.values >= MIN_ENUM
        && values.iter().all(|(text, seen)| {
            settled(seen) && text.len() <= 64 && !text.bytes().any(|b| b.is_ascii_digit())
        });
    let mut texts: Vec<String> = values
        .into_iter()
        .map(|(text, _)| text.to_owned())
        .collect();
    texts.sort();
    fits.then_some(texts)
}

/// `in 760 of 764 events · integer 99.9 %, text 0.1 % · 428 distinct · 4711 ×9, 4712 ×7`.
fn facts(sketch: &Sketch, figures: &Figures, events: u64, rules: &Rules) -> String {
    let mut parts = vec![format!("in {} of {events} events", sketch.present())];
    let mix = mix(figures);
    if mix.len() > 1 {
        let part =
            |(name, times): &(&str, u64)| format!("{name} {}", percent(*times, figures.values));
        parts.push(mix.iter().map(part).collect::<Vec<_>>().join(", "));
    }
    let about = if sketch.few().is_none() { "about " } else { "" };
    parts.push(format!("{about}{} distinct", sketch.distinct()));
    // A schema goes into version control; addresses of people have no place there.
    if figures
        .formats
        .iter()
        .zip(FORMATS)
        .any(|(n, f)| *n > 0 && is_personal(&f))
    {
        return parts.join(" · ");
    }
    let top: Vec<String> = sketch
        .top(rules.examples)
        .iter()
        .map(|(text, times)| {
            let end = text.floor_char_boundary(MAX_EXAMPLE_BYTES);
            let cut = if end < text.len() { "…" } else { "" };
            match times {
                1 => format!("\"{}{cut}\"", &text[..end]),
                n => format!("\"{}{cut}\" ×{n}", &text[..end]),
            }
        })
        .collect();
    // Estimates of what is spread evenly say nothing.
    if sketch.few().is_some()
        || sketch
            .top(1)
            .first()
            .is_some_and(|(_, n)| n * 10 > figures.values)
    {
        parts.push(top.join(", "));
    } else {
        let texts: Vec<&str> = top
            .iter()
            .map(|t| t.split(" ×").next().unwrap_or(t))
            .collect();
        if !texts.is_empty() {
            parts.push(format!("such as {}", texts.join(", ")));
        }
    }
    parts.retain(|p| !p.is_empty());
    parts.join(" · ")
}

const fn is_personal(format: &Format) -> bool {
    matches!(format, Format::Email | Format::Ipv4 | Format::Ipv6)
}

/// Longest example in a comment, in bytes.
const MAX_EXAMPLE_BYTES: usize = 40;

/// Kinds by name with their counts, most frequent first.
pub fn mix(figures: &Figures) -> Vec<(&'static str, u64)> {
    let mut out: Vec<(&'static str, u64)> = vec![];
    for kind in TextKind::ALL {
        let times = figures.kinds[kind as usize];
        match out.iter_mut().find(|(name, _)| *name == kind.name()) {
            Some((_, n)) => *n += times,
            None => out.push((kind.name(), times)),
        }
    }
    out.retain(|(_, n)| *n > 0);
    out.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    out
}

/// `99.9 %`; never a whole that is not one.
pub fn percent(part: u64, whole: u64) -> String {
    let share = 100.0 * part as f64 / whole.max(1) as f64;
    match share {
        s if part < whole && s > 99.9 => "99.9 %".to_owned(),
        s if part > 0 && s < 0.1 => "< 0.1 %".to_owned(),
        s if s.fract() == 0.0 => format!("{s:.0} %"),
        s => format!("{s:.1} %"),
    }
}
