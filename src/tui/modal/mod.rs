//! What stands over a screen and takes the keys: one at a time.

pub mod columns;
pub mod filters;
pub mod help;
pub mod palette;
pub mod prompt;
pub mod themes;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

pub use columns::ColumnChooser;
pub use filters::FilterStack;
pub use help::Help;
pub use palette::Palette;
pub use prompt::{Prompt, PromptKind};
pub use themes::ThemePicker;

use crate::tui::keymap::{Keymap, Mode};
use crate::tui::theme::Styles;

/// What stands over the screen.
#[derive(Debug, Clone)]
pub enum Modal {
    /// A line is typed at the bottom.
    Prompt(Prompt),
    /// Every action by name.
    Palette(Palette),
    /// The keys.
    Help(Help),
    /// Which columns, in which order.
    Columns(ColumnChooser),
    /// The filters.
    Filters(FilterStack),
    /// The themes.
    Themes(ThemePicker),
}

impl Modal {
    /// What keys mean in it.
    pub fn mode(&self) -> Mode {
        match self {
            Self::Prompt(_) | Self::Palette(_) | Self::Help(_) => Mode::Prompt,
            Self::Columns(_) | Self::Filters(_) | Self::Themes(_) => Mode::List,
        }
    }

    /// Draws it; `footer` is the line a prompt stands in. Gives where the terminal's cursor belongs.
    pub fn render(
        &self,
        area: Rect,
        footer: Rect,
        buf: &mut Buffer,
        keymap: &Keymap,
        styles: &Styles,
    ) -> Option<Position> {
        match self {
            Self::Prompt(it) => it.render(footer, buf, styles),
            Self::Palette(it) => it.render(area, buf, styles),
            Self::Help(it) => it.render(area, buf, keymap, styles),
            Self::Columns(it) => {
                it.render(area, buf, styles);
                None
            }
            Self::Filters(it) => {
                it.render(area, buf, styles);
                None
            }
            Self::Themes(it) => {
                it.render(area, buf, styles);
                None
            }
        }
    }
}
