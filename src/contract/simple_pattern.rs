//! The patterns that most schemas have, such as `^[a-z]{2}(-[A-Z]{2})?$`, without a regular-expression engine.
//!
//! Anchored at both ends; ASCII classes and literals, each with `{n}`, `{m,n}`, `+`, `*` or `?`; at the very end one
//! optional group of the same. What repeats must differ from what may follow it, so that taking as much as possible is
//! always right. Anything else is left to the `regex` crate, whose answer this one must equal (tested).

/// A compiled simple pattern.
#[derive(Debug, Clone)]
pub struct SimplePattern {
    items: Vec<Item>,
    /// `( … )?` at the end.
    tail: Vec<Item>,
}

#[derive(Debug, Clone)]
struct Item {
    class: [bool; 256],
    least: usize,
    most: usize,
}

impl SimplePattern {
    /// Compiles a pattern, if it is a simple one.
    pub fn parse(pattern: &str) -> Option<Self> {
        let body = pattern.strip_prefix('^')?.strip_suffix('$')?;
        if !pattern.is_ascii() || body.ends_with('\\') {
            return None;
        }
        let (body, tail) = match body.split_once('(') {
            None => (body, ""),
            Some((body, group)) => (body, group.strip_suffix(")?")?),
        };
        if tail.starts_with('?') || body.ends_with('\\') {
            return None;
        }
        let simple = Self {
            items: items(body.as_bytes())?,
            tail: items(tail.as_bytes())?,
        };
        simple.is_unambiguous().then_some(simple)
    }

    /// True where the whole text matches.
    pub fn is_match(&self, text: &str) -> bool {
        match take(&self.items, text.as_bytes()) {
            Some([]) => true,
            Some(rest) => {
                !self.tail.is_empty() && take(&self.tail, rest).is_some_and(<[u8]>::is_empty)
            }
            None => false,
        }
    }

    /// Where an item may stop early, nothing that it could take may follow it.
    fn is_unambiguous(&self) -> bool {
        let all: Vec<&Item> = self.items.iter().chain(&self.tail).collect();
        all.iter().enumerate().all(|(i, item)| {
            let mut followers = all[i + 1..].iter();
            item.least == item.most || {
                // Those that may be absent let the next one follow directly.
                let mut clear = true;
                for follower in followers.by_ref() {
                    clear &= !follower
                        .class
                        .iter()
                        .zip(&item.class)
                        .any(|(a, b)| *a && *b);
                    if follower.least > 0 {
                        break;
                    }
                }
                clear
            }
        })
    }
}

fn take<'a>(items: &[Item], mut text: &'a [u8]) -> Option<&'a [u8]> {
    for item in items {
        let most = item.most.min(text.len());
        let mut n = 0;
        while n < most && item.class[usize::from(text[n])] {
            n += 1;
        }
        if n < item.least {
            return None;
        }
        text = &text[n..];
    }
    Some(text)
}

fn items(mut text: &[u8]) -> Option<Vec<Item>> {
    let mut out = Vec::new();
    while !text.is_empty() {
        let (class, rest) = class(text)?;
        let ((least, most), rest) = times(rest)?;
        out.push(Item { class, least, most });
        text = rest;
    }
    Some(out)
}

/// The class that `text` starts with, and what follows it.
fn class(text: &[u8]) -> Option<([bool; 256], &[u8])> {
    let mut class = [false; 256];
    match text {
        [b'[', inner @ ..] => {
            let end = inner.iter().position(|b| *b == b']')?;
            fill(&inner[..end], &mut class)?;
            Some((class, &inner[end + 1..]))
        }
        [b'\\', b'd', rest @ ..] => {
            fill(b"0-9", &mut class)?;
            Some((class, rest))
        }
        [b'\\', b, rest @ ..] if b.is_ascii_punctuation() => {
            class[usize::from(*b)] = true;
            Some((class, rest))
        }
        [b, rest @ ..] if b.is_ascii_alphanumeric() || b"-_/:,;=@ !#%&~<>\"'".contains(b) => {
            class[usize::from(*b)] = true;
            Some((class, rest))
        }
        _ => None,
    }
}

