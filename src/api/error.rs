//! The one error that JavaScript sees.

use serde::Serialize;

/// `SpvError.code` of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "each is its code")]
pub enum ErrorCode {
    Aborted,
    Closed,
    BadInput,
    Unsupported,
    NoPeers,
    Bridge,
    Storage,
    Quota,
    WorkerCrashed,
    NotFound,
    Rejected,
    ProofInvalid,
    Disagreement,
}

/// `SpvError` of the contract, before it crosses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[error("{message}")]
pub struct ApiError {
    /// What kind of thing went wrong.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// What the error is about: an option's name, a height, a peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub details: Option<String>,
}

impl ApiError {
    /// An error of the given code. `no-peers`, `bridge`, `storage`, `quota`, `worker-crashed` and `disagreement` can
    /// pass by themselves and count as retryable.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        let retryable = matches!(
            code,
            ErrorCode::NoPeers
                | ErrorCode::Bridge
                | ErrorCode::Storage
                | ErrorCode::Quota
                | ErrorCode::WorkerCrashed
                | ErrorCode::Disagreement
        );
        Self { code, message: message.into(), retryable, details: None }
    }

    /// `bad-input` for the named option.
    pub fn bad_option(option: &str, message: impl Into<String>) -> Self {
        Self {
            details: Some(option.to_owned()),
            ..Self::new(ErrorCode::BadInput, format!("option `{option}`: {}", message.into()))
        }
    }
}

impl From<crate::store::StoreError> for ApiError {
    fn from(error: crate::store::StoreError) -> Self {
        let code = match error {
            crate::store::StoreError::Quota(_) => ErrorCode::Quota,
            _ => ErrorCode::Storage,
        };
        Self::new(code, error.to_string())
    }
}
