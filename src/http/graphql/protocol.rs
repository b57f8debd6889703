//! The messages and close codes of graphql-transport-ws (`PROTOCOL.md` of the graphql-ws project).

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::read::{self, Parameters, parameters};
use crate::domain::purpose::WrongPurpose;
use crate::domain::surrogate;
use crate::graphql::execute::{GraphqlRequest, GraphqlResponse, ResponseKind};

/// The name of the subprotocol.
pub(super) const SUBPROTOCOL: &str = "graphql-transport-ws";

/// A message of the client.
#[derive(Debug)]
pub(super) enum ClientMessage {
    Init(Init),
    Ping(Option<Box<RawValue>>),
    Pong,
    Subscribe { id: String, request: Box<GraphqlRequest> },
    Complete { id: String },
}

/// The payload of a `connection_init`, of which each part may be left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Init {
    /// `Bearer thr_…`
    pub(super) authorization: Option<String>,
    /// The purpose of all operations.
    pub(super) purpose: Option<String>,
}

/// Why a socket is closed: the close code, and a reason of at most 123 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close(pub(super) u16, pub(super) String);

impl Close {
    pub(super) fn invalid(message: impl std::fmt::Display) -> Self {
        Close(4400, message.to_string())
    }

    pub(super) fn unauthorised() -> Self {
        Close(4401, "Unauthorized: send connection_init and wait for connection_ack first".into())
    }

    /// The key is missing or not valid.
    pub(super) fn not_admitted(message: &str) -> Self {
        Close(4401, format!("Unauthorized: {message}"))
    }

    /// As `BAD_ARGUMENT` and `FORBIDDEN` are over HTTP.
    pub(super) fn wrong_purpose(wrong: &WrongPurpose) -> Self {
        let (code, name) = match wrong {
            WrongPurpose::Unlisted(..) => (4400, "Bad purpose"),
            WrongPurpose::NotBound(_) => (4403, "Forbidden"),
        };
        let mut reason = format!("{name}: {wrong}");
        while reason.len() > 123 {
            reason.pop();
        }
        Close(code, reason)
    }

    pub(super) fn key_ended() -> Self {
        Close(4401, "Unauthorized: the key has expired or was revoked".into())
    }

    pub(super) fn wrong_subprotocol() -> Self {
        Close(4406, format!("Subprotocol not acceptable: ask for {SUBPROTOCOL}"))
    }

    pub(super) fn init_too_late() -> Self {
        Close(4408, "Connection initialisation timeout".into())
    }

    /// The client knows the id, so the reason does not repeat it.
    pub(super) fn taken_id() -> Self {
        Close(4409, "Subscriber for this id already exists".into())
    }

    pub(super) fn too_many_inits() -> Self {
        Close(4429, "Too many initialisation requests".into())
    }

    /// Clients of this protocol reconnect by themselves after this code.
    pub(super) fn going_away() -> Self {
        Close(1001, "the server is ending".into())
    }

    pub(super) fn silent() -> Self {
        Close(1001, "the client was silent for a minute".into())
    }

    pub(super) fn too_big() -> Self {
        Close(1009, "the message is too large".into())
    }

    /// Clients of this protocol reconnect by themselves after this code.
    pub(super) fn too_slow() -> Self {
        Close(1013, "too slow: the client did not read for 10 s; subscribe again after the last cursor".into())
    }
}

/// Reads a message.
pub(super) fn read(text: &str) -> Result<ClientMessage, Close> {
    let Ok(mut message) = parameters(text) else {
        return Err(Close::invalid("a message is a JSON object"));
    };
    let ty = match message.get("type").map(|ty| serde_json::from_str::<String>(&surrogate::mend(ty.get()))) {
        Some(Ok(ty)) => ty,
        _ => return Err(Close::invalid("a message has a `type`, a string")),
    };
    match ty.as_str() {
        "connection_init" => Ok(ClientMessage::Init(init(payload(&mut message)?)?)),
        "ping" => payload(&mut message).map(ClientMessage::Ping),
        "pong" => payload(&mut message).map(|_| ClientMessage::Pong),
        "complete" => Ok(ClientMessage::Complete { id: id(&mut message)? }),
        "subscribe" => {
            let id = id(&mut message)?;
            let payload = message.remove("payload");
            let Some(Ok(parameters)) = payload.map(|payload| parameters(payload.get())) else {
                return Err(Close::invalid("the `payload` of a subscribe must be an object with a `query`"));
            };
            let request = read::request(parameters).map_err(|refusal| Close::invalid(refusal.message()))?;
            Ok(ClientMessage::Subscribe { id, request: Box::new(request) })
        }
        _ => Err(Close::invalid("a client sends connection_init, subscribe, complete, ping or pong")),
    }
}

fn id(message: &mut Parameters) -> Result<String, Close> {
    match message.remove("id").map(|id| serde_json::from_str::<String>(&surrogate::mend(id.get()))) {
        Some(Ok(id)) if !id.is_empty() => Ok(id),
        _ => Err(Close::invalid("the message needs an `id`, a non-empty string")),
    }
}

fn payload(message: &mut Parameters) -> Result<Option<Box<RawValue>>, Close> {
    match message.remove("payload").filter(|payload| payload.get() != "null") {
        None => Ok(None),
        Some(object) if object.get().starts_with('{') => Ok(Some(object)),
        Some(_) => Err(Close::invalid("the `payload` of this message must be an object or left out")),
    }
}

