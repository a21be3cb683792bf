//! What texts look like by classes of characters: `SKU-0042` and `SKU-4711` are both `SKU-` and four digits.

/// How a text is cut into pieces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Cut {
    /// At every character that is no letter or digit.
    Words,
    /// Between digits, small and capital letters too.
    Runs,
}

const DIGIT: u8 = 1;
/// `a` to `f`.
const LOWER_HEX: u8 = 2;
/// `g` to `z`.
const LOWER: u8 = 4;
const UPPER_HEX: u8 = 8;
const UPPER: u8 = 16;
/// No letter and no digit: always the text itself.
const SIGN: u8 = 32;

/// Longest text with a shape, in bytes.
const MAX_BYTES: usize = 128;
/// Most pieces of a shape.
const MAX_PIECES: usize = 16;
/// Shapes that are kept beside each other.
const MAX_SHAPES: usize = 4;
/// A digit run of a fixed length has that length in the pattern only from here on: `1.0.9` may become `1.0.10`.
const MIN_FIXED_DIGITS: u16 = 4;
/// Hexadecimal only from here on: a short word may lack the other letters by chance.
const MIN_HEX: u16 = 6;

#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    classes: u8,
    least: u16,
    most: u16,
    /// The text, while all are the same.
    text: Option<Box<str>>,
}

#[derive(Debug, Clone)]
struct Shape {
    pieces: Vec<Piece>,
    count: u64,
}

/// The shapes under one way of cutting.
#[derive(Debug, Clone)]
struct Shapes {
    cut: Cut,
    list: Vec<Shape>,
    /// Texts without a place in them.
    others: u64,
}

/// The shapes of the texts of one property, under both ways of cutting.
#[derive(Debug, Clone)]
pub struct Looks {
    words: Shapes,
    runs: Shapes,
}

impl Default for Looks {
    fn default() -> Self {
        let shapes = |cut| Shapes {
            cut,
            list: vec![],
            others: 0,
        };
        Self {
            words: shapes(Cut::Words),
            runs: shapes(Cut::Runs),
        }
    }
}

impl Looks {
    /// Takes a text that came `times` times.
    pub fn add(&mut self, text: &str, times: u64) {
        self.words.add(text, times);
        self.runs.add(text, times);
    }

    /// Takes what another one took.
    pub fn absorb(&mut self, other: &Self) {
        self.words.absorb(&other.words);
        self.runs.absorb(&other.runs);
    }

    /// The pattern that all texts but `spare` match, where there is one that tells anything.
    pub fn pattern(&self, spare: u64) -> Option<String> {
        [&self.runs, &self.words]
            .into_iter()
            .find_map(|shapes| shapes.pattern(spare))
    }
}

impl Shapes {
    fn add(&mut self, text: &str, times: u64) {
        if self.is_hopeless() {
            self.others += times;
            return;
        }
        let mut spans = [Span::default(); MAX_PIECES];
        let Some(spans) = cut(text, self.cut, &mut spans) else {
            self.others += times;
            return;
        };
        let fits = |shape: &&mut Shape| shape.fits(spans, text, self.cut);
        if let Some(shape) = self.list.iter_mut().find(fits) {
            shape.take(spans, text);
            shape.count += times;
        } else if self.list.len() < MAX_SHAPES {
            let pieces = spans.iter().map(|span| Piece {
                classes: span.classes,
                least: span.len(),
                most: span.len(),
                text: Some(span.text(text).into()),
            });
            self.list.push(Shape {
                pieces: pieces.collect(),
                count: times,
            });
        } else {
            self.others += times;
        }
    }

    /// So many texts have no place that no tolerance will bring them in.
    fn is_hopeless(&self) -> bool {
        self.others > 200 && self.others > self.list.iter().map(|s| s.count).sum::<u64>() / 2
    }

    fn absorb(&mut self, other: &Self) {
        self.others += other.others;
        for shape in &other.list {
            let cut = self.cut;
            let same = |mine: &&mut Shape| mine.is_like(shape, cut);
            if let Some(mine) = self.list.iter_mut().find(same) {
                mine.absorb(shape);
            } else if self.list.len() < MAX_SHAPES {
                self.list.push(shape.clone());
            } else {
                self.others += shape.count;
            }
        }
    }