/// The inside of `[…]`: characters and ranges; no negation, no escapes but of punctuation and `\d`.
fn fill(mut inner: &[u8], class: &mut [bool; 256]) -> Option<()> {
    if matches!(inner, [] | [b'^', ..]) {
        return None;
    }
    while let [first, rest @ ..] = inner {
        inner = match (first, rest) {
            (b'\\', [b'd', rest @ ..]) => {
                class[usize::from(b'0')..=usize::from(b'9')].fill(true);
                rest
            }
            (b'\\', [b, rest @ ..]) if b.is_ascii_punctuation() => {
                class[usize::from(*b)] = true;
                rest
            }
            (b'\\' | b'[' | b'&' | b'~', _) => return None,
            (from, [b'-', to, rest @ ..]) => {
                if !from.is_ascii_alphanumeric() || !to.is_ascii_alphanumeric() || from > to {
                    return None;
                }
                class[usize::from(*from)..=usize::from(*to)].fill(true);
                rest
            }
            (b, rest) => {
                class[usize::from(*b)] = true;
                rest
            }
        };
    }
    Some(())
}

/// How often, and what follows.
fn times(text: &[u8]) -> Option<((usize, usize), &[u8])> {
    let ((least, most), rest) = match text {
        [b'+', rest @ ..] => ((1, usize::MAX), rest),
        [b'*', rest @ ..] => ((0, usize::MAX), rest),
        [b'?', rest @ ..] => ((0, 1), rest),
        [b'{', rest @ ..] => {
            let end = rest.iter().position(|b| *b == b'}')?;
            let inner = std::str::from_utf8(&rest[..end]).ok()?;
            let count = |text: &str| {
                text.bytes()
                    .all(|b| b.is_ascii_digit())
                    .then(|| text.parse().ok())
                    .flatten()
            };
            let bounds = match inner.split_once(',') {
                None => (count(inner)?, count(inner)?),
                Some((least, "")) => (count(least)?, usize::MAX),
                Some((least, most)) => (count(least)?, count(most)?),
            };
            (bounds, &rest[end + 1..])
        }
        rest => ((1, 1), rest),
    };
    // `+?` and the like are lazy; a second count is an error that the crate tells of.
    let clear = least <= most && most > 0 && !matches!(rest, [b'+' | b'*' | b'?' | b'{', ..]);
    clear.then_some(((least, most), rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::pattern;
    use proptest::prelude::*;

    #[test]
    fn common_patterns_are_simple() {
        for p in [
            "^[a-z]{2}(-[A-Z]{2})?$",
            "^[0-9]+\\.[0-9]+\\.[0-9]+$",
            "^ORD-[0-9]{8}$",
            "^[0-9]{3,5}x[0-9]{3,5}$",
            "^\\d{4}-\\d{2}$",
            "^[a-z][A-Z_]*$",
        ] {
            assert!(SimplePattern::parse(p).is_some(), "{p}");
        }
        for p in [
            "[a-z]",
            "^[a-z]+[a-f]$",
            "^(a|b)$",
            "^a.c$",
            "^[^a]$",
            "^[a-z]*(-[a-z]+)?x$",
            "^a+?$",
            "^é$",
            "^a\\$",
            "^\\w+$",
            "^[a-z]+(?i)?$",
        ] {
            assert!(SimplePattern::parse(p).is_none(), "{p}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

        #[test]
        fn equals_the_regex_crate(
            pattern in "\\^([ab01.-]|\\[[ab01-]{1,4}\\]|\\[a-b\\]|\\\\d|\\\\\\.)(\\{[0-2](,[0-3]?)?\\}|[+*?])?([abx]|\\[[x0]\\])(\\{2\\}|[+*?])?(\\(-?[abx]\\+?\\)\\?)?\\$",
            texts in proptest::collection::vec("[ab01x.-]{0,6}\\n?", 20)
        ) {
            if let (Some(simple), Ok(regex)) = (SimplePattern::parse(&pattern), pattern::compile(&pattern)) {
                for text in &texts {
                    prop_assert_eq!(simple.is_match(text), regex.is_match(text), "{} on {:?}", pattern, text);
                }
            }
        }
    }
}
