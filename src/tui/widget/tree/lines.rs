//! What the lines of the detail pane say.

use std::collections::BTreeSet;

use ratatui::style::Style;

use super::{Item, Section};
use crate::model::{Detail, DetailFailure, DetailProperty, Severity, Verdict};
use crate::tui::theme::Styles;
use crate::tui::widget::number::grouped;
use crate::tui::widget::text::{self, Cut};

/// The weight of a piece of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    Strong,
    Dim,
    Faint,
    Null,
    Bad,
    Warn,
    Offending,
}

impl Tone {
    pub fn style(self, styles: &Styles) -> Style {
        match self {
            Self::Plain => styles.text,
            Self::Strong => styles.strong,
            Self::Dim => styles.dim,
            Self::Faint => styles.faint,
            Self::Null => styles.null,
            Self::Bad => styles.bad,
            Self::Warn => styles.warn,
            Self::Offending => styles.offending,
        }
    }
}

/// One line: pieces from the left, and one at the right edge where there is room.
pub(super) struct Line {
    pub item: Item,
    pub spans: Vec<(String, Tone)>,
    pub right: Option<(String, Tone)>,
}

const INDENT: &str = "     ";

struct Builder<'a> {
    detail: &'a Detail,
    folded: &'a BTreeSet<Section>,
    width: usize,
    wrap: bool,
    lines: Vec<Line>,
}

/// All lines under the title, top to bottom.
pub(super) fn build(
    detail: &Detail,
    folded: &BTreeSet<Section>,
    width: u16,
    wrap: bool,
) -> Vec<Line> {
    let mut b = Builder {
        detail,
        folded,
        width: usize::from(width),
        wrap,
        lines: Vec::new(),
    };
    b.query();
    b.rules();
    b.fields(Section::Request, "request");
    b.fields(Section::Edge, "edge");
    b.raw();
    b.lines
}

/// Log fields that the edge added; all others came with the request.
fn is_edge(name: &str) -> bool {
    [
        "x-edge-",
        "sc-",
        "time-",
        "fle-",
        "origin-",
        "asn",
        "c-country",
    ]
    .iter()
    .any(|start| name.starts_with(start))
}

