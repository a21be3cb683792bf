//! Text in, filter out; or the place where it went wrong and what was expected there.

use super::lex::Scanner;
use super::when::{When, clock_of, parse_seconds};
use super::{Filter, Node, Op, ParseError, Term, TextTest};
use crate::frame::columns::{ColumnInfo, ColumnRef, Columns, Virtual};
use crate::model::{Code, ColumnKind, Verdict};

/// Deeper nesting is refused, so that no text overflows the stack.
const MAX_DEPTH: usize = 50;

pub(super) fn parse(text: &str, columns: &Columns) -> Result<Filter, ParseError> {
    let mut parser = Parser {
        scanner: Scanner::new(text),
        columns,
        depth: 0,
    };
    parser.scanner.skip_spaces();
    if parser.scanner.peek().is_none() {
        return Ok(Filter::everything());
    }
    let root = parser.either()?;
    match parser.scanner.peek() {
        None => Ok(Filter { root }),
        Some(_) => Err(parser.here(1, "this `)` closes nothing: remove it, or put a `(` before")),
    }
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    columns: &'a Columns,
    depth: usize,
}

/// A piece of the text: where it starts and how long it is.
#[derive(Clone, Copy)]
struct Span {
    at: usize,
    len: usize,
}

fn error(span: Span, message: impl Into<String>) -> ParseError {
    ParseError {
        at: span.at,
        len: span.len,
        message: message.into(),
    }
}

impl Parser<'_> {
    fn here(&self, len: usize, message: &str) -> ParseError {
        error(
            Span {
                at: self.scanner.at,
                len,
            },
            message,
        )
    }

    fn since(&self, at: usize) -> Span {
        Span {
            at,
            len: self.scanner.at - at,
        }
    }

    /// `a | b`
    fn either(&mut self) -> Result<Node, ParseError> {
        let mut list = vec![self.both()?];
        while self.scanner.eat('|') {
            list.push(self.both()?);
        }
        Ok(single(list, Node::Or))
    }

    /// `a b`, `a & b`
    fn both(&mut self) -> Result<Node, ParseError> {
        let mut list = vec![self.unary()?];
        loop {
            self.scanner.skip_spaces();
            let joined = self.scanner.eat('&');
            match self.scanner.peek() {
                None | Some('|' | ')') if !joined => return Ok(single(list, Node::And)),
                _ => list.push(self.unary()?),
            }
        }
    }

    /// `-a`, `( a )`, a term
    fn unary(&mut self) -> Result<Node, ParseError> {
        self.scanner.skip_spaces();
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(self.here(1, "this is nested too deep: write it with fewer brackets"));
        }
        let node = match self.scanner.peek() {
            Some('-' | '!') => {
                self.scanner.bump();
                Ok(Node::Not(Box::new(self.unary()?)))
            }
            Some('(') => self.group(),
            None | Some('|' | '&' | ')') => {
                Err(self.here(0, "a condition is expected here, such as `status>=400`"))
            }
            Some(_) => self.term(),
        };
        self.depth -= 1;
        node
    }

    fn group(&mut self) -> Result<Node, ParseError> {
        let open = self.scanner.at;
        self.scanner.bump();
        let node = self.either()?;
        if self.scanner.eat(')') {
            return Ok(node);
        }
        Err(error(
            Span { at: open, len: 1 },
            "this `(` is not closed: a `)` is missing",
        ))
    }

    fn text(&mut self) -> Result<String, ParseError> {
        let at = self.scanner.at;
        self.scanner
            .quoted()
            .map_err(|_| error(self.since(at), "this text is not closed: a `\"` is missing"))
    }

    fn term(&mut self) -> Result<Node, ParseError> {
        let at = self.scanner.at;
        let quoted = self.scanner.peek() == Some('"');
        let name = if quoted {
            self.text()?
        } else {
            self.scanner.name().to_owned()
        };
        let span = self.since(at);
        if self.scanner.at_presence() {
            self.scanner.bump();
            return Ok(Node::Term(Term::Present(self.column(&name, span)?.column)));
        }
        let Some((op, len)) = self.scanner.operator() else {
            let verdict = Verdict::ALL.iter().find(|v| v.as_str() == name && !quoted);
            return Ok(Node::Term(match verdict {
                Some(v) => Term::Compare(
                    ColumnRef::Virtual(Virtual::Verdict),
                    Op::Eq,
                    v.as_str().to_owned(),
                ),
                None => Term::Any(name),
            }));
        };
        if name.is_empty() {
            let message = format!("a column's name is expected before `{}`", op.as_str());
            return Err(self.here(len, &message));
        }
        if name == "last" && !quoted {
            self.scanner.at += len;
            return self.last();
        }
        let info = self.column(&name, span)?;
        self.scanner.at += len;
        self.comparison(&info, op)
    }

    fn last(&mut self) -> Result<Node, ParseError> {
        let at = self.scanner.at;
        let text = self.scanner.value(false);
        match parse_seconds(text) {
            Some(seconds) => Ok(Node::Term(Term::Last(seconds))),
            None => Err(error(
                self.since(at),
                format!("`{text}` is no duration: write `15m`, `3h` or `2d`"),
            )),
        }
    }

    fn column(&self, name: &str, span: Span) -> Result<ColumnInfo, ParseError> {
        self.columns.find(name).ok_or_else(|| {
            let hint = match self.columns.nearest(name) {
                Some(known) => {
                    format!("did you mean `{known}`? To search for the text, put it in quotes")
                }
                None => "to search for the text, put it in quotes".to_owned(),
            };
            error(span, format!("there is no column `{name}`: {hint}"))
        })
    }

    /// The value, or several in brackets, after an operator.
    fn comparison(&mut self, info: &ColumnInfo, op: Op) -> Result<Node, ParseError> {
        let several =
            matches!(op, Op::Eq | Op::Ne | Op::Contains) && self.scanner.peek() == Some('(');
        if !several {
            return self.value(info, op).map(Node::Term);
        }
        let open = self.scanner.at;
        self.scanner.bump();
        let one = if op == Op::Ne { Op::Eq } else { op };
        let mut list = vec![];
        loop {
            self.scanner.skip_spaces();
            list.push(Node::Term(self.value(info, one)?));
            self.scanner.skip_spaces();
            if self.scanner.eat(')') {
                break;
            }
            if !self.scanner.eat('|') {
                let message = "these values are not closed: write `(a|b)`";
                return Err(error(self.since(open), message));
            }
        }
        let node = single(list, Node::Or);
        Ok(if op == Op::Ne {
            Node::Not(Box::new(node))
        } else {
            node
        })
    }

    fn value(&mut self, info: &ColumnInfo, op: Op) -> Result<Term, ParseError> {
        let at = self.scanner.at;
        let quoted = self.scanner.peek() == Some('"');
        let value = if quoted {
            self.text()?
        } else {
            self.scanner.value(op == Op::Matches).to_owned()
        };
        if value.is_empty() && !quoted {
            let message = format!(
                "a value is expected after `{}` (empty text is `\"\"`)",
                op.as_str()
            );
            return Err(self.here(0, &message));
        }
        match check_value(info, op, &value) {
            Ok(value) => Ok(Term::Compare(info.column.clone(), op, value)),
            Err(message) => Err(error(self.since(at), message)),
        }
    }
}

