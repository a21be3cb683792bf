//! Every theme there is, and the one that is worn.

use std::path::Path;

use crate::error::Result;
use crate::tui::color_depth::ColorDepth;
use crate::tui::theme::{BUILT_IN, Styles, Theme};

/// Every theme there is, by name, and the one that is worn.
#[derive(Debug, Clone)]
pub struct Wardrobe {
    themes: Vec<Theme>,
    worn: usize,
    depth: ColorDepth,
}

impl Wardrobe {
    /// The built-in themes and those of `folder`; wears `name`, else what `NO_COLOR` asks for, else the default. A file
    /// of the folder that is no theme is left out here; `frontlog config themes` says what is wrong with it.
    ///
    /// # Errors
    /// As [`Theme::load`] for the one that is to be worn.
    pub fn open(name: Option<&str>, folder: Option<&Path>, depth: ColorDepth) -> Result<Self> {
        let fallback = if depth == ColorDepth::None {
            "mono"
        } else {
            "dark"
        };
        let first = Theme::load(name.unwrap_or(fallback), folder)?;
        let others = names(folder).into_iter().filter(|n| *n != first.name);
        let mut themes: Vec<Theme> = others
            .filter_map(|n| Theme::load(&n, folder).ok())
            .collect();
        themes.push(first.clone());
        themes.sort_by(|a, b| a.name.cmp(&b.name));
        let worn = themes.iter().position(|t| t.name == first.name);
        Ok(Self {
            themes,
            worn: worn.unwrap_or_default(),
            depth,
        })
    }

    /// The themes, by name.
    pub fn themes(&self) -> &[Theme] {
        &self.themes
    }

    /// Index of the one that is worn.
    pub fn worn(&self) -> usize {
        self.worn
    }

    /// Wears another one; an index past the end changes nothing.
    pub fn wear(&mut self, index: usize) {
        if index < self.themes.len() {
            self.worn = index;
        }
    }

    /// The styles of the one that is worn.
    pub fn styles(&self) -> Styles {
        self.themes
            .get(self.worn)
            .map_or_else(Styles::plain, |theme| theme.styles(self.depth))
    }
}

/// Names of the built-in themes and of the files `NAME.toml` of `folder`, sorted.
pub fn names(folder: Option<&Path>) -> Vec<String> {
    let files = folder.and_then(|folder| std::fs::read_dir(folder).ok());
    let own = files.into_iter().flatten().flatten().filter_map(|entry| {
        let name = entry.file_name();
        Some(name.to_str()?.strip_suffix(".toml")?.to_owned())
    });
    let built_in = BUILT_IN.iter().map(|(name, _)| (*name).to_owned());
    let mut names: Vec<String> = built_in.chain(own).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_theme_of_ones_own_stands_beside_the_built_in_ones() {
        let folder = tempfile::tempdir().unwrap();
        let dark = include_str!("../../themes/dark.toml");
        std::fs::write(folder.path().join("mine.toml"), dark).unwrap();
        std::fs::write(folder.path().join("broken.toml"), "x").unwrap();
        let mut all = Wardrobe::open(Some("mine"), Some(folder.path()), ColorDepth::True).unwrap();
        assert_eq!(all.themes().len(), BUILT_IN.len() + 1);
        assert_eq!(all.themes()[all.worn()].name, "mine");
        assert_eq!(all.styles(), Styles::dark());
        let light = all.themes().iter().position(|t| t.name == "light").unwrap();
        all.wear(light);
        assert_ne!(all.styles(), Styles::dark());
        assert!(Wardrobe::open(Some("broken"), Some(folder.path()), ColorDepth::True).is_err());
        let none = Wardrobe::open(None, None, ColorDepth::None).unwrap();
        assert_eq!(none.themes()[none.worn()].name, "mono");
    }
}