impl Builder<'_> {
    fn head(&mut self, section: Section, name: &str, note: &str) -> bool {
        let open = !self.folded.contains(&section);
        let arrow = if open { " ▾ " } else { " ▸ " };
        let spans = vec![
            (arrow.to_owned(), Tone::Dim),
            (name.to_owned(), Tone::Strong),
            (format!("  {note}"), Tone::Faint),
        ];
        self.lines.push(Line {
            item: Item::Head(section),
            spans,
            right: None,
        });
        open
    }

    fn line(&mut self, item: Item, spans: Vec<(String, Tone)>) {
        self.lines.push(Line {
            item,
            spans,
            right: None,
        });
    }

    fn query(&mut self) {
        let present = self
            .detail
            .properties
            .iter()
            .filter(|p| p.value.is_some() && p.depth == 0)
            .count();
        if present == 0 && self.detail.verdict == Some(Verdict::NotEvent) {
            return;
        }
        if !self.head(
            Section::Query,
            "query",
            &format!("decoded, {}", grouped(present as u64)),
        ) {
            return;
        }
        let keys = self
            .detail
            .properties
            .iter()
            .map(|p| indent(p) + text::width(&text::sanitize(&p.key)));
        let key_width = keys.max().unwrap_or(0).min(self.width / 3).max(4);
        for (i, property) in self.detail.properties.iter().enumerate() {
            self.property(i, property, key_width);
        }
    }

    fn property(&mut self, i: usize, property: &DetailProperty, key_width: usize) {
        let indent = indent(property).min(key_width.saturating_sub(4));
        let key = text::cell(&property.key, key_width - indent, Cut::Middle).into_owned();
        let key = format!("{}{key}", " ".repeat(indent));
        let pad = key_width.saturating_sub(text::width(&key));
        let bad = property
            .failures
            .iter()
            .any(|f| f.severity == Severity::Error);
        let start = vec![(
            format!("{INDENT}{key}{}  ", " ".repeat(pad)),
            if bad { Tone::Strong } else { Tone::Dim },
        )];
        let mut reasons: Vec<(String, Tone)> = property.failures.iter().map(reason).collect();
        let room = self.width.saturating_sub(INDENT.len() + key_width + 3);
        let beside = match reasons.first() {
            Some((text, _)) if !self.wrap => room.saturating_sub(text::width(text) + 2),
            _ => room,
        };
        // A reason stands beside its value only where the value keeps room enough to be read.
        let value_width = if beside >= 10.min(room) { beside } else { room };
        let (pieces, tone) = self.value(property, value_width, bad);
        let last = pieces.len().saturating_sub(1);
        for (n, piece) in pieces.into_iter().enumerate() {
            let mut spans = if n == 0 {
                start.clone()
            } else {
                vec![(" ".repeat(INDENT.len() + key_width + 2), tone)]
            };
            let used = text::width(&piece);
            spans.push((piece, tone));
            if n == last && !reasons.is_empty() && used + 2 + text::width(&reasons[0].0) <= room {
                let (text, tone) = reasons.remove(0);
                spans.push((format!("  {text}"), tone));
            }
            self.line(Item::Property(i), spans);
        }
        if property.failures.is_empty()
            && !property.declared.is_empty()
            && let Some(line) = self.lines.last_mut()
        {
            let used: usize = line.spans.iter().map(|(piece, _)| text::width(piece)).sum();
            let room = self.width.saturating_sub(used + 4);
            let declared = text::cell(&property.declared, room, Cut::End).into_owned();
            // A declaration of a few letters tells nothing.
            line.right = (room >= 8 || declared.len() == property.declared.len())
                .then_some((declared, Tone::Faint));
        }
        for (text, tone) in reasons {
            let text = text::fit(&text, room.max(8), Cut::End).into_owned();
            self.line(
                Item::Property(i),
                vec![
                    (format!("{INDENT}{}  ", " ".repeat(key_width)), tone),
                    (text, tone),
                ],
            );
        }
    }

    /// The value in one piece, or in as many as it takes; quoted where its edges matter.
    fn value(&self, property: &DetailProperty, width: usize, bad: bool) -> (Vec<String>, Tone) {
        let tone = if bad { Tone::Offending } else { Tone::Plain };
        match property.value.as_deref() {
            None => (vec!["·".to_owned()], Tone::Null),
            Some("") if !bad => (vec!["\"\"".to_owned()], Tone::Null),
            Some(value) => {
                let quoted = bad || value.trim() != value || value.is_empty();
                let clean = if quoted {
                    format!("\"{}\"", text::sanitize(value))
                } else {
                    text::sanitize(value).into_owned()
                };
                (
                    if self.wrap {
                        text::wrap(&clean, width)
                    } else {
                        vec![text::fit(&clean, width, Cut::End).into_owned()]
                    },
                    tone,
                )
            }
        }
    }

    fn rules(&mut self) {
        let count = self.detail.all_failures().count();
        if count == 0 && self.detail.verdict == Some(Verdict::NotEvent) {
            return;
        }
        let note = if count == 0 {
            "none broken".to_owned()
        } else {
            format!("{count} broken")
        };
        if !self.head(Section::Rules, "rules", &note) {
            return;
        }
        for (i, failure) in self.detail.all_failures().enumerate() {
            let sentence = format!(
                "{} {} {}",
                sign(failure),
                failure.code.as_str(),
                text::sanitize(&failure.sentence)
            );
            let tone = tone(failure);
            for (n, piece) in text::wrap(&sentence, self.width.saturating_sub(INDENT.len() + 3))
                .into_iter()
                .enumerate()
            {
                let indent = if n == 0 {
                    INDENT.to_owned()
                } else {
                    format!("{INDENT}  ")
                };
                self.line(Item::Failure(i), vec![(indent, tone), (piece, tone)]);
            }
        }
    }

    fn fields(&mut self, section: Section, name: &str) {
        let mine = |field: &str| is_edge(field) == (section == Section::Edge);
        let fields: Vec<usize> = (0..self.detail.fields.len())
            .filter(|i| mine(&self.detail.fields[*i].name))
            .collect();
        if fields.is_empty() || !self.head(section, name, &grouped(fields.len() as u64)) {
            return;
        }
        let width = fields
            .iter()
            .map(|i| text::width(&text::sanitize(&self.detail.fields[*i].name)))
            .max()
            .unwrap_or(0)
            .min(self.width / 2);
        for i in fields {
            let field = &self.detail.fields[i];
            let key = text::cell(&field.name, width, Cut::Middle).into_owned();
            let start = (
                format!("{INDENT}{key}{}  ", " ".repeat(width - text::width(&key))),
                Tone::Dim,
            );
            let room = self.width.saturating_sub(INDENT.len() + width + 3);
            let (pieces, tone) = match field.value.as_deref() {
                None => (vec!["·".to_owned()], Tone::Null),
                Some("") => (vec!["\"\"".to_owned()], Tone::Null),
                Some(value) if self.wrap => (text::wrap(&text::sanitize(value), room), Tone::Plain),
                Some(value) => (
                    vec![text::cell(value, room, Cut::End).into_owned()],
                    Tone::Plain,
                ),
            };
            for (n, piece) in pieces.into_iter().enumerate() {
                let lead = if n == 0 {
                    start.clone()
                } else {
                    (" ".repeat(INDENT.len() + width + 2), Tone::Dim)
                };
                let unit = if field.unit.is_empty() || field.value.is_none() {
                    String::new()
                } else {
                    format!(" {}", field.unit)
                };
                self.line(
                    Item::Field(i),
                    vec![lead, (piece, tone), (unit, Tone::Faint)],
                );
            }
        }
    }

    fn raw(&mut self) {
        let name = self
            .detail
            .object_uri
            .rsplit('/')
            .next()
            .unwrap_or_default();
        let room = self.width.saturating_sub(26);
        let note = format!(
            "{} of {}",
            grouped(u64::from(self.detail.line)),
            text::cell(name, room.max(8), Cut::Middle)
        );
        if !self.head(Section::Raw, "raw line", &note) {
            return;
        }
        let room = self.width.saturating_sub(INDENT.len() + 1).max(4);
        if let Some(error) = &self.detail.raw_error {
            for piece in text::wrap(&text::sanitize(error), room) {
                self.line(
                    Item::Raw,
                    vec![(INDENT.to_owned(), Tone::Dim), (piece, Tone::Warn)],
                );
            }
            return;
        }
        let mut spans = vec![(INDENT.to_owned(), Tone::Dim)];
        let mut used = 0;
        for (piece, tone) in raw_pieces(self.detail) {
            let mut rest = piece.as_str();
            while !rest.is_empty() {
                let first = text::start_of(rest, room - used);
                if first.is_empty() {
                    let line = std::mem::replace(&mut spans, vec![(INDENT.to_owned(), Tone::Dim)]);
                    self.line(Item::Raw, line);
                    if used == 0 {
                        break;
                    }
                    used = 0;
                    continue;
                }
                used += text::width(first);
                spans.push((first.to_owned(), tone));
                rest = &rest[first.len()..];
            }
        }
        self.line(Item::Raw, spans);
    }
}

