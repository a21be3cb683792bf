//! How often a request is tried, and how long is waited in between.

use std::time::Duration;

use super::errors::Trouble;

/// Tries of one request, the first included.
pub const MOST: u32 = 6;
/// The wait before the second try; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// A server that asks to slow down is given this many times as long.
const BUSY: u32 = 4;
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// The tries of one request.
#[derive(Debug)]
pub struct Attempts {
    made: u32,
    renewed: bool,
}

impl Attempts {
    /// The first try is under way.
    pub const fn first() -> Self {
        Self {
            made: 1,
            renewed: false,
        }
    }

    /// Tries so far.
    pub const fn made(&self) -> u32 {
        self.made
    }

    /// Bytes came: what counts is tries in a row that bring nothing.
    pub const fn progressed(&mut self) {
        self.made = 1;
    }

    /// True once: expired credentials are read again one time.
    pub const fn renews(&mut self) -> bool {
        !std::mem::replace(&mut self.renewed, true)
    }

    /// After a failed request: waits and says true if it is worth trying once more.
    pub async fn again(&mut self, trouble: &Trouble) -> bool {
        trouble.passes() && self.wait(trouble.is_busy()).await
    }

    /// After a content that broke off: waits and says true if there is a try left.
    pub async fn wait(&mut self, busy: bool) -> bool {
        if self.made >= MOST {
            return false;
        }
        tokio::time::sleep(delay(self.made, busy, fastrand::f64())).await;
        self.made += 1;
        true
    }
}

/// The wait after so many tries. `chance` (0 to 1) spreads requests that failed together.
fn delay(made: u32, busy: bool, chance: f64) -> Duration {
    let whole =
        FIRST_WAIT * (1 << made.clamp(1, 16).saturating_sub(1)) * if busy { BUSY } else { 1 };
    whole.min(LONGEST_WAIT).mul_f64(0.5 + 0.5 * chance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_a_bound_and_are_spread() {
        let millis = |made, busy, chance| delay(made, busy, chance).as_millis();
        assert_eq!([1, 2, 3].map(|n| millis(n, false, 1.0)), [100, 200, 400]);
        assert_eq!(millis(1, false, 0.0), 50);
        assert_eq!(millis(1, true, 1.0), 400);
        assert_eq!(millis(40, true, 1.0), 5_000);
        let total: u128 = (1..MOST).map(|n| millis(n, true, 1.0)).sum();
        assert!(total < 15_000, "{total}");
    }
}
