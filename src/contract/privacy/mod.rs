//! `[privacy]` of `frontlog.toml`: what leaves this machine in another form, or not at all.
//!
//! A rule names a log field (`c-ip`) or a property (`email`), and what is done to it: `truncate`, `drop`,
//! `sha256:env:NAME`. [`Privacy`] is what the file says; [`Privacy::keyed`] reads the variables and gives what can be
//! applied. What stands beside a value and would give it away (the query, raw lines, addresses before a proxy) goes
//! with it: see [`Keyed`].

mod scrub;
mod treat;

use std::collections::BTreeMap;
use std::path::Path;

use toml::Spanned;

use crate::contract::place::{error_at, nearest};
use crate::contract::schema::EventSchema;
use crate::error::{Error, Result};
use crate::model::routing::{NameFrom, NameRule, Routing};
use crate::model::{Code, ColumnKind, FIELDS, FieldId, FieldKind};

pub use treat::{HASH_CHARS, Treatment};

/// What a rule asks for, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wanted {
    Truncate,
    Drop,
    /// HMAC-SHA-256 with the value of this variable.
    Hash(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    name: String,
    wanted: Wanted,
    /// `frontlog.toml:7:1`, for messages.
    place: String,
}

/// What `[privacy]` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privacy {
    rules: Vec<Rule>,
}

impl Privacy {
    /// Reads the table.
    ///
    /// # Errors
    /// [`Error::Config`] with file, line and column for a word that is none, or that a field cannot take.
    pub fn read(
        file: &Path,
        text: &str,
        table: &BTreeMap<Spanned<String>, Spanned<String>>,
    ) -> Result<Self> {
        let rule = |(name, word): (&Spanned<String>, &Spanned<String>)| {
            let wrong = |sentence: String| error_at(file, text, word.span().start, &sentence);
            let wanted = wanted(word.get_ref()).ok_or_else(|| {
                wrong(format!(
                    "{:?} is none of \"truncate\", \"drop\", \"sha256:env:NAME_OF_VARIABLE\"",
                    word.get_ref()
                ))
            })?;
            if let Some(field) = field_of(name.get_ref()) {
                takes(field, &wanted).map_err(wrong)?;
            }
            // The sentence is put behind the place by whoever has one.
            let place = error_at(file, text, name.span().start, "").to_string();
            Ok(Rule {
                name: name.get_ref().clone(),
                wanted,
                place: place.trim_end_matches([':', ' ']).to_owned(),
            })
        };
        let rules = table.iter().map(rule).collect::<Result<_>>()?;
        Ok(Self { rules })
    }

    /// True without a rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// What is wrong or strange beside the rest of the contract: a sentence for each name that is neither a log field
    /// nor a property of a schema.
    ///
    /// # Errors
    /// A rule on what makes an event: its name, version or time would be there all the same.
    pub fn check(&self, routing: &Routing, schemas: &[EventSchema]) -> Result<Vec<String>> {
        let mut warnings = Vec::new();
        let known: Vec<&str> = FIELDS
            .iter()
            .map(|f| f.name)
            .chain(
                schemas
                    .iter()
                    .flat_map(|s| s.properties.iter().map(|p| &*p.name)),
            )
            .collect();
        for Rule { name, place, .. } in &self.rules {
            if let Some(what) = role(routing, name) {
                return Err(Error::Config(format!(
                    "{place}: {name:?} cannot be private: it is {what}, which every table has"
                )));
            }
            let is_known = known.iter().any(|k| is_under(k, name) || is_under(name, k));
            if !schemas.is_empty() && !is_known && field_of(name).is_none() {
                let hint = nearest(name, known.iter().copied())
                    .map_or_else(String::new, |near| format!("; did you mean {near:?}?"));
                warnings.push(format!(
                    "{place}: [privacy] names {name:?}, which is neither a log field nor a property of any event schema{hint}"
                ));
            }
        }
        Ok(warnings)
    }

