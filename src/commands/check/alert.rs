//! `--alert 'failed_pct > 5 for 5m'`: the grammar, and when an alert opens and is over.
//!
//! ```text
//! METRIC  > | >= | < | <=  NUMBER[UNIT]  [event NAME]  for DURATION
//! failed_pct > 5% for 5m          p95 >= 800ms event checkout for 10m          events < 10 event "page view" for 15m
//! ```
//! It opens when the condition has held in every window of the duration, and is over with the first window in which it
//! does not hold. A window without an event has counts of 0; it has no `failed_pct` and no percentile, and so no
//! condition on those holds in it.

use std::fmt;

use crate::frame::windows::WindowCounts;

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Events in the window.
    Events,
    /// Events without an error.
    Good,
    /// Events with an error.
    Failed,
    /// Failed events of all, in percent.
    FailedPct,
    /// Events that came late.
    Late,
    /// Sum of `sc-bytes`.
    ScBytes,
    /// A percentile of `time-taken`, in seconds.
    Taken(u8),
}

/// Names and metrics; the names of the table `windows` and short ones.
const METRICS: [(&str, Metric); 14] = [
    ("events", Metric::Events),
    ("good", Metric::Good),
    ("failed", Metric::Failed),
    ("failed_pct", Metric::FailedPct),
    ("late", Metric::Late),
    ("sc_bytes", Metric::ScBytes),
    ("p50", Metric::Taken(50)),
    ("p90", Metric::Taken(90)),
    ("p95", Metric::Taken(95)),
    ("p99", Metric::Taken(99)),
    ("time_taken_p50", Metric::Taken(50)),
    ("time_taken_p90", Metric::Taken(90)),
    ("time_taken_p95", Metric::Taken(95)),
    ("time_taken_p99", Metric::Taken(99)),
];

impl Metric {
    /// Its value in a window; `None` where the window has none.
    pub fn of(self, counts: &WindowCounts) -> Option<f64> {
        match self {
            Self::Events => Some(counts.events as f64),
            Self::Good => Some(counts.good as f64),
            Self::Failed => Some(counts.failed as f64),
            Self::FailedPct => counts.failed_pct(),
            Self::Late => Some(counts.late as f64),
            Self::ScBytes => Some(counts.sc_bytes as f64),
            Self::Taken(percent) => counts.taken.quantile(f64::from(percent) / 100.0),
        }
    }

    /// Units a number may have, with their factor; the first is the one meant without any.
    fn units(self) -> &'static [(&'static str, f64)] {
        match self {
            Self::FailedPct => &[("%", 1.0)],
            Self::Taken(_) => &[("s", 1.0), ("ms", 1e-3)],
            Self::ScBytes => &[
                ("B", 1.0),
                ("kB", 1e3),
                ("MB", 1e6),
                ("GB", 1e9),
                ("KiB", 1024.0),
                ("MiB", 1_048_576.0),
                ("GiB", 1_073_741_824.0),
            ],
            Self::Events | Self::Good | Self::Failed | Self::Late => &[],
        }
    }
}

/// How it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Op {
    Gt,
    Ge,
    Lt,
    Le,
}

/// An alert as it was asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Alert {
    /// As typed.
    pub text: String,
    /// What is compared.
    pub metric: Metric,
    /// Only events of that name.
    pub event: Option<String>,
    /// How long the condition must hold, in seconds.
    pub for_s: u32,
    op: Op,
    limit: f64,
}

/// Why a text is no alert, with the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertError {
    /// The text.
    pub text: String,
    /// Byte in the text where it went wrong; at most its length.
    pub at: usize,
    /// Bytes from there that are wrong; at least 1.
    pub len: usize,
    /// What was found and what was expected.
    pub message: String,
}

impl fmt::Display for AlertError {
    /// The sentence, the text, and marks under the place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use unicode_width::UnicodeWidthStr as _;
        let end = (self.at + self.len).min(self.text.len());
        let (before, wrong) = (&self.text[..self.at], &self.text[self.at..end]);
        write!(
            f,
            "--alert: {}\n  {}\n  {}{}",
            self.message,
            self.text,
            " ".repeat(before.width()),
            "^".repeat(wrong.width().max(1))
        )
    }
}

impl Alert {
    /// Reads an alert.
    ///
    /// # Errors
    /// The place and a sentence; a misspelt metric names the nearest.
    pub fn parse(text: &str) -> Result<Self, AlertError> {
        let mut scanner = Scanner { text, at: 0 };
        let metric = scanner.metric()?;
        let op = scanner.op()?;
        let limit = scanner.number(metric)?;
        let event = if scanner.eat_word("event") {
            Some(scanner.name()?)
        } else {
            None
        };
        let for_s = scanner.duration()?;
        scanner.end()?;
        Ok(Self {
            text: text.trim().to_owned(),
            metric,
            event,
            for_s,
            op,
            limit,
        })
    }

    /// Windows of that length that the condition must hold in.
    ///
    /// # Errors
    /// A sentence when the duration is not made of whole windows.
    pub fn windows(&self, window_s: u32) -> Result<u64, String> {
        if self.for_s.is_multiple_of(window_s) {
            return Ok(u64::from(self.for_s / window_s));
        }
        Err(format!(
            "--alert {:?}: {} s is no whole number of windows of {window_s} s; change the duration, or the length with --window",
            self.text, self.for_s
        ))
    }

