//! Windows that are not complete, kept over the end of a process: a run that is resumed counts on.

use serde::{Deserialize, Serialize};

use super::{WindowCounts, Windows};

#[derive(Serialize, Deserialize)]
struct Memo {
    /// Length of the windows in seconds: of another length nothing can be taken over.
    seconds: u32,
    span_us: Option<(i64, i64)>,
    open: Option<i64>,
    given_up: WindowCounts,
    /// Number of the window, name, counts.
    counts: Vec<(i64, String, WindowCounts)>,
}

impl Windows {
    /// What [`Windows::recall`] needs: the windows that are not complete, and the sum of all others.
    pub fn memo(&self) -> Option<serde_json::Value> {
        let mut memo = Memo {
            seconds: self.spec.seconds,
            span_us: self.span_us,
            open: self.open,
            given_up: self.given_up.clone(),
            counts: vec![],
        };
        for ((number, group), place) in &self.places {
            let counts = &self.counts[*place as usize];
            if self.open.is_some_and(|open| *number < open) {
                memo.given_up.add(counts);
            } else {
                let name = self.names[usize::from(*group)].to_string();
                memo.counts.push((*number, name, counts.clone()));
            }
        }
        serde_json::to_value(memo).ok()
    }

    /// Goes on where an earlier run ended; starts anew where that had windows of another length.
    pub fn recall(&mut self, memo: serde_json::Value) {
        let Ok(memo) = serde_json::from_value::<Memo>(memo) else {
            return;
        };
        if memo.seconds != self.spec.seconds {
            return;
        }
        (self.span_us, self.open) = (memo.span_us, memo.open);
        self.given_up = memo.given_up;
        if let Some(open) = memo.open {
            self.given_up_before = open;
        }
        for (number, name, counts) in memo.counts {
            let known = self.names.iter().position(|n| **n == *name);
            let group = known.unwrap_or_else(|| {
                self.names.push(name.into());
                self.last.push(None);
                self.names.len() - 1
            });
            let place = self.place(number, group as u16);
            self.counts[place as usize] = counts;
        }
    }
}
