//! What the ids in batches stand for: the run's own tables, and what is already known of them without a lock.

use std::collections::HashMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::model::{Cause, CauseId, Causes, EventType, EventTypeId, EventTypes, LogObject};

/// The tables of one run.
#[derive(Debug, Default)]
pub(super) struct RunNames {
    types: Arc<EventTypes>,
    causes: Arc<Causes>,
    known_types: Vec<Arc<EventType>>,
    known_causes: HashMap<CauseId, Arc<Cause>>,
    /// By object id, as listed.
    pub objects: Vec<Arc<LogObject>>,
}

impl RunNames {
    /// Of a run that begins.
    pub fn new(types: &Arc<EventTypes>, causes: &Arc<Causes>) -> Self {
        Self {
            types: types.clone(),
            causes: causes.clone(),
            ..Self::default()
        }
    }

    /// The object of that id.
    pub fn object(&self, id: u32) -> Result<Arc<LogObject>> {
        let object = self.objects.get(id as usize).cloned();
        object.ok_or_else(|| unknown("object", id as usize))
    }

    /// The event type of that id.
    pub fn event_type(&mut self, id: EventTypeId) -> Result<Arc<EventType>> {
        let id = id.0 as usize;
        if id >= self.known_types.len() {
            self.known_types = self.types.list();
        }
        let event_type = self.known_types.get(id).cloned();
        event_type.ok_or_else(|| unknown("event type", id))
    }

    /// The cause of that id.
    pub fn cause(&mut self, id: CauseId) -> Result<Arc<Cause>> {
        if let Some(cause) = self.known_causes.get(&id) {
            return Ok(cause.clone());
        }
        let cause = self.causes.get(id);
        let cause = cause.ok_or_else(|| unknown("cause", id.0 as usize))?;
        self.known_causes.insert(id, cause.clone());
        Ok(cause)
    }
}

/// The error for an id that nobody gave out: a bug.
pub(super) fn unknown(what: &str, id: usize) -> Error {
    Error::Frame(format!(
        "the export was given {what} {id}, which nobody knows"
    ))
}
