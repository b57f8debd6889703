//! Asks every request for its caller, by its key.
//!
//! Without `[access]` in the settings everybody may do everything, and nothing is asked. A refusal has the same words for
//! a key that never was and for one that was revoked.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{HttpMessage, HttpRequest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::app::State;
use super::client::Client;
use super::refusal::Refusal;
use crate::access::{Caller, Callers, Denied};
use crate::domain::access_key::Role;
use crate::domain::purpose::{Purpose, WrongPurpose};

/// An accepted caller.
#[derive(Clone)]
pub(super) struct Pass {
    pub(super) caller: Arc<Caller>,
    callers: Option<Arc<Callers>>,
}

impl Pass {
    /// The pass of everybody, without `[access]`.
    fn everybody() -> Self {
        Pass { caller: Arc::new(Caller::everybody()), callers: None }
    }

    /// Waits until the caller's key has expired or was revoked.
    pub(super) async fn ended(&self) {
        match &self.callers {
            Some(callers) => callers.until_ended(&self.caller).await,
            None => std::future::pending().await,
        }
    }
}

/// The caller's name, for the log.
#[derive(Clone)]
pub(super) struct CallerName(pub(super) Arc<str>);

/// The key that a request has in its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Given {
    /// None.
    Nothing,
    /// A key.
    Key(String),
    /// An `Authorization` of another form.
    Other,
}

impl Given {
    /// Of `Authorization: Bearer <key>`.
    fn bearer(request: &HttpRequest) -> Self {
        match request.headers().get(AUTHORIZATION) {
            None => Given::Nothing,
            Some(value) => value.to_str().map_or(Given::Other, Given::of_text),
        }
    }

    /// Of the text `Bearer <key>`.
    pub(super) fn of_text(text: &str) -> Self {
        match text.trim().split_once(' ') {
            Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => Given::Key(key.trim().to_owned()),
            _ => Given::Other,
        }
    }

    /// Of `Authorization: Bearer <key>` or `Basic`, whose user is the key.
    pub(super) fn bearer_or_basic(request: &HttpRequest) -> Self {
        match Given::bearer(request) {
            Given::Other => Given::basic(request).unwrap_or(Given::Other),
            given => given,
        }
    }

    fn basic(request: &HttpRequest) -> Option<Self> {
        let (scheme, packed) = request.headers().get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
        if !scheme.eq_ignore_ascii_case("basic") {
            return None;
        }
        let pair = String::from_utf8(STANDARD.decode(packed.trim()).ok()?).ok()?;
        Some(Given::Key(pair.split_once(':').map_or(pair.as_str(), |(user, _)| user).to_owned()))
    }
}

/// The caller of a request with a bearer key.
pub(super) fn admit(request: &HttpRequest, state: &State) -> Result<Pass, Refusal> {
    admit_with(request, state, || Given::bearer(request))
}

/// The caller of the opening request of a WebSocket. `None` when the key is to come with `connection_init`.
pub(super) fn admit_socket(request: &HttpRequest, state: &State) -> Result<Option<Pass>, Refusal> {
    match Given::bearer(request) {
        Given::Nothing if state.access.is_some() => Ok(None),
        given => admit_with(request, state, || given).map(Some),
    }
}

/// The caller with this key. Counts a refusal as a failure of the request's address.
pub(super) fn admit_with(request: &HttpRequest, state: &State, given: impl FnOnce() -> Given) -> Result<Pass, Refusal> {
    let pass = admit_from(address(request), state, given)?;
    request.extensions_mut().insert(CallerName(pass.caller.name.clone()));
    Ok(pass)
}