    fn pattern(&self, spare: u64) -> Option<String> {
        let all: u64 = self.others + self.list.iter().map(|s| s.count).sum::<u64>();
        let best = self.list.iter().max_by_key(|s| s.count)?;
        (all - best.count <= spare)
            .then(|| best.pattern())
            .flatten()
    }
}

/// Where a piece is in its text.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u16,
    end: u16,
    classes: u8,
}

impl Span {
    fn len(self) -> u16 {
        self.end - self.start
    }

    fn text(self, text: &str) -> &str {
        &text[usize::from(self.start)..usize::from(self.end)]
    }
}

/// The class of an ASCII character; `None` for what no id has.
fn class(b: u8) -> Option<u8> {
    Some(match b {
        b'0'..=b'9' => DIGIT,
        b'a'..=b'f' => LOWER_HEX,
        b'g'..=b'z' => LOWER,
        b'A'..=b'F' => UPPER_HEX,
        b'G'..=b'Z' => UPPER,
        b'!'..=b'~' => SIGN,
        _ => return None,
    })
}

/// Digits, small letters, capital letters, signs.
const fn family(classes: u8) -> u8 {
    let mut out = classes & (DIGIT | SIGN);
    if classes & (LOWER | LOWER_HEX) != 0 {
        out |= LOWER;
    }
    if classes & (UPPER | UPPER_HEX) != 0 {
        out |= UPPER;
    }
    out
}

fn cut<'a>(text: &str, how: Cut, spans: &'a mut [Span; MAX_PIECES]) -> Option<&'a [Span]> {
    if text.is_empty() || text.len() > MAX_BYTES {
        return None;
    }
    let mut used = 0;
    for (i, b) in text.bytes().enumerate() {
        let class = class(b)?;
        let joins = used > 0 && {
            let before = spans[used - 1].classes;
            class != SIGN
                && before & SIGN == 0
                && (how == Cut::Words || family(before) == family(class))
        };
        if joins {
            spans[used - 1].classes |= class;
            spans[used - 1].end = i as u16 + 1;
            continue;
        }
        *spans.get_mut(used)? = Span {
            start: i as u16,
            end: i as u16 + 1,
            classes: class,
        };
        used += 1;
    }
    Some(&spans[..used])
}

impl Shape {
    fn fits(&self, spans: &[Span], text: &str, cut: Cut) -> bool {
        self.pieces.len() == spans.len()
            && self.pieces.iter().zip(spans).all(|(piece, span)| {
                if span.classes & SIGN != 0 {
                    return piece.text.as_deref() == Some(span.text(text));
                }
                piece.classes & SIGN == 0
                    && (cut == Cut::Words || family(piece.classes) == family(span.classes))
            })
    }

    fn take(&mut self, spans: &[Span], text: &str) {
        for (piece, span) in self.pieces.iter_mut().zip(spans) {
            piece.classes |= span.classes;
            piece.least = piece.least.min(span.len());
            piece.most = piece.most.max(span.len());
            if piece.text.as_deref().is_some_and(|t| t != span.text(text)) {
                piece.text = None;
            }
        }
    }

    fn is_like(&self, other: &Self, cut: Cut) -> bool {
        self.pieces.len() == other.pieces.len()
            && self.pieces.iter().zip(&other.pieces).all(|(a, b)| {
                if (a.classes | b.classes) & SIGN != 0 {
                    return a.text == b.text;
                }
                cut == Cut::Words || family(a.classes) == family(b.classes)
            })
    }

    fn absorb(&mut self, other: &Self) {
        self.count += other.count;
        for (a, b) in self.pieces.iter_mut().zip(&other.pieces) {
            a.classes |= b.classes;
            a.least = a.least.min(b.least);
            a.most = a.most.max(b.most);
            if a.text != b.text {
                a.text = None;
            }
        }
    }

    /// `None` where it tells nothing: a word of any length, or nothing that varies.
    fn pattern(&self) -> Option<String> {
        let mut out = "^".to_owned();
        let mut varies = false;
        for piece in &self.pieces {
            varies |= piece.text.is_none();
            piece.write(&mut out)?;
        }
        out.push('$');
        let one = self.pieces.len() == 1;
        let code = |p: &Piece| p.least == p.most && (p.most >= 8 || p.classes & DIGIT == 0);
        let tells = varies && (!one || self.pieces.iter().all(code));
        tells.then_some(out)
    }
}

