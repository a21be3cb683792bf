//! The event ids of a run, as hashes, in little more room than they take, and in bounded memory.

use std::hint::black_box;

use crate::pipeline::judging::NO_ID_HASH;

/// Many small tables instead of a large one: each grows by itself, in the processor's cache, and never is the whole
/// there twice.
const SHARDS: usize = 64;
/// Slots of a shard before the first id.
const FIRST_SLOTS: usize = 16;
/// So many rows are looked up together.
const TOGETHER: usize = 64;

/// Ids of one shard that fill a generation: those that 78,895 slots (of 12 bytes) take before they grow.
const MOST_OF_SHARD: usize = 65_536;

/// Ids of a run that are surely remembered; up to twice as many may be, in 121 MB.
pub(in crate::pipeline) const REMEMBERED: usize = SHARDS * MOST_OF_SHARD;

/// Event ids with a part of what came under them: the newest [`REMEMBERED`], and up to as many before them.
#[derive(Debug)]
pub(super) struct Seen {
    shards: Vec<Shard>,
}

/// Two generations of ids: when the younger is full it becomes the older, and the older is forgotten. So memory is
/// bounded, and which ids are forgotten follows from the input alone.
#[derive(Debug, Clone, Default)]
struct Shard {
    younger: Table,
    older: Table,
    forgot: bool,
}

impl Shard {
    #[inline]
    fn add(&mut self, id: u64, payload: u32, most: usize) -> Earlier {
        let earlier = match self.older.get(id) {
            None => self.younger.add(id, payload),
            Some(first) => {
                // What comes again is remembered anew, with its first payload.
                self.younger.add(id, first);
                if first == payload {
                    Earlier::Same
                } else {
                    Earlier::Other
                }
            }
        };
        if self.younger.taken >= most {
            self.forgot |= self.older.taken > 0;
            self.older = std::mem::take(&mut self.younger);
        }
        earlier
    }
}

/// Open addressing: an id stands in the first free slot from its own on.
#[derive(Debug, Clone, Default)]
struct Table {
    slots: Vec<Slot>,
    taken: usize,
}

/// Twelve bytes in parts of four: eight would be aligned to eight, and waste four.
#[derive(Debug, Clone, Copy, Default)]
struct Slot {
    /// The id's hash, low half first; both 0 ([`NO_ID_HASH`]) where the slot is free.
    id: [u32; 2],
    /// Half of the payload's hash: it only tells a copy from a conflict among equal ids.
    payload: u32,
}

/// What stands under an id that came before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    /// Nothing: the id is new.
    None,
    /// The same payload.
    Same,
    /// Another payload.
    Other,
}

impl Seen {
    pub fn new() -> Self {
        Self {
            shards: vec![Shard::default(); SHARDS],
        }
    }

    /// True once ids had to be forgotten.
    pub fn forgot(&self) -> bool {
        self.shards.iter().any(|shard| shard.forgot)
    }

    /// Adds ids with their payloads, in order, but for [`NO_ID_HASH`]; tells of each what came before.
    pub fn add(&mut self, ids: &[u64], payloads: &[u64], mut tell: impl FnMut(usize, Earlier)) {
        let chunks = ids.chunks(TOGETHER).zip(payloads.chunks(TOGETHER));
        for (i, (ids, payloads)) in chunks.enumerate() {
            // Each slot is a cache miss. Looked at one after the other, without a branch between, they are under way
            // together.
            for id in ids {
                black_box(self.shards[shard(*id)].younger.first(*id));
            }
            for (k, (id, payload)) in ids.iter().zip(payloads).enumerate() {
                if *id != NO_ID_HASH {
                    let earlier = self.shards[shard(*id)].add(*id, *payload as u32, MOST_OF_SHARD);
                    tell(TOGETHER * i + k, earlier);
                }
            }
        }
    }
}

/// By the lowest bits; the slot is by the highest.
const fn shard(id: u64) -> usize {
    id as usize % SHARDS
}

impl Table {
    /// The slot where the search for an id begins.
    #[inline]
    fn begin(&self, id: u64) -> usize {
        (((id >> 32) * self.slots.len() as u64) >> 32) as usize
    }

    /// The low half of what stands there.
    #[inline]
    fn first(&self, id: u64) -> u32 {
        self.slots.get(self.begin(id)).map_or(0, |slot| slot.id[0])
    }

