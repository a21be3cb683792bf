//! Query keys as small numbers.

use std::collections::HashMap;

use foldhash::fast::FixedState;

use crate::model::Properties;
use crate::model::lanes::beginning;

/// The number of a key that the table does not hold.
pub const UNKNOWN_KEY: u16 = u16::MAX;

/// Every key that a contract names, with a number each.
///
/// A key is found by its length and its first eight bytes in a table of places, nearly always its own; only keys that
/// share a place are hashed.
#[derive(Debug, Clone)]
pub struct KeyTable {
    keys: Vec<Key>,
    ids: HashMap<Box<str>, u16, FixedState>,
    /// The number of the only key with that place, or [`UNKNOWN_KEY`], or [`SEVERAL`].
    places: Box<[u16; PLACES]>,
}

#[derive(Debug, Clone)]
struct Key {
    text: Box<str>,
    beginning: u64,
}

/// Several keys share a place.
const SEVERAL: u16 = UNKNOWN_KEY - 1;
const PLACES: usize = 1024;

#[inline]
const fn place(len: usize, beginning: u64) -> usize {
    let mixed = (beginning ^ (len as u64) << 56).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed as usize >> (usize::BITS - PLACES.trailing_zeros())
}

impl Default for KeyTable {
    fn default() -> Self {
        Self {
            keys: vec![],
            ids: HashMap::default(),
            places: Box::new([UNKNOWN_KEY; PLACES]),
        }
    }
}

impl KeyTable {
    /// The number of a key, new or known. Past 65,533 keys the answer is [`UNKNOWN_KEY`].
    pub fn intern(&mut self, key: &str) -> u16 {
        if let Some(id) = self.ids.get(key) {
            return *id;
        }
        let id = match u16::try_from(self.keys.len()) {
            Ok(id) if id < SEVERAL => id,
            _ => return UNKNOWN_KEY,
        };
        let beginning = beginning(key.as_bytes(), 0, key.len());
        let place = &mut self.places[place(key.len(), beginning)];
        *place = if *place == UNKNOWN_KEY { id } else { SEVERAL };
        self.keys.push(Key {
            text: key.into(),
            beginning,
        });
        self.ids.insert(key.into(), id);
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
    pub fn resolve(&self, properties: &Properties<'_>, out: &mut Vec<u16>) {
        out.clear();
        self.resolve_more(properties, out);
    }

    /// The same for the properties that `out` has no number of yet.
    pub fn resolve_more(&self, properties: &Properties<'_>, out: &mut Vec<u16>) {
        out.extend((out.len()..properties.len()).map(|i| self.find(properties, i)));
    }

    #[inline]
    fn find(&self, properties: &Properties<'_>, i: usize) -> u16 {
        let (len, beginning) = properties.key_beginning(i);
        let id = self.places[place(len, beginning)];
        if id == SEVERAL {
            let id = self.ids.get(properties.key(i));
            return id.copied().unwrap_or(UNKNOWN_KEY);
        }
        let is = |key: &Key| {
            key.beginning == beginning
                && key.text.len() == len
                && (len <= 8 || *key.text == *properties.key(i))
        };
        match self.keys.get(usize::from(id)) {
            Some(key) if is(key) => id,
            _ => UNKNOWN_KEY,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::split_query;
    use crate::model::PropertyScratch;

    /// More keys than places, many of them alike at their start; and keys that are not in the table.
    #[test]
    fn every_key_has_its_own_number() {
        let mut table = KeyTable::default();
        let key = |i: usize| match i % 3 {
            0 => format!("k{i}"),
            1 => format!("properties_{i}"),
            _ => format!("{i}"),
        };
        let ids: Vec<u16> = (0..3_000).map(|i| table.intern(&key(i))).collect();
        let (mut scratch, mut out) = (PropertyScratch::default(), vec![]);
        for i in 0..3_500 {
            let query = format!("{}=1&%2541{0}=2", key(i));
            split_query(&query, &mut scratch);
            table.resolve(&scratch.view(&query), &mut out);
            let wanted = ids.get(i).copied().unwrap_or(UNKNOWN_KEY);
            assert_eq!(out, [wanted, UNKNOWN_KEY], "{query}");
        }
    }

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
