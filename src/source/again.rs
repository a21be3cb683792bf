//! Reading objects once more that could not be read: a permission was given, a network came back.
//!
//! A run that is asked so ([`super::start_and_stay`]) remembers what it listed, and stays when all is delivered.

use std::time::Duration;

use crate::model::Code;

use super::listing::{Found, Place};
use super::outlet::Stop;
use super::run::Run;
use super::s3;
use super::{Again, Arrival};

/// The longest wait for cancellation.
const LOOK: Duration = Duration::from_millis(500);

impl Run {
    /// Waits for objects to be asked for again, until cancelled or nobody can ask any more.
    pub(super) fn stay(&mut self) -> Result<(), Stop> {
        let Some(again) = self.again.clone() else {
            return Ok(());
        };
        let mut is_told = false;
        loop {
            // What the objects hold is not all while streams are read.
            if !is_told && self.streams_over.is_cancelled() {
                self.outlet.send(Arrival::Complete)?;
                is_told = true;
            }
            match again.recv_timeout(LOOK) {
                Ok(asked) => {
                    self.read_again(asked)?;
                    is_told = false;
                }
                Err(crossbeam_channel::RecvTimeoutError::Disconnected) => return Ok(()),
                Err(crossbeam_channel::RecvTimeoutError::Timeout) => {
                    if self.outlet.cancel.is_cancelled() {
                        return Err(Stop::Ended);
                    }
                }
            }
        }
    }

    /// While following: reads again what was asked for meanwhile.
    pub(super) fn answer(&mut self) -> Result<(), Stop> {
        while let Some(asked) = self.again.as_ref().and_then(|again| again.try_recv().ok()) {
            self.read_again(asked)?;
        }
        Ok(())
    }

    fn read_again(&mut self, asked: Vec<Again>) -> Result<(), Stop> {
        let mut items = Vec::with_capacity(asked.len());
        for Again { index, partly } in asked {
            let Some(found) = self.found.get(&index).cloned() else {
                continue;
            };
            if let Some(remote) = &mut self.remote {
                remote.forget_failed(index);
            }
            let found = match self.newer(&found) {
                Some(newer) if partly => {
                    let message = format!(
                        "{} was overwritten after a part of it was read (run again to read its new content)",
                        newer.object.uri
                    );
                    self.outlet.send(Arrival::Unreadable {
                        index,
                        code: Code::S901,
                        message,
                    })?;
                    continue;
                }
                Some(newer) => {
                    self.found.insert(index, newer.clone());
                    let object = newer.object.clone();
                    self.outlet.send(Arrival::Relisted { index, object })?;
                    newer
                }
                None => found,
            };
            items.push((index, found));
        }
        self.hand_out(items)
    }

    /// The object as it is now, if it has changed since it was listed.
    fn newer(&self, found: &Found) -> Option<Found> {
        let object = match &found.place {
            Place::S3 => s3::look_again(&self.options.s3, &found.object)?,
            Place::File(path) => {
                let meta = std::fs::metadata(path).ok()?;
                return Some(super::local::file(path.clone(), &meta))
                    .filter(|now| now.object.etag != found.object.etag);
            }
            Place::Stdin | Place::Pipe(_) => return None,
        };
        (object.etag != found.object.etag).then(|| Found {
            object: object.into(),
            place: Place::S3,
        })
    }
}
