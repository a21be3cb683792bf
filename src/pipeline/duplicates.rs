//! Duplicate events: the same event id twice in a run (X501 with the same payload, X502 with another).
//!
//! Runs where batches are in order again, so that "first" does not depend on the number of threads.

use std::collections::HashMap;
use std::sync::Arc;

use crate::model::routing::{Routing, Surprise};
use crate::model::{Batch, Cause, CauseId, Causes, Code, Counters, EventTypes, Severity, Verdict};
use crate::pipeline::judging::NO_ID_HASH;

/// Hashes already, so hashing them again would be waste.
#[derive(Debug, Default, Clone, Copy)]
struct AsIs(u64);

impl std::hash::Hasher for AsIs {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

type ByHash<V> = HashMap<u64, V, std::hash::BuildHasherDefault<AsIs>>;

/// Many small maps instead of a large one: each grows by itself, in the processor's cache, and never is the whole
/// there twice.
const SHARDS: usize = 64;

/// Ids of one shard that fill a generation: as many as a map of 65,536 places takes before it grows.
const MOST_OF_SHARD: usize = 57_344;

/// Ids of a run that are surely remembered; a second generation of as many may be.
pub(super) const REMEMBERED: usize = SHARDS * MOST_OF_SHARD;

/// Two generations of ids: when the younger is full it becomes the older, and the older is forgotten. So the newest
/// ids are known in bounded memory (two maps of 65,536 places, 142 MB in all shards), and which are forgotten follows
/// from the input alone.
#[derive(Debug, Default, Clone)]
struct Shard {
    younger: ByHash<u64>,
    older: ByHash<u64>,
    forgot: bool,
}

impl Shard {
    /// Adds an id; gives the payload that it came with before, if that is remembered.
    fn add(&mut self, id: u64, payload: u64, most: usize) -> Option<u64> {
        let earlier = self.younger.get(&id).or_else(|| self.older.get(&id));
        let earlier = earlier.copied();
        // What comes again is remembered anew, with its first payload.
        self.younger.entry(id).or_insert(earlier.unwrap_or(payload));
        if self.younger.len() >= most {
            self.forgot |= !self.older.is_empty();
            self.older = std::mem::take(&mut self.younger);
        }
        earlier
    }
}

/// The event ids of the run so far, as hashes: 16 bytes an event, up to twice [`REMEMBERED`]. Two different ids fall
/// together once in some 10^7 runs of a million events.
#[derive(Debug)]
pub(super) struct Duplicates {
    policy: Surprise,
    seen: Vec<Shard>,
    causes: Arc<Causes>,
    types: Arc<EventTypes>,
    severity: [Severity; 2],
    known: HashMap<(u16, Code), CauseId>,
}

struct Found {
    record: u32,
    cause: CauseId,
    severity: Severity,
    leave_out: bool,
}

impl Duplicates {
    pub fn new(routing: &Routing, causes: Arc<Causes>, types: Arc<EventTypes>) -> Self {
        let severity =
            |code: Code| match (routing.severity.get(&code), routing.policy.duplicate_event) {
                (Some(severity), _) => *severity,
                (None, Surprise::Quarantine) => Severity::Error,
                (None, _) => code.default_severity(),
            };
        Self {
            policy: routing.policy.duplicate_event,
            seen: vec![Shard::default(); SHARDS],
            causes,
            types,
            severity: [severity(Code::X501), severity(Code::X502)],
            known: HashMap::new(),
        }
    }

    /// Adds an X501 or X502 to every event whose id was seen before, and leaves it out where the policy says so.
    pub fn mark(&mut self, batch: &mut Batch) {
        if self.policy == Surprise::Allow {
            return;
        }
        let mut found = Vec::new();
        for events in &batch.events {
            for (row, (id, payload)) in events.id_hash.iter().zip(&events.payload_hash).enumerate()
            {
                if *id == NO_ID_HASH {
                    continue;
                }
                // The map itself looks at the lowest and the highest bits.
                let shard = (*id >> 32) as usize % SHARDS;
                if let Some(earlier) = self.seen[shard].add(*id, *payload, MOST_OF_SHARD) {
                    let code = if earlier == *payload {
                        Code::X501
                    } else {
                        Code::X502
                    };
                    found.push((events.event_type.0, events.record[row], code));
                }
            }
        }
        if found.is_empty() {
            return;
        }
        found.sort_by_key(|f| f.1);
        let found: Vec<_> = found
            .into_iter()
            .map(|(event, record, code)| self.found(event, record, code))
            .collect();
        for duplicate in &found {
            count(batch, duplicate);
        }
        merge(batch, &found);
    }

