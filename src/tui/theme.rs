//! Themes: a TOML file names some fifteen colours, and [`Styles`] derives every style of the screen from them.

use std::collections::BTreeMap;

use ratatui::style::{Color, Modifier, Style};
use serde::Deserialize;
use toml::Spanned;

use crate::error::{Error, Result};
use crate::tui::color_depth::{ColorDepth, downgrade};

/// Every style the screens may use. Nothing outside this file names a colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Styles {
    /// The ground of the whole screen, with ordinary text on it.
    pub base: Style,
    /// Ordinary text.
    pub text: Style,
    /// Text that stands out: titles, the name of the selected thing.
    pub strong: Style,
    /// Secondary text: units, labels, column heads.
    pub dim: Style,
    /// Text that may be overlooked: counts of nothing, guides of the tree.
    pub faint: Style,
    /// What can be acted on, and the current choice.
    pub accent: Style,
    /// Good events.
    pub good: Style,
    /// Failed events, errors.
    pub bad: Style,
    /// Warnings.
    pub warn: Style,
    /// The ground of the header and the footer.
    pub header: Style,
    /// Laid over the selected row of the focused pane.
    pub selected: Style,
    /// Laid over the selected row of a pane without the focus.
    pub selected_idle: Style,
    /// The ground of the pane with the focus.
    pub focused: Style,
    /// The ground of the detail pane and of overlays.
    pub pane: Style,
    /// Thin lines between panes.
    pub rule: Style,
    /// Hits of the search.
    pub matched: Style,
    /// The bytes that a rule objects to.
    pub offending: Style,
    /// `·` for null and `""` for empty text.
    pub null: Style,
    /// A key in a hint: `y`.
    pub key: Style,
    /// What that key does: `copy`.
    pub hint: Style,
    /// Borders of overlays.
    pub border: Style,
    /// Heads of table columns.
    pub head: Style,
}

/// A theme as its file says it.
#[derive(Debug, Clone)]
pub struct Theme {
    /// The file's name without `.toml`.
    pub name: String,
    /// The ground it is made for.
    pub appearance: Appearance,
    colors: BTreeMap<&'static str, Color>,
    modifiers: BTreeMap<&'static str, Modifier>,
}

/// The ground a theme is made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Appearance {
    /// A dark ground.
    Dark,
    /// A light ground.
    Light,
    /// Whatever the terminal has.
    Any,
}

impl Appearance {
    /// In a few words.
    pub fn what(self) -> &'static str {
        match self {
            Self::Dark => "a dark ground",
            Self::Light => "a light ground",
            Self::Any => "the terminal's own",
        }
    }
}

/// The themes that are always there: name and TOML.
pub const BUILT_IN: &[(&str, &str)] = &[
    ("dark", include_str!("../../themes/dark.toml")),
    ("light", include_str!("../../themes/light.toml")),
    (
        "high-contrast",
        include_str!("../../themes/high-contrast.toml"),
    ),
    (
        "colour-blind",
        include_str!("../../themes/colour-blind.toml"),
    ),
    ("mono", include_str!("../../themes/mono.toml")),
    ("nord", include_str!("../../themes/nord.toml")),
    ("gruvbox", include_str!("../../themes/gruvbox.toml")),
    ("catppuccin", include_str!("../../themes/catppuccin.toml")),
    (
        "solarized-dark",
        include_str!("../../themes/solarized-dark.toml"),
    ),
    (
        "solarized-light",
        include_str!("../../themes/solarized-light.toml"),
    ),
];

