//! Keeps the state of a followed run: a position counts once the sink has taken what stands for it, and it is written
//! in one file with what the sink made of it.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::error::Result;
use crate::model::{Mark, ObjectState, ObjectStatus, Sink, SoFar};
use crate::source;
use crate::source::state::{State, StateOptions};

/// The state, and what waits for its unit to be taken.
#[derive(Debug, Default)]
pub(super) struct Keeping {
    state: Option<State>,
    required: bool,
    marks: VecDeque<(u64, Vec<Mark>)>,
    floors: VecDeque<(u64, i64)>,
}

impl Keeping {
    /// Opens the state that a followed run asks for; gives the sink back what it had, and the source what it need not
    /// read again. The sentence says why the run cannot be resumed, where nobody asked that it can.
    ///
    /// # Errors
    /// A state that was asked for cannot be kept.
    pub fn open(
        options: &mut source::Options,
        sink: &mut dyn Sink,
    ) -> Result<(Self, Option<String>)> {
        let Some(wanted) = options.following.state.clone().filter(|_| options.follow) else {
            return Ok((Self::default(), None));
        };
        let StateOptions { required, .. } = wanted;
        match State::open(&wanted, options) {
            Ok((state, taken, memo)) => {
                if let Some(memo) = memo {
                    sink.recall(memo);
                }
                options.following.taken = Arc::new(taken);
                let keeping = Self {
                    state: Some(state),
                    required,
                    ..Self::default()
                };
                Ok((keeping, None))
            }
            Err(e) if required => Err(e),
            Err(e) => Ok((
                Self::default(),
                Some(format!("this run cannot be resumed: {e}")),
            )),
        }
    }

    /// Positions that count once unit `unit` is taken.
    pub fn wait(&mut self, unit: u64, marks: Vec<Mark>) {
        if self.state.is_some() {
            self.marks.push_back((unit, marks));
        }
    }

    /// A floor that counts once the units before `unit` are taken.
    pub fn wait_floor(&mut self, unit: u64, hour: i64) {
        if self.state.is_some() {
            self.floors.push_back((unit, hour));
        }
    }

    /// The sink has taken these lines of objects that may be overwritten.
    pub fn note_lines(&mut self, read: Vec<(u32, Vec<u64>)>, objects: &[ObjectState]) {
        let Some(state) = &mut self.state else { return };
        for (index, hashes) in read {
            if let Some(known) = objects.get(index as usize) {
                state.note_lines(&known.object, &hashes);
            }
        }
    }

    /// The sink has taken all units before `next`.
    pub fn taken(&mut self, next: u64, objects: &[ObjectState]) {
        let Some(state) = &mut self.state else { return };
        while let Some((_, marks)) = self.marks.pop_front_if(|(unit, _)| *unit < next) {
            for mark in marks {
                let unread = objects
                    .get(mark.index as usize)
                    .is_some_and(|o| matches!(o.status, ObjectStatus::Unreadable(_)));
                // What could not be read is tried again by the next run.
                if !unread {
                    state.note(mark);
                }
            }
        }
        while let Some((_, hour)) = self.floors.pop_front_if(|(unit, _)| *unit <= next) {
            state.raise_floor(hour);
        }
    }

    /// Writes the state if that is due, or if it is the `last` time. Only to be called between two units.
    ///
    /// # Errors
    /// It cannot be written, and was asked for; the sentence where it was not.
    pub fn save(
        &mut self,
        sink: &mut dyn Sink,
        so_far: &SoFar<'_>,
        last: bool,
    ) -> Result<Option<String>> {
        let Some(state) = &mut self.state else {
            return Ok(None);
        };
        let wanted = if last {
            state.is_changed()
        } else {
            state.is_due()
        };
        if !wanted {
            return Ok(None);
        }
        match state.save(sink.memo(so_far)) {
            Ok(()) => Ok(None),
            Err(e) if self.required => Err(e),
            Err(e) => {
                self.state = None;
                Ok(Some(format!("this run cannot be resumed: {e}")))
            }
        }
    }
}
