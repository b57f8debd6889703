//! Which media type an answer has (RFC 9110, section 12.5.1).

use actix_web::http::header::{ACCEPT, HeaderMap, UPGRADE};

/// What clients that ask for nothing else expect.
pub(in crate::http) const JSON: &str = "application/json; charset=utf-8";
/// The media type of GraphQL's own.
pub(super) const RESPONSE_JSON: &str = "application/graphql-response+json; charset=utf-8";

/// The media type that the client likes best; without `Accept` JSON, `None` when it takes neither.
pub(super) fn negotiate(headers: &HeaderMap) -> Option<&'static str> {
    let ranges = ranges(headers);
    if ranges.is_empty() {
        return Some(JSON);
    }
    match (liking(&ranges, "application/json"), liking(&ranges, "application/graphql-response+json")) {
        (None, None) => None,
        (Some(_), None) => Some(JSON),
        (None, Some(_)) => Some(RESPONSE_JSON),
        // Liked the same: what is named exactly, then what is named first; by a wildcard, JSON.
        (Some(json), Some(response)) => Some(if is_more(response, json) { RESPONSE_JSON } else { JSON }),
    }
}

/// What a client thinks of server-sent events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Events {
    /// It likes them best, or takes nothing else.
    Liked,
    /// It takes them where there are several answers.
    Taken,
    /// It did not ask for them: a wildcard is not meant for them.
    Refused,
}

/// Whether answers are to be server-sent events.
pub(super) fn events(headers: &HeaderMap) -> Events {
    const NAME: &str = "text/event-stream";
    let ranges = ranges(headers);
    let named = ranges.iter().any(|range| range.name == NAME);
    let Some(events) = liking(&ranges, NAME).filter(|_| named) else { return Events::Refused };
    let others = ["application/json", "application/graphql-response+json"];
    match others.iter().filter_map(|name| liking(&ranges, name)).any(|other| !is_more(events, other)) {
        true => Events::Taken,
        false => Events::Liked,
    }
}

/// Whether the client wants this connection to become a WebSocket.
pub(super) fn is_upgrade(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(UPGRADE).filter_map(|value| value.to_str().ok());
    values.any(|value| value.to_ascii_lowercase().contains("websocket"))
}

/// How much a media type is liked: quality, how exactly it is named, and its place.
type Liking = (u16, u8, usize);

/// `None` when it is not taken.
fn liking(ranges: &[Range], name: &str) -> Option<Liking> {
    let fitting = ranges.iter().filter_map(|range| Some((range.fits(name)?, range)));
    // The most exact range that fits says how much it is liked.
    let (exactness, range) = fitting.max_by_key(|(exactness, _)| *exactness)?;
    (range.quality > 0).then_some((range.quality, exactness, range.place))
}

/// Whether one is liked more than another: by quality, by exactness, by which is named first.
fn is_more((one, one_exact, one_place): Liking, (other, other_exact, other_place): Liking) -> bool {
    (one, one_exact).cmp(&(other, other_exact)).then(other_place.cmp(&one_place)).is_gt()
}

/// Whether it is a person's browser that asks, for a page.
pub(super) fn is_browser(headers: &HeaderMap) -> bool {
    ranges(headers).iter().any(|range| range.name == "text/html" && range.quality > 0)
}

struct Range {
    name: String,
    /// In thousandths.
    quality: u16,
    place: usize,
}

impl Range {
    /// How exactly this range names a media type; `None` when it does not.
    fn fits(&self, name: &str) -> Option<u8> {
        match self.name.as_str() {
            exact if exact == name => Some(2),
            "application/*" if name.starts_with("application/") => Some(1),
            "*/*" => Some(0),
            _ => None,
        }
    }
}

fn ranges(headers: &HeaderMap) -> Vec<Range> {
    let values = headers.get_all(ACCEPT).filter_map(|value| value.to_str().ok());
    let parts = values.flat_map(|value| value.split(',')).map(str::trim).filter(|part| !part.is_empty());
    parts.enumerate().filter_map(|(place, part)| range(part, place)).collect()
}

/// `None` for one in another character set than ours.
fn range(part: &str, place: usize) -> Option<Range> {
    let mut parts = part.split(';').map(str::trim);
    let name = parts.next()?.to_ascii_lowercase();
    let mut quality = 1000;
    for parameter in parts {
        let (key, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        match key.trim().to_ascii_lowercase().as_str() {
            "q" => quality = value.trim().parse::<f32>().map_or(1000, |q| (q.clamp(0.0, 1.0) * 1000.0) as u16),
            "charset" if !is_utf8(value) => return Some(Range { name: String::new(), quality: 0, place }),
            _ => {}
        }
    }
    Some(Range { name, quality, place })
}

/// Whether the value of a `charset` parameter is the one that everything here is in.
pub(super) fn is_utf8(charset: &str) -> bool {
    matches!(charset.trim().trim_matches('"').to_ascii_lowercase().as_str(), "utf-8" | "utf8")
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn chosen(accept: &str) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_str(accept).expect("a header"));
        negotiate(&headers)
    }

    #[test]
    fn the_media_type_that_is_liked_best_is_chosen() {
        assert_eq!(negotiate(&HeaderMap::new()), Some(JSON));
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
            ("text/event-stream", Events::Liked),
            ("text/event-stream, */*", Events::Liked),
            ("text/event-stream, application/json", Events::Liked),
            ("application/json, text/event-stream", Events::Taken),
            ("application/graphql-response+json, application/json, text/event-stream, multipart/mixed", Events::Taken),
            ("application/json;q=0.5, text/event-stream", Events::Liked),
            ("text/event-stream;q=0, application/json", Events::Refused),
            ("application/json", Events::Refused),
            ("*/*", Events::Refused),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT, HeaderValue::from_str(accept).expect("a header"));
            assert_eq!(events(&headers), expected, "{accept}");
        }
        for accept in ["text/html", "image/*", "application/json;q=0", "application/json; charset=latin1"] {
            assert_eq!(chosen(accept), None, "{accept}");
        }
    }
}