/// The names a theme must colour, each once.
const SLOTS: &[&str] = &[
    "background",
    "pane",
    "header",
    "selection",
    "selection_idle",
    "rule",
    "text",
    "dim",
    "faint",
    "accent",
    "good",
    "bad",
    "warn",
    "match",
    "match_text",
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ThemeFile {
    appearance: Appearance,
    colors: BTreeMap<String, Spanned<String>>,
    #[serde(default)]
    modifiers: BTreeMap<String, Spanned<Vec<String>>>,
}

impl Theme {
    /// A compiled-in theme, or one of `folder` (`NAME.toml`), by name.
    ///
    /// # Errors
    /// No such theme (the nearest name is given), or its file is wrong.
    pub fn load(name: &str, folder: Option<&std::path::Path>) -> Result<Self> {
        if let Some(path) = folder
            .map(|f| f.join(format!("{name}.toml")))
            .filter(|p| p.is_file())
        {
            let text = std::fs::read_to_string(&path).map_err(|e| Error::file("read", &path, e))?;
            return Self::parse(name, &text, &path.display().to_string());
        }
        if let Some((_, text)) = BUILT_IN.iter().find(|(n, _)| *n == name) {
            return Self::parse(name, text, &format!("theme {name}"));
        }
        let names: Vec<&str> = BUILT_IN.iter().map(|(n, _)| *n).collect();
        Err(Error::Config(format!(
            "there is no theme {name:?}{} (themes: {})",
            nearest(name, &names),
            names.join(", ")
        )))
    }

    /// Reads a theme file. `origin` names it in messages.
    ///
    /// # Errors
    /// Unknown, missing or unreadable colours, with file, line, column and the nearest name.
    pub fn parse(name: &str, text: &str, origin: &str) -> Result<Self> {
        let file: ThemeFile = toml::from_str(text).map_err(|e| {
            let at = e.span().map_or(String::new(), |s| position(text, s.start));
            Error::Config(format!("{origin}{at}: {}", e.message().trim()))
        })?;
        let wrong = |start: usize, what: String| {
            Error::Config(format!("{origin}{}: {what}", position(text, start)))
        };
        let mut colors = BTreeMap::new();
        for (key, value) in &file.colors {
            let slot = slot(key).map_err(|e| wrong(value.span().start, e))?;
            let color = value.get_ref().parse::<Color>().map_err(|_| {
                wrong(
                    value.span().start,
                    format!(
                        "{:?} is no colour (write #rrggbb, a name such as red, or reset)",
                        value.get_ref()
                    ),
                )
            })?;
            colors.insert(slot, color);
        }
        if let Some(missing) = SLOTS.iter().find(|s| !colors.contains_key(*s)) {
            return Err(Error::Config(format!(
                "{origin}: [colors] has no {missing:?}"
            )));
        }
        let mut modifiers = BTreeMap::new();
        for (key, value) in &file.modifiers {
            let slot = slot(key).map_err(|e| wrong(value.span().start, e))?;
            let all = value
                .get_ref()
                .iter()
                .map(|word| modifier(word))
                .collect::<std::result::Result<Vec<_>, _>>();
            let all = all.map_err(|e| wrong(value.span().start, e))?;
            modifiers.insert(slot, all.into_iter().fold(Modifier::empty(), |a, b| a | b));
        }
        Ok(Self {
            name: name.to_owned(),
            appearance: file.appearance,
            colors,
            modifiers,
        })
    }

    /// The styles of this theme on a terminal with that many colours. Never fails.
    pub fn styles(&self, depth: ColorDepth) -> Styles {
        let color = |slot: &str| {
            downgrade(
                self.colors.get(slot).copied().unwrap_or(Color::Reset),
                depth,
            )
        };
        let extra = |slot: &str| self.modifiers.get(slot).copied().unwrap_or_default();
        let fg = |slot: &str| Style::new().fg(color(slot)).add_modifier(extra(slot));
        let bg = |slot: &str| Style::new().bg(color(slot)).add_modifier(extra(slot));
        Styles {
            base: Style::new().fg(color("text")).bg(color("background")),
            text: fg("text"),
            strong: fg("text").add_modifier(Modifier::BOLD),
            dim: fg("dim"),
            faint: fg("faint"),
            accent: fg("accent"),
            good: fg("good"),
            bad: fg("bad"),
            warn: fg("warn"),
            header: bg("header"),
            selected: bg("selection"),
            selected_idle: bg("selection_idle"),
            focused: bg("background"),
            pane: bg("pane"),
            rule: fg("rule"),
            matched: bg("match")
                .fg(color("match_text"))
                .add_modifier(Modifier::BOLD),
            offending: fg("bad").add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
            null: fg("faint"),
            key: fg("accent").add_modifier(Modifier::BOLD),
            hint: fg("dim"),
            border: fg("faint"),
            head: fg("dim").add_modifier(Modifier::BOLD),
        }
    }
}

impl Styles {
    /// The default theme on a terminal of 24 bits: for tests. Never fails.
    pub fn dark() -> Self {
        Theme::load("dark", None).map_or_else(|_| Self::plain(), |t| t.styles(ColorDepth::True))
    }

    /// No colours at all.
    pub fn plain() -> Self {
        Theme {
            name: String::new(),
            appearance: Appearance::Any,
            colors: BTreeMap::new(),
            modifiers: BTreeMap::new(),
        }
        .styles(ColorDepth::None)
    }
}

fn slot(key: &str) -> std::result::Result<&'static str, String> {
    let known = SLOTS.iter().find(|s| **s == key).copied();
    known.ok_or_else(|| format!("there is no colour {key:?}{}", nearest(key, SLOTS)))
}

