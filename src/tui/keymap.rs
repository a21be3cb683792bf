//! One table of mode × key → action, compiled in, patched by the user's; help and palette read it backwards.

use std::collections::BTreeMap;
use std::fmt;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use serde::Deserialize;
use toml::Spanned;

use crate::error::{Error, Result};
use crate::tui::action::Action;
use crate::tui::theme::{nearest, position};

/// What the keys mean at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Mode {
    /// On a screen.
    Normal,
    /// While typing.
    Prompt,
    /// In a list to choose from.
    List,
}

/// One key with its modifiers, in one spelling: `Shift-g` and `G` are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

const NAMED: &[(&str, KeyCode)] = &[
    ("Enter", KeyCode::Enter),
    ("Esc", KeyCode::Esc),
    ("Tab", KeyCode::Tab),
    ("Backspace", KeyCode::Backspace),
    ("Space", KeyCode::Char(' ')),
    ("Up", KeyCode::Up),
    ("Down", KeyCode::Down),
    ("Left", KeyCode::Left),
    ("Right", KeyCode::Right),
    ("Home", KeyCode::Home),
    ("End", KeyCode::End),
    ("PageUp", KeyCode::PageUp),
    ("PageDown", KeyCode::PageDown),
    ("Insert", KeyCode::Insert),
    ("Delete", KeyCode::Delete),
];

impl Key {
    /// The key of a terminal event; capitals carry no Shift, and back-tab is `Shift-Tab`.
    pub fn from_event(event: &KeyEvent) -> Self {
        let wanted = KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT;
        Self {
            code: event.code,
            modifiers: event.modifiers & wanted,
        }
        .normal()
    }

    fn normal(mut self) -> Self {
        match self.code {
            KeyCode::BackTab => {
                self.code = KeyCode::Tab;
                self.modifiers |= KeyModifiers::SHIFT;
            }
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::SHIFT) && c != ' ' => {
                self.code = KeyCode::Char(c.to_uppercase().next().unwrap_or(c));
                self.modifiers -= KeyModifiers::SHIFT;
            }
            KeyCode::Char(c) if self.modifiers.contains(KeyModifiers::CONTROL) => {
                self.code = KeyCode::Char(c.to_ascii_lowercase());
            }
            _ => {}
        }
        self
    }

    /// The key of that spelling: `Ctrl-d`, `G`, `F1`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut modifiers = KeyModifiers::NONE;
        while let Some((prefix, tail)) = rest
            .split_once('-')
            .filter(|(p, t)| !p.is_empty() && !t.is_empty())
        {
            modifiers |= match prefix {
                "Ctrl" | "C" => KeyModifiers::CONTROL,
                "Alt" | "A" | "M" => KeyModifiers::ALT,
                "Shift" | "S" => KeyModifiers::SHIFT,
                _ => return None,
            };
            rest = tail;
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) => KeyCode::Char(c),
            (Some('F'), Some(_)) => {
                KeyCode::F(rest[1..].parse().ok().filter(|n| (1..=12).contains(n))?)
            }
            _ => NAMED.iter().find(|(name, _)| *name == rest)?.1,
        };
        Some(Self { code, modifiers }.normal())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (modifier, name) in [
            (KeyModifiers::CONTROL, "Ctrl-"),
            (KeyModifiers::ALT, "Alt-"),
            (KeyModifiers::SHIFT, "Shift-"),
        ] {
            if self.modifiers.contains(modifier) {
                f.write_str(name)?;
            }
        }
        match self.code {
            KeyCode::F(n) => write!(f, "F{n}"),
            code => match NAMED.iter().find(|(_, c)| *c == code) {
                Some((name, _)) => f.write_str(name),
                None if let KeyCode::Char(c) = code => write!(f, "{c}"),
                None => write!(f, "{code:?}"),
            },
        }
    }
}

/// What a key means after the ones already typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// This.
    Found(Action),
    /// The start of a longer sequence.
    Pending,
    /// Nothing.
    Unbound,
}