/// The same for an address.
pub(super) fn admit_from(address: IpAddr, state: &State, given: impl FnOnce() -> Given) -> Result<Pass, Refusal> {
    let Some(callers) = &state.access else { return Ok(Pass::everybody()) };
    let given = given();
    let found = match &given {
        Given::Key(key) => callers.find(key),
        Given::Nothing | Given::Other => Err(Denied::Unknown),
    };
    match found {
        Ok(caller) => Ok(Pass { caller, callers: Some(callers.clone()) }),
        Err(Denied::NotReady) => {
            let message = "not ready: the keys of callers are not read yet";
            Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "NOT_READY", message))
        }
        Err(Denied::Unknown) => Err(match callers.count_failure(address) {
            Some(wait) => {
                let seconds = wait.as_secs().max(1);
                let message = format!("too many requests without a valid key: wait {seconds} s");
                Refusal::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message).with("retryAfterSeconds", seconds)
            }
            None => Refusal::new(
                StatusCode::UNAUTHORIZED,
                "UNAUTHENTICATED",
                match given {
                    Given::Nothing => "a key is missing: send `Authorization: Bearer thr_…`",
                    Given::Key(_) | Given::Other => "the key is not valid: ask for a new one",
                },
            ),
        }),
    }
}

/// The address of the client.
pub(super) fn address(request: &HttpRequest) -> IpAddr {
    request.extensions().get::<Client>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |client| client.address)
}

/// The name of the header with the purpose of a request.
const PURPOSE: &str = "throughline-purpose";

/// The purpose that a request names.
pub(super) fn named_purpose(request: &HttpRequest) -> Result<Option<String>, Refusal> {
    let mut given = request.headers().get_all(PURPOSE);
    match (given.next().map(|value| value.to_str()), given.next()) {
        (None, _) => Ok(None),
        (Some(Ok(name)), None) => Ok(Some(name.to_owned())),
        (Some(_), _) => {
            let message = "`Throughline-Purpose` is given twice, or is no text";
            Err(Refusal::bad(StatusCode::BAD_REQUEST, "Throughline-Purpose", message, "name one purpose"))
        }
    }
}

/// The purpose of a request: the one that it names, else the only one that the caller is bound to.
pub(super) fn purpose(request: &HttpRequest, state: &State, caller: &Caller) -> Result<Option<Purpose>, Refusal> {
    let given = named_purpose(request)?;
    state.purposes.of_request(given.as_deref(), &caller.purposes).map_err(|wrong| match wrong {
        WrongPurpose::Unlisted(message, hint) => {
            Refusal::bad(StatusCode::BAD_REQUEST, "Throughline-Purpose", message, &hint)
        }
        WrongPurpose::NotBound(message) => forbidden(message),
    })
}

/// The caller of a request that may not be made by callers who only send events.
pub(super) fn admit_reader(request: &HttpRequest, state: &State) -> Result<Pass, Refusal> {
    let pass = admit(request, state)?;
    match pass.caller.role() {
        Role::Service => Err(forbidden("a key of the role service only sends events")),
        Role::Reader | Role::Analyst | Role::Admin => Ok(pass),
    }
}

/// The refusal of a caller who may not make this request.
pub(super) fn forbidden(message: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::FORBIDDEN, "FORBIDDEN", message)
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn given(authorization: Option<&str>) -> (Given, Given) {
        let mut request = TestRequest::default();
        if let Some(value) = authorization {
            request = request.insert_header((AUTHORIZATION, value));
        }
        let request = request.to_http_request();
        (Given::bearer(&request), Given::bearer_or_basic(&request))
    }

    #[test]
    fn a_key_is_a_bearer_token_or_for_the_wire_the_user_of_basic() {
        let key = |key: &str| Given::Key(key.to_owned());
        assert_eq!(given(None), (Given::Nothing, Given::Nothing));
        assert_eq!(given(Some("Bearer a:b")), (key("a:b"), key("a:b")));
        assert_eq!(given(Some("bearer  a ")), (key("a"), key("a")));
        assert_eq!(given(Some("Basic dGhyX3dfMTo=")), (Given::Other, key("thr_w_1")));
        assert_eq!(given(Some("basic dGhyX3dfMTpw")), (Given::Other, key("thr_w_1")), "with a password");
        assert_eq!(given(Some("Basic dGhyX3dfMQ==")), (Given::Other, key("thr_w_1")), "without a colon");
        for other in ["", "thr_a_1", "Basic !", "Basic /w==", "Digest a", "Bearer"] {
            assert_eq!(given(Some(other)), (Given::Other, Given::Other), "{other}");
        }
    }
}
