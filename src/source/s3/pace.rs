//! How many requests run at a time: more while that brings more, half as many when the server asks to slow down.
//!
//! The law is the one that TCP shares lines by: a little more each round in which throughput grew, half at once on
//! throttling (S3's `SlowDown`, 503, 429). A round in which not all requests were under way says nothing about more of
//! them: then the reader or the bound on bytes in flight is what holds the run back.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Requests at a time when a run starts.
const START: usize = 16;
/// Never fewer, however often the server asks.
const FEWEST: usize = 2;
/// Never more. S3 takes 5,500 GETs a second for one prefix; at 20 ms each this is more than half of that.
pub const MOST: usize = 64;
/// More requests after a round that was better.
const STEP: usize = 4;
/// A round is better, or worse, from this part on.
const NOTABLE: f64 = 0.05;
/// After so many rounds on one level it is tried whether more would now be better.
const PATIENCE: u32 = 16;
/// The shortest round.
const ROUND: Duration = Duration::from_millis(100);
/// What a request counts for beside its bytes: for small objects requests are the work.
const REQUEST_BYTES: u64 = 32 << 10;

/// The law.
#[derive(Debug, Clone, PartialEq)]
pub struct Pace {
    limit: usize,
    /// Throughput of the last round; `None` where the next one has nothing to be compared with.
    rate: Option<f64>,
    /// Rounds on this level.
    flat: u32,
    /// Answers of requests that were under way at the last halving: what they say is known.
    deaf: usize,
}

impl Pace {
    /// Before the first round.
    pub const fn start() -> Self {
        Self {
            limit: START,
            rate: None,
            flat: 0,
            deaf: 0,
        }
    }

    /// Requests at a time.
    pub const fn limit(&self) -> usize {
        self.limit
    }

    /// A request ended.
    pub const fn answered(&mut self) {
        self.deaf = self.deaf.saturating_sub(1);
    }

    /// A round ended: bytes a second, and whether all requests were under way all the time.
    pub fn round(&mut self, rate: f64, full: bool) {
        let Some(before) = self.rate.replace(rate).filter(|_| full) else {
            return;
        };
        self.flat += 1;
        if rate > before * (1.0 + NOTABLE) || self.flat >= PATIENCE {
            self.flat = 0;
            self.limit = (self.limit + STEP).min(MOST);
        } else if rate < before * (1.0 - 4.0 * NOTABLE) {
            self.flat = 0;
            self.limit = self.limit.saturating_sub(STEP).max(FEWEST);
        }
    }

    /// The server is busy. Requests that were under way together say it together: it counts once.
    pub fn slow_down(&mut self) {
        if self.deaf > 0 {
            return;
        }
        self.deaf = self.limit;
        self.limit = (self.limit / 2).max(FEWEST);
        (self.flat, self.rate) = (0, None);
    }
}

/// Turns to make a request, as many at a time as the law says.
#[derive(Debug)]
pub struct Turns {
    free: Arc<Semaphore>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pace: Pace,
    /// Turns to take away as soon as they come back.
    owed: usize,
    began: Instant,
    bytes: u64,
    ended: usize,
    full: bool,
}

/// A turn; given back when dropped.
#[derive(Debug)]
pub struct Turn {
    turns: Arc<Turns>,
    permit: Option<OwnedSemaphorePermit>,
    /// What the request brought.
    pub bytes: u64,
}

impl Turns {
    /// All free.
    pub fn new() -> Arc<Self> {
        let pace = Pace::start();
        Arc::new(Self {
            free: Arc::new(Semaphore::new(pace.limit())),
            state: Mutex::new(State {
                pace,
                owed: 0,
                began: Instant::now(),
                bytes: 0,
                ended: 0,
                full: true,
            }),
        })
    }

    /// Waits for a turn; `None` never happens while this lives.
    pub async fn take(self: &Arc<Self>) -> Option<Turn> {
        let permit = self.free.clone().acquire_owned().await.ok()?;
        Some(Turn {
            turns: self.clone(),
            permit: Some(permit),
            bytes: 0,
        })
    }

    /// The server is busy.
    pub fn slow_down(&self) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.pace.limit();
        state.pace.slow_down();
        self.follow(&mut state, before);
    }

    fn give_back(&self, permit: OwnedSemaphorePermit, bytes: u64) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Somebody waits as long as none is free.
        state.full &= self.free.available_permits() == 0;
        state.bytes += bytes + REQUEST_BYTES;
        state.ended += 1;
        state.pace.answered();
        if state.owed > 0 {
            state.owed -= 1;
            permit.forget();
        } else {
            drop(permit);
        }
        let (took, before) = (state.began.elapsed(), state.pace.limit());
        if took < ROUND || state.ended < before {
            return;
        }
        let (rate, full) = (state.bytes as f64 / took.as_secs_f64(), state.full);
        state.pace.round(rate, full);
        (state.began, state.bytes, state.ended, state.full) = (Instant::now(), 0, 0, true);
        self.follow(&mut state, before);
    }

    /// Makes as many turns as the law now says.
    fn follow(&self, state: &mut State, before: usize) {
        let now = state.pace.limit();
        if now >= before {
            let more = now - before;
            let paid = more.min(state.owed);
            state.owed -= paid;
            self.free.add_permits(more - paid);
        } else {
            let less = before - now;
            state.owed += less - self.free.forget_permits(less);
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let Some(permit) = self.permit.take() {
            self.turns.give_back(permit, self.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_up_while_throughput_grows_and_halves_when_asked() {
        let mut pace = Pace::start();
        let mut rate = 1e6;
        pace.round(rate, true);
        for _ in 0..5 {
            rate *= 1.2;
            pace.round(rate, true);
        }
        assert_eq!(pace.limit(), START + 5 * STEP);
        for _ in 0..5 {
            pace.round(rate, true);
        }
        assert_eq!(pace.limit(), START + 5 * STEP, "no gain, no more requests");
        pace.round(rate * 2.0, false);
        assert_eq!(pace.limit(), START + 5 * STEP, "the reader was the bound");
        pace.round(rate * 0.5, true);
        assert_eq!(pace.limit(), START + 4 * STEP, "more was worse");
        pace.slow_down();
        let half = usize::midpoint(START, 4 * STEP);
        pace.slow_down();
        assert_eq!(pace.limit(), half, "what was under way counts once");
        for _ in 0..START + 4 * STEP {
            pace.answered();
        }
        pace.slow_down();
        assert_eq!(pace.limit(), half / 2);
        pace.round(rate, true);
        assert_eq!(
            pace.limit(),
            half / 2,
            "the round of the halving says nothing"
        );
        pace.round(rate * 1.1, true);
        assert_eq!(pace.limit(), half / 2 + STEP);
    }

    #[test]
    fn it_stays_within_its_bounds() {
        let mut pace = Pace::start();
        for i in 0..1000 {
            pace.round(f64::from(i + 1).exp2().min(1e300), true);
        }
        assert_eq!(pace.limit(), MOST);
        for _ in 0..1000 {
            pace.answered();
            pace.slow_down();
        }
        assert_eq!(pace.limit(), FEWEST);
    }

    #[tokio::test]
    async fn as_many_turns_as_the_law_says_are_out() {
        let turns = Turns::new();
        let mut out = Vec::new();
        for _ in 0..START {
            out.push(turns.take().await.unwrap());
        }
        turns.slow_down();
        // The next eight that come back are taken away.
        out.truncate(START / 2);
        assert_eq!(turns.free.available_permits(), 0);
        out.truncate(START / 2 - 1);
        assert_eq!(turns.free.available_permits(), 1);
    }
}