/// The raw line in pieces: tabs as a faint `⇥`, what a failure is about apart.
fn raw_pieces(detail: &Detail) -> Vec<(String, Tone)> {
    let mut pieces = Vec::new();
    let mut add = |bytes: &[u8], tone: Tone| {
        for (n, field) in bytes.split(|b| *b == b'\t').enumerate() {
            if n > 0 {
                pieces.push(("⇥".to_owned(), Tone::Faint));
            }
            pieces.push((text::sanitize_bytes(field).into_owned(), tone));
        }
    };
    let mut at = 0;
    for mark in &detail.raw_marks {
        let (Some(before), Some(marked)) =
            (detail.raw.get(at..mark.start), detail.raw.get(mark.clone()))
        else {
            continue;
        };
        add(before, Tone::Plain);
        add(marked, Tone::Offending);
        at = mark.end;
    }
    add(detail.raw.get(at..).unwrap_or_default(), Tone::Plain);
    pieces
}

/// What is inside a payload stands below it, further in.
fn indent(property: &DetailProperty) -> usize {
    2 * usize::from(property.depth)
}

fn sign(failure: &DetailFailure) -> char {
    match failure.severity {
        Severity::Error => '✗',
        Severity::Warn => '!',
        Severity::Info => '·',
    }
}

fn tone(failure: &DetailFailure) -> Tone {
    match failure.severity {
        Severity::Error => Tone::Bad,
        Severity::Warn => Tone::Warn,
        Severity::Info => Tone::Dim,
    }
}

/// `✗ V402 a number wanted`.
fn reason(failure: &DetailFailure) -> (String, Tone) {
    use crate::model::Code;
    let what = match failure.code {
        Code::V401 => "required".to_owned(),
        Code::V410 => "not in the schema".to_owned(),
        code if failure.expected.is_empty() => code.meaning().to_owned(),
        _ => format!("{} wanted", text::sanitize(&failure.expected)),
    };
    (
        format!("{} {} {what}", sign(failure), failure.code.as_str()),
        tone(failure),
    )
}