impl Piece {
    /// Writes the piece as a regular expression; `None` where its length is open and it is more than digits.
    fn write(&self, out: &mut String) -> Option<()> {
        let digits = self.classes == DIGIT;
        if let (Some(text), false) = (&self.text, digits) {
            for c in text.chars() {
                if ".^$*+?()[]{}|\\".contains(c) {
                    out.push('\\');
                }
                out.push(c);
            }
            return Some(());
        }
        let fixed = self.least == self.most;
        if !fixed && !digits {
            return None;
        }
        out.push_str(self.class());
        match self.most {
            n if digits && (!fixed || n < MIN_FIXED_DIGITS) => out.push('+'),
            1 => {}
            n => out.push_str(&format!("{{{n}}}")),
        }
        Some(())
    }

    fn class(&self) -> &'static str {
        let hex = self.least >= MIN_HEX && self.classes & DIGIT != 0;
        match self.classes {
            DIGIT => "[0-9]",
            c if hex && c == DIGIT | LOWER_HEX => "[0-9a-f]",
            c if hex && c == DIGIT | UPPER_HEX => "[0-9A-F]",
            c if hex && c == DIGIT | LOWER_HEX | UPPER_HEX => "[0-9A-Fa-f]",
            c => match family(c) {
                LOWER => "[a-z]",
                UPPER => "[A-Z]",
                f if f == LOWER | UPPER => "[A-Za-z]",
                f if f == DIGIT | LOWER => "[0-9a-z]",
                f if f == DIGIT | UPPER => "[0-9A-Z]",
                _ => "[0-9A-Za-z]",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::pattern::compile;
    use proptest::prelude::*;

    fn pattern(texts: &[&str]) -> Option<String> {
        let mut looks = Looks::default();
        for text in texts {
            looks.add(text, 1);
        }
        looks.pattern(0)
    }

    #[test]
    fn ids_have_patterns_and_words_have_none() {
        for (texts, wanted) in [
            (&["SKU-0042", "SKU-4711"][..], Some("^SKU-[0-9]{4}$")),
            (
                &["3.1.0", "3.12.4", "10.0.2"],
                Some("^[0-9]+\\.[0-9]+\\.[0-9]+$"),
            ),
            (&["1920x1080", "390x844"], Some("^[0-9]+x[0-9]+$")),
            (
                &[
                    "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
                    "ffffffffffffffffffffffffffffff0f",
                ],
                Some("^[0-9a-f]{32}$"),
            ),
            (&["DE", "FR", "PL"], Some("^[A-Z]{2}$")),
            (&["u1234", "u98"], Some("^u[0-9]+$")),
            (
                &["fb.1.1596403881668.1116446470", "fb.1.1596403881669.1"],
                Some("^fb\\.[0-9]+\\.[0-9]{13}\\.[0-9]+$"),
            ),
            (&["red", "green"], None),
            (&["a b", "c d"], None),
            (&["same", "same"], None),
            (&["12", "1"], None),
            (&["/a/b", "/a"], None),
        ] {
            assert_eq!(pattern(texts).as_deref(), wanted, "{texts:?}");
        }
    }

    #[test]
    fn a_text_of_another_shape_is_spared_where_it_may_be() {
        let mut looks = Looks::default();
        (0..999).for_each(|i| looks.add(&format!("ORD-{:08}", i * 7), 1));
        looks.add("oops", 1);
        assert_eq!(looks.pattern(0), None);
        assert_eq!(looks.pattern(1).as_deref(), Some("^ORD-[0-9]{8}$"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn every_text_matches_the_pattern_made_of_it(
            texts in proptest::collection::vec("[A-Ca-c]{0,2}[-._:/$^]?[0-9]{0,4}[.x]?[0-9a-fX]{0,3}", 1..40)
        ) {
            let mut looks = Looks::default();
            let (one, two) = texts.split_at(texts.len() / 2);
            for text in one {
                looks.add(text, 1);
            }
            let mut other = Looks::default();
            for text in two {
                other.add(text, 1);
            }
            looks.absorb(&other);
            if let Some(pattern) = looks.pattern(0) {
                let regex = compile(&pattern).unwrap();
                for text in &texts {
                    prop_assert!(regex.is_match(text), "{} on {}", pattern, text);
                }
            }
        }
    }
}
