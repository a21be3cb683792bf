//! The changes of a schema that what was logged supports. Nothing is narrowed, and nothing taken away that was only
//! not seen.
//!
//! Each must concern more than the tolerated share of values: a new property; a type, a bound, a length, a format or a
//! pattern that values break; a value that an enum lacks; a required property that is absent.

use serde_json::{Value as Json, json};

use crate::contract::compare::edit::{Edit, apply};
use crate::contract::infer::Rules;
use crate::contract::infer::broken::Count;
use crate::contract::infer::draft::{format_of, percent, property_schema, type_of};
use crate::contract::infer::figures::Figures;
use crate::contract::infer::learner::{PropertySketch, TypeSketch};
use crate::model::TextKind;

/// One change.
#[derive(Debug, Clone)]
pub struct Change {
    /// The property.
    pub property: String,
    /// What changes and for what evidence, as a sentence.
    pub why: String,
    /// What to do to the file.
    pub edits: Vec<Edit>,
}

/// What a schema should change.
#[derive(Debug, Clone, Default)]
pub struct Proposal {
    /// The changes, in the order of the file, then new properties.
    pub changes: Vec<Change>,
    /// What was found that no change is proposed for.
    pub notes: Vec<String>,
}

impl Proposal {
    /// The file's text with all changes in it; a change whose place is not found is left out, and told.
    pub fn applied(&mut self, text: &str) -> String {
        let mut text = text.to_owned();
        let mut kept = vec![];
        for change in std::mem::take(&mut self.changes) {
            let mut edits = change.edits.iter();
            match edits.try_fold(text.clone(), |text, edit| apply(&text, edit)) {
                Some(edited) => {
                    text = edited;
                    kept.push(change);
                }
                None => self
                    .notes
                    .push(format!("{} (to be changed by hand)", change.why)),
            }
        }
        self.changes = kept;
        text
    }
}

/// What one property is compared by.
pub(super) struct Look<'a> {
    name: &'a str,
    pub schema: &'a Json,
    pub figures: &'a Figures,
    seen: &'a PropertySketch,
    rules: &'a Rules,
    pub spare: u64,
}

/// Compares a schema with what was seen of the events that it judges. `skipped` are the keys of the envelope.
pub fn propose(schema: &Json, seen: &TypeSketch, rules: &Rules, skipped: &[&str]) -> Proposal {
    let mut out = Proposal::default();
    let empty = serde_json::Map::new();
    let declared = schema
        .get("properties")
        .and_then(Json::as_object)
        .unwrap_or(&empty);
    for (name, schema) in declared
        .iter()
        .filter(|(name, _)| !skipped.contains(&name.as_str()))
    {
        let Some(found) = seen.property(name).filter(|p| p.forgotten == 0) else {
            let part = |p: &&PropertySketch| {
                p.name
                    .strip_prefix(&**name)
                    .is_some_and(|rest| rest.starts_with(['.', '[']))
            };
            if !seen.properties.iter().any(|p| part(&p)) {
                out.notes.push(format!(
                    "{name}: declared, but in none of {} events",
                    seen.events
                ));
            }
            continue;
        };
        let figures = found.sketch.figures();
        let look = Look {
            name,
            schema,
            figures: &figures,
            seen: found,
            rules,
            spare: rules.spare(figures.values),
        };
        look.changes(&mut out);
    }
    not_required(schema, seen, rules, skipped, &mut out);
    new_properties(schema, seen, rules, skipped, &mut out);
    out
}

fn path(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|k| (*k).to_owned()).collect()
}

