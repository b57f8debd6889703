//! The messages of graphql-transport-ws (`PROTOCOL.md` of the graphql-ws project), and what its close codes say.

use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::read::{self, Parameters, parameters};
use crate::domain::surrogate;
use crate::graphql::execute::{Answer, Kind, Question};

/// What the subprotocol is called.
pub(super) const SUBPROTOCOL: &str = "graphql-transport-ws";

/// What a client says.
#[derive(Debug)]
pub(super) enum Said {
    Init,
    Ping(Option<Box<RawValue>>),
    Pong,
    Subscribe { id: String, question: Box<Question> },
    Complete { id: String },
}

/// Why a socket is closed: a code, and words of at most 123 bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Close(pub(super) u16, pub(super) String);

impl Close {
    pub(super) fn invalid(words: impl std::fmt::Display) -> Self {
        Close(4400, words.to_string())
    }

    pub(super) fn unauthorised() -> Self {
        Close(4401, "Unauthorized: send connection_init and wait for connection_ack first".into())
    }

    pub(super) fn wrong_subprotocol() -> Self {
        Close(4406, format!("Subprotocol not acceptable: ask for {SUBPROTOCOL}"))
    }

    pub(super) fn init_too_late() -> Self {
        Close(4408, "Connection initialisation timeout".into())
    }

    /// The id is the client's own, which it knows without being told.
    pub(super) fn taken_id() -> Self {
        Close(4409, "Subscriber for this id already exists".into())
    }

    pub(super) fn too_many_inits() -> Self {
        Close(4429, "Too many initialisation requests".into())
    }

    /// Clients of this protocol come back by themselves after it, as they should.
    pub(super) fn going_away() -> Self {
        Close(1001, "the server ends".into())
    }

    pub(super) fn silent() -> Self {
        Close(1001, "nothing was heard for a minute".into())
    }

    pub(super) fn too_big() -> Self {
        Close(1009, "the message is too large".into())
    }

    /// Clients of this protocol come back by themselves after it.
    pub(super) fn too_slow() -> Self {
        Close(1013, "too slow: nothing was read for 10 s; come back and go on after the last cursor".into())
    }
}

/// Reads a message.
pub(super) fn read(text: &str) -> Result<Said, Close> {
    let Ok(mut message) = parameters(text) else {
        return Err(Close::invalid("a message is a JSON object"));
    };
    let ty = match message.get("type").map(|ty| serde_json::from_str::<String>(&surrogate::mend(ty.get()))) {
        Some(Ok(ty)) => ty,
        _ => return Err(Close::invalid("a message has a `type`, which is a text")),
    };
    match ty.as_str() {
        "connection_init" => payload(&mut message).map(|_| Said::Init),
        "ping" => payload(&mut message).map(Said::Ping),
        "pong" => payload(&mut message).map(|_| Said::Pong),
        "complete" => Ok(Said::Complete { id: id(&mut message)? }),
        "subscribe" => {
            let id = id(&mut message)?;
            let payload = message.remove("payload");
            let Some(Ok(parameters)) = payload.map(|payload| parameters(payload.get())) else {
                return Err(Close::invalid("the `payload` of a subscribe is an object with a `query`"));
            };
            let question = read::question(parameters).map_err(|refusal| Close::invalid(refusal.words()))?;
            Ok(Said::Subscribe { id, question: Box::new(question) })
        }
        _ => Err(Close::invalid("a client sends connection_init, subscribe, complete, ping or pong")),
    }
}

fn id(message: &mut Parameters) -> Result<String, Close> {
    match message.remove("id").map(|id| serde_json::from_str::<String>(&surrogate::mend(id.get()))) {
        Some(Ok(id)) if !id.is_empty() => Ok(id),
        _ => Err(Close::invalid("the message needs an `id`, which is a text that is not empty")),
    }
}

fn payload(message: &mut Parameters) -> Result<Option<Box<RawValue>>, Close> {
    match message.remove("payload").filter(|payload| payload.get() != "null") {
        None => Ok(None),
        Some(object) if object.get().starts_with('{') => Ok(Some(object)),
        Some(_) => Err(Close::invalid("the `payload` of this message is an object or left out")),
    }
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

/// An error ends its operation: nothing follows it.
pub(super) fn error(id: &str, errors: &Value) -> String {
    json!({ "id": id, "type": "error", "payload": errors }).to_string()
}

/// An answer; whether the operation ends with it. What was not run at all is an error.
pub(super) fn answer(id: &str, answer: &Answer) -> (String, bool) {
    match answer.kind {
        Kind::Refused | Kind::NotARead => {
            let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            (error(id, &body["errors"]), true)
        }
        Kind::Run | Kind::Late | Kind::StoreAway | Kind::Unsure => {
            // The answer is JSON already, and may be long.
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
    fn what_is_no_message_closes_with_4400() {
        for text in [
            "",
            "x",
            "[]",
            "{}",
            "{\"type\":3}",
            "{\"type\":\"start\"}",
            "{\"type\":\"connection_init\",\"payload\":3}",
            "{\"type\":\"complete\"}",
            "{\"type\":\"complete\",\"id\":7}",
            "{\"type\":\"subscribe\",\"id\":\"\",\"payload\":{\"query\":\"{a}\"}}",
            "{\"type\":\"subscribe\",\"id\":\"1\"}",
            "{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{}}",
            "{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{\"query\":\"{a}\",\"variables\":[]}}",
        ] {
            let Close(code, words) = read(text).expect_err(text);
            assert!(code == 4400 && words.len() <= 123, "{text}: {code} {words}");
        }
    }

    #[test]
    fn messages_are_read() {
        assert!(matches!(read("{\"type\":\"connection_init\",\"payload\":{\"a\":1}}"), Ok(Said::Init)));
        assert!(matches!(read("{\"type\":\"ping\"}"), Ok(Said::Ping(None))));
        assert!(matches!(read("{\"type\":\"pong\",\"payload\":null}"), Ok(Said::Pong)));
        let subscribe =
            read("{\"type\":\"subscribe\",\"id\":\"1\",\"payload\":{\"query\":\"{a}\",\"operationName\":null}}");
        let Ok(Said::Subscribe { id, question }) = subscribe else { panic!("{subscribe:?}") };
        assert_eq!((id.as_str(), question.query.as_str()), ("1", "{a}"));
    }

    #[test]
    fn an_answer_goes_in_as_it_is_and_a_refusal_as_its_errors() {
        let mut given =
            Answer { body: br#"{"data":{"a":1}}"#.to_vec(), kind: Kind::Run, outcome: "OK", operation: None };
        let next = answer("a\"b", &given);
        assert_eq!(next, ("{\"id\":\"a\\\"b\",\"type\":\"next\",\"payload\":{\"data\":{\"a\":1}}}".to_owned(), false));
        given.kind = Kind::Refused;
        given.body = br#"{"errors":[{"message":"no"}]}"#.to_vec();
        assert_eq!(answer("1", &given), (error("1", &json!([{ "message": "no" }])), true));
    }
}
