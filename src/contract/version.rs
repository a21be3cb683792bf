//! `SchemaVer`: MODEL-REVISION-ADDITION.

use std::fmt;

/// A version of an event schema.
///
/// # Source
/// Snowplow, "Introducing `SchemaVer` for semantic versioning of schemas".
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SchemaVer {
    /// Breaks what came before.
    pub model: u32,
    /// May break some of it.
    pub revision: u32,
    /// Breaks nothing.
    pub addition: u32,
}

impl SchemaVer {
    /// Reads `1-0-2`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let wanted = WantedVersion::parse(text)?;
        Some(Self {
            model: wanted.model?,
            revision: wanted.revision?,
            addition: wanted.addition?,
        })
    }
}

impl fmt::Display for SchemaVer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.model, self.revision, self.addition)
    }
}

/// A version as an event or `frontlog.toml` asks for it: parts may be left open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WantedVersion {
    model: Option<u32>,
    revision: Option<u32>,
    addition: Option<u32>,
}

impl WantedVersion {
    /// Reads `1-0-2`, `1-*-*`, or the short forms `1` and `1-0` of `1-*-*` and `1-0-*`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = [None; 3];
        for (i, part) in text.split('-').enumerate() {
            *parts.get_mut(i)? = match part {
                "*" => None,
                digits if digits.bytes().all(|b| b.is_ascii_digit()) => Some(digits.parse().ok()?),
                _ => return None,
            };
        }
        Some(Self {
            model: parts[0],
            revision: parts[1],
            addition: parts[2],
        })
    }

    /// How many of the three parts are said.
    pub fn parts(&self) -> usize {
        [self.model, self.revision, self.addition]
            .iter()
            .flatten()
            .count()
    }

    /// The lowest version of those asked for, from 1-0-0 on.
    pub fn lowest(&self) -> SchemaVer {
        SchemaVer {
            model: self.model.unwrap_or(1),
            revision: self.revision.unwrap_or(0),
            addition: self.addition.unwrap_or(0),
        }
    }

    /// True when that version is one of those asked for.
    pub fn matches(&self, version: SchemaVer) -> bool {
        let fits = |wanted: Option<u32>, given: u32| wanted.is_none_or(|w| w == given);
        fits(self.model, version.model)
            && fits(self.revision, version.revision)
            && fits(self.addition, version.addition)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_open_and_short() {
        let v = SchemaVer {
            model: 1,
            revision: 0,
            addition: 2,
        };
        assert_eq!(SchemaVer::parse("1-0-2"), Some(v));
        assert_eq!(v.to_string(), "1-0-2");
        for wanted in ["1-0-2", "1-*-*", "*-*-*", "1", "1-0"] {
            assert!(
                WantedVersion::parse(wanted).is_some_and(|w| w.matches(v)),
                "{wanted}"
            );
        }
        for other in ["2", "1-1-*", "1-0-3"] {
            assert!(
                WantedVersion::parse(other).is_some_and(|w| !w.matches(v)),
                "{other}"
            );
        }
        for bad in ["", "1.0.0", "1-0-2-3", "v1", "1--2"] {
            assert_eq!(WantedVersion::parse(bad), None, "{bad}");
        }
    }
}