    /// A sentence once ids had to be forgotten.
    pub fn warning(&self) -> Option<String> {
        self.seen.iter().any(|shard| shard.forgot).then(|| {
            format!(
                "more event ids than are remembered: duplicates (X501, X502) more than some {REMEMBERED} events apart may be missing"
            )
        })
    }

    fn found(&mut self, event: u16, record: u32, code: Code) -> Found {
        let severity = self.severity[usize::from(code == Code::X502)];
        let cause = *self.known.entry((event, code)).or_insert_with(|| {
            let types = self.types.list();
            let (name, version) = types.get(event as usize).map_or_else(
                || (Arc::from(""), Arc::from("")),
                |t| (t.name.clone(), t.version.clone()),
            );
            self.causes.intern(&Cause {
                code,
                severity,
                event: name,
                version,
                path: "".into(),
                keyword: "",
                expected: "an event id used once".into(),
            })
        });
        Found {
            record,
            cause,
            severity,
            leave_out: self.policy == Surprise::Quarantine,
        }
    }
}

fn count(batch: &mut Batch, duplicate: &Found) {
    let row = duplicate.record as usize;
    let object = batch.records.object[row];
    let Some(counters) = batch
        .objects
        .iter_mut()
        .find(|o| o.object.0 == object)
        .map(|o| &mut o.counters)
    else {
        return;
    };
    match duplicate.severity {
        Severity::Error => counters.errors += 1,
        Severity::Warn => counters.warnings += 1,
        Severity::Info => counters.infos += 1,
    }
    let verdict = &mut batch.records.verdict[row];
    let from = Verdict::from_byte(*verdict);
    let to = match (duplicate.leave_out, duplicate.severity) {
        (true, _) => Verdict::Duplicate,
        (false, Severity::Error) => Verdict::Failed,
        _ => from,
    };
    *place(counters, from) -= 1;
    *place(counters, to) += 1;
    *verdict = to as u8;
}

fn place(counters: &mut Counters, verdict: Verdict) -> &mut u64 {
    match verdict {
        Verdict::NotEvent => &mut counters.not_events,
        Verdict::Good => &mut counters.good,
        Verdict::Failed => &mut counters.failed,
        Verdict::Duplicate => &mut counters.duplicates,
    }
}

/// Puts the new failures among the old ones, in the order of their records.
fn merge(batch: &mut Batch, found: &[Found]) {
    let old = std::mem::take(&mut batch.failures);
    let mut next = found.iter().peekable();
    let out = &mut batch.failures;
    for row in 0..old.len() {
        while let Some(duplicate) = next.next_if(|d| d.record < old.record[row]) {
            out.push(duplicate.record, duplicate.cause, None);
        }
        out.push(old.record[row], old.cause[row], old.value(row));
    }
    for duplicate in next {
        out.push(duplicate.record, duplicate.cause, None);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_ids_are_remembered_in_bounded_memory() {
        let mut shard = Shard::default();
        for id in 0..1_000 {
            assert_eq!(shard.add(id, id * 2, 10), None);
            assert!(shard.younger.len() + shard.older.len() <= 20);
            // Whatever the generation, the last ten are known with their payload.
            for near in id.saturating_sub(9)..=id {
                let known = shard.younger.get(&near).or_else(|| shard.older.get(&near));
                assert_eq!(known, Some(&(near * 2)), "{near} after {id}");
            }
        }
        assert!(shard.forgot);
        assert_eq!(shard.add(0, 7, 10), None, "forgotten, so taken for new");
        assert_eq!(shard.add(0, 8, 10), Some(7));
        // What keeps coming stays known however many come between.
        for id in 2_000..3_000 {
            shard.add(id, 0, 10);
            assert_eq!(shard.add(0, 9, 10), Some(7), "{id}");
        }
        let mut few = Shard::default();
        (0..10).for_each(|id| assert_eq!(few.add(id, 0, 10), None));
        assert!(!few.forgot);
    }
}
