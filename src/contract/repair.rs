//! Repairs: what is plainly meant by a text that breaks its rule, as pure functions from text to text.
//!
//! A repair is tried only on a text that fails as it was sent, and kept only where the repaired one passes. Nothing is
//! ever repaired that `[repair]` of `frontlog.toml` does not name.

use std::sync::Arc;

use crate::contract::rule::{Coercion, Keyword, Rule, Types};

/// One way to repair a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Repair {
    /// `a%20b` → `a b`: a value that was encoded twice is decoded once more.
    DoubleEncoded,
    /// `a+b` → `a b`
    Plus,
    /// Spaces at both ends go.
    Trim,
    /// `eur` → `EUR` where only that value of the enum differs by case alone; `True` → `true`.
    Case,
    /// `12,50` → `12.50`
    DecimalComma,
    /// `1774000000` → `1774000000000`
    SecondsToMs,
    /// `1774000000000` → `1774000000`
    MsToSeconds,
    /// A required property that is missing gets a value.
    Default,
}

impl Repair {
    /// Every one, in the order in which they are tried: what the sender did last is undone first.
    pub const ALL: [Self; 8] = [
        Self::DoubleEncoded,
        Self::Plus,
        Self::Trim,
        Self::Case,
        Self::DecimalComma,
        Self::SecondsToMs,
        Self::MsToSeconds,
        Self::Default,
    ];

    /// Its name in `frontlog.toml`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DoubleEncoded => "double_encoded",
            Self::Plus => "plus",
            Self::Trim => "trim",
            Self::Case => "case",
            Self::DecimalComma => "decimal_comma",
            Self::SecondsToMs => "seconds_to_ms",
            Self::MsToSeconds => "ms_to_seconds",
            Self::Default => "default",
        }
    }

    /// What it does, for a person.
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::DoubleEncoded => "decode a value that was encoded twice",
            Self::Plus => "+ is a space",
            Self::Trim => "no spaces at the ends",
            Self::Case => "upper and lower case as in the enum",
            Self::DecimalComma => "decimal comma to point",
            Self::SecondsToMs => "seconds to milliseconds",
            Self::MsToSeconds => "milliseconds to seconds",
            Self::Default => "the default where it is missing",
        }
    }

    /// The repair of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.name() == name)
    }

    /// Its bit in a [`Done`].
    const fn bit(self) -> u8 {
        1 << self as u8
    }

    /// Writes the repaired text into `out`, which is cleared; false where there is nothing to repair. `words` are the
    /// values that the property may have. [`Repair::Default`] never repairs a text.
    pub fn apply(self, text: &str, words: &[Box<str>], out: &mut String) -> bool {
        out.clear();
        match self {
            Self::DoubleEncoded => decode(text, out),
            Self::Plus => {
                let has = text.contains('+');
                if has {
                    out.extend(text.chars().map(|c| if c == '+' { ' ' } else { c }));
                }
                has
            }
            Self::Trim => {
                let trimmed = text.trim();
                out.push_str(trimmed);
                trimmed.len() < text.len()
            }
            Self::Case => case(text, words, out),
            Self::DecimalComma => comma(text, out),
            Self::SecondsToMs => to_ms(text, out),
            Self::MsToSeconds => to_seconds(text, out),
            Self::Default => false,
        }
    }
}

/// Only where every `%` begins an escape and what comes out is UTF-8.
fn decode(text: &str, out: &mut String) -> bool {
    let digit = |b: Option<&u8>| b.and_then(|b| char::from(*b).to_digit(16));
    let bytes = text.as_bytes();
    if !bytes.contains(&b'%') {
        return false;
    }
    let mut decoded = std::mem::take(out).into_bytes();
    let mut at = 0;
    let mut sound = true;
    while at < bytes.len() {
        if bytes[at] != b'%' {
            decoded.push(bytes[at]);
            at += 1;
            continue;
        }
        match (digit(bytes.get(at + 1)), digit(bytes.get(at + 2))) {
            (Some(high), Some(low)) => decoded.push((high * 16 + low) as u8),
            _ => sound = false,
        }
        at += 3;
    }
    match String::from_utf8(decoded) {
        Ok(decoded) => *out = decoded,
        Err(_) => sound = false,
    }
    sound
}

