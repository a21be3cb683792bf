//! The terminal side: the only place that names ratatui or crossterm.

pub mod theme;

pub use theme::{ColorDepth, Styles, Theme};
