//! Credentials of the SDK's own chain, kept until they expire, and asked for anew when S3 says that they have.
//!
//! The SDK keeps credentials too, but trusts their expiry alone: those of a profile file have none, and those of a
//! process may be taken back earlier. So its cache is off and this one stands in front of the chain.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use aws_config::SdkConfig;
use aws_credential_types::provider::{ProvideCredentials, Result, error::CredentialsError, future};
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, SharedCredentialsProvider, SharedHttpClient,
};
use tokio::sync::Mutex;

/// Credentials that expire sooner are asked for anew: a request with them must still arrive.
const SPARE: Duration = Duration::from_secs(10);
/// The longest wait for a process, a token service or an instance to give credentials.
const LIMIT: Duration = Duration::from_secs(30);

/// Where credentials come from.
#[derive(Debug)]
pub struct Chain {
    /// Named profile; else what the environment says.
    pub profile: Option<String>,
    /// Region of the token services.
    pub region: Option<Region>,
    /// Their HTTP client.
    pub http: SharedHttpClient,
}

/// Credentials in use.
#[derive(Debug)]
pub struct Kept {
    chain: Chain,
    state: Mutex<State>,
    /// How many times they were given up.
    generation: AtomicU64,
}

#[derive(Debug, Default)]
struct State {
    /// Reads files once, so it is built anew to read them again.
    provider: Option<SharedCredentialsProvider>,
    credentials: Option<Credentials>,
}

impl Kept {
    /// None yet.
    pub fn new(chain: Chain) -> Self {
        Self {
            chain,
            state: Mutex::default(),
            generation: AtomicU64::new(0),
        }
    }

    /// Which credentials these are; to be asked before a request, for [`Kept::give_up`] after it.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::SeqCst)
    }

    /// S3 no longer takes the credentials of this generation: the next request reads everything again. Of many requests
    /// that failed together only the first does it.
    pub async fn give_up(&self, generation: u64) {
        let mut state = self.state.lock().await;
        if self.generation() == generation {
            self.generation.fetch_add(1, Ordering::SeqCst);
            *state = State::default();
        }
    }

    async fn current(&self) -> Result {
        let mut state = self.state.lock().await;
        if let Some(kept) = state.credentials.as_ref().filter(|c| is_good(c)) {
            return Ok(kept.clone());
        }
        let provider = match &state.provider {
            Some(provider) => provider.clone(),
            None => self.build().await?,
        };
        let fresh = tokio::time::timeout(LIMIT, provider.provide_credentials())
            .await
            .map_err(|_| CredentialsError::provider_timed_out(LIMIT))??;
        state.provider = Some(provider);
        state.credentials = Some(fresh.clone());
        Ok(fresh)
    }

    async fn build(&self) -> std::result::Result<SharedCredentialsProvider, CredentialsError> {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .http_client(self.chain.http.clone())
            .region(self.chain.region.clone());
        if let Some(name) = &self.chain.profile {
            loader = loader.profile_name(name);
        }
        let config: SdkConfig = loader.load().await;
        config
            .credentials_provider()
            .ok_or_else(|| CredentialsError::not_loaded("the chain of credentials is empty"))
    }
}

fn is_good(credentials: &Credentials) -> bool {
    credentials
        .expiry()
        .is_none_or(|at| at > SystemTime::now() + SPARE)
}

impl ProvideCredentials for Kept {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.current())
    }
}
