//! The one error of the crate: a kind for programs, a sentence for people.
//!
//! A sentence says what was expected, what was found and what to do; it never carries a key, a query or a document.
//! The kinds are the `RerankErrorCode`s of `types.d.ts`; a test holds the two lists against each other.

use std::fmt;
use std::time::Duration;

/// A result with this crate's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

macro_rules! kinds {
    ($($variant:ident $code:literal $doc:literal),+ $(,)?) => {
        /// What went wrong, for programs. Append only: callers match on [`ErrorKind::code`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum ErrorKind { $(#[doc = $doc] $variant),+ }

        impl ErrorKind {
            /// Every kind, in the order of `types.d.ts`.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The kind with this code.
            pub fn of(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.code() == code)
            }

            /// The stable code JavaScript sees, in lower_snake.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }
        }
    };
}

kinds! {
    InvalidRequest "invalid_request" "An option or the request breaks a documented rule.",
    Unauthorized "unauthorized" "The service does not know these credentials.",
    Forbidden "forbidden" "The credentials are known and not allowed to do this.",
    NotFound "not_found" "No such address, model or file.",
    QuotaExhausted "quota_exhausted" "The account has nothing left to spend; waiting does not help.",
    RateLimited "rate_limited" "Too many requests for now; waiting helps.",
    TooLong "too_long" "A query or document is longer than the service reads.",
    ProviderUnavailable "provider_unavailable" "The service is down or overloaded.",
    Timeout "timeout" "No answer within the time allowed.",
    Aborted "aborted" "The caller's signal stopped the call.",
    Network "network" "No answer arrived at all.",
    BadResponse "bad_response" "An answer arrived that is not what the service documents.",
    BadModel "bad_model" "The model file cannot be run.",
    BadTokenizer "bad_tokenizer" "The tokenizer file cannot be read.",
    ChecksumMismatch "checksum_mismatch" "The bytes are not the ones that were asked for.",
    OutOfMemory "out_of_memory" "The model does not fit.",
    StorageFull "storage_full" "The cache has no room.",
    WasmUnavailable "wasm_unavailable" "WebAssembly could not be started here.",
    Unsupported "unsupported" "This build or runtime cannot do that.",
    Disposed "disposed" "The reranker was disposed of.",
    Internal "internal" "A fault of ours.",
}

/// The service's own error code: DMXAPI sends words, Qianfan numbers.
#[derive(Clone, Debug, PartialEq)]
pub enum ProviderCode {
    /// A number, as Qianfan's `error_code`.
    Number(f64),
    /// A word, as `error.code`.
    Word(String),
}

/// Why a call failed.
#[derive(Clone, Debug)]
pub struct Error {
    inner: Box<Inner>,
}

#[derive(Clone, Debug)]
struct Inner {
    kind: ErrorKind,
    message: String,
    status: Option<u16>,
    provider_code: Option<ProviderCode>,
    request_id: Option<String>,
    retryable: bool,
    retry_after: Option<Duration>,
    index: Option<usize>,
}

impl Error {
    /// An error of `kind` with its sentence: lower case, no full stop.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        let inner = Inner {
            kind,
            message: message.into(),
            status: None,
            provider_code: None,
            request_id: None,
            retryable: false,
            retry_after: None,
            index: None,
        };
        Self { inner: Box::new(inner) }
    }

    /// [`ErrorKind::InvalidRequest`]; the sentence begins with the field's name.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message)
    }

    /// [`ErrorKind::BadModel`].
    pub fn bad_model(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadModel, message)
    }

    /// [`ErrorKind::BadResponse`].
    pub fn bad_response(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::BadResponse, message)
    }

    /// With the HTTP status of the reply.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.inner.status = Some(status);
        self
    }

    /// With the service's own code.
    #[must_use]
    pub fn with_provider_code(mut self, code: ProviderCode) -> Self {
        self.inner.provider_code = Some(code);
        self
    }

    /// With the id under which the service's support finds the request.
    #[must_use]
    pub fn with_request_id(mut self, id: impl Into<String>) -> Self {
        self.inner.request_id = Some(id.into());
        self
    }

    /// Marked as worth another attempt, or not.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.inner.retryable = retryable;
        self
    }

    /// With the wait the service asked for.
    #[must_use]
    pub fn with_retry_after(mut self, wait: Duration) -> Self {
        self.inner.retry_after = Some(wait);
        self
    }

    /// With the index of the document at fault, in the caller's list.
    #[must_use]
    pub fn with_index(mut self, index: usize) -> Self {
        self.inner.index = Some(index);
        self
    }

    /// What went wrong, for programs.
    pub fn kind(&self) -> ErrorKind {
        self.inner.kind
    }

    /// The sentence; what `Display` writes.
    pub fn message(&self) -> &str {
        &self.inner.message
    }

    /// HTTP status of the reply, if there was one.
    pub fn status(&self) -> Option<u16> {
        self.inner.status
    }

    /// The service's own code.
    pub fn provider_code(&self) -> Option<&ProviderCode> {
        self.inner.provider_code.as_ref()
    }

    /// The service's id of the request.
    pub fn request_id(&self) -> Option<&str> {
        self.inner.request_id.as_deref()
    }

    /// Whether the same call may succeed later, unchanged.
    pub fn is_retryable(&self) -> bool {
        self.inner.retryable
    }

    /// The wait the service asked for.
    pub fn retry_after(&self) -> Option<Duration> {
        self.inner.retry_after
    }

    /// Index of the document at fault.
    pub fn index(&self) -> Option<usize> {
        self.inner.index
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.inner.message)
    }
}

impl std::error::Error for Error {}
