//! Random numbers that depend on the seed and on what they are for, never on the order of the work.

use fastrand::Rng;

/// What a stream of random numbers is for. Two streams never share numbers.
#[derive(Debug, Clone, Copy)]
#[repr(u64)]
pub enum Stream {
    /// Sizes, names and times of the objects.
    Plan = 1,
    /// The rows of one object.
    Object,
    /// The traits of one viewer.
    Viewer,
    /// One visit of a viewer.
    Session,
    /// An event that is logged twice, the first time.
    Original,
    /// The same when its second time brings another payload.
    Conflict,
    /// Pages and user agents.
    Catalogue,
}

/// One step of splitmix64: neighbouring inputs give unrelated outputs.
///
/// # Source
/// Sebastiano Vigna, <https://prng.di.unimi.it/splitmix64.c>.
const fn mix(value: u64) -> u64 {
    let z = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// The numbers of item `index` of a stream.
pub fn rng(seed: u64, stream: Stream, index: u64) -> Rng {
    Rng::with_seed(mix(mix(mix(seed) ^ stream as u64) ^ index))
}

/// An item of a list, every one as likely. The list is never empty here; an empty one gives its default.
pub fn pick<T: Copy + Default>(rng: &mut Rng, list: &[T]) -> T {
    if list.is_empty() {
        T::default()
    } else {
        list[rng.usize(..list.len())]
    }
}

/// An index below `len`, low ones far more likely: few pages, viewers and browsers make most of the traffic.
pub fn skewed(rng: &mut Rng, len: usize) -> usize {
    let share = rng.f64();
    ((share * share * len as f64) as usize).min(len.saturating_sub(1))
}

/// True in `pct` of 100 cases.
pub fn chance(rng: &mut Rng, pct: u32) -> bool {
    rng.u32(..100) < pct
}
