//! The sink of `infer`: every property of every event goes into a [`Learner`], and the batch goes away.

use std::sync::Arc;

use crate::contract::infer::Learner;
use crate::error::Result;
use crate::model::pairs::each_pair;
use crate::model::{Batch, Causes, EventColumns, EventTypes, Sink, Words};

/// Learns from batches; see the module.
#[derive(Debug, Default)]
pub struct Learning {
    /// What was learned.
    pub learner: Learner,
    types: Option<Arc<EventTypes>>,
    /// By event type id: its number, `None` past the learner's bound.
    numbers: Vec<Option<usize>>,
}

impl Learning {
    fn events(&mut self, events: &EventColumns, times_us: &[i64]) {
        let id = usize::from(events.event_type.0);
        if id >= self.numbers.len() {
            let types = self.types.as_ref().map(|t| t.list()).unwrap_or_default();
            for it in types.iter().skip(self.numbers.len()) {
                let number = self.learner.event_type(&it.name, &it.version);
                self.numbers.push(number);
            }
        }
        let number = self.numbers.get(id).copied().flatten();
        for (row, record) in events.record.iter().enumerate() {
            let time_us = times_us.get(*record as usize).copied().unwrap_or_default();
            self.learner.event(number, time_us);
            if let (Some(at), Some(json)) = (number, events.rest_json.get(row)) {
                let learner = &mut self.learner;
                each_pair(json, |key, text| learner.value(at, key, text, time_us));
            }
        }
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
