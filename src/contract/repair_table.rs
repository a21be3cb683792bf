//! `[repair]` of `frontlog.toml`: which repairs are accepted for which properties.
//!
//! ```toml
//! [repair]
//! "checkout.value" = ["decimal_comma", "trim"]
//! "*.currency" = "case"                        # every event that has the property
//! "page_view.lang" = { default = "en" }        # where it is required and missing
//! ```

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::contract::place::{did_you_mean, error_at};
use crate::contract::repair::{Repair, Repairs, words_of};
use crate::contract::schema::{EventSchema, PropertySchema};
use crate::error::{Error, Result};

/// One accepted repair as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Which.
    pub repair: Repair,
    /// `{ default = … }`: the text that a query would hold.
    pub value: Option<String>,
    /// Where it stands in the file.
    pub span: Range<usize>,
}

/// One line of `[repair]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// `event.property`, or `*.property`.
    pub key: String,
    /// Where it stands in the file.
    pub span: Range<usize>,
    /// What is accepted.
    pub repairs: Vec<Written>,
    /// Where what is accepted stands.
    pub value_span: Range<usize>,
}

/// The lines of `[repair]`, in the order of the file; none where there is no such table.
///
/// # Errors
/// [`Error::Config`] with file, line and column where a value is no repair; with the nearest name for an unknown one.
pub fn read(path: &Path, text: &str) -> Result<Vec<Entry>> {
    // What is no TOML at all has been refused already, with its place.
    let Ok(file) = DeTable::parse(text) else {
        return Ok(vec![]);
    };
    let Some(table) = file.get_ref().get("repair") else {
        return Ok(vec![]);
    };
    let reader = Reader { path, text };
    let DeValue::Table(table) = table.get_ref() else {
        return Err(reader.at(
            &table.span(),
            "[repair] is a table: \"event.property\" = \"trim\"",
        ));
    };
    let mut entries = Vec::new();
    for (key, value) in table {
        if matches!(value.get_ref(), DeValue::Table(t) if t.get("default").is_none()) {
            let sentence = format!("quote the whole name: \"{}.property\" = …", key.get_ref());
            return Err(reader.at(&key.span(), &sentence));
        }
        entries.push(Entry {
            key: key.get_ref().to_string(),
            span: key.span(),
            repairs: reader.repairs(value)?,
            value_span: value.span(),
        });
    }
    entries.sort_by_key(|entry| entry.span.start);
    Ok(entries)
}

/// Reads `[repair]` and gives each property what is accepted for it; a property's own line outdoes `*`.
///
/// # Errors
/// As [`read`]; and where no event schema has such a property, or a default does not pass its rule.
pub fn accept(path: &Path, text: &str, schemas: &mut [EventSchema]) -> Result<()> {
    let reader = Reader { path, text };
    let entries = read(path, text)?;
    let (wide, own): (Vec<_>, Vec<_>) = entries.into_iter().partition(|e| e.key.starts_with("*."));
    for entry in wide.iter().chain(&own) {
        let mut found = false;
        for schema in &mut *schemas {
            let name = schema.name.clone();
            for property in &mut schema.properties {
                let event = entry.key.strip_suffix(&*property.name);
                let event = event.and_then(|rest| rest.strip_suffix('.'));
                if event.is_none_or(|event| event != "*" && *event != *name) {
                    continue;
                }
                found = true;
                property.repairs = Some(Box::new(reader.compile(entry, property)?));
            }
        }
        if !found {
            return Err(reader.unknown(entry, schemas));
        }
    }
    Ok(())
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn at(&self, span: &Range<usize>, sentence: &str) -> Error {
        error_at(self.path, self.text, span.start, sentence)
    }

    fn repairs(&self, value: &Spanned<DeValue<'_>>) -> Result<Vec<Written>> {
        let DeValue::Array(list) = value.get_ref() else {
            return Ok(vec![self.repair(value)?]);
        };
        let written: Vec<Written> = list.iter().map(|v| self.repair(v)).collect::<Result<_>>()?;
        for (i, one) in written.iter().enumerate() {
            if written[..i]
                .iter()
                .any(|earlier| earlier.repair == one.repair)
            {
                let sentence = format!("\"{}\" stands here twice", one.repair.name());
                return Err(self.at(&one.span, &sentence));
            }
        }
        Ok(written)
    }

    fn repair(&self, value: &Spanned<DeValue<'_>>) -> Result<Written> {
        let span = value.span();
        let written = |repair, value| Written {
            repair,
            value,
            span: span.clone(),
        };
        match value.get_ref() {
            DeValue::String(name) => {
                Repair::parse(name)
                    .map(|r| written(r, None))
                    .ok_or_else(|| {
                        let names = Repair::ALL.map(Repair::name);
                        let sentence = format!(
                            "\"{name}\" is no repair{} (known: {})",
                            did_you_mean(name, names),
                            names.join(", ")
                        );
                        self.at(&span, &sentence)
                    })
            }
            DeValue::Table(table) => {
                let other = table.iter().find(|(key, _)| *key.get_ref() != "default");
                if let Some((key, _)) = other {
                    let sentence = format!(
                        "unknown key \"{}\"{} (known here: default)",
                        key.get_ref(),
                        did_you_mean(key.get_ref(), ["default"])
                    );
                    return Err(self.at(&key.span(), &sentence));
                }
                let stated = table.get("default").map(|v| (v, v.get_ref()));
                match stated {
                    Some((_, DeValue::String(text))) => {
                        Ok(written(Repair::Default, Some(text.to_string())))
                    }
                    Some((v, DeValue::Integer(_) | DeValue::Float(_) | DeValue::Boolean(_))) => {
                        let text = self.text[v.span()].to_owned();
                        Ok(written(Repair::Default, Some(text)))
                    }
                    _ => Err(self.at(&span, "a default is a text, a number, true or false")),
                }
            }
            _ => Err(self.at(
                &span,
                "a repair is a name, { default = … } or a list of them",
            )),
        }
    }

    fn compile(&self, entry: &Entry, property: &PropertySchema) -> Result<Repairs> {
        let mut repairs = Repairs {
            words: words_of(&property.rule),
            ..Repairs::default()
        };
        for written in &entry.repairs {
            if written.repair != Repair::Default {
                repairs.list.push(written.repair);
                continue;
            }
            let stated = written.value.as_deref().or(property.default.as_deref());
            let Some(default) = stated else {
                let sentence = format!(
                    "the schema has no \"default\" for \"{}\": write {{ default = … }}",
                    property.name
                );
                return Err(self.at(&written.span, &sentence));
            };
            let mut broken = vec![];
            property.rule.judge(default, &mut broken);
            if let Some(cause) = broken
                .first()
                .and_then(|c| property.causes.get(usize::from(*c)))
            {
                let sentence = format!(
                    "the default breaks its own rule: {}",
                    cause.message(Some(default))
                );
                return Err(self.at(&written.span, &sentence));
            }
            repairs.default = Some(default.into());
        }
        repairs.list.sort_unstable();
        Ok(repairs)
    }

    fn unknown(&self, entry: &Entry, schemas: &[EventSchema]) -> Error {
        let wide = entry.key.starts_with("*.");
        let names: Vec<String> = schemas
            .iter()
            .flat_map(|s| s.properties.iter().map(move |p| (s, p)))
            .map(|(s, p)| format!("{}.{}", if wide { "*" } else { &*s.name }, p.name))
            .collect();
        let hint = did_you_mean(&entry.key, names.iter().map(String::as_str));
        let sentence = format!("no event schema has the property \"{}\"{hint}", entry.key);
        self.at(&entry.span, &sentence)
    }
}
