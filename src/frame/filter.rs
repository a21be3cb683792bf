//! The filter language: `event=checkout status>=400 host~bot -ua:curl user_id? price>10`.
//!
//! | written | means |
//! |---|---|
//! | `col=value` `col!=value` | equal, not equal (`!=` also keeps rows without a value) |
//! | `col=(a\|b)` | one of several |
//! | `col>n` `>=` `<` `<=` | numbers and times; other columns by text |
//! | `col~regex` | regular expression, or a piece of text when nothing in it is special |
//! | `col:text` | has this piece of text |
//! | `col?` | has a value |
//! | `word` `"two words"` | any text of the row has it |
//! | `good` `failed` `duplicate` `not_event` | the verdict |
//! | `last:15m` | log time in the last 15 minutes before the newest record |
//! | `-term` | not |
//! | space or `&` | and |
//! | `\|` | or (binds weaker than and) |
//! | `( )` | grouping |
//!
//! `~`, `:` and words ignore case unless there is a capital letter in them; `=` does not. Comparisons other than `!=`
//! never hold for a row without a value. A property's text that failed its type still counts for `=`, `~`, `:` and `?`.

mod bind;
mod complete;
mod eval;
mod lex;
mod matcher;
mod number;
mod parse;
mod value_test;
mod when;

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::AtomicBool;

pub use complete::{Completion, complete};
pub(crate) use matcher::TextTest;

use crate::frame::Snapshot;
use crate::frame::cell::Cell;
use crate::frame::columns::{ColumnRef, Columns};

/// A parsed filter. [`fmt::Display`] gives text that parses to the same filter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Filter {
    pub(crate) root: Node,
}

/// A part of a filter.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Node {
    /// All hold; none: everything.
    And(Vec<Node>),
    /// At least one holds.
    Or(Vec<Node>),
    /// Does not hold.
    Not(Box<Node>),
    /// One condition.
    Term(Term),
}

/// One condition.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Term {
    /// Any text of the row has this.
    Any(String),
    /// A column compared.
    Compare(ColumnRef, Op, String),
    /// The column has a value.
    Present(ColumnRef),
    /// Log time in the last so many seconds before the newest record.
    Last(i64),
}

/// How a column is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Op {
    /// `=`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `~`
    Matches,
    /// `:`
    Contains,
}

impl Op {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "=",
            Self::Ne => "!=",
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Gt => ">",
            Self::Ge => ">=",
            Self::Matches => "~",
            Self::Contains => ":",
        }
    }
}

/// Why a text is no filter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// Byte position in the text where it went wrong; at most the text's length.
    pub at: usize,
    /// Bytes from there that are wrong; may be 0.
    pub len: usize,
    /// A sentence: what was found and what was expected.
    pub message: String,
}

impl Filter {
    /// A filter that keeps everything; its text is empty.
    pub fn everything() -> Self {
        Self {
            root: Node::And(vec![]),
        }
    }

    /// Reads a filter; blank text is [`Filter::everything`].
    ///
    /// # Errors
    /// [`ParseError`] with the position and a sentence; an unknown column names the nearest known one.
    pub fn parse(text: &str, columns: &Columns) -> Result<Self, ParseError> {
        parse::parse(text, columns)
    }

    /// True when it keeps every row whatever is in it.
    pub fn is_everything(&self) -> bool {
        self.root == Node::And(vec![])
    }

    /// The filter that keeps rows with this cell's value in this column (`+` on a cell).
    pub fn keep(column: &ColumnRef, cell: &Cell<'_>) -> Self {
        Self {
            root: with_value(column, cell),
        }
    }

    /// The filter that drops rows with this cell's value in this column (`-` on a cell).
    pub fn drop(column: &ColumnRef, cell: &Cell<'_>) -> Self {
        let root = match with_value(column, cell) {
            Node::Term(Term::Compare(column, Op::Eq, text)) => {
                Node::Term(Term::Compare(column, Op::Ne, text))
            }
            Node::Not(inner) => *inner,
            other => Node::Not(Box::new(other)),
        };
        Self { root }
    }

