//! The sink of `infer`: every property of every event goes into a [`Learner`], and the batch goes away.

use std::sync::Arc;

use crate::contract::infer::Learner;
use crate::contract::{Contract, EventSchema, WantedVersion};
use crate::error::Result;
use crate::model::pairs::each_pair;
use crate::model::{Batch, Causes, EventColumns, EventType, EventTypes, Sink, Words};

/// Learns from batches; see the module.
#[derive(Debug, Default)]
pub struct Learning {
    /// What was learned.
    pub learner: Learner,
    /// The contract whose schemas judge what is learned, too.
    contract: Option<Arc<Contract>>,
    types: Option<Arc<EventTypes>>,
    /// By event type id: its number, `None` past the learner's bound.
    numbers: Vec<Option<usize>>,
}

impl Learning {
    /// Learns beside the schemas of a contract.
    pub fn beside(contract: Arc<Contract>) -> Self {
        Self {
            contract: Some(contract),
            ..Self::default()
        }
    }

    /// The schema that judges a type, as judging finds it.
    fn schema(&self, it: &EventType) -> Option<Arc<EventSchema>> {
        let contract = self.contract.as_ref()?;
        let asked = match &*it.version {
            "" => &*contract.routing.version.default,
            version => version,
        };
        let at = contract.find(&it.name, WantedVersion::parse(asked)?)?;
        Some(Arc::new(contract.schemas[at].clone()))
    }

    fn events(&mut self, events: &EventColumns, times_us: &[i64]) {
        let id = usize::from(events.event_type.0);
        if id >= self.numbers.len() {
            let types = self.types.as_ref().map(|t| t.list()).unwrap_or_default();
            for it in types.iter().skip(self.numbers.len()) {
                let number = self.learner.event_type(&it.name, &it.version);
                if let (Some(at), Some(schema)) = (number, self.schema(it)) {
                    self.learner.declare(at, schema);
                }
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
