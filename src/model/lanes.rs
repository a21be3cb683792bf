//! Eight bytes at a time in plain arithmetic: for texts so short between two finds that setting up a vector search
//! costs more than the search.

const LOW_BITS: u64 = 0x7f7f_7f7f_7f7f_7f7f;

/// A byte in each of the eight lanes.
#[inline]
pub const fn lanes(byte: u8) -> u64 {
    0x0101_0101_0101_0101 * byte as u64
}

/// Every lane's high bit, exactly where the lane is *not* zero (no carry leaves a lane); the other bits mean nothing.
///
/// Several of these may be combined by `&` before [`finds`] turns them into positions.
#[inline]
pub const fn misses(x: u64) -> u64 {
    ((x & LOW_BITS) + LOW_BITS) | x
}

/// The high bits of the lanes that some [`misses`] did not miss, to be walked with [`position`] and `hits &= hits - 1`.
#[inline]
pub const fn finds(misses: u64) -> u64 {
    !(misses | LOW_BITS)
}

/// Index of the first lane found, 0 to 7.
#[inline]
pub const fn position(hits: u64) -> usize {
    (hits.trailing_zeros() / 8) as usize
}

/// Eight bytes as a number whose lowest lane is the first byte.
#[inline]
pub fn word(bytes: &[u8]) -> u64 {
    bytes
        .first_chunk::<8>()
        .map_or(0, |b| u64::from_le_bytes(*b))
}

/// Calls `found` with the position of every `byte` in `text`, in order.
#[inline]
pub fn each(text: &[u8], byte: u8, mut found: impl FnMut(usize)) {
    let wanted = lanes(byte);
    let mut words = text.chunks_exact(8);
    let mut at = 0;
    for eight in &mut words {
        let mut hits = finds(misses(word(eight) ^ wanted));
        while hits != 0 {
            found(at + position(hits));
            hits &= hits - 1;
        }
        at += 8;
    }
    for (i, b) in words.remainder().iter().enumerate() {
        if *b == byte {
            found(at + i);
        }
    }
}

/// One bit for each byte that `wanted` picks, the first byte lowest. Written for the compiler, which compares sixteen
/// bytes at once where `wanted` is made of comparisons.
#[inline]
pub fn mask(block: &[u8; 64], wanted: impl Fn(u8) -> bool) -> u64 {
    let mut weights = [0; 64];
    for (i, weight) in weights.iter_mut().enumerate() {
        *weight = if wanted(block[i]) { 1 << (i % 8) } else { 0 };
    }
    let mut mask = 0;
    for (i, eight) in weights.as_chunks::<8>().0.iter().enumerate() {
        // No weight comes twice in eight bytes, so their sum, in the highest lane, is their union.
        mask |= (u64::from_le_bytes(*eight).wrapping_mul(lanes(1)) >> 56) << (8 * i);
    }
    mask
}

/// Length, first and last eight bytes of a text: with up to 16 bytes, that is the text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    len: u32,
    first: u64,
    /// Nothing in a text of less than eight bytes.
    last: u64,
}

/// A text of less than eight bytes as a number, without a loop: its parts overlap where they hold the same.
#[inline]
fn short(text: &[u8]) -> u64 {
    let len = text.len();
    if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let last = u64::from(u32::from_le_bytes(*last));
        return u64::from(u32::from_le_bytes(*first)) | last << (8 * (len - 4));
    }
    let byte = |at: usize| text.get(at).map_or(0, |b| u64::from(*b) << (8 * at));
    byte(0) | byte(len / 2) | byte(len.saturating_sub(1))
}

impl Mark {
    /// Of a whole text.
    #[inline]
    pub fn of_text(text: &str) -> Self {
        Self::of(text.as_bytes(), 0, text.len())
    }

    /// Of `start..end` in `text`. Reads past `end` where `text` goes on, which is one load instead of a loop.
    #[inline]
    pub fn of(text: &[u8], start: usize, end: usize) -> Self {
        let len = end - start;
        let last = match text.get(end.wrapping_sub(8)..end) {
            Some(last) if len >= 8 => word(last),
            _ => 0,
        };
        Self {
            len: len as u32,
            first: beginning(text, start, end),
            last,
        }
    }

    /// A number below 64 for a pair of marks.
    #[inline]
    pub const fn place(&self, other: &Self) -> usize {
        let mixed = self.first ^ self.last.rotate_left(23) ^ other.first.rotate_left(41);
        (mixed ^ self.len as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize >> 58
    }

    /// True where two texts with this mark are the same text.
    #[inline]
    pub const fn is_all(&self) -> bool {
        self.len <= 16
    }
}

/// The first eight bytes of `start..end` in `text`, or all there are. Reads past `end` where `text` goes on, which is
/// one load instead of a loop.
#[inline]
pub fn beginning(text: &[u8], start: usize, end: usize) -> u64 {
    let len = end - start;
    match text.get(start..).and_then(|t| t.first_chunk::<8>()) {
        Some(chunk) if len >= 8 => u64::from_le_bytes(*chunk),
        Some(chunk) => u64::from_le_bytes(*chunk) & ((1 << (8 * len)) - 1),
        None => short(&text[start..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_has_a_bit_for_each_byte_that_is_wanted() {
        for i in 0..64 {
            let mut block = [b'x'; 64];
            block[i] = b'%';
            block[(i * 7 + 3) % 64] = b'+';
            block[(i * 5 + 9) % 64] = 0xA5;
            let wanted = |b| b == b'%' || b == b'+';
            let slow = (0..64).fold(0, |m, at| m | u64::from(wanted(block[at])) << at);
            assert_eq!(mask(&block, wanted), slow, "{i}");
        }
        assert_eq!(mask(&[b'&'; 64], |b| b == b'&'), u64::MAX);
    }

    #[test]
    fn a_mark_is_the_same_wherever_its_text_stands() {
        for len in 0..20 {
            let text = &b"abcdefghijklmnopqrst"[..len];
            let alone = Mark::of(text, 0, len);
            let among = [b"xyz".as_slice(), text, b"=0123456789"].concat();
            assert_eq!(Mark::of(&among, 3, 3 + len), alone, "{len}");
            let at_end = [b"xyz".as_slice(), text].concat();
            assert_eq!(Mark::of(&at_end, 3, 3 + len), alone, "{len}");
            for i in 0..len.min(16) {
                let mut other = text.to_vec();
                other[i] ^= 1;
                assert!(Mark::of(&other, 0, len) != alone || len > 16, "{len} {i}");
            }
        }
    }
}
