//! Closes a connection when a request's body was not read.
//!
//! A request can be answered before its body arrives, for example when it is refused. When the body has a length,
//! actix-web closes the connection by itself. actix-web reads and discards a chunked body as long as the client sends,
//! unless the body is still alive when the answer is sent. So the answer keeps the body alive.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, EitherBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::PayloadError;
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage};
use futures_util::Stream;

/// Middleware: keeps a chunked body alive until the answer is sent.
pub(super) async fn close_unread<B: MessageBody + 'static>(
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, AnswerBody>>, Error> {
    if !request.headers().contains_key(header::TRANSFER_ENCODING) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let shared = SharedPayload(Rc::new(RefCell::new(request.take_payload())));
    request.set_payload(Payload::Stream { payload: Box::pin(shared.clone()) });
    let response = next.call(request).await?;
    Ok(response.map_body(|_, body| EitherBody::right(AnswerBody { body: body.boxed(), _request: shared })))
}

/// The body of a request, shared by the handler and the answer.
#[derive(Clone)]
struct SharedPayload(Rc<RefCell<Payload>>);

impl Stream for SharedPayload {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(context)
    }
}

/// The body of an answer. It keeps the request's body alive until it is sent.
pub(super) struct AnswerBody {
    body: BoxBody,
    _request: SharedPayload,
}

impl MessageBody for AnswerBody {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}
