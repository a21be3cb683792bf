//! Tests of one text, prepared once and run on millions.

use std::ops::Range;

use memchr::memmem::Finder;
use regex::{Regex, RegexBuilder};

/// A prepared test of a text.
#[derive(Debug, Clone)]
pub(crate) enum TextTest {
    /// Exactly this.
    Equal(String),
    /// Has this piece, letter case counts.
    Piece(Box<Finder<'static>>),
    /// Has this piece of ASCII, letter case does not count.
    AnyCase(AnyCase),
    /// A regular expression.
    Regex(Regex),
}

/// Characters that make a text a regular expression.
const SPECIAL: &[char] = &[
    '\\', '.', '+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$',
];

impl TextTest {
    /// Equality.
    pub(crate) fn equal(text: &str) -> Self {
        Self::Equal(text.to_owned())
    }

    /// A piece of text; letter case counts only if there is a capital in it.
    pub(crate) fn contains(text: &str) -> Self {
        if text.chars().any(char::is_uppercase) {
            return Self::Piece(Box::new(Finder::new(text.as_bytes()).into_owned()));
        }
        if let Some(test) = AnyCase::new(text) {
            return Self::AnyCase(test);
        }
        let escaped = RegexBuilder::new(&regex::escape(text))
            .case_insensitive(true)
            .build();
        escaped.map_or_else(
            |_| Self::Piece(Box::new(Finder::new(text.as_bytes()).into_owned())),
            Self::Regex,
        )
    }

    /// A regular expression when something in it is special, else a piece of text.
    ///
    /// # Errors
    /// A sentence saying what is wrong with the expression.
    pub(crate) fn search(text: &str) -> Result<Self, String> {
        if !text.contains(SPECIAL) {
            return Ok(Self::contains(text));
        }
        RegexBuilder::new(text)
            .case_insensitive(!has_capital(text))
            .size_limit(1 << 20)
            .build()
            .map(Self::Regex)
            .map_err(|e| sentence(text, &e))
    }

    /// Runs the test.
    #[inline]
    pub(crate) fn test(&self, text: &str) -> bool {
        match self {
            Self::Equal(wanted) => text == wanted,
            Self::Piece(finder) => finder.find(text.as_bytes()).is_some(),
            Self::AnyCase(test) => test.find(text.as_bytes(), 0).is_some(),
            Self::Regex(regex) => regex.is_match(text),
        }
    }

    /// Byte ranges of the hits, from left to right, without overlaps and without empty ones.
    pub(crate) fn hits(&self, text: &str) -> Vec<Range<usize>> {
        match self {
            Self::Equal(wanted) if text == wanted => std::iter::once(0..text.len()).collect(),
            Self::Equal(_) => vec![],
            Self::Piece(finder) => {
                let len = finder.needle().len();
                finder
                    .find_iter(text.as_bytes())
                    .filter(|_| len > 0)
                    .map(|at| at..at + len)
                    .collect()
            }
            Self::AnyCase(test) => {
                let mut hits: Vec<Range<usize>> = vec![];
                let mut from = 0;
                while let Some(at) = test
                    .find(text.as_bytes(), from)
                    .filter(|_| !test.lower.is_empty())
                {
                    from = at + test.lower.len();
                    hits.push(at..from);
                }
                hits
            }
            Self::Regex(regex) => regex
                .find_iter(text)
                .map(|m| m.range())
                .filter(|r| !r.is_empty())
                .collect(),
        }
    }

    /// True when a test of the raw query finds what a test of the decoded properties finds: nothing in the needle is
    /// ever percent-encoded.
    pub(crate) fn is_plain(&self) -> bool {
        let plain = |bytes: &[u8]| {
            bytes
                .iter()
                .all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(b))
        };
        match self {
            Self::Equal(_) | Self::Regex(_) => false,
            Self::Piece(finder) => plain(finder.needle()),
            Self::AnyCase(test) => plain(&test.lower),
        }
    }

    /// Relative cost of one test.
    pub(crate) fn cost(&self) -> u32 {
        if matches!(self, Self::Regex(_)) {
            30
        } else {
            10
        }
    }
}

/// A capital letter that is not part of an escape such as `\S`.
fn has_capital(expression: &str) -> bool {
    let mut escaped = false;
    expression.chars().any(|c| {
        let capital = !escaped && c.is_uppercase();
        escaped = !escaped && c == '\\';
        capital
    })
}