impl Look<'_> {
    pub(super) fn path(&self, key: &str) -> Vec<String> {
        path(&["properties", self.name, key])
    }

    fn set(&self, key: &str, value: Json) -> Edit {
        if self.schema.get(key).is_some() {
            Edit::Set(self.path(key), value)
        } else {
            Edit::Insert(path(&["properties", self.name]), key.to_owned(), value)
        }
    }

    fn changes(&self, out: &mut Proposal) {
        let Some(broken) = &self.figures.broken else {
            return;
        };
        let mut made: Vec<Edit> = vec![];
        for (keyword, count) in broken.by_keyword().filter(|(_, c)| c.times > self.spare) {
            let (what, mut edits) = match self.with_empty(keyword, count) {
                Some(remedy) => remedy,
                None => self.remedy(keyword),
            };
            let why = self.sentence(&what, count);
            let is_known = !edits.is_empty();
            if is_known && matches!(keyword, "type" | "format") {
                // What fails here was not looked at by the rules behind.
                edits.extend(self.loosened(&edits));
            }
            edits.retain(|edit| !made.contains(edit));
            made.extend(edits.iter().cloned());
            if is_known {
                out.changes.push(Change {
                    property: self.name.to_owned(),
                    why,
                    edits,
                });
            } else {
                out.notes.push(why);
            }
        }
    }

    fn remedy(&self, keyword: &str) -> (String, Vec<Edit>) {
        match keyword {
            "type" => self.wider_type(),
            "enum" => self.enum_gained(),
            "format" => self.other_format(),
            "pattern" => self.other_pattern(),
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" => {
                self.wider_bound(keyword)
            }
            "minLength" | "maxLength" => self.wider_length(keyword),
            other => (format!("\"{other}\" is broken"), vec![]),
        }
    }

    /// What is no fault of a rule for texts: empty ones may be null. One that only they break stays as it is.
    fn with_empty(&self, keyword: &str, count: &Count) -> Option<(String, Vec<Edit>)> {
        let empty = self.figures.of(&[TextKind::Empty]);
        let is_of_texts = matches!(keyword, "format" | "pattern" | "minLength");
        if !is_of_texts || empty == 0 {
            return None;
        }
        let null = self.nullable()?;
        if count.times <= empty + self.spare {
            return Some(("empty texts become null".to_owned(), vec![null]));
        }
        let (what, mut edits) = self.remedy(keyword);
        let still_asserts = edits.iter().any(|edit| matches!(edit, Edit::Set(..)));
        if empty > self.spare && still_asserts {
            edits.push(null);
        }
        Some((what, edits))
    }

    /// `value: number becomes number or string: 181 of 581 values break it (31.2 %), such as "12,50"`.
    fn sentence(&self, what: &str, count: &Count) -> String {
        let example = match &count.example {
            Some(text) if self.rules.examples > 0 => format!(", such as {}", Json::from(&**text)),
            _ => String::new(),
        };
        format!(
            "{}: {what}: {} of {} values break it ({}){example}",
            self.name,
            count.times,
            self.figures.values,
            percent(count.times, self.figures.values)
        )
    }

    fn wider_type(&self) -> (String, Vec<Edit>) {
        let mut types: Vec<&str> = match self.schema.get("type") {
            Some(Json::String(one)) => vec![one],
            Some(Json::Array(list)) => list.iter().filter_map(Json::as_str).collect(),
            _ => return ("the type is broken".to_owned(), vec![]),
        };
        if types.iter().any(|t| matches!(*t, "array" | "object")) {
            return ("the type is broken".to_owned(), vec![]);
        }
        let old = types.join(" or ");
        let fits = type_of(self.figures, self.spare);
        let texts = self.figures.values - self.figures.of(&[TextKind::Empty]);
        if texts > self.spare && !types.contains(&fits) {
            match (fits, types.iter().position(|t| *t == "integer")) {
                ("number", Some(at)) => types[at] = "number",
                _ => types.push(fits),
            }
        }
        let has_text = types.contains(&"string");
        if self.figures.of(&[TextKind::Empty]) > self.spare && !has_text && !types.contains(&"null")
        {
            types.push("null");
        }
        let new = types.join(" or ");
        let value = match types.as_slice() {
            [one] => json!(one),
            several => json!(several),
        };
        let edits = if new == old {
            vec![]
        } else {
            vec![self.set("type", value)]
        };
        (format!("type {old} becomes {new}"), edits)
    }

    pub(super) fn enum_gained(&self) -> (String, Vec<Edit>) {
        let listed = self.schema.get("enum").and_then(Json::as_array);
        let Some(listed) = listed else {
            return ("its enum lacks values".to_owned(), vec![]);
        };
        let Some(values) = self.seen.sketch.few() else {
            let what = "its enum goes: there are too many values for one";
            return (what.to_owned(), vec![Edit::Remove(self.path("enum"))]);
        };
        if !listed.iter().all(|v| v.is_string() || v.is_null()) {
            return ("its enum lacks values".to_owned(), vec![]);
        }
        let lacks =
            |text: &str| !text.is_empty() && !listed.iter().any(|v| v.as_str() == Some(text));
        let gained: Vec<&str> = values
            .iter()
            .filter(|(text, seen)| seen.times > self.spare && lacks(text))
            .map(|(text, _)| *text)
            .collect();
        let mut edits: Vec<Edit> = gained
            .iter()
            .map(|text| Edit::Append(self.path("enum"), json!(text)))
            .collect();
        let mut names: Vec<String> = gained
            .iter()
            .map(|text| Json::from(*text).to_string())
            .collect();
        let empty = self.figures.of(&[TextKind::Empty]) > self.spare;
        if empty && !listed.iter().any(|v| v.is_null() || v.as_str() == Some("")) {
            edits.extend(self.nullable());
            edits.push(Edit::Append(self.path("enum"), Json::Null));
            names.push("null".to_owned());
        }
        (format!("enum gains {}", names.join(", ")), edits)
    }

    /// Lets an empty text be null, where the type does not yet.
    fn nullable(&self) -> Option<Edit> {
        let mut types = match self.schema.get("type")? {
            Json::Array(list) => list.clone(),
            one => vec![one.clone()],
        };
        if types.iter().any(|t| t == "null") {
            return None;
        }
        types.push(json!("null"));
        Some(self.set("type", Json::Array(types)))
    }

    fn other_format(&self) -> (String, Vec<Edit>) {
        let Some(old) = self.schema.get("format").and_then(Json::as_str) else {
            return ("how a time is written is broken".to_owned(), vec![]);
        };
        if self.schema.get("x-format").is_some() {
            return ("how a time is written is broken".to_owned(), vec![]);
        }
        match format_of(self.name, self.figures, self.spare) {
            Some(format) if format.name() != old => (
                format!("format {old} becomes {}", format.name()),
                vec![self.set("format", json!(format.name()))],
            ),
            _ => (
                format!("format {old} goes"),
                vec![Edit::Remove(self.path("format"))],
            ),
        }
    }

    pub(super) fn other_pattern(&self) -> (String, Vec<Edit>) {
        match self.figures.looks.pattern(self.spare) {
            Some(pattern) => (
                format!("pattern becomes {pattern}"),
                vec![self.set("pattern", json!(pattern))],
            ),
            None => (
                "pattern goes".to_owned(),
                vec![Edit::Remove(self.path("pattern"))],
            ),
        }
    }

    /// A power of ten that holds all but the tolerated share; zero where nothing is below.
    pub(super) fn wider_bound(&self, keyword: &str) -> (String, Vec<Edit>) {
        const MAX_POWER: usize = 15;
        let below = keyword.ends_with("inimum");
        let class = class_of_all(&self.figures.sizes, self.spare);
        let bound = match class {
            _ if keyword == "minimum" && self.figures.negative <= self.spare => Some(0),
            _ if below && self.figures.negative <= self.spare => Some(-1),
            k if k < MAX_POWER && below => Some(-10i64.pow(k as u32)),
            k if k < MAX_POWER => Some(10i64.pow(k as u32)),
            _ => None,
        };
        // Draft 4 has a boolean there.
        let is_number = self.schema.get(keyword).is_some_and(Json::is_number);
        match bound.filter(|_| is_number) {
            Some(bound) => (
                format!("{keyword} becomes {bound}"),
                vec![self.set(keyword, json!(bound))],
            ),
            None => (format!("{keyword} is broken"), vec![]),
        }
    }

    pub(super) fn wider_length(&self, keyword: &str) -> (String, Vec<Edit>) {
        let lengths = &self.figures.lengths;
        let bound = if keyword == "maxLength" {
            1u64 << class_of_all(lengths, self.spare)
        } else if self.figures.of(&[TextKind::Empty]) > self.spare {
            0
        } else {
            let mut below = 0;
            let class = lengths.iter().position(|n| {
                below += n;
                below > self.spare
            });
            class
                .filter(|c| *c > 0)
                .map_or(1, |c| (1u64 << (c - 1)) + 1)
        };
        if keyword == "maxLength" && bound > 8_192 {
            return (
                "maxLength goes".to_owned(),
                vec![Edit::Remove(self.path(keyword))],
            );
        }
        (
            format!("{keyword} becomes {bound}"),
            vec![self.set(keyword, json!(bound))],
        )
    }
}

