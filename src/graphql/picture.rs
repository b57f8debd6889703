//! Pictures of journeys: runs the document of a picture and draws its answer.
//!
//! The document runs as any other request, with the same limits and the rights of its caller.

use serde_json::Value;
use serde_json::value::RawValue;

use super::execute::{Api, GraphqlRequest, GraphqlResponse, ResponseKind};
use crate::pictures::Picture;

/// A picture, or why there is none.
#[derive(Debug)]
pub enum Drawn {
    /// The picture.
    Svg(String),
    /// The answer to the document has errors.
    Failed(GraphqlResponse),
}

/// The request of a picture: its document with these variables.
pub fn request(picture: Picture, variables: Option<Box<RawValue>>) -> GraphqlRequest {
    let operation_name = None;
    GraphqlRequest { query: picture.document().to_owned(), operation_name, variables, ..GraphqlRequest::default() }
}

/// Runs a request of [`request`], and draws the answer.
pub async fn draw(api: &Api, picture: Picture, request: GraphqlRequest) -> Drawn {
    let variables = request.variables.as_ref().and_then(|given| serde_json::from_str(given.get()).ok());
    let variables: Value = variables.unwrap_or_default();
    let answer = api.execute(request).await;
    if answer.kind != ResponseKind::Run {
        return Drawn::Failed(answer);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    if body.get("errors").is_some() {
        return Drawn::Failed(answer);
    }
    match picture.draw(&variables, &body["data"]) {
        Ok(svg) => Drawn::Svg(svg),
        Err(error) => {
            tracing::error!(%error, "a picture could not be drawn");
            Drawn::Failed(GraphqlResponse {
                body: br#"{"errors":[{"message":"internal error","extensions":{"code":"INTERNAL"}}]}"#.to_vec(),
                outcome: "INTERNAL",
                ..answer
            })
        }
    }
}
