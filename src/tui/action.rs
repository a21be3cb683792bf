//! Everything a key can do, each once: the keymap, the help and the palette are generated from this list.

/// A screen, by its number key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScreenKind {
    /// Events or records, with their detail.
    Stream,
    /// Causes of failures.
    Failures,
    /// Declared beside observed.
    Schemas,
    /// Plan, progress and identity of a batch.
    Export,
    /// Objects.
    Sources,
}

impl ScreenKind {
    /// In the order of the tabs. 4 (Fields) and 5 (Query) are not built yet, and 6 and 7 keep their numbers.
    pub const ALL: [Self; 5] = [
        Self::Stream,
        Self::Failures,
        Self::Schemas,
        Self::Export,
        Self::Sources,
    ];

    /// The number on its key.
    pub const fn number(self) -> u8 {
        match self {
            Self::Stream => 1,
            Self::Failures => 2,
            Self::Schemas => 3,
            Self::Export => 6,
            Self::Sources => 7,
        }
    }

    /// Its name on the tab.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Stream => "Stream",
            Self::Failures => "Failures",
            Self::Schemas => "Schemas",
            Self::Export => "Export",
            Self::Sources => "Sources",
        }
    }
}

macro_rules! actions {
    ($($variant:ident $name:literal $group:literal $what:literal;)*) => {
        /// What a key, a palette entry or a click asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs)]
        pub enum Action { $($variant),* }

        impl Action {
            /// Every action, in the order of the help.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];
            /// Its name in keymaps.
            pub const fn name(self) -> &'static str { match self { $(Self::$variant => $name),* } }
            /// The heading it stands under.
            pub const fn group(self) -> &'static str { match self { $(Self::$variant => $group),* } }
            /// What it does, in one clause.
            pub const fn what(self) -> &'static str { match self { $(Self::$variant => $what),* } }
            /// The action of that name.
            pub fn parse(name: &str) -> Option<Self> { match name { $($name => Some(Self::$variant),)* _ => None } }
        }
    };
}

actions! {
    Up "up" "Move" "one row up";
    Down "down" "Move" "one row down";
    Left "left" "Move" "one column to the left, or fold";
    Right "right" "Move" "one column to the right, or unfold";
    HalfPageDown "half-page-down" "Move" "half a page down";
    HalfPageUp "half-page-up" "Move" "half a page up";
    PageDown "page-down" "Move" "a page down";
    PageUp "page-up" "Move" "a page up";
    Top "top" "Move" "to the first row";
    Bottom "bottom" "Move" "to the last row; resumes if paused";
    FirstColumn "first-column" "Move" "to the first column";
    LastColumn "last-column" "Move" "to the last column";
    NextFailure "next-failure" "Move" "to the next failed event";
    PreviousFailure "previous-failure" "Move" "to the previous failed event";
    NextBar "next-bar" "Move" "to the next bar of the timeline";
    PreviousBar "previous-bar" "Move" "to the previous bar of the timeline";
    GoToTime "go-to-time" "Move" "to a time: 14:02, yesterday 9:30, -15m";
    Search "search" "Search" "search down for a text or regex";
    SearchBack "search-back" "Search" "search up";
    SearchNext "search-next" "Search" "to the next hit";
    SearchPrevious "search-previous" "Search" "to the previous hit";
    SearchValue "search-value" "Search" "search for this value";
    Filter "filter" "Filter" "add a filter, such as event=checkout";
    Keep "keep" "Filter" "keep only rows with this value";
    Drop "drop" "Filter" "drop rows with this value";
    FiltersOff "filters-off" "Filter" "all filters off, or on again";
    FilterStack "filter-stack" "Filter" "the filters: switch, delete, edit";
    AllRecords "all-records" "Filter" "events only, or all records";
    Undo "undo" "Filter" "undo a change of the view";
    Redo "redo" "Filter" "redo it";
    Sort "sort" "Columns" "sort by this column; again: turn, off";
    SortAdd "sort-add" "Columns" "add this column to the order";
    Columns "columns" "Columns" "choose columns";
    HideColumn "hide-column" "Columns" "hide this column";
    Wider "wider" "Columns" "make this column wider";
    Narrower "narrower" "Columns" "make this column narrower";
    Open "open" "Look" "open: the detail, or the rows of this";
    Focus "focus" "Look" "focus the other pane";
    Detail "detail" "Look" "show or hide the detail pane";
    Wrap "wrap" "Look" "wrap long values in the detail pane";
    Raw "raw" "Look" "the raw log line";
    Retry "retry" "Look" "read again what could not be read";
    Repairs "repairs" "Look" "what repairs would do to this cause";
    Acknowledge "acknowledge" "Look" "acknowledge this cause until a day";
    LastEdit "last-edit" "Look" "what the contract's last edit changed";
    WindowLength "window-length" "Look" "how long a bar of the timeline is";
    FailedRate "failed-rate" "Look" "failed events as a share of all";
    Pause "pause" "Follow" "pause: new rows wait; again: resume";
    CopyCell "copy-cell" "Out" "copy this value";
    CopyRow "copy-row" "Out" "copy the row as JSON";
    CopyLine "copy-line" "Out" "copy the raw log line";
    CopyCommand "copy-command" "Out" "copy the shell command for this view";
    Export "export" "Out" "export a batch";
    ScreenStream "stream" "Screens" "Stream: events with their detail";
    ScreenFailures "failures" "Screens" "Failures by cause";
    ScreenSchemas "schemas" "Screens" "Schemas: declared beside observed";
    ScreenExport "export-screen" "Screens" "Export: plan, progress, identity";
    ScreenSources "sources" "Screens" "Sources: objects and their state";
    Palette "palette" "Program" "every action by name";
    Themes "themes" "Program" "choose colours; the screen wears them as you move";
    Help "help" "Program" "the keys that work here";
    Redraw "redraw" "Program" "draw the screen anew";
    Suspend "suspend" "Program" "to the shell; fg comes back";
    Back "back" "Program" "go back; from the first screen: quit";
    Quit "quit" "Program" "quit at once";
    Accept "accept" "In a prompt or list" "accept";
    Close "close" "In a prompt or list" "close; what is typed is kept";
    Complete "complete" "In a prompt or list" "take the suggestion";
    Earlier "earlier" "In a prompt or list" "an earlier entry, or one up in the list";
    Later "later" "In a prompt or list" "a later entry, or one down in the list";
    Toggle "toggle" "In a prompt or list" "tick or untick";
    Delete "delete" "In a prompt or list" "take it out of the list";
    MoveUp "move-up" "In a prompt or list" "move the column to the left";
    MoveDown "move-down" "In a prompt or list" "move the column to the right";
}

impl Action {
    /// The screen this action shows, if it is one of those.
    pub const fn screen(self) -> Option<ScreenKind> {
        match self {
            Self::ScreenStream => Some(ScreenKind::Stream),
            Self::ScreenFailures => Some(ScreenKind::Failures),
            Self::ScreenSchemas => Some(ScreenKind::Schemas),
            Self::ScreenExport => Some(ScreenKind::Export),
            Self::ScreenSources => Some(ScreenKind::Sources),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_read_back() {
        for action in Action::ALL {
            assert_eq!(Action::parse(action.name()), Some(*action));
        }
    }
}