/// The keys in force.
#[derive(Debug, Clone, Default)]
pub struct Keymap {
    /// In the order of the file, so that help shows the first key of an action first.
    bindings: Vec<(Mode, Vec<Key>, Action)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeymapFile {
    #[serde(default)]
    normal: Table,
    #[serde(default)]
    prompt: Table,
    #[serde(default)]
    list: Table,
}

type Table = BTreeMap<Spanned<String>, Spanned<String>>;

const BUILT_IN: &str = include_str!("keymap.toml");

impl Keymap {
    /// The compiled-in keys, patched by `user` (path and text of a keymap file).
    ///
    /// # Errors
    /// Unknown keys, actions or modes, two spellings of one key, a key that is also the start of a sequence: with
    /// file, line, column and the nearest name.
    pub fn load(user: Option<(&str, &str)>) -> Result<Self> {
        let mut map = Self::default();
        map.patch("keymap.toml", BUILT_IN)?;
        if let Some((path, text)) = user {
            map.patch(path, text)?;
        }
        Ok(map)
    }

    fn patch(&mut self, path: &str, text: &str) -> Result<()> {
        let file: KeymapFile = toml::from_str(text).map_err(|e| {
            let at = e.span().map_or(String::new(), |s| position(text, s.start));
            Error::Config(format!("{path}{at}: {}", e.message().trim()))
        })?;
        for (mode, table) in [
            (Mode::Normal, file.normal),
            (Mode::Prompt, file.prompt),
            (Mode::List, file.list),
        ] {
            let mut entries: Vec<_> = table.into_iter().collect();
            entries.sort_by_key(|(key, _)| key.span().start);
            let mut seen: BTreeMap<String, String> = BTreeMap::new();
            for (key, action) in entries {
                let wrong = |at: usize, what: String| {
                    Error::Config(format!("{path}{}: {what}", position(text, at)))
                };
                let keys = sequence(key.get_ref()).map_err(|what| wrong(key.span().start, what))?;
                if let Some(other) = seen.insert(spell(&keys), key.get_ref().clone()) {
                    return Err(wrong(
                        key.span().start,
                        format!("{:?} and {other:?} are the same key", key.get_ref()),
                    ));
                }
                let action = parse_action(action.get_ref())
                    .map_err(|what| wrong(action.span().start, what))?;
                self.bind(mode, keys, action);
            }
        }
        self.check()
            .map_err(|what| Error::Config(format!("{path}: {what}")))
    }

    fn bind(&mut self, mode: Mode, keys: Vec<Key>, action: Option<Action>) {
        self.bindings.retain(|(m, k, _)| *m != mode || *k != keys);
        if let Some(action) = action {
            self.bindings.push((mode, keys, action));
        }
    }

    /// A key that acts at once cannot also begin a sequence.
    fn check(&self) -> std::result::Result<(), String> {
        for (mode, keys, action) in &self.bindings {
            let longer = self
                .bindings
                .iter()
                .find(|(m, k, _)| m == mode && k.len() > keys.len() && k.starts_with(keys));
            if let Some((_, long, other)) = longer {
                let (short, long) = (spell(keys), spell(long));
                return Err(format!(
                    "{short:?} ({}) is also the start of {long:?} ({}); take one away",
                    action.name(),
                    other.name()
                ));
            }
        }
        Ok(())
    }

    /// What `key` means in `mode` after the keys typed so far.
    pub fn lookup(&self, mode: Mode, before: &[Key], key: Key) -> Lookup {
        let typed = |keys: &[Key]| {
            keys.len() > before.len() && keys.starts_with(before) && keys[before.len()] == key
        };
        let mut pending = Lookup::Unbound;
        for (_, keys, action) in self
            .bindings
            .iter()
            .filter(|(m, k, _)| *m == mode && typed(k))
        {
            if keys.len() == before.len() + 1 {
                return Lookup::Found(*action);
            }
            pending = Lookup::Pending;
        }
        pending
    }

    /// The keys of an action, the first one first: `["Down", "j"]`.
    pub fn keys(&self, mode: Mode, action: Action) -> Vec<String> {
        self.bindings
            .iter()
            .filter(|(m, _, a)| *m == mode && *a == action)
            .map(|(_, keys, _)| spell(keys))
            .collect()
    }