fn case(text: &str, words: &[Box<str>], out: &mut String) -> bool {
    let same = |word: &str| {
        let folded = word.chars().flat_map(char::to_lowercase);
        folded.eq(text.chars().flat_map(char::to_lowercase))
    };
    let mut alike = words.iter().filter(|word| same(word));
    match (alike.next(), alike.next()) {
        (Some(word), None) if **word != *text => {
            out.push_str(word);
            true
        }
        _ => false,
    }
}

/// One comma between digits and nothing else but a sign: `1,234.50` and `1,234,567` say something else.
fn comma(text: &str, out: &mut String) -> bool {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let Some((whole, fraction)) = text.split_once(',') else {
        return false;
    };
    if !digits(whole.strip_prefix('-').unwrap_or(whole)) || !digits(fraction) {
        return false;
    }
    out.push_str(whole);
    out.push('.');
    out.push_str(fraction);
    true
}

/// Seconds of the years 2001 to 2286, whole or with a fraction of which three digits count.
fn to_ms(text: &str, out: &mut String) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let has_dot = whole.len() < text.len();
    if whole.len() != 10
        || whole.starts_with('0')
        || !digits(whole)
        || !digits(fraction)
        || (has_dot && fraction.is_empty())
    {
        return false;
    }
    out.push_str(whole);
    out.push_str(&fraction[..fraction.len().min(3)]);
    out.extend(std::iter::repeat_n('0', 3 - fraction.len().min(3)));
    true
}

/// Milliseconds of the same years; what is below a second goes.
fn to_seconds(text: &str, out: &mut String) -> bool {
    if text.len() != 13 || text.starts_with('0') || !text.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    out.push_str(&text[..10]);
    true
}

/// The values that a rule lists, for [`Repair::Case`].
pub fn words_of(rule: &Rule) -> Vec<Box<str>> {
    let mut words: Vec<Box<str>> = rule
        .checks
        .iter()
        .filter_map(|check| match &check.keyword {
            Keyword::Allowed(allowed) => Some(allowed.texts.iter().cloned()),
            _ => None,
        })
        .flatten()
        .collect();
    let boolean = matches!(
        rule.coercion,
        Coercion::Boolean | Coercion::Union(Types { boolean: true, .. })
    );
    if boolean {
        words.extend(["true".into(), "false".into()]);
    }
    words
}

/// Which repairs made a text pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Done(u8);

impl Done {
    /// One repair alone.
    pub const fn only(repair: Repair) -> Self {
        Self(repair.bit())
    }

    /// True where this one took part.
    pub const fn has(self, repair: Repair) -> bool {
        self.0 & repair.bit() != 0
    }

    /// Their names: `trim, decimal_comma`.
    pub fn names(self) -> String {
        let names = Repair::ALL.into_iter().filter(|r| self.has(*r));
        names.map(Repair::name).collect::<Vec<_>>().join(", ")
    }
}

/// What may be repaired in one property.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Repairs {
    /// In the order of [`Repair::ALL`], each once; without [`Repair::Default`].
    pub list: Vec<Repair>,
    /// The values that it may have.
    pub words: Vec<Box<str>>,
    /// What it is where it is required and missing; passes the rule.
    pub default: Option<Arc<str>>,
}

/// Buffers of one thread.
#[derive(Debug, Default)]
pub struct Mending {
    /// The repaired text, after [`Repairs::mend`] gave something.
    pub text: String,
    spare: String,
    broken: Vec<u8>,
}

impl Mending {
    fn passes(&mut self, rule: &Rule) -> bool {
        self.broken.clear();
        rule.judge(&self.text, &mut self.broken).is_some() && self.broken.is_empty()
    }
}

impl Repairs {
    /// Repairs a text that breaks its rule: each repair by itself, then one after the other. What passes stands in
    /// [`Mending::text`]; `None` where nothing does. Never fails.
    pub fn mend(&self, rule: &Rule, text: &str, mending: &mut Mending) -> Option<Done> {
        for repair in &self.list {
            if repair.apply(text, &self.words, &mut mending.text) && mending.passes(rule) {
                return Some(Done::only(*repair));
            }
        }
        if self.list.len() < 2 {
            return None;
        }
        mending.text.clear();
        mending.text.push_str(text);
        let mut done = Done::default();
        for repair in &self.list {
            let mut next = std::mem::take(&mut mending.spare);
            if repair.apply(&mending.text, &self.words, &mut next) {
                std::mem::swap(&mut mending.text, &mut next);
                done.0 |= repair.bit();
            }
            mending.spare = next;
            if done.has(*repair) && mending.passes(rule) {
                return Some(done);
            }
        }
        None
    }
}