    /// The rules with their salts, ready to be applied. `variable` looks up an environment variable.
    ///
    /// # Errors
    /// [`Error::Config`] for a variable that is not set, or empty: an unsalted hash of an address is no secret.
    pub fn keyed(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Keyed> {
        let mut keyed = Keyed::default();
        for rule in &self.rules {
            let treatment = match &rule.wanted {
                Wanted::Truncate => Treatment::Truncate,
                Wanted::Drop => Treatment::Drop,
                Wanted::Hash(name) => {
                    let salt = variable(name).filter(|salt| !salt.is_empty());
                    Treatment::hash(salt.as_deref().ok_or_else(|| {
                        Error::Config(format!(
                            "{}: the environment variable {name} is not set; it is the salt of {:?}",
                            rule.place, rule.name
                        ))
                    })?)
                }
            };
            keyed.add(&rule.name, treatment);
        }
        Ok(keyed)
    }

    /// True where a failure's value may hold what a rule names: see [`Keyed::hides`].
    pub fn hides(&self, code: &str, path: &str) -> bool {
        hides(self.rules.iter().map(|rule| rule.name.as_str()), code, path)
    }
}

fn wanted(word: &str) -> Option<Wanted> {
    match word {
        "truncate" => Some(Wanted::Truncate),
        "drop" => Some(Wanted::Drop),
        _ => word
            .strip_prefix("sha256:env:")
            .filter(|name| !name.is_empty() && !name.contains(['=', '\0', ' ']))
            .map(|name| Wanted::Hash(name.to_owned())),
    }
}

fn field_of(name: &str) -> Option<FieldId> {
    let is_it = |f: &crate::model::Field| f.name.eq_ignore_ascii_case(name) || f.column == name;
    FIELDS.iter().position(is_it).map(|i| FieldId(i as u8))
}

/// Fields that hold addresses.
const ADDRESSES: [FieldId; 3] = [FieldId::C_IP, FieldId::X_FORWARDED_FOR, FieldId::S_IP];

fn is_text(field: FieldId) -> bool {
    let kind = field.field().kind;
    matches!(
        kind,
        FieldKind::Text | FieldKind::Word | FieldKind::DecodedWord
    )
}

fn takes(field: FieldId, wanted: &Wanted) -> std::result::Result<(), String> {
    let name = field.field().name;
    match wanted {
        Wanted::Truncate if !ADDRESSES.contains(&field) => Err(format!(
            "{name} holds no addresses, so there is nothing to truncate; write \"drop\" or \"sha256:env:NAME\""
        )),
        Wanted::Hash(_) if !is_text(field) => Err(format!(
            "{name} is a number or a time and cannot hold a hash; write \"drop\""
        )),
        _ => Ok(()),
    }
}

/// What `[event]` makes of a key, where no rule can take that back.
fn role(routing: &Routing, name: &str) -> Option<&'static str> {
    let names_the_event = |rule: &NameRule| match &rule.from {
        NameFrom::Query(keys) => keys.iter().any(|key| key == name),
        _ => false,
    };
    match name {
        _ if routing.name.iter().any(names_the_event) => Some("the event's name"),
        _ if routing.version.key.as_deref() == Some(name) => Some("the schema version"),
        _ if routing.time.as_ref().is_some_and(|t| t.key == name) => Some("the event's time"),
        _ => None,
    }
}

/// `a[b]` and `a.b` are one path.
fn dotted(path: &str) -> String {
    path.replace('[', ".").replace(']', "")
}

/// True for a path that a name means: itself, what is in it, and a member of that name in anything.
fn is_meant(path: &str, name: &str) -> bool {
    let (path, name) = (dotted(path), dotted(name));
    format!(".{path}.").contains(&format!(".{name}."))
}

/// True where `inner` is in `outer`, or the same.
fn is_under(inner: &str, outer: &str) -> bool {
    let (inner, outer) = (dotted(inner), dotted(outer));
    outer.is_empty() || format!("{inner}.").starts_with(&format!("{outer}."))
}

/// See [`Keyed::hides`].
fn hides<'a>(mut names: impl Iterator<Item = &'a str>, code: &str, path: &str) -> bool {
    let of_payload = [Code::D303, Code::D304].iter().any(|c| c.as_str() == code);
    // Without a path, the whole event is what a rule of its schema was broken by.
    let of_event = code.starts_with('V') || !path.is_empty();
    names.any(|name| {
        let is_property = field_of(name).is_none();
        (of_payload && is_property)
            || (!path.is_empty() && is_meant(path, name))
            || (of_event && is_property && is_under(name, path))
    })
}

