//! The sending end of a run's channel: waits while the reader is busy, and notices that it has gone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crossbeam_channel::{SendTimeoutError, Sender};
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};
use crate::model::LogObject;

use super::Arrival;

/// How long a blocked sender goes without looking at the token.
const LOOK: Duration = Duration::from_millis(100);

/// Why a run of sources ends before everything is delivered.
#[derive(Debug)]
pub enum Stop {
    /// Cancelled, or nobody listens any more.
    Ended,
    /// The world failed; the reader is told.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// The sending end.
#[derive(Clone)]
pub struct Outlet {
    /// To the pipeline.
    pub sender: Sender<Result<Arrival>>,
    /// Ends the run.
    pub cancel: CancellationToken,
    /// Objects listed so far, by every thread of the run.
    pub listed: Arc<Mutex<u32>>,
}

impl Outlet {
    /// Announces objects; gives the index of the first.
    pub fn list(&self, objects: Vec<Arc<LogObject>>) -> Result<u32, Stop> {
        // Held while sending: indices count in the order in which lists arrive.
        let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
        let first = *listed;
        *listed += objects.len() as u32;
        self.send(Arrival::Listed(objects))?;
        Ok(first)
    }

    /// Sends one arrival, as soon as there is room.
    pub fn send(&self, arrival: Arrival) -> Result<(), Stop> {
        self.push(Ok(arrival))
    }

    /// Sends one arrival or error, as soon as there is room.
    pub fn push(&self, mut message: Result<Arrival>) -> Result<(), Stop> {
        loop {
            if self.cancel.is_cancelled() {
                return Err(Stop::Ended);
            }
            match self.sender.send_timeout(message, LOOK) {
                Ok(()) => return Ok(()),
                Err(SendTimeoutError::Timeout(back)) => message = back,
                Err(SendTimeoutError::Disconnected(_)) => return Err(Stop::Ended),
            }
        }
    }
}
