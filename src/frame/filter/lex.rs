//! Words, quotes and operators of the filter language.

use super::Op;

/// Ends a word wherever it stands.
fn is_delimiter(c: char) -> bool {
    c.is_whitespace() || matches!(c, '&' | '|' | '(' | ')' | '"')
}

/// A cursor over the text of a filter.
#[derive(Debug, Clone)]
pub(crate) struct Scanner<'a> {
    pub(crate) text: &'a str,
    pub(crate) at: usize,
}

/// A quoted text without its end.
pub(crate) struct Unclosed;

impl<'a> Scanner<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(crate) fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    pub(crate) fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.bump();
        }
        found
    }

    pub(crate) fn skip_spaces(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.bump();
        }
    }

    /// An operator at the cursor, and how long it is. `?` is not one of them: see [`Scanner::at_presence`].
    pub(crate) fn operator(&self) -> Option<(Op, usize)> {
        let rest = self.rest();
        let two = [
            ("!=", Op::Ne),
            (">=", Op::Ge),
            ("<=", Op::Le),
            ("==", Op::Eq),
            ("=~", Op::Matches),
        ];
        let one = [
            ("=", Op::Eq),
            (">", Op::Gt),
            ("<", Op::Lt),
            ("~", Op::Matches),
            (":", Op::Contains),
        ];
        two.into_iter()
            .chain(one)
            .find(|(sign, _)| rest.starts_with(sign))
            .map(|(sign, op)| (op, sign.len()))
    }

    /// True at a `?` that ends a term.
    pub(crate) fn at_presence(&self) -> bool {
        let mut chars = self.rest().chars();
        chars.next() == Some('?') && chars.next().is_none_or(is_delimiter)
    }

    /// A name or bare word: up to an operator or delimiter.
    pub(crate) fn name(&mut self) -> &'a str {
        let start = self.at;
        while self.peek().is_some_and(|c| !is_delimiter(c))
            && self.operator().is_none()
            && !self.at_presence()
        {
            self.bump();
        }
        &self.text[start..self.at]
    }

    /// A value that is not quoted: up to a delimiter. In an expression, brackets belong to it as long as they match.
    pub(crate) fn value(&mut self, expression: bool) -> &'a str {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(c) = self.peek() {
            match c {
                '\\' if expression => self.bump(),
                '(' | '[' if expression => depth += 1,
                ')' | ']' if expression && depth > 0 => depth -= 1,
                '|' | '&' | '"' if expression && depth > 0 => {}
                _ if is_delimiter(c) => break,
                _ => {}
            }
            self.bump();
        }
        &self.text[start..self.at]
    }

    /// A quoted text; the cursor stands on the first quote.
    pub(crate) fn quoted(&mut self) -> Result<String, Unclosed> {
        self.bump();
        let mut out = String::new();
        while let Some(c) = self.peek() {
            self.bump();
            match (c, self.peek()) {
                ('"', _) => return Ok(out),
                ('\\', Some(next @ ('"' | '\\'))) => {
                    out.push(next);
                    self.bump();
                }
                _ => out.push(c),
            }
        }
        Err(Unclosed)
    }
}

fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// A value as it must be written.
pub(crate) fn quote_value(text: &str) -> String {
    let unclear = text.is_empty() || text.starts_with(['=', '~']) || text.contains(is_delimiter);
    if unclear {
        quote(text)
    } else {
        text.to_owned()
    }
}

/// A column's name as it must be written.
pub(crate) fn quote_name(text: &str) -> String {
    let mut scanner = Scanner::new(text);
    let plain =
        scanner.name().len() == text.len() && !text.starts_with(['-', '!']) && !text.is_empty();
    if plain { text.to_owned() } else { quote(text) }
}

/// A bare word as it must be written, so that it stays one.
pub(crate) fn quote_word(text: &str) -> String {
    let verdict = crate::model::Verdict::ALL
        .iter()
        .any(|v| v.as_str() == text);
    if verdict {
        quote(text)
    } else {
        quote_name(text)
    }
}