/// The lowest class with all but `spare` in it or below.
fn class_of_all(counts: &[u64], spare: u64) -> usize {
    let mut above = 0;
    let class = counts.iter().rposition(|n| {
        above += n;
        above > spare
    });
    class.unwrap_or(0)
}

fn not_required(
    schema: &Json,
    seen: &TypeSketch,
    rules: &Rules,
    skipped: &[&str],
    out: &mut Proposal,
) {
    let listed = schema.get("required").and_then(Json::as_array);
    for name in listed.into_iter().flatten().filter_map(Json::as_str) {
        if skipped.contains(&name) {
            continue;
        }
        let is_part = |p: &PropertySketch| {
            p.name
                .strip_prefix(name)
                .is_some_and(|rest| rest.starts_with(['.', '[']))
        };
        if seen.properties.iter().any(is_part) {
            continue;
        }
        let found = seen.property(name);
        let absent = seen.events - found.map_or(0, |p| p.sketch.present()).min(seen.events);
        if found.is_some_and(|p| p.forgotten > 0) || absent <= rules.spare(seen.events) {
            continue;
        }
        out.changes.push(Change {
            property: name.to_owned(),
            why: format!(
                "{name}: no longer required: absent in {absent} of {} events ({})",
                seen.events,
                percent(absent, seen.events)
            ),
            edits: vec![Edit::RemoveItem(path(&["required"]), json!(name))],
        });
    }
}

