//! When a check finds too much: limits on shares and counts.

use crate::error::{Error, Result};
use crate::model::Code;

/// A bound on a count: absolute, or a share of a whole.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// At most so many.
    Count(u64),
    /// At most this part of the whole, in percent.
    Percent(f64),
}

impl Limit {
    /// Reads `25`, `0.1%`.
    ///
    /// # Errors
    /// A sentence that names the option and the accepted forms.
    pub fn parse(option: &str, text: &str) -> Result<Self> {
        let limit = match text.trim().strip_suffix('%') {
            Some(percent) => percent
                .trim()
                .parse()
                .ok()
                .filter(|p| (0.0..=100.0).contains(p))
                .map(Self::Percent),
            None => text.trim().parse().ok().map(Self::Count),
        };
        limit.ok_or_else(|| {
            Error::Config(format!(
                "{option} {text:?} is no limit; write a count such as 25 or a share such as 0.1%"
            ))
        })
    }

    /// True when `count` of `whole` is past the limit.
    pub fn exceeded(self, count: u64, whole: u64) -> bool {
        match self {
            Self::Count(limit) => count > limit,
            Self::Percent(limit) => count > 0 && count as f64 * 100.0 > limit * whole as f64,
        }
    }
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent} %"),
        }
    }
}

/// What may be found without being a finding. Without any limit, one failed event or unreadable line is one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Thresholds {
    /// On failed events and unreadable lines together, of all events and unreadable lines.
    pub max_failed: Option<Limit>,
    /// On the failures or unreadable lines of one code, of all events and unreadable lines.
    pub max_code: Vec<(Code, Limit)>,
}

impl Thresholds {
    /// Reads one `--max-code` value: `V402=0`, `L101=0.5%`.
    ///
    /// # Errors
    /// A sentence that names the unknown code or the accepted forms.
    pub fn parse_code(text: &str) -> Result<(Code, Limit)> {
        let Some((code, limit)) = text.split_once('=') else {
            return Err(Error::Config(format!(
                "--max-code {text:?} has no limit; write V402=0 or V402=0.1%"
            )));
        };
        let Some(known) = Code::parse(code.trim()) else {
            return Err(Error::Config(format!(
                "--max-code {text:?}: there is no code {code:?}; codes are L101 to W606, as `check` prints them"
            )));
        };
        Ok((known, Limit::parse("--max-code", limit)?))
    }

    /// The limit on one code, if there is one; the last one given counts.
    pub fn of_code(&self, code: Code) -> Option<Limit> {
        self.max_code
            .iter()
            .rev()
            .find(|(c, _)| *c == code)
            .map(|(_, limit)| *limit)
    }

    /// True when nothing was allowed and nothing was limited.
    pub fn is_empty(&self) -> bool {
        self.max_failed.is_none() && self.max_code.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_counts_or_shares() {
        let zero = Limit::parse("--max-failed", "0").unwrap();
        assert!(zero.exceeded(1, 1_000_000) && !zero.exceeded(0, 0));
        let share = Limit::parse("--max-failed", "0.1%").unwrap();
        assert!(share.exceeded(2, 1_000) && !share.exceeded(1, 1_000));
        let none = Limit::parse("--max-failed", "0%").unwrap();
        assert!(none.exceeded(1, 10) && !none.exceeded(0, 10));
        for wrong in ["", "x", "-1", "101%", "NaN%", "1.5", "%"] {
            assert!(
                Limit::parse("--max-failed", wrong)
                    .unwrap_err()
                    .to_string()
                    .contains("0.1%"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn codes_are_known_ones() {
        assert_eq!(
            Thresholds::parse_code("V402=0").unwrap(),
            (Code::V402, Limit::Count(0))
        );
        for wrong in ["V402", "V999=0", "V402=", "=1"] {
            assert_eq!(
                Thresholds::parse_code(wrong).unwrap_err().exit_code(),
                2,
                "{wrong}"
            );
        }
    }
}