/// Rules with their salts.
///
/// Beside what a rule names, these go:
/// - raw lines, and the sentences of unreadable lines, with any rule;
/// - `cs-headers` and what functions logged, with any rule;
/// - `cs-uri-query`, and the query of `cs(Referer)`, with a rule on a property;
/// - `x-forwarded-for` as `c-ip`, where it has no rule of its own;
/// - values of failures that may hold what is named: [`Keyed::hides`].
#[derive(Debug, Clone, Default)]
pub struct Keyed {
    fields: BTreeMap<FieldId, Treatment>,
    properties: Vec<(String, Treatment)>,
}

impl Keyed {
    /// A name that a log field and a property share means both.
    fn add(&mut self, name: &str, treatment: Treatment) {
        if let Some(field) = field_of(name) {
            self.fields.insert(field, treatment.clone());
        }
        self.properties.push((name.to_owned(), treatment));
    }

    /// True without a rule.
    pub fn is_empty(&self) -> bool {
        self.properties.is_empty()
    }

    /// True with a rule on something else than a log field.
    fn has_properties(&self) -> bool {
        self.properties
            .iter()
            .any(|(name, _)| field_of(name).is_none())
    }

    /// What is done to a log field; `None`: nothing.
    pub fn field(&self, field: FieldId) -> Option<Treatment> {
        if let Some(treatment) = self.fields.get(&field) {
            return Some(treatment.clone());
        }
        match field {
            FieldId::X_FORWARDED_FOR => self.fields.get(&FieldId::C_IP).cloned(),
            FieldId::CS_HEADERS
            | FieldId::VIEWER_REQUEST_LOG_DATA
            | FieldId::VIEWER_RESPONSE_LOG_DATA
                if !self.is_empty() =>
            {
                Some(Treatment::Drop)
            }
            FieldId::CS_URI_QUERY | FieldId::X_SNAME_QUERY if self.has_properties() => {
                Some(Treatment::Drop)
            }
            FieldId::CS_REFERER | FieldId::X_PAGE_URL if self.has_properties() => {
                Some(Treatment::CutQuery)
            }
            _ => None,
        }
    }

    /// What is done to a property, by its path; `None`: nothing to the whole of it (but see [`Keyed::scrub`]).
    pub fn property(&self, path: &str) -> Option<Treatment> {
        let rule = self
            .properties
            .iter()
            .find(|(name, _)| is_meant(path, name));
        rule.map(|(_, treatment)| treatment.clone())
    }

    /// What is done to the event id: as to the property or log field that it is taken from.
    pub fn event_id(&self, key: Option<&str>) -> Option<Treatment> {
        key.and_then(|key| self.property(key))
            .or_else(|| self.field(FieldId::X_EDGE_REQUEST_ID))
    }

    /// The kind of a property's column once it is treated; `None` where there is no column any more.
    pub fn kind(&self, path: &str, kind: ColumnKind) -> Option<ColumnKind> {
        match self.property(path) {
            Some(Treatment::Drop) => None,
            Some(_) => Some(ColumnKind::Text),
            None => Some(kind),
        }
    }

    /// True for a failure whose value may hold something private: its path is named or lies in what is named, or
    /// encloses it; and values of payloads that could not be read.
    pub fn hides(&self, code: &str, path: &str) -> bool {
        hides(
            self.properties.iter().map(|(name, _)| name.as_str()),
            code,
            path,
        )
    }

    /// A value whose own path is not named, without what it holds of named properties: members of JSON, parameters of
    /// an address, JSON in base64. `None` where it has to go as a whole.
    pub fn scrub<'a>(&self, path: &str, text: &'a str) -> Option<std::borrow::Cow<'a, str>> {
        scrub::value(self, path, text)
    }

    /// A `_rest_json` object, its members treated or scrubbed; `None` where nothing is left.
    pub fn rest(&self, text: &str) -> Option<String> {
        scrub::rest(self, text)
    }
}

#[cfg(test)]
mod tests;