fn new_properties(
    schema: &Json,
    seen: &TypeSketch,
    rules: &Rules,
    skipped: &[&str],
    out: &mut Proposal,
) {
    let declared = schema.get("properties").and_then(Json::as_object);
    let is_known = |name: &str| {
        let root = name.split(['.', '[']).next().unwrap_or(name);
        skipped.contains(&name)
            || declared.is_some_and(|d| d.contains_key(name) || d.contains_key(root))
    };
    for property in seen.properties.iter().filter(|p| !is_known(&p.name)) {
        let present = property.sketch.present();
        if property.forgotten > 0 || present <= rules.spare(seen.events) {
            continue;
        }
        let mut drafted = property_schema(property, seen.events, rules);
        drafted.shift_remove("$comment");
        let edit = if declared.is_some() {
            Edit::Insert(
                path(&["properties"]),
                property.name.to_string(),
                Json::Object(drafted),
            )
        } else {
            Edit::Insert(
                vec![],
                "properties".to_owned(),
                json!({ &*property.name: drafted }),
            )
        };
        out.changes.push(Change {
            property: property.name.to_string(),
            why: format!(
                "{}: new, in {present} of {} events ({})",
                property.name,
                seen.events,
                percent(present, seen.events)
            ),
            edits: vec![edit],
        });
        if declared.is_none() {
            // The next one needs the object that this one makes.
            return;
        }
    }
}
