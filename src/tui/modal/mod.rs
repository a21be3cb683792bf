//! What stands over a screen and takes the keys: one at a time.

pub mod acknowledge;
pub mod columns;
pub mod filters;
pub mod help;
pub mod last_edit;
pub mod palette;
pub mod prompt;
pub mod repairs;
pub mod themes;

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

pub use acknowledge::Acknowledge;
pub use columns::ColumnChooser;
pub use filters::FilterStack;
pub use help::Help;
pub use last_edit::LastEdit;
pub use palette::Palette;
pub use prompt::{Prompt, PromptKind};
pub use repairs::RepairPreview;
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
    /// What repairs would do.
    Repairs(RepairPreview),
    /// What the last edit of the contract changed.
    LastEdit(LastEdit),
    /// A cause is acknowledged.
    Acknowledge(Box<Acknowledge>),
}

impl Modal {
    /// What keys mean in it.
    pub fn mode(&self) -> Mode {
        match self {
            Self::Prompt(_) | Self::Palette(_) | Self::Help(_) | Self::Acknowledge(_) => {
                Mode::Prompt
            }
            Self::Columns(_)
            | Self::Filters(_)
            | Self::Themes(_)
            | Self::LastEdit(_)
            | Self::Repairs(_) => Mode::List,
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
            Self::Acknowledge(it) => it.render(area, buf, styles),
            Self::LastEdit(it) => {
                it.render(area, buf, styles);
                None
            }
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
            Self::Repairs(it) => {
                it.render(area, buf, styles);
                None
            }
        }
    }
}
