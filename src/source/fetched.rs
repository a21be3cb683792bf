//! `Fetched`: bytes in memory that count against the bound on bytes in flight.

use std::ops::Deref;

use tokio::sync::OwnedSemaphorePermit;

/// A whole object in memory. Dropping it gives its share of `bytes_in_flight` back, so that the next fetch may start.
pub struct Fetched {
    bytes: Vec<u8>,
    _share: Option<OwnedSemaphorePermit>,
}

impl Fetched {
    /// Bytes with the share they hold.
    pub(super) fn new(bytes: Vec<u8>, share: OwnedSemaphorePermit) -> Self {
        Self {
            bytes,
            _share: Some(share),
        }
    }
}

impl From<Vec<u8>> for Fetched {
    fn from(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            _share: None,
        }
    }
}

impl Deref for Fetched {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl AsRef<[u8]> for Fetched {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for Fetched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fetched({} bytes)", self.bytes.len())
    }
}
