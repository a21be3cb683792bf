//! What the Stream shows and in which columns: one value, with undo and redo.

use std::sync::Arc;

use crate::frame::view::{FilterTerm, SortKey};
use crate::frame::{ColumnRef, Filter, ViewSpec};

/// Filters, order and columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrangement {
    /// Which rows, in which order.
    pub spec: Arc<ViewSpec>,
    /// Which columns; `None`: chosen for what is loaded.
    pub columns: Option<Arc<Vec<ColumnRef>>>,
    /// Widths that the user set, by column.
    pub widths: Arc<Vec<(ColumnRef, u16)>>,
}

impl Default for Arrangement {
    fn default() -> Self {
        let spec = ViewSpec {
            events_only: true,
            ..ViewSpec::default()
        };
        Self {
            spec: Arc::new(spec),
            columns: None,
            widths: Arc::default(),
        }
    }
}

impl Arrangement {
    /// The same with another spec.
    fn with_spec(&self, change: impl FnOnce(&mut ViewSpec)) -> Self {
        let mut spec = ViewSpec::clone(&self.spec);
        change(&mut spec);
        Self {
            spec: Arc::new(spec),
            ..self.clone()
        }
    }

    /// With one more filter; the same filter again is switched on instead.
    #[must_use]
    pub fn filtered(&self, filter: Filter) -> Self {
        self.with_spec(
            |spec| match spec.filters.iter_mut().find(|term| term.filter == filter) {
                Some(term) => term.on = true,
                None => spec.filters.push(FilterTerm { filter, on: true }),
            },
        )
    }

    /// All filters off, or, when all are off already, on.
    #[must_use]
    pub fn switched(&self) -> Self {
        let on = !self.spec.filters.iter().any(|term| term.on);
        self.with_spec(|spec| spec.filters.iter_mut().for_each(|term| term.on = on))
    }

    /// One filter switched.
    #[must_use]
    pub fn toggled(&self, index: usize) -> Self {
        self.with_spec(|spec| {
            if let Some(term) = spec.filters.get_mut(index) {
                term.on = !term.on;
            }
        })
    }

    /// Without one filter.
    #[must_use]
    pub fn without(&self, index: usize) -> Self {
        self.with_spec(|spec| {
            if index < spec.filters.len() {
                spec.filters.remove(index);
            }
        })
    }

    /// Events only, or all records.
    #[must_use]
    pub fn with_events_only(&self, events_only: bool) -> Self {
        self.with_spec(|spec| spec.events_only = events_only)
    }

    /// Sorted by a column: ascending, then descending, then by time again. `add` keeps the other columns of the order.
    #[must_use]
    pub fn sorted(&self, column: &ColumnRef, add: bool) -> Self {
        self.with_spec(|spec| {
            let old = spec.sort.iter().position(|key| key.column == *column);
            let next = match old.map(|i| spec.sort[i].descending) {
                None => Some(false),
                Some(false) => Some(true),
                Some(true) => None,
            };
            if !add {
                spec.sort.clear();
            } else if let Some(i) = old {
                spec.sort.remove(i);
            }
            if let Some(descending) = next {
                spec.sort.push(SortKey {
                    column: column.clone(),
                    descending,
                });
            }
        })
    }

    /// With these columns.
    #[must_use]
    pub fn with_columns(&self, columns: Vec<ColumnRef>) -> Self {
        Self {
            columns: Some(Arc::new(columns)),
            ..self.clone()
        }
    }

    /// With another width for a column.
    #[must_use]
    pub fn with_width(&self, column: &ColumnRef, width: u16) -> Self {
        let mut widths: Vec<_> = self
            .widths
            .iter()
            .filter(|(c, _)| c != column)
            .cloned()
            .collect();
        widths.push((column.clone(), width));
        Self {
            widths: Arc::new(widths),
            ..self.clone()
        }
    }
}

/// The arrangement with its past and its future.
#[derive(Debug, Clone, Default)]
pub struct History {
    now: Arrangement,
    past: Vec<Arrangement>,
    future: Vec<Arrangement>,
}

/// Undo goes back this far.
const MAX_PAST: usize = 200;

impl History {
    /// A history that starts with this.
    pub fn of(now: Arrangement) -> Self {
        Self {
            now,
            ..Self::default()
        }
    }

    /// What is shown.
    pub fn now(&self) -> &Arrangement {
        &self.now
    }

    /// Shows something else; false when it is the same.
    pub fn change(&mut self, next: Arrangement) -> bool {
        if next == self.now {
            return false;
        }
        if self.past.len() == MAX_PAST {
            self.past.remove(0);
        }
        self.past.push(std::mem::replace(&mut self.now, next));
        self.future.clear();
        true
    }

    /// One change back; false when there is none.
    pub fn undo(&mut self) -> bool {
        let Some(before) = self.past.pop() else {
            return false;
        };
        self.future.push(std::mem::replace(&mut self.now, before));
        true
    }

    /// One change forward again; false when there is none.
    pub fn redo(&mut self) -> bool {
        let Some(after) = self.future.pop() else {
            return false;
        };
        self.past.push(std::mem::replace(&mut self.now, after));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorting_goes_up_down_off_and_undo_walks_back() {
        let column = ColumnRef::record("sc_status");
        let mut history = History::default();
        for expected in [Some(false), Some(true), None] {
            let next = history.now().sorted(&column, false);
            assert!(history.change(next));
            assert_eq!(
                history.now().spec.sort.first().map(|key| key.descending),
                expected
            );
        }
        assert!(history.undo() && history.undo());
        assert!(!history.now().spec.sort[0].descending);
        assert!(history.redo());
        assert!(history.now().spec.sort[0].descending);
    }
}