/// The last line of the regex crate's picture is its sentence.
fn sentence(text: &str, error: &regex::Error) -> String {
    let picture = error.to_string();
    let last = picture
        .lines()
        .last()
        .unwrap_or("not understood")
        .trim_start_matches("error: ");
    format!("`{text}` is no regular expression: {last}")
}

/// A piece of ASCII text, found whatever its case: looks for its rarest byte in both cases, then compares.
#[derive(Debug, Clone)]
pub(crate) struct AnyCase {
    lower: Box<[u8]>,
    rare_at: usize,
    rare: (u8, u8),
}

/// Bytes of queries, paths and user agents from rare to frequent; a byte that is not listed is rarer still.
const FREQUENT: &[u8] = b"jqxkvywbzfgumhpldrcsnoatie_.%&=-+/0123456789 ";

impl AnyCase {
    /// `None` when there is something beyond ASCII in it.
    fn new(text: &str) -> Option<Self> {
        if !text.is_ascii() {
            return None;
        }
        let lower: Box<[u8]> = text.to_ascii_lowercase().into_bytes().into();
        let rank = |b: &u8| FREQUENT.iter().position(|f| f == b).map_or(0, |i| i + 1);
        let rare_at = (0..lower.len())
            .min_by_key(|i| rank(&lower[*i]))
            .unwrap_or(0);
        let byte = lower.get(rare_at).copied().unwrap_or(0);
        Some(Self {
            lower,
            rare_at,
            rare: (byte, byte.to_ascii_uppercase()),
        })
    }

    /// The first hit at or after `from`.
    #[inline]
    fn find(&self, text: &[u8], from: usize) -> Option<usize> {
        let n = self.lower.len();
        if n == 0 {
            return (from <= text.len()).then_some(from);
        }
        let mut at = from + self.rare_at;
        // A hit's rare byte has at least `tail` bytes after it.
        let end = (text.len() + self.rare_at + 1).checked_sub(n)?;
        while at < end {
            let piece = &text[at..end];
            let found = if self.rare.0 == self.rare.1 {
                memchr::memchr(self.rare.0, piece)
            } else {
                memchr::memchr2(self.rare.0, self.rare.1, piece)
            };
            let hit = at + found?;
            let start = hit - self.rare_at;
            if text[start..start + n].eq_ignore_ascii_case(&self.lower) {
                return Some(start);
            }
            at = hit + 1;
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_counts_only_with_a_capital() {
        let hit = |needle: &str, text: &str| TextTest::contains(needle).test(text);
        assert!(
            hit("bot", "GoogleBot/2.1")
                && hit("Bot", "GoogleBot/2.1")
                && !hit("BOT", "GoogleBot/2.1")
        );
        assert!(hit("", "x") && hit("", "") && hit("x", "X") && !hit("xx", "x"));
        assert!(hit("é", "CAFÉ") && !hit("e", "CAFÉ") && hit("caf", "CAFÉ"));
    }

    #[test]
    fn any_case_agrees_with_lowercasing() {
        let texts = [
            "",
            "a",
            "aA",
            "q=12&Q=13",
            "abcABCabc",
            "jj",
            "Mozilla/5.0 (X11; Linux)",
            "aaab",
            "éAé",
        ];
        let needles = ["a", "ab", "aab", "q", "l", "linux", ") ", "13", "bca"];
        for text in texts {
            for needle in needles {
                let Some(test) = AnyCase::new(needle) else {
                    panic!("ASCII")
                };
                let wanted = text.to_ascii_lowercase().find(needle);
                assert_eq!(test.find(text.as_bytes(), 0), wanted, "{needle} in {text}");
            }
        }
    }

    #[test]
    fn hits_are_where_they_are() {
        assert_eq!(TextTest::contains("ab").hits("abxAB"), [0..2, 3..5]);
        assert_eq!(TextTest::search("a+").unwrap().hits("caat a"), [1..3, 5..6]);
        assert!(TextTest::contains("").hits("abc").is_empty());
    }

    #[test]
    fn a_broken_expression_is_a_sentence() {
        let error = TextTest::search("a(b").unwrap_err();
        assert!(
            error.starts_with("`a(b` is no regular expression: ") && !error.contains('\n'),
            "{error}"
        );
    }
}