    #[inline]
    fn add(&mut self, id: u64, payload: u32) -> Earlier {
        // Five sixths full: a search meets some ten slots then, two cache lines side by side.
        if self.taken * 6 >= self.slots.len() * 5 {
            self.grow();
        }
        let new = Slot {
            id: [id as u32, (id >> 32) as u32],
            payload,
        };
        let at = self.place(new.id);
        let slot = &mut self.slots[at];
        if slot.id == new.id {
            return if slot.payload == payload {
                Earlier::Same
            } else {
                Earlier::Other
            };
        }
        *slot = new;
        self.taken += 1;
        Earlier::None
    }

    /// What came with an id first; `None` where it is not there.
    #[inline]
    fn get(&self, id: u64) -> Option<u32> {
        if self.taken == 0 {
            return None;
        }
        let wanted = [id as u32, (id >> 32) as u32];
        let slot = self.slots[self.place(wanted)];
        (slot.id == wanted).then_some(slot.payload)
    }

    /// The slot of an id, or the free one that it may have. One slot at least is free.
    #[inline]
    fn place(&self, id: [u32; 2]) -> usize {
        let mut at = self.begin(u64::from(id[0]) | u64::from(id[1]) << 32);
        while self.slots[at].id != [0, 0] && self.slots[at].id != id {
            at += 1;
            if at == self.slots.len() {
                at = 0;
            }
        }
        at
    }

    /// Half as many slots again. The slots are in the order of their ids, so both tables are gone through from start to
    /// end.
    #[cold]
    fn grow(&mut self) {
        let slots = (self.slots.len() + self.slots.len() / 2).max(FIRST_SLOTS);
        let old = std::mem::replace(&mut self.slots, vec![Slot::default(); slots]);
        for slot in old.into_iter().filter(|slot| slot.id != [0, 0]) {
            let at = self.place(slot.id);
            self.slots[at] = slot;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    /// Beside a map, with ids that fall on the same and on the last slots, come again, and come with other payloads.
    #[test]
    fn knows_every_id_that_came_before() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut known: HashMap<u64, u32> = HashMap::new();
        let mut seen = Seen::new();
        let mut met = [0, 0, 0];
        for round in 0..40 {
            let ids: Vec<u64> = (0..2_000)
                .map(|i| match i % 5 {
                    0 => random.u64(..),
                    1 => random.u64(0..3_000),
                    2 => u64::MAX - random.u64(0..3_000),
                    3 => random.u64(0..64) << 32 | random.u64(0..32),
                    _ => 0,
                })
                .collect();
            let payloads: Vec<u64> = ids.iter().map(|_| random.u64(0..2)).collect();
            let mut told = 0;
            seen.add(&ids, &payloads, |row, earlier| {
                let (id, payload) = (ids[row], payloads[row] as u32);
                let wanted = match known.get(&id) {
                    None => Earlier::None,
                    Some(before) if *before == payload => Earlier::Same,
                    Some(_) => Earlier::Other,
                };
                assert_eq!(earlier, wanted, "{id} in round {round}");
                known.entry(id).or_insert(payload);
                met[wanted as usize] += 1;
                told += 1;
            });
            assert_eq!(told, ids.iter().filter(|id| **id != 0).count());
        }
        assert!(met.iter().all(|n| *n > 5_000), "{met:?}");
    }

    #[test]
    fn the_newest_ids_are_remembered_in_bounded_memory() {
        let mut shard = Shard::default();
        let known = |shard: &Shard, id| shard.younger.get(id).or_else(|| shard.older.get(id));
        // The hashes of real ids are spread; these are too, and never 0.
        let id = |n: u64| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        for n in 0..1_000 {
            assert_eq!(shard.add(id(n), n as u32 * 2, 10), Earlier::None);
            assert!(shard.younger.taken + shard.older.taken <= 20);
            // Whatever the generation, the last ten are known with their payload.
            for near in n.saturating_sub(9)..=n {
                assert_eq!(
                    known(&shard, id(near)),
                    Some(near as u32 * 2),
                    "{near} after {n}"
                );
            }
        }
        assert!(shard.forgot);
        assert_eq!(
            shard.add(id(0), 7, 10),
            Earlier::None,
            "forgotten, so taken for new"
        );
        assert_eq!(shard.add(id(0), 7, 10), Earlier::Same);
        assert_eq!(shard.add(id(0), 8, 10), Earlier::Other);
        // What keeps coming stays known however many come between.
        for n in 2_000..3_000 {
            shard.add(id(n), 0, 10);
            assert_eq!(shard.add(id(0), 7, 10), Earlier::Same, "{n}");
        }
        let mut few = Shard::default();
        (0..10).for_each(|n| assert_eq!(few.add(id(n), 0, 10), Earlier::None));
        assert!(!few.forgot);
    }
}