    /// Whether the condition holds for that value.
    pub fn holds(&self, value: Option<f64>) -> bool {
        value.is_some_and(|value| match self.op {
            Op::Gt => value > self.limit,
            Op::Ge => value >= self.limit,
            Op::Lt => value < self.limit,
            Op::Le => value <= self.limit,
        })
    }
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        &self.text[self.at..]
    }

    /// What is here is wrong: one word, or one character.
    fn error(&mut self, message: impl Into<String>) -> AlertError {
        let rest = self.rest();
        let word = word_len(rest);
        let len = if word > 0 {
            word
        } else {
            rest.chars().next().map_or(1, char::len_utf8)
        };
        AlertError {
            text: self.text.to_owned(),
            at: self.at,
            len,
            message: message.into(),
        }
    }

    fn metric(&mut self) -> Result<Metric, AlertError> {
        let rest = self.rest();
        let name = &rest[..word_len(rest)];
        let wanted = "events, good, failed, failed_pct, late, sc_bytes, p50, p90, p95 or p99";
        if name.is_empty() {
            return Err(self.error(format!("expected a metric: {wanted}")));
        }
        if let Some((_, metric)) = METRICS.iter().find(|(n, _)| *n == name) {
            self.at += name.len();
            return Ok(*metric);
        }
        let nearest = METRICS
            .iter()
            .map(|(n, _)| (strsim::damerau_levenshtein(n, name), *n))
            .min();
        let hint = match nearest {
            Some((distance, n)) if distance <= 2 => format!("did you mean `{n}`?"),
            _ => format!("metrics are {wanted}"),
        };
        Err(self.error(format!("there is no metric `{name}`; {hint}")))
    }

    fn op(&mut self) -> Result<Op, AlertError> {
        let rest = self.rest();
        for (text, op) in [(">=", Op::Ge), ("<=", Op::Le), (">", Op::Gt), ("<", Op::Lt)] {
            if rest.starts_with(text) {
                self.at += text.len();
                return Ok(op);
            }
        }
        Err(self.error("expected > >= < or <="))
    }

    fn number(&mut self, metric: Metric) -> Result<f64, AlertError> {
        let rest = self.rest();
        let len = rest
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(rest.len());
        let Ok(number) = rest[..len].parse::<f64>() else {
            return Err(self.error("expected a number"));
        };
        self.at += len;
        let rest = self.rest();
        if rest.starts_with('%') || (word_len(rest) > 0 && !is_keyword(rest)) {
            let unit = if rest.starts_with('%') {
                "%"
            } else {
                &rest[..word_len(rest)]
            };
            let units = metric.units();
            let Some((_, factor)) = units.iter().find(|(u, _)| *u == unit) else {
                let known: Vec<&str> = units.iter().map(|(u, _)| *u).collect();
                return Err(self.error(if known.is_empty() {
                    "this metric is a count and has no unit".to_owned()
                } else {
                    format!(
                        "`{unit}` is no unit of this metric; write {}",
                        known.join(", ")
                    )
                }));
            };
            self.at += unit.len();
            return Ok(number * factor);
        }
        Ok(number)
    }

    fn eat_word(&mut self, word: &str) -> bool {
        let rest = self.rest();
        let found = &rest[..word_len(rest)] == word;
        if found {
            self.at += word.len();
        }
        found
    }

    fn name(&mut self) -> Result<String, AlertError> {
        let rest = self.rest();
        if let Some(quoted) = rest.strip_prefix('"') {
            let Some(end) = quoted.find('"') else {
                return Err(self.error("this quote is not closed"));
            };
            self.at += end + 2;
            return Ok(quoted[..end].to_owned());
        }
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        if end == 0 || is_keyword(rest) {
            return Err(self.error("expected the name of an event"));
        }
        self.at += end;
        Ok(rest[..end].to_owned())
    }

    fn duration(&mut self) -> Result<u32, AlertError> {
        if !self.eat_word("for") {
            return Err(self.error("expected `for` and a duration, such as `for 5m`"));
        }
        let rest = self.rest();
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        match seconds(&rest[..end]) {
            Some(seconds) => {
                self.at += end;
                Ok(seconds)
            }
            None => Err(self.error("expected a duration from 1s to 24h: 30s, 5m, 1h")),
        }
    }

    fn end(&mut self) -> Result<(), AlertError> {
        if self.rest().is_empty() {
            return Ok(());
        }
        Err(self.error("expected nothing after the duration"))
    }
}

fn word_len(text: &str) -> usize {
    text.find(|c: char| !c.is_alphanumeric() && c != '_')
        .unwrap_or(text.len())
}

fn is_keyword(text: &str) -> bool {
    matches!(&text[..word_len(text)], "for" | "event")
}

/// Seconds of `30s`, `5m`, `1h`: at least one, at most a day.
pub fn seconds(text: &str) -> Option<u32> {
    let unit = text.chars().last()?;
    let factor = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return None,
    };
    let digits = &text[..text.len() - 1];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let seconds = digits.parse::<u32>().ok()?.checked_mul(factor)?;
    (1..=86_400).contains(&seconds).then_some(seconds)
}
