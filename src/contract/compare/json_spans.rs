//! JSON text with the place of everything in it, so that it can be edited without being written anew.

use std::ops::Range;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub struct Node {
    /// Bytes of the value.
    pub span: Range<usize>,
    /// What is inside.
    pub inside: Inside,
}

/// What is inside of a value.
#[derive(Debug, Clone)]
pub enum Inside {
    /// Members: key, and value; each begins at the key's quote.
    Object(Vec<Member>),
    /// Items.
    Array(Vec<Node>),
    /// Text, number, `true`, `false`, `null`.
    Scalar,
}

/// A member of an object.
#[derive(Debug, Clone)]
pub struct Member {
    /// The key, unescaped.
    pub key: String,
    /// Where the key's quote stands.
    pub start: usize,
    /// The value.
    pub value: Node,
}

impl Node {
    /// The member of that key.
    pub fn member(&self, key: &str) -> Option<&Node> {
        match &self.inside {
            Inside::Object(members) => members.iter().find(|m| m.key == key).map(|m| &m.value),
            _ => None,
        }
    }

    /// The value at a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, key| node.member(key))
    }

    /// Where the things inside begin and end.
    pub fn parts(&self) -> Vec<Range<usize>> {
        match &self.inside {
            Inside::Object(members) => members.iter().map(|m| m.start..m.value.span.end).collect(),
            Inside::Array(items) => items.iter().map(|i| i.span.clone()).collect(),
            Inside::Scalar => vec![],
        }
    }
}

/// Deepest nesting that is read.
const MAX_DEPTH: usize = 100;

/// Reads JSON; `None` where it is none, or too deep.
pub fn parse(text: &str) -> Option<Node> {
    let mut reader = Reader {
        text,
        bytes: text.as_bytes(),
        at: 0,
    };
    reader.space();
    let node = reader.value(0)?;
    reader.space();
    (reader.at == text.len()).then_some(node)
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// Takes `wanted` and the space around it.
    fn takes(&mut self, wanted: u8) -> bool {
        self.space();
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        self.space();
        found
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        let start = self.at;
        let inside = match self.peek()? {
            _ if depth > MAX_DEPTH => return None,
            b'{' => Inside::Object(self.list(b'}', |reader| {
                let start = reader.at;
                let key = reader.string()?;
                reader.takes(b':').then_some(())?;
                let value = reader.value(depth + 1)?;
                Some(Member { key, start, value })
            })?),
            b'[' => Inside::Array(self.list(b']', |reader| reader.value(depth + 1))?),
            b'"' => {
                self.string()?;
                Inside::Scalar
            }
            _ => {
                let plain = |b: &u8| b.is_ascii_alphanumeric() || b"+-.".contains(b);
                self.at += self.bytes[self.at..]
                    .iter()
                    .take_while(|b| plain(b))
                    .count();
                serde_json::from_str::<serde_json::Value>(&self.text[start..self.at]).ok()?;
                Inside::Scalar
            }
        };
        Some(Node {
            span: start..self.at,
            inside,
        })
    }

    fn list<T>(&mut self, end: u8, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.at += 1;
        self.space();
        let mut out = vec![];
        if self.peek() == Some(end) {
            self.at += 1;
            return Some(out);
        }
        loop {
            out.push(item(self)?);
            self.space();
            match self.peek()? {
                b',' => {
                    self.at += 1;
                    self.space();
                }
                b if b == end => {
                    self.at += 1;
                    return Some(out);
                }
                _ => return None,
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let start = self.at;
        (self.peek()? == b'"').then_some(())?;
        self.at += 1;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        serde_json::from_str(self.text.get(start..self.at)?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_has_its_place() {
        let text = "{ \"a\" : [1, {\"b\\\"\": \"x]\"}],\n\"c\":null }";
        let root = parse(text).unwrap();
        let of = |node: &Node| &text[node.span.clone()];
        assert_eq!(of(root.at(&["a"]).unwrap()), "[1, {\"b\\\"\": \"x]\"}]");
        assert_eq!(of(root.at(&["c"]).unwrap()), "null");
        let parts: Vec<&str> = root.parts().into_iter().map(|p| &text[p]).collect();
        assert_eq!(parts[1], "\"c\":null");
        for bad in [
            "",
            "{",
            "{\"a\"}",
            "[1,]",
            "[1 2]",
            "\"x",
            "nul",
            "{} x",
            "{\"a\":1,}",
            "\"\\",
        ] {
            assert!(parse(bad).is_none(), "{bad}");
        }
        assert!(parse(&"[".repeat(10_000)).is_none());
    }
}
