//! Query keys as small numbers.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::model::Properties;
use crate::model::lanes::Mark;

/// The number of a key that the table does not hold.
pub const UNKNOWN_KEY: u16 = u16::MAX;

/// Every key that a contract names, with a number each; one a thread, because it learns.
///
/// Trackers send their keys in the same order again and again, so the table remembers which key followed which and
/// compares with that one before it hashes.
#[derive(Debug, Clone, Default)]
pub struct KeyTable {
    keys: Vec<Key>,
    ids: HashMap<Box<str>, u16, FixedState>,
    /// By the number of the key before, plus one (0: none): the key that followed last time.
    followers: Vec<u16>,
}

#[derive(Debug, Clone)]
struct Key {
    mark: Mark,
    text: Box<str>,
}

impl Key {
    #[inline]
    fn is(&self, mark: Mark, text: impl FnOnce() -> bool) -> bool {
        self.mark == mark && (mark.is_all() || text())
    }
}

impl KeyTable {
    /// The number of a key, new or known. Past 65,534 keys the answer is [`UNKNOWN_KEY`].
    pub fn intern(&mut self, key: &str) -> u16 {
        if let Some(id) = self.ids.get(key) {
            return *id;
        }
        let id = u16::try_from(self.keys.len()).unwrap_or(UNKNOWN_KEY);
        if id != UNKNOWN_KEY {
            self.keys.push(Key {
                mark: Mark::of(key.as_bytes(), 0, key.len()),
                text: key.into(),
            });
            self.ids.insert(key.into(), id);
            self.followers.resize(self.keys.len() + 1, 0);
        }
        id
    }

    /// Keys in the table.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// True when the table holds no key.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// Writes the number of every property's key to `out` (cleared first), in the order of the query.
    pub fn resolve(&mut self, properties: &Properties<'_>, out: &mut Vec<u16>) {
        out.clear();
        self.resolve_more(properties, out);
    }

    /// The same for the properties that `out` has no number of yet.
    pub fn resolve_more(&mut self, properties: &Properties<'_>, out: &mut Vec<u16>) {
        let mut before = 0;
        for i in out.len()..properties.len() {
            let id = self.find_after(before, properties, i);
            out.push(id);
            if id != UNKNOWN_KEY {
                before = usize::from(id) + 1;
            }
        }
    }

    #[inline]
    fn find_after(&mut self, before: usize, properties: &Properties<'_>, i: usize) -> u16 {
        let guess = self.followers.get(before).copied().unwrap_or(UNKNOWN_KEY);
        if let Some(key) = self.keys.get(usize::from(guess))
            && key.is(properties.key_mark(i), || *key.text == *properties.key(i))
        {
            return guess;
        }
        let key = properties.key(i);
        let Some(&id) = self.ids.get(key) else {
            return UNKNOWN_KEY;
        };
        if let Some(follower) = self.followers.get_mut(before) {
            *follower = id;
        }
        id
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::split_query;
    use crate::model::PropertyScratch;

    #[test]
    fn order_of_keys_never_changes_the_answer() {
        let mut table = KeyTable::default();
        let ids: Vec<u16> = ["e", "id", "value"]
            .iter()
            .map(|k| table.intern(k))
            .collect();
        let mut scratch = PropertyScratch::default();
        let mut out = vec![];
        for query in [
            "e=1&id=2&value=3",
            "value=3&x=1&id=2&e=1",
            "e=1&id=2&value=3",
            "e=1&e=2",
        ] {
            split_query(query, &mut scratch);
            let properties = scratch.view(query);
            table.resolve(&properties, &mut out);
            let expected: Vec<u16> = (0..properties.len())
                .map(|i| match properties.key(i) {
                    "e" => ids[0],
                    "id" => ids[1],
                    "value" => ids[2],
                    _ => UNKNOWN_KEY,
                })
                .collect();
            assert_eq!(out, expected, "{query}");
        }
    }
}