fn modifier(word: &str) -> std::result::Result<Modifier, String> {
    const WORDS: &[&str] = &["bold", "dim", "italic", "underlined", "reversed"];
    match word {
        "bold" => Ok(Modifier::BOLD),
        "dim" => Ok(Modifier::DIM),
        "italic" => Ok(Modifier::ITALIC),
        "underlined" => Ok(Modifier::UNDERLINED),
        "reversed" => Ok(Modifier::REVERSED),
        other => Err(format!(
            "there is no modifier {other:?}{}",
            nearest(other, WORDS)
        )),
    }
}

/// `; did you mean "x"?` for the nearest of `known`, or nothing when none is near.
pub(crate) fn nearest(word: &str, known: &[&str]) -> String {
    let best = known
        .iter()
        .map(|k| (strsim::jaro_winkler(word, k), k))
        .max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(score, _)| *score > 0.7)
        .map_or(String::new(), |(_, k)| format!("; did you mean {k:?}?"))
}

/// `:line:column` of a byte offset, both from 1.
pub(crate) fn position(text: &str, offset: usize) -> String {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.matches('\n').count() + 1;
    let column = before
        .rsplit('\n')
        .next()
        .unwrap_or_default()
        .chars()
        .count()
        + 1;
    format!(":{line}:{column}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_theme_loads_at_every_depth() {
        for (name, _) in BUILT_IN {
            let theme = Theme::load(name, None).unwrap();
            let colored = theme.styles(ColorDepth::True);
            assert_ne!(colored.bad, colored.text, "{name}");
            assert_eq!(theme.styles(ColorDepth::None).good.fg, Some(Color::Reset));
        }
    }

    #[test]
    fn errors_name_file_line_column_and_the_nearest_name() {
        let text = include_str!("../../themes/dark.toml").replace("accent =", "acent =");
        let error = Theme::parse("mine", &text, "themes/mine.toml")
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("themes/mine.toml:1"), "{error}");
        assert!(error.contains("did you mean \"accent\"?"), "{error}");
        assert!(
            Theme::load("drak", None)
                .unwrap_err()
                .to_string()
                .contains("\"dark\"")
        );
    }

    /// Relative luminance and contrast of WCAG 2.2 (<https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>).
    fn contrast(text: Color, ground: Color) -> f64 {
        let luminance = |color| {
            let Color::Rgb(r, g, b) = color else {
                panic!("{color} has no known luminance")
            };
            let linear = |v: u8| match f64::from(v) / 255.0 {
                v if v <= 0.04045 => v / 12.92,
                v => ((v + 0.055) / 1.055).powf(2.4),
            };
            0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
        };
        let (one, other) = (luminance(text), luminance(ground));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    #[test]
    fn what_is_said_by_a_theme_can_be_read_on_every_ground_of_it() {
        let mut low = vec![];
        for (name, _) in BUILT_IN.iter().filter(|(name, _)| *name != "mono") {
            let theme = Theme::load(name, None).unwrap();
            let color = |slot: &str| theme.colors[slot];
            for ground in ["background", "pane", "header", "selection"] {
                for (slot, least) in [
                    ("text", 5.0),
                    ("dim", 3.0),
                    ("accent", 3.0),
                    ("good", 3.0),
                    ("bad", 3.0),
                    ("warn", 3.0),
                ] {
                    let ratio = contrast(color(slot), color(ground));
                    if ratio < least {
                        low.push(format!("{name}: {slot} on {ground} {ratio:.1} < {least}"));
                    }
                }
            }
            let ratio = contrast(color("match_text"), color("match"));
            assert!(ratio >= 5.0, "{name}: hits {ratio:.1}");
            let ratio = contrast(color("faint"), color("background"));
            assert!(ratio >= 2.4, "{name}: faint {ratio:.1}");
        }
        assert!(low.is_empty(), "{low:#?}");
    }
}
