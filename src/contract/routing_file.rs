//! `frontlog.toml`: exactly what may be written in it, and what that means.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;

use globset::GlobBuilder;
use serde::Deserialize;
use toml::Spanned;

use crate::contract::place::{did_you_mean, error_at};
use crate::contract::preset;
use crate::contract::privacy::Privacy;
use crate::contract::routing_tables::{NameTables, PayloadTable};
use crate::contract::version::WantedVersion;
use crate::error::{Error, Result};
use crate::model::routing::{
    DuplicateKey, Policy, Routing, Surprise, TimeFormat, TimeRule, UnknownProperty, VersionRule,
};
use crate::model::{Code, Severity};

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    preset: Option<Spanned<String>>,
    r#match: Option<MatchTable>,
    event: Option<EventTable>,
    payload: Option<BTreeMap<String, Spanned<PayloadTable>>>,
    policy: Option<PolicyTable>,
    privacy: Option<BTreeMap<Spanned<String>, Spanned<String>>>,
    severity: Option<BTreeMap<Spanned<String>, Severity>>,
    /// Read by `repair_table`, once the event schemas are there.
    #[serde(rename = "repair")]
    _repair: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct MatchTable {
    path: Option<Vec<Spanned<String>>>,
    methods: Option<Vec<String>>,
    status: Option<Vec<i64>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct EventTable {
    name: Option<Spanned<NameTables>>,
    version: Option<VersionTable>,
    id: Option<IdTable>,
    time: Option<TimeTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VersionTable {
    query: Option<String>,
    default: Option<Spanned<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct IdTable {
    query: String,
    #[serde(rename = "else")]
    _otherwise: Option<ElseId>,
}

#[derive(Debug, Deserialize)]
enum ElseId {
    #[serde(rename = "x-edge-request-id")]
    RequestId,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct TimeTable {
    query: String,
    format: Option<TimeWord>,
    #[serde(rename = "else")]
    _otherwise: Option<ElseTime>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ElseTime {
    Log,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PolicyTable {
    unknown_event: Option<SurpriseWord>,
    unknown_property: Option<UnknownPropertyWord>,
    duplicate_key: Option<DuplicateKeyWord>,
    duplicate_event: Option<SurpriseWord>,
}

macro_rules! words {
    ($name:ident => $target:ident { $($word:ident)* }) => {
        #[derive(Debug, Clone, Copy, Deserialize)]
        #[serde(rename_all = "snake_case")]
        enum $name { $($word),* }

        impl From<$name> for $target {
            fn from(word: $name) -> Self {
                match word { $($name::$word => Self::$word),* }
            }
        }
    };
}

words! { SurpriseWord => Surprise { Allow Warn Quarantine } }
words! { UnknownPropertyWord => UnknownProperty { Forbid Rescue Drop } }
words! { DuplicateKeyWord => DuplicateKey { First Last Error } }
words! { TimeWord => TimeFormat { EpochS EpochMs Rfc3339 } }

/// What `frontlog.toml` says, defaults filled in.
#[derive(Debug)]
pub struct RoutingFile {
    /// The routing.
    pub routing: Routing,
    /// `unknown_event` is written there; else a contract without schemas allows every event.
    pub unknown_event_is_written: bool,
    /// What `[privacy]` says.
    pub privacy: Privacy,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// Reads the text of a `frontlog.toml`.
///
/// # Errors
/// [`Error::Config`] with file, line and column, and the nearest known name for one that is not known.
pub fn read(path: &Path, text: &str) -> Result<RoutingFile> {
    let file: File = toml::from_str(text).map_err(|e| toml_error(path, text, &e))?;
    let reader = Reader { path, text };
    let privacy = Privacy::read(path, text, &file.privacy.unwrap_or_default())?;
    let mut routing = reader.preset(file.preset.as_ref())?;
    if let Some(table) = file.r#match {
        reader.fill_match(table, &mut routing)?;
    }
    if let Some(table) = file.event {
        reader.fill_event(table, &mut routing)?;
    }
    for (key, table) in file.payload.unwrap_or_default() {
        let rule = table
            .get_ref()
            .rule(&key)
            .map_err(|sentence| reader.at(&table.span(), &sentence))?;
        routing.payloads.retain(|other| other.key != key);
        routing.payloads.push(rule);
    }
    let policy = file.policy.unwrap_or_default();
    let unknown_event_is_written = policy.unknown_event.is_some();
    routing.policy = fill_policy(&policy);
    let mut warnings = vec![];
    for (code, severity) in file.severity.unwrap_or_default() {
        let known = reader.code(&code)?;
        warnings.extend(reader.without_severity(&code));
        routing.severity.insert(known, severity);
    }
    Ok(RoutingFile {
        routing,
        unknown_event_is_written,
        privacy,
        warnings,
    })
}

struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
}

impl Reader<'_> {
    fn at(&self, span: &Range<usize>, sentence: &str) -> Error {
        error_at(self.path, self.text, span.start, sentence)
    }

    fn preset(&self, preset: Option<&Spanned<String>>) -> Result<Routing> {
        let Some(preset) = preset else {
            return Ok(preset::generic());
        };
        preset::named(preset.get_ref()).ok_or_else(|| {
            let hint = did_you_mean(preset.get_ref(), preset::NAMES);
            let sentence = format!(
                "there is no preset \"{}\"{hint} (known: {})",
                preset.get_ref(),
                preset::NAMES.join(", ")
            );
            self.at(&preset.span(), &sentence)
        })
    }

    fn fill_match(&self, table: MatchTable, routing: &mut Routing) -> Result<()> {
        if let Some(paths) = table.path {
            for path in &paths {
                self.check_path(path)?;
            }
            routing.paths = paths.into_iter().map(Spanned::into_inner).collect();
        }
        routing.methods = table
            .methods
            .unwrap_or_else(|| std::mem::take(&mut routing.methods));
        routing.statuses = table.status.unwrap_or_default();
        Ok(())
    }

    fn check_path(&self, path: &Spanned<String>) -> Result<()> {
        let pattern = path.get_ref();
        if !pattern.starts_with(['/', '*']) {
            let sentence =
                format!("the path {pattern:?} can match nothing: paths start with / (or with **)");
            return Err(self.at(&path.span(), &sentence));
        }
        let glob = GlobBuilder::new(pattern).literal_separator(true).build();
        glob.map(|_| ()).map_err(|e| {
            self.at(
                &path.span(),
                &format!("the path {pattern:?} is no pattern: {}", e.kind()),
            )
        })
    }

    fn fill_event(&self, table: EventTable, routing: &mut Routing) -> Result<()> {
        if let Some(names) = table.name {
            let rules = names.get_ref().0.iter().map(|name| {
                // A table that stands alone has the place of the whole.
                let span = if name.span().is_empty() {
                    names.span()
                } else {
                    name.span()
                };
                let rule = name.get_ref().rule();
                rule.map_err(|sentence| self.at(&span, &sentence))
            });
            routing.name = rules.collect::<Result<_>>()?;
        }
        if let Some(version) = table.version {
            routing.version = self.version(version)?;
        }
        if let Some(id) = table.id {
            routing.id_key = Some(id.query);
        }
        if let Some(time) = table.time {
            routing.time = Some(TimeRule {
                key: time.query,
                format: time.format.map_or(TimeFormat::EpochMs, Into::into),
            });
        }
        Ok(())
    }

    fn version(&self, version: VersionTable) -> Result<VersionRule> {
        if let Some(default) = &version.default
            && WantedVersion::parse(default.get_ref()).is_none()
        {
            let sentence = format!(
                "{:?} is no version: write 1-0-0, or 1-*-* for the highest",
                default.get_ref()
            );
            return Err(self.at(&default.span(), &sentence));
        }
        let default = version
            .default
            .map_or_else(|| preset::ANY_VERSION.to_owned(), Spanned::into_inner);
        Ok(VersionRule {
            key: version.query,
            default,
        })
    }

    /// A sentence for a code whose severity cannot be another one.
    fn without_severity(&self, code: &Spanned<String>) -> Option<String> {
        let why = match code.get_ref().chars().next()? {
            'L' => "such a line is no record, and counts as unreadable",
            'W' => "such a row does not fit the warehouse, and is rejected",
            'S' => "such an object is not read to its end, and the input is incomplete",
            _ => return None,
        };
        let sentence = format!("[severity] changes nothing about {}: {why}", code.get_ref());
        Some(self.at(&code.span(), &sentence).to_string())
    }

    fn code(&self, text: &Spanned<String>) -> Result<Code> {
        Code::parse(text.get_ref()).ok_or_else(|| {
            let hint = did_you_mean(text.get_ref(), Code::ALL.iter().map(|c| c.as_str()));
            self.at(
                &text.span(),
                &format!("\"{}\" is no failure code{hint}", text.get_ref()),
            )
        })
    }
}

fn fill_policy(table: &PolicyTable) -> Policy {
    Policy {
        unknown_event: table.unknown_event.map_or(Surprise::Quarantine, Into::into),
        unknown_property: table
            .unknown_property
            .map_or(UnknownProperty::Rescue, Into::into),
        duplicate_key: table.duplicate_key.map_or(DuplicateKey::First, Into::into),
        duplicate_event: table.duplicate_event.map_or(Surprise::Warn, Into::into),
    }
}

/// serde says ``unknown field `metods`, expected one of `path`, `methods` ``; a person is asked what was meant.
fn toml_error(path: &Path, text: &str, error: &toml::de::Error) -> Error {
    let message = error.message().replace('\n', " ");
    let quoted: Vec<&str> = message.split('`').skip(1).step_by(2).collect();
    let sentence = match (
        message.starts_with("unknown field"),
        message.starts_with("unknown variant"),
        &quoted[..],
    ) {
        (true, _, [wrong, known @ ..]) => {
            format!(
                "unknown key \"{wrong}\"{} (known here: {})",
                did_you_mean(wrong, known.iter().copied()),
                known.join(", ")
            )
        }
        (_, true, [wrong, known @ ..]) => {
            format!(
                "\"{wrong}\" is not one of {}{}",
                known.join(", "),
                did_you_mean(wrong, known.iter().copied())
            )
        }
        _ => message,
    };
    error_at(path, text, error.span().map_or(0, |s| s.start), &sentence)
}