fn single(mut list: Vec<Node>, many: impl Fn(Vec<Node>) -> Node) -> Node {
    match list.pop() {
        Some(only) if list.is_empty() => only,
        Some(last) => {
            list.push(last);
            many(list)
        }
        None => Node::And(vec![]),
    }
}

/// Says what is wrong with a value for this column, or gives it in its one spelling.
fn check_value(info: &ColumnInfo, op: Op, value: &str) -> Result<String, String> {
    match op {
        Op::Matches => return TextTest::search(value).map(|_| value.to_owned()),
        Op::Contains => return Ok(value.to_owned()),
        _ => {}
    }
    let name = info.column.name();
    let as_is = value.to_owned();
    match (&info.column, info.kind) {
        (ColumnRef::Virtual(Virtual::Verdict), _) => {
            let words: Vec<_> = Verdict::ALL.iter().map(|v| v.as_str()).collect();
            let known = words.contains(&value);
            known.then_some(as_is).ok_or_else(|| format!("`{value}` is no verdict: write one of {}", words.join(", ")))
        }
        (ColumnRef::Virtual(Virtual::Code), _) => {
            let upper = value.to_uppercase();
            let known = Code::parse(&upper).map(|c| c.as_str().to_owned());
            known.ok_or_else(|| format!("`{value}` is no failure code: write one such as V402"))
        }
        (_, ColumnKind::Int | ColumnKind::Float) => super::number::Number::parse(value)
            .map(|_| as_is)
            .ok_or_else(|| format!("`{name}` holds numbers, and `{value}` is none (write `{name}~{value}` for text)")),
        (_, ColumnKind::Timestamp | ColumnKind::Date) => When::parse(value)
            .map(|_| as_is)
            .ok_or_else(|| format!("`{value}` is no time: write 14:02, 2026-11-22, 2026-11-22T14:02 or -15m")),
        (_, ColumnKind::Time) => clock_of(value)
            .map(|_| as_is)
            .ok_or_else(|| format!("`{value}` is no time of day: write 14:02 or 14:02:11")),
        (_, ColumnKind::Bool) => super::number::parse_bool(value)
            .map(|_| as_is)
            .ok_or_else(|| format!("`{name}` is true or false, and `{value}` is neither")),
        (_, ColumnKind::Text | ColumnKind::Word | ColumnKind::Json) => Ok(as_is),
    }
}
