//! A run that is watched: it says when all is read, and reads objects again that could not be read.

use std::sync::atomic::Ordering;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use crate::model::{Notice, ObjectId};
use crate::pipeline::in_force::Edition;
use crate::pipeline::run::{End, IDLE};
use crate::source::Again;

/// How often a run at rest looks whether it is cancelled.
const AT_REST: Duration = Duration::from_millis(500);

/// Who watches a run, and what is between them.
pub(super) struct Watched<'a> {
    pub news: &'a Sender<Notice>,
    /// Objects to be read again, as they are asked for.
    pub asked: &'a Receiver<Vec<ObjectId>>,
    /// The contract, as often as it is edited.
    pub editions: Receiver<Edition>,
    /// The same, to the source. Gone when nobody can ask any more: the source ends then.
    pub ask: Option<Sender<Vec<Again>>>,
    /// All that was found is read once the units before this one are done.
    pub complete_at: Option<u64>,
    pub at_rest: bool,
}

impl End<'_, '_> {
    /// How long to wait until the sink is told that nothing came.
    pub(super) fn patience(&self) -> Duration {
        let at_rest = self.watched.as_ref().is_some_and(|w| w.at_rest);
        if at_rest { AT_REST } else { IDLE }
    }

    /// An object that could not be read does not count as such any more. Gives how many bytes of its text were read
    /// before it broke off; `None` for any other object.
    pub(super) fn no_longer_unreadable(&mut self, id: ObjectId) -> Option<u64> {
        let state = self.objects.get_mut(id.0 as usize)?;
        if !state.is_unreadable() {
            return None;
        }
        let gone = state.ask_again();
        self.counters.take_away(&gone);
        let seen = state.counters.text_bytes;
        let done = &self.shared.progress.objects_done;
        done.fetch_sub(1.min(done.load(Ordering::Relaxed)), Ordering::Relaxed);
        self.sink.sink().again(id, &gone);
        Some(seen)
    }

    /// Passes on which objects are to be read again: those that are unreadable now.
    pub(super) fn again(&mut self, ids: &[ObjectId]) {
        let mut asked = Vec::new();
        for id in ids {
            let Some(seen) = self.no_longer_unreadable(*id) else {
                continue;
            };
            self.shared.note_read_before(id.0, seen);
            asked.push(Again {
                index: id.0,
                partly: seen > 0,
            });
        }
        let Some(watched) = self.watched.as_mut().filter(|_| !asked.is_empty()) else {
            return;
        };
        let count = asked.len() as u64;
        watched.at_rest = false;
        let _ = watched.news.send(Notice::Again(count));
        if let Some(ask) = &watched.ask {
            let _ = ask.send(asked);
        }
    }

    /// Says that all is read, as soon as it is.
    pub(super) fn tell_completion(&mut self) {
        let next = self.ordered.next_unit();
        let Some(watched) = self
            .watched
            .as_mut()
            .filter(|w| w.complete_at.is_some_and(|at| at <= next))
        else {
            return;
        };
        watched.complete_at = None;
        watched.at_rest = true;
        self.sink.sink().complete();
        let _ = watched.news.send(Notice::Finished {
            counters: self.counters,
            broken_identity: self.counters.identity().err(),
        });
    }
}
