//! Why no row is shown, and which key helps.

use crate::frame::{Snapshot, ViewSpec};
use crate::tui::action::Action;
use crate::tui::keymap::{Keymap, Mode};
use crate::tui::status::Status;
use crate::tui::widget::number::grouped;

/// A reason and the keys that help.
pub struct Reason {
    /// One sentence.
    pub what: String,
    /// Keys and what they do.
    pub keys: Vec<(String, &'static str)>,
}

/// Why the Stream has no row.
pub fn reason(
    snapshot: &Snapshot,
    spec: &ViewSpec,
    status: &Status,
    following: bool,
    keymap: &Keymap,
) -> Reason {
    let keys = |list: &[(Action, &'static str)]| {
        list.iter()
            .map(|(a, what)| (keymap.hint(Mode::Normal, *a), *what))
            .collect()
    };
    if let Some(failed) = &status.failed {
        return Reason {
            what: failed.clone(),
            keys: keys(&[(Action::Quit, "quit")]),
        };
    }
    if snapshot.is_empty() && !status.finished && !snapshot.complete {
        return Reason {
            what: waiting(status, following),
            keys: vec![],
        };
    }
    if snapshot.is_empty() {
        let counters = &snapshot.counters;
        let what = format!(
            "No records: {} objects with {} lines were read.",
            grouped(counters.objects),
            grouped(counters.lines)
        );
        return Reason {
            what,
            keys: keys(&[
                (Action::ScreenSources, "objects"),
                (Action::ScreenFailures, "what is wrong with the lines"),
            ]),
        };
    }
    let records = grouped(snapshot.len() as u64);
    if spec.filters.iter().any(|f| f.on) || spec.range.is_some() || spec.cause.is_some() {
        let what = format!("None of {records} records passes the filters.");
        let help = [
            (Action::FiltersOff, "all off"),
            (Action::Undo, "undo the last"),
            (Action::FilterStack, "each of them"),
        ];
        return Reason {
            what,
            keys: keys(&help),
        };
    }
    let what = format!(
        "{records} records, and none is an event: [match] in frontlog.toml says which are."
    );
    Reason {
        what,
        keys: keys(&[(Action::AllRecords, "all records")]),
    }
}

fn waiting(status: &Status, following: bool) -> String {
    let figures = &status.figures;
    match (figures.listing_done, figures.objects_listed) {
        (false, 0) => "Listing the objects…".to_owned(),
        (false, n) => format!("Listing the objects: {} so far…", grouped(n)),
        (true, n) if following && figures.objects_done >= n => {
            "Waiting for the first rows…".to_owned()
        }
        (true, n) => format!(
            "Reading: {} of {} objects…",
            grouped(figures.objects_done),
            grouped(n)
        ),
    }
}
