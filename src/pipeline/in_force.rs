//! The contract in force: one for all threads of a run, and another one from the moment on that it is edited.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use crate::contract::Contract;

/// What became of the contract on disk.
#[derive(Debug, Clone)]
pub enum Edition {
    /// It was edited, and can be read.
    Contract(Arc<Contract>),
    /// It cannot be read any more, and why; or, as it was, it can again (`None`).
    Broken(Option<String>),
}

/// The contract in force, and how often it was edited.
#[derive(Debug)]
pub struct ContractInForce {
    current: RwLock<(u64, Arc<Contract>)>,
    /// The same number, to be looked at without waiting.
    edition: AtomicU64,
}

impl ContractInForce {
    /// Begins with a contract.
    pub fn new(contract: Arc<Contract>) -> Self {
        Self {
            current: RwLock::new((0, contract)),
            edition: AtomicU64::new(0),
        }
    }

    /// How often it was edited.
    pub fn edition(&self) -> u64 {
        self.edition.load(Ordering::Acquire)
    }

    /// The contract, and which edition it is.
    pub fn now(&self) -> (u64, Arc<Contract>) {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// The contract.
    pub fn contract(&self) -> Arc<Contract> {
        self.now().1
    }

    /// Puts another one into force; gives its number.
    pub(super) fn put(&self, contract: Arc<Contract>) -> u64 {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        *current = (current.0 + 1, contract);
        self.edition.store(current.0, Ordering::Release);
        current.0
    }
}