/// The payload of a `connection_init`: `{"authorization": "Bearer …", "purpose": "…"}`.
fn init(payload: Option<Box<RawValue>>) -> Result<Init, Close> {
    let Some(Ok(mut payload)) = payload.map(|payload| parameters(payload.get())) else { return Ok(Init::default()) };
    let mut take = |name: &str, wrong: &str| {
        // Clients write the name of the header as they like.
        let Some(name) = payload.keys().find(|key| key.eq_ignore_ascii_case(name)).cloned() else { return Ok(None) };
        match payload.remove(&name).map(|given| serde_json::from_str::<Option<String>>(given.get())) {
            Some(Ok(given)) => Ok(given),
            _ => Err(Close::invalid(wrong)),
        }
    };
    Ok(Init {
        authorization: take("authorization", "`authorization` must be a string: \"Bearer thr_…\"")?,
        purpose: take("purpose", "`purpose` must be a string")?,
    })
}

pub(super) fn ack() -> String {
    json!({ "type": "connection_ack" }).to_string()
}

pub(super) fn pong(payload: Option<Box<RawValue>>) -> String {
    match payload {
        Some(payload) => format!("{{\"type\":\"pong\",\"payload\":{payload}}}"),
        None => json!({ "type": "pong" }).to_string(),
    }
}

pub(super) fn complete(id: &str) -> String {
    json!({ "id": id, "type": "complete" }).to_string()
}

/// An error message, which ends its operation.
pub(super) fn error(id: &str, errors: &Value) -> String {
    json!({ "id": id, "type": "error", "payload": errors }).to_string()
}

/// The message of an answer, and whether it ends the operation. A request that was not run is an error message.
pub(super) fn answer(id: &str, answer: &GraphqlResponse) -> (String, bool) {
    match answer.kind {
        ResponseKind::Refused | ResponseKind::Forbidden | ResponseKind::MutationNotAllowed => {
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            (error(id, &body["errors"]), true)
        }
        ResponseKind::Run | ResponseKind::Late | ResponseKind::StoreAway | ResponseKind::Unsure => {
            // The answer is JSON already and may be long, so it is not parsed into values.
            let body =
                std::str::from_utf8(&answer.body).ok().and_then(|text| serde_json::from_str::<&RawValue>(text).ok());
            let Some(body) = body else { return (error(id, &json!([{ "message": "internal error" }])), true) };
            let id = Value::from(id);
            (format!("{{\"id\":{id},\"type\":\"next\",\"payload\":{body}}}"), false)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_message_closes_with_4400() {
        for text in [
            "",
            "x",
            "[]",
            "{}",
            "{\"type\":3}",
            "{\"type\":\"start\"}",
            "{\"type\":\"connection_init\",\"payload\":3}",
            "{\"type\":\"connection_init\",\"payload\":{\"authorization\":3}}",
            "{\"type\":\"connection_init\",\"payload\":{\"purpose\":[\"orders\"]}}",
            "{\"type\":\"complete\"}",
            "{\"type\":\"complete\",\"id\":7}",
            "{\"type\":\"subscribe\",\"id\":\"\",\"payload\":{\"query\":\"{a}\"}}",
            "{\"type\":\"subscribe\",\"id\":\"1\"}",
            "{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{}}",
            "{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{\"query\":\"{a}\",\"variables\":[]}}",
        ] {
            let Close(code, message) = read(text).expect_err(text);
            assert!(code == 4400 && message.len() <= 123, "{text}: {code} {message}");
        }
    }

    #[test]
    fn messages_are_read() {
        let init = read("{\"type\":\"connection_init\",\"payload\":{\"a\":1}}");
        assert!(matches!(init, Ok(ClientMessage::Init(init)) if init == Init::default()));
        let init = read("{\"type\":\"connection_init\",\"payload\":{\"purpose\":\"orders\"}}");
        assert!(matches!(init, Ok(ClientMessage::Init(init)) if init.purpose.as_deref() == Some("orders")));
        let init = read("{\"type\":\"connection_init\",\"payload\":{\"Authorization\":\"Bearer k\"}}");
        assert!(matches!(init, Ok(ClientMessage::Init(init)) if init.authorization.as_deref() == Some("Bearer k")));
        assert!(matches!(read("{\"type\":\"ping\"}"), Ok(ClientMessage::Ping(None))));
        assert!(matches!(read("{\"type\":\"pong\",\"payload\":null}"), Ok(ClientMessage::Pong)));
        let subscribe =
            read("{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{\"query\":\"{a}\",\"operationName\":null}}");
        let Ok(ClientMessage::Subscribe { id, request }) = subscribe else { panic!("{subscribe:?}") };
        assert_eq!((id.as_str(), request.query.as_str()), ("1", "{a}"));
    }

    #[test]
    fn an_answer_is_sent_unchanged_and_a_refusal_as_its_errors() {
        let mut given = GraphqlResponse {
            body: br#"{"data":{"a":1}}"#.to_vec(),
            kind: ResponseKind::Run,
            outcome: "OK",
            operation: None,
        };
        let next = answer("a\"b", &given);
        assert_eq!(next, ("{\"id\":\"a\\\"b\",\"type\":\"next\",\"payload\":{\"data\":{\"a\":1}}}".to_owned(), false));
        given.kind = ResponseKind::Refused;
        given.body = br#"{"errors":[{"message":"no"}]}"#.to_vec();
        assert_eq!(answer("1", &given), (error("1", &json!([{ "message": "no" }])), true));
    }
}