    /// Which rows of a range of `Snapshot::records` it keeps, in order; uses all cores for large ranges.
    /// `None` when cancelled. Rows past the end are not kept.
    pub fn evaluate(
        &self,
        snapshot: &Snapshot,
        rows: Range<usize>,
        cancel: &AtomicBool,
    ) -> Option<Vec<bool>> {
        let mut live = vec![true; rows.len()];
        eval::narrow(&[self], snapshot, rows, &mut live, cancel).then_some(live)
    }

    /// Turns off the rows of `live` (the rows of `rows`, in order) that one of `filters` does not keep; rows that are
    /// off already are not looked at. False when cancelled.
    pub(crate) fn narrow_all(
        filters: &[&Self],
        snapshot: &Snapshot,
        rows: Range<usize>,
        live: &mut [bool],
        cancel: &AtomicBool,
    ) -> bool {
        eval::narrow(filters, snapshot, rows, live, cancel)
    }

    /// True when it can keep other rows once newer records came (`last:15m`, a time without a day).
    pub(crate) fn is_relative(&self) -> bool {
        is_relative(&self.root)
    }
}

/// Turns off the rows of `live` in which no text passes the test. False when cancelled.
pub(crate) fn narrow_any(
    test: &TextTest,
    snapshot: &Snapshot,
    rows: Range<usize>,
    live: &mut [bool],
    cancel: &AtomicBool,
) -> bool {
    eval::narrow_any(test, snapshot, rows, live, cancel)
}

fn is_relative(node: &Node) -> bool {
    match node {
        Node::And(list) | Node::Or(list) => list.iter().any(is_relative),
        Node::Not(inner) => is_relative(inner),
        Node::Term(Term::Last(_)) => true,
        Node::Term(Term::Compare(_, _, value)) => {
            when::When::parse(value).is_some_and(when::When::is_relative)
        }
        Node::Term(_) => false,
    }
}

/// The condition that a column has the value of a cell.
fn with_value(column: &ColumnRef, cell: &Cell<'_>) -> Node {
    let compare =
        |op, text: Cow<'_, str>| Node::Term(Term::Compare(column.clone(), op, text.into_owned()));
    match cell {
        Cell::Null => Node::Not(Box::new(Node::Term(Term::Present(column.clone())))),
        Cell::Timestamp(us) => compare(Op::Eq, when::format(*us).into()),
        // `=` wants a value of the column's type, which this text is not.
        Cell::Invalid(text) => compare(Op::Matches, format!("^{}$", regex::escape(text)).into()),
        other => compare(Op::Eq, other.to_text()),
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_node(f, &self.root, false)
    }
}

/// Writes a node; `tight` where it stands under `-` or among and-ed terms, so that an or needs parentheses.
fn write_node(f: &mut fmt::Formatter<'_>, node: &Node, tight: bool) -> fmt::Result {
    match node {
        Node::Term(term) => write_term(f, term),
        Node::Not(inner) => {
            f.write_str("-")?;
            let group = !matches!(**inner, Node::Term(_) | Node::Or(_));
            write_group(f, inner, group)
        }
        Node::And(list) => write_list(f, list, " "),
        Node::Or(list) if tight => {
            f.write_str("(")?;
            write_list(f, list, " | ")?;
            f.write_str(")")
        }
        Node::Or(list) => write_list(f, list, " | "),
    }
}

fn write_group(f: &mut fmt::Formatter<'_>, node: &Node, group: bool) -> fmt::Result {
    if group {
        f.write_str("(")?;
        write_node(f, node, false)?;
        return f.write_str(")");
    }
    write_node(f, node, true)
}

fn write_list(f: &mut fmt::Formatter<'_>, list: &[Node], between: &str) -> fmt::Result {
    for (i, node) in list.iter().enumerate() {
        if i > 0 {
            f.write_str(between)?;
        }
        write_group(f, node, matches!(node, Node::And(_)))?;
    }
    Ok(())
}

fn write_term(f: &mut fmt::Formatter<'_>, term: &Term) -> fmt::Result {
    match term {
        Term::Any(text) => f.write_str(&lex::quote_word(text)),
        Term::Compare(column, op, value) => {
            write!(
                f,
                "{}{}{}",
                lex::quote_name(&column.name()),
                op.as_str(),
                lex::quote_value(value)
            )
        }
        Term::Present(column) => write!(f, "{}?", lex::quote_name(&column.name())),
        Term::Last(seconds) => write!(f, "last:{}", when::format_seconds(*seconds)),
    }
}
