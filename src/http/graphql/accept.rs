//! The media type of an answer (RFC 9110, section 12.5.1).

use actix_web::HttpRequest;
use actix_web::http::header::{ACCEPT, Accept, Header, HeaderMap, Quality, UPGRADE};

/// The default media type.
pub(in crate::http) const JSON: &str = "application/json; charset=utf-8";
/// GraphQL's own media type.
pub(in crate::http) const RESPONSE_JSON: &str = "application/graphql-response+json; charset=utf-8";

/// The media type that the client prefers. JSON without `Accept`; `None` when the client accepts neither.
pub(super) fn negotiate(request: &HttpRequest) -> Option<&'static str> {
    let mut values = request.headers().get_all(ACCEPT);
    if values.all(|value| value.as_bytes().trim_ascii().is_empty()) {
        return Some(JSON);
    }
    let ranges = ranges(request);
    match (preference(&ranges, "application/json"), preference(&ranges, "application/graphql-response+json")) {
        (None, None) => None,
        (Some(_), None) => Some(JSON),
        (None, Some(_)) => Some(RESPONSE_JSON),
        // With the same quality: the more exact range, then the first one; by a wildcard, JSON.
        (Some(json), Some(response)) => Some(if is_preferred(response, json) { RESPONSE_JSON } else { JSON }),
    }
}

/// Whether a client wants server-sent events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Events {
    /// It prefers them, or accepts nothing else.
    Preferred,
    /// It accepts them for several answers.
    Accepted,
    /// It does not name them. A wildcard does not include them.
    NotAccepted,
}

/// Whether the client wants answers as server-sent events.
pub(super) fn events(request: &HttpRequest) -> Events {
    const NAME: &str = "text/event-stream";
    let ranges = ranges(request);
    let named = ranges.iter().any(|range| range.name == NAME);
    let Some(events) = preference(&ranges, NAME).filter(|_| named) else { return Events::NotAccepted };
    let others = ["application/json", "application/graphql-response+json"];
    match others.iter().filter_map(|name| preference(&ranges, name)).any(|other| !is_preferred(events, other)) {
        true => Events::Accepted,
        false => Events::Preferred,
    }
}

/// Whether the client wants to upgrade the connection to a WebSocket.
pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(UPGRADE).filter_map(|value| value.to_str().ok());
    values.any(|value| value.to_ascii_lowercase().contains("websocket"))
}

/// Whether a browser requests a page.
pub(super) fn is_browser(request: &HttpRequest) -> bool {
    ranges(request).iter().any(|range| range.name == "text/html" && range.quality > Quality::ZERO)
}

/// How much a media type is preferred: quality, exactness of its range, and position of the range.
type Preference = (Quality, u8, usize);

/// `None` when the client does not accept the media type.
fn preference(ranges: &[Range], name: &str) -> Option<Preference> {
    let matching = ranges.iter().filter_map(|range| Some((range.matches(name)?, range)));
    // The most exact range decides.
    let (exactness, range) = matching.max_by_key(|(exactness, _)| *exactness)?;
    (range.quality > Quality::ZERO).then_some((range.quality, exactness, range.place))
}

/// Whether one media type is preferred to another: by quality, by exactness, by position.
fn is_preferred((one, one_exact, one_place): Preference, (other, other_exact, other_place): Preference) -> bool {
    (one, one_exact).cmp(&(other, other_exact)).then(other_place.cmp(&one_place)).is_gt()
}

/// A media range of `Accept`.
struct Range {
    name: String,
    quality: Quality,
    place: usize,
}

impl Range {
    /// How exactly this range matches a media type. `None` when it does not match.
    fn matches(&self, name: &str) -> Option<u8> {
        match self.name.as_str() {
            exact if exact == name => Some(2),
            "application/*" if name.starts_with("application/") => Some(1),
            "*/*" => Some(0),
            _ => None,
        }
    }
}

/// The media ranges of a request. A range in another character set than UTF-8 matches nothing.
fn ranges(request: &HttpRequest) -> Vec<Range> {
    let Ok(Accept(items)) = Accept::parse(request) else { return Vec::new() };
    let items = items.into_iter().enumerate();
    let ranges = items.map(|(place, item)| {
        let charset = item.item.get_param("charset");
        let name = match charset.is_none_or(|charset| is_utf8(charset.as_str())) {
            true => item.item.essence_str().to_owned(),
            false => String::new(),
        };
        Range { name, quality: item.quality, place }
    });
    ranges.collect()
}

/// Whether the value of a `charset` parameter is UTF-8.
pub(super) fn is_utf8(charset: &str) -> bool {
    matches!(charset.trim().trim_matches('"').to_ascii_lowercase().as_str(), "utf-8" | "utf8")
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn request(accept: &str) -> HttpRequest {
        TestRequest::default().insert_header((ACCEPT, accept)).to_http_request()
    }

    fn chosen(accept: &str) -> Option<&'static str> {
        negotiate(&request(accept))
    }

    #[test]
    fn the_preferred_media_type_is_chosen() {
        assert_eq!(negotiate(&TestRequest::default().to_http_request()), Some(JSON));
        for accept in [
            "",
            "*/*",
            "application/*",
            "application/json",
            "APPLICATION/JSON;charset=UTF-8",
            "text/html, */*;q=0.1",
            "application/json, application/graphql-response+json",
            "application/graphql-response+json;q=0.5, application/json;q=0.9",
            "application/graphql-response+json;q=0, */*",
            "application/graphql-response+json; charset=latin1, application/json",
        ] {
            assert_eq!(chosen(accept), Some(JSON), "{accept}");
        }
        for accept in [
            "application/graphql-response+json",
            "application/graphql-response+json, application/json",
            "application/graphql-response+json; charset=utf-8, */*",
            "application/json;q=0.9, application/graphql-response+json",
            "application/json;q=0, application/*",
        ] {
            assert_eq!(chosen(accept), Some(RESPONSE_JSON), "{accept}");
        }
        for (accept, expected) in [
            ("text/event-stream", Events::Preferred),
            ("text/event-stream, */*", Events::Preferred),
            ("text/event-stream, application/json", Events::Preferred),
            ("application/json, text/event-stream", Events::Accepted),
            (
                "application/graphql-response+json, application/json, text/event-stream, multipart/mixed",
                Events::Accepted,
            ),
            ("application/json;q=0.5, text/event-stream", Events::Preferred),
            ("text/event-stream;q=0, application/json", Events::NotAccepted),
            ("application/json", Events::NotAccepted),
            ("*/*", Events::NotAccepted),
        ] {
            assert_eq!(events(&request(accept)), expected, "{accept}");
        }
        for accept in ["text/html", "image/*", "json", "application/json;q=0", "application/json; charset=latin1"] {
            assert_eq!(chosen(accept), None, "{accept}");
        }
    }
}
