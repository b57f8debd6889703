//! `POST /pictures`: a picture of journeys as SVG, for the console.
//!
//! `{"picture": "flow", "variables": {…}}` runs the document of the picture, as `/graphql` would for the same caller, and
//! draws its answer. An answer with errors is sent as it is.

use actix_web::http::StatusCode;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::Value;

use super::app::{Shared, State};
use super::graphql;
use super::machine::{self, JSON, internal};
use super::observe::Operation;
use super::refusal::Refusal;
use crate::graphql::execute::{GraphqlRequest, GraphqlResponse, ResponseKind};
use crate::graphql::picture::{self, Drawn};
use crate::pictures::Picture;

const FORM: &str = "{\"picture\": \"flow\", \"variables\": {…}}";
const SVG: &str = "image/svg+xml; charset=utf-8";
/// A picture has a style and nothing else.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'";

/// `POST /pictures`
pub(super) async fn by_post(request: HttpRequest, payload: web::Payload, state: Shared) -> HttpResponse {
    drawn(&request, payload, &state).await.unwrap_or_else(|refusal| graphql::refuse(refusal, JSON))
}

/// Any other method.
pub(super) async fn by_other() -> HttpResponse {
    machine::method_not_allowed("POST")
}

async fn drawn(request: &HttpRequest, payload: web::Payload, state: &State) -> Result<HttpResponse, Refusal> {
    let (_, picture, query) = graphql::admitted(request, state, read(request, payload)).await?;
    let api = state.api.clone();
    let drawn = machine::run(async move { picture::draw(&api, picture, query).await }).await;
    let mut answer = HttpResponse::Ok();
    answer
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .insert_header((header::X_CONTENT_TYPE_OPTIONS, "nosniff"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    let (mut answer, outcome) = match drawn.ok_or_else(|| internal(request))? {
        Drawn::Svg(svg) => (answer.content_type(SVG).body(svg), "OK"),
        Drawn::Failed(failed) => {
            let status = status(&failed);
            if status == StatusCode::SERVICE_UNAVAILABLE {
                answer.insert_header((header::RETRY_AFTER, "2"));
            }
            (answer.status(status).content_type(JSON).body(failed.body), failed.outcome)
        }
    };
    answer.extensions_mut().insert(Operation { name: Some(picture.name().to_owned()), outcome });
    Ok(answer)
}

/// The picture that a request asks for, and the request of its document.
async fn read(request: &HttpRequest, payload: web::Payload) -> Result<(Picture, GraphqlRequest), Refusal> {
    let mut parameters = graphql::body_parameters(request.headers(), payload, FORM).await?;
    let named = parameters.remove("picture").and_then(|name| serde_json::from_str::<String>(name.get()).ok());
    let picture = named.as_deref().and_then(Picture::named).ok_or_else(|| {
        let hint = Picture::ALL.map(Picture::name).join(", ");
        Refusal::bad(StatusCode::BAD_REQUEST, "picture", "`picture` is not the name of a picture", &hint)
    })?;
    let variables = parameters.remove("variables").filter(|value| value.get() != "null");
    if variables
        .as_ref()
        .is_some_and(|value| serde_json::from_str::<Value>(value.get()).map_or(true, |v| !v.is_object()))
    {
        let message = "`variables` is not an object";
        return Err(Refusal::bad(StatusCode::BAD_REQUEST, "variables", message, FORM));
    }
    Ok((picture, picture::request(picture, variables)))
}

/// The status of an answer with errors.
fn status(answer: &GraphqlResponse) -> StatusCode {
    match answer.kind {
        ResponseKind::Run => machine::status(answer.outcome),
        kind => graphql::status(kind, graphql::RESPONSE_JSON),
    }
}
