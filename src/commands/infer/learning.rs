//! The sink of `infer`: every property of every event goes into a [`Learner`], and the batch goes away.

use std::sync::Arc;

use crate::contract::infer::Learner;
use crate::error::Result;
use crate::model::pairs::each_pair;
use crate::model::{Batch, Causes, EventColumns, EventType, EventTypes, Sink, Words};

/// Learns from batches; see the module.
#[derive(Debug, Default)]
pub struct Learning {
    /// What was learned.
    pub learner: Learner,
    /// Key of the schema version; empty where versions are not logged.
    version_key: String,
    types: Option<Arc<EventTypes>>,
    names: Vec<Arc<EventType>>,
    /// The version that came last, with the number of its type, by id.
    recent: Vec<Option<(String, Option<usize>)>>,
}

impl Learning {
    /// Learns types by name and by what stands under `version_key`.
    pub fn new(version_key: Option<&str>) -> Self {
        Self {
            version_key: version_key.unwrap_or_default().to_owned(),
            ..Self::default()
        }
    }

    fn events(&mut self, events: &EventColumns, times_us: &[i64]) {
        let id = usize::from(events.event_type.0);
        if id >= self.names.len() {
            self.names = self.types.as_ref().map(|t| t.list()).unwrap_or_default();
            self.recent.resize(self.names.len(), None);
        }
        let Some(name) = self.names.get(id).map(|t| t.name.clone()) else {
            return;
        };
        let mut version = String::new();
        for (row, record) in events.record.iter().enumerate() {
            let json = events.rest_json.get(row).unwrap_or("{}");
            let time_us = times_us.get(*record as usize).copied().unwrap_or_default();
            version.clear();
            if !self.version_key.is_empty() && json.contains(&*self.version_key) {
                each_pair(json, |key, text| {
                    if *key == *self.version_key {
                        text.clone_into(&mut version);
                    }
                });
            }
            let at = self.number(id, &name, &version);
            self.learner.event(at, time_us);
            if let Some(at) = at {
                let learner = &mut self.learner;
                each_pair(json, |key, text| learner.value(at, key, text, time_us));
            }
        }
    }

    fn number(&mut self, id: usize, name: &str, version: &str) -> Option<usize> {
        if let Some(Some((last, at))) = self.recent.get(id)
            && *last == *version
        {
            return *at;
        }
        let at = self.learner.event_type(name, version);
        if let Some(recent) = self.recent.get_mut(id) {
            *recent = Some((version.to_owned(), at));
        }
        at
    }
}

impl Sink for Learning {
    fn start(&mut self, types: &Arc<EventTypes>, _: &Arc<Causes>, _: &[Option<Words>]) {
        self.types = Some(types.clone());
    }

    fn take(&mut self, batch: Batch) -> Result<()> {
        for events in &batch.events {
            self.events(events, &batch.records.time_us);
        }
        Ok(())
    }
}
