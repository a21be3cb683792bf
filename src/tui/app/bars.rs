//! From one bar of the timeline to the next.

use super::App;
use crate::tui::footer::Weight;

impl App {
    /// To the first row of the next bar that has rows, or of the one before.
    pub(super) fn go_to_bar(&mut self, forward: bool) {
        if !self.history.now().spec.sort.is_empty() {
            let text = "bars follow the time: this goes on rows that are sorted by it";
            return self.say(Weight::Warning, text);
        }
        if !self.buckets.are_shown() {
            let text =
                "the timeline is not shown: make the window higher, or its rows are still to come";
            return self.say(Weight::Warning, text);
        }
        match self.start_of_bar(forward) {
            Some(position) => self.stream.go_to(position),
            None if forward => self.say(Weight::Warning, "no bar further right has rows"),
            None => self.say(Weight::Warning, "no bar further left has rows"),
        }
    }

    fn start_of_bar(&self, forward: bool) -> Option<usize> {
        let (view, snapshot) = (&self.stream.view, self.feed.shown());
        let first_of = |second: i64| view.position_of_time(snapshot, second * 1_000_000);
        let here = self
            .buckets
            .bar_of(self.second_of(self.stream.table.selected)?)?;
        if forward {
            return first_of(here.1).filter(|position| *position < view.len());
        }
        let last_before = first_of(here.0)?.checked_sub(1)?;
        first_of(self.buckets.bar_of(self.second_of(last_before)?)?.0)
    }
}