    /// The shortest key of an action, for hints.
    pub fn hint(&self, mode: Mode, action: Action) -> String {
        self.keys(mode, action)
            .into_iter()
            .min_by_key(String::len)
            .unwrap_or_default()
    }

    /// How the typed start of a sequence can go on: key and action.
    pub fn continuations(&self, mode: Mode, before: &[Key]) -> Vec<(String, Action)> {
        let next = |keys: &[Key]| keys.get(before.len()).map(ToString::to_string);
        let longer = self
            .bindings
            .iter()
            .filter(|(m, k, _)| *m == mode && k.len() > before.len() && k.starts_with(before));
        longer
            .filter_map(|(_, k, a)| Some((next(k)?, *a)))
            .collect()
    }
}

fn sequence(text: &str) -> std::result::Result<Vec<Key>, String> {
    if text.trim().is_empty() {
        return Err("an empty key; write the space bar as \"Space\"".to_owned());
    }
    let names: Vec<&str> = NAMED.iter().map(|(name, _)| *name).collect();
    let key = |word: &str| {
        Key::parse(word).ok_or_else(|| format!("there is no key {word:?}{}", nearest(word, &names)))
    };
    text.split(' ').map(key).collect()
}

fn parse_action(name: &str) -> std::result::Result<Option<Action>, String> {
    if name == "none" {
        return Ok(None);
    }
    let names: Vec<&str> = Action::ALL.iter().map(|a| a.name()).collect();
    Action::parse(name)
        .map(Some)
        .ok_or_else(|| format!("there is no action {name:?}{}", nearest(name, &names)))
}

fn spell(keys: &[Key]) -> String {
    keys.iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(map: &Keymap, mode: Mode, typed: &[&str]) -> Lookup {
        let keys: Vec<Key> = typed.iter().map(|k| Key::parse(k).unwrap()).collect();
        let (last, before) = keys.split_last().unwrap();
        map.lookup(mode, before, *last)
    }

    #[test]
    fn keys_sequences_and_patches() {
        let map = Keymap::load(None).unwrap();
        assert_eq!(
            find(&map, Mode::Normal, &["j"]),
            Lookup::Found(Action::Down)
        );
        assert_eq!(find(&map, Mode::Normal, &["y"]), Lookup::Pending);
        assert_eq!(
            find(&map, Mode::Normal, &["y", "c"]),
            Lookup::Found(Action::CopyCell)
        );
        assert_eq!(find(&map, Mode::Normal, &["Z"]), Lookup::Unbound);
        assert_eq!(map.keys(Mode::Normal, Action::Down), ["Down", "j"]);
        let map = Keymap::load(Some((
            "k.toml",
            "[normal]\n\"j\" = \"none\"\n\"Ctrl-D\" = \"bottom\"",
        )))
        .unwrap();
        assert_eq!(find(&map, Mode::Normal, &["j"]), Lookup::Unbound);
        assert_eq!(
            find(&map, Mode::Normal, &["Ctrl-d"]),
            Lookup::Found(Action::Bottom)
        );
    }

    #[test]
    fn a_mistake_is_named_with_its_place() {
        let error = |text| {
            Keymap::load(Some(("k.toml", text)))
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            error("[normal]\nj = \"dwn\""),
            "k.toml:2:5: there is no action \"dwn\"; did you mean \"down\"?"
        );
        assert!(error("[normal]\n\"Entr\" = \"down\"").contains("did you mean \"Enter\"?"));
        assert!(error("[normal]\ny = \"down\"").contains("also the start of"));
        assert!(
            error("[normal]\n\"C-d\" = \"up\"\n\"Ctrl-d\" = \"down\"").contains("are the same key")
        );
        assert!(error("[nromal]\nj = \"up\"").contains("k.toml:1"));
    }

    #[test]
    fn every_action_can_be_reached() {
        let map = Keymap::load(None).unwrap();
        let unreached = |a: &&Action| {
            [Mode::Normal, Mode::Prompt, Mode::List]
                .iter()
                .all(|m| map.keys(*m, **a).is_empty())
        };
        let missing: Vec<_> = Action::ALL.iter().filter(unreached).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
