//! The console: the files of `web/dist`, embedded in the program when they exist at build time.
//!
//! `web` adds a `.br` and a `.gz` version of each file that compresses well. A client gets the smallest version it
//! accepts. Files under `assets/` have a hash of their content in their name and never change.

use std::net::SocketAddr;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use rust_embed::{EmbeddedFile, RustEmbed};

use super::app::Shared;
use super::refusal::text;

#[derive(RustEmbed)]
#[folder = "web/dist"]
#[allow_missing = true]
struct Console;

/// Everything comes from this host, and scripts only from files. Monaco adds inline styles.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self'; worker-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Answers with a file of the console.
pub(super) async fn show(request: HttpRequest, path: web::Path<String>, state: Shared) -> HttpResponse {
    let path = file_of(&path);
    let answer = match find(request.headers(), path, Console::get) {
        Some(found) => found.answer(request.headers()),
        None if path == FRONT => HttpResponse::Ok()
            .insert_header((header::CONTENT_TYPE, "text/html; charset=utf-8"))
            .insert_header((header::CACHE_CONTROL, "no-cache"))
            .body(page_without_console(state.listen)),
        None => nothing(),
    };
    guarded(answer)
}

/// Answers other methods: 405 for a file that exists, 404 otherwise.
pub(super) async fn by_other(request: HttpRequest, path: web::Path<String>) -> HttpResponse {
    let path = file_of(&path);
    if path != FRONT && find(request.headers(), path, Console::get).is_none() {
        return guarded(nothing());
    }
    let mut answer = text(StatusCode::METHOD_NOT_ALLOWED, "use GET: this is a page; the API is at /graphql\n");
    answer.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
    guarded(answer)
}

/// The file at `/` and at each page.
const FRONT: &str = "index.html";

fn file_of(path: &str) -> &str {
    if is_page(path) { FRONT } else { path }
}

/// Whether the console has a page at this path. All pages are one file, which reads the address itself. The names are
/// those of `Page` in `web/src/app/App.tsx`.
fn is_page(path: &str) -> bool {
    match path.split_once('/') {
        None => matches!(path, "" | "desk" | "greet" | "journeys" | "live" | "playground" | "segments"),
        Some(("customers", id)) => !id.is_empty() && !id.contains(['/', '.']),
        Some(_) => false,
    }
}

fn nothing() -> HttpResponse {
    text(StatusCode::NOT_FOUND, "not found: the API is at /graphql, the console at /\n")
}

/// Adds security headers.
fn guarded(mut answer: HttpResponse) -> HttpResponse {
    let headers = answer.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, header::HeaderValue::from_static(value));
    }
    answer
}

/// A file in the version for a client.
struct Found {
    file: EmbeddedFile,
    media: &'static str,
    encoding: Option<&'static str>,
    immutable: bool,
}

/// The smallest version of a file that the client accepts.
fn find(headers: &HeaderMap, path: &str, get: impl Fn(&str) -> Option<EmbeddedFile>) -> Option<Found> {
    // The compressed versions have no addresses of their own.
    let media = media(path)?;
    let plain = get(path)?;
    let compressed = [("br", "br"), ("gzip", "gz")]
        .into_iter()
        .filter(|(encoding, _)| takes(headers, encoding))
        .find_map(|(encoding, ending)| Some((encoding, get(&format!("{path}.{ending}"))?)));
    let immutable = path.starts_with("assets/");
    Some(match compressed {
        Some((encoding, file)) => Found { file, media, encoding: Some(encoding), immutable },
        None => Found { file: plain, media, encoding: None, immutable },
    })
}

impl Found {
    /// The file, or 304 when the client has it already.
    fn answer(self, headers: &HeaderMap) -> HttpResponse {
        let hash = self.file.metadata.sha256_hash();
        // Each version has its own tag, because a strong tag stands for the exact bytes.
        let tag = hash.first_chunk().copied().map(u128::from_be_bytes).unwrap_or_default();
        let tag = format!("\"{tag:032x}\"");
        let known = headers.get_all(header::IF_NONE_MATCH).filter_map(|value| value.to_str().ok()).any(|tags| {
            tags.split(',').map(str::trim).any(|known| known == "*" || known.trim_start_matches("W/") == tag)
        });
        let mut answer = if known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
        let immutable = if self.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
        answer
            .insert_header((header::ETAG, tag))
            .insert_header((header::CACHE_CONTROL, immutable))
            .insert_header((header::VARY, "accept-encoding"));
        if known {
            return answer.finish();
        }
        answer.insert_header((header::CONTENT_TYPE, self.media));
        if let Some(encoding) = self.encoding {
            answer.insert_header((header::CONTENT_ENCODING, encoding));
        }
        match self.file.data {
            std::borrow::Cow::Borrowed(bytes) => answer.body(bytes),
            std::borrow::Cow::Owned(bytes) => answer.body(bytes),
        }
    }
}

/// Whether a client accepts an encoding: it names it, with a quality above 0.
fn takes(headers: &HeaderMap, encoding: &str) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|part| {
        let mut parts = part.split(';').map(str::trim);
        let refused = |parameter: &str| {
            parameter.strip_prefix("q=").is_some_and(|q| q.trim().parse::<f32>().is_ok_and(|q| q <= 0.0))
        };
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case(encoding)) && !parts.any(refused)
    })
}

/// The media type of a file name extension in `web/dist`. `None` for other extensions, which are not served.
fn media(path: &str) -> Option<&'static str> {
    Some(match path.rsplit_once('.')?.1 {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "json" | "map" => "application/json",
        "ttf" => "font/ttf",
        "woff" => "font/woff",
        "woff2" => "font/woff2",
        "md" | "txt" => "text/plain; charset=utf-8",
        _ => return None,
    })
}

/// The page at `/` of a program that was built without the console.
fn page_without_console(at: SocketAddr) -> String {
    format!(
        r#"<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Throughline</title>
<style>:root {{ color-scheme: light dark }} body {{ font: 1rem/1.5 system-ui; max-width: 44rem; margin: 2rem auto; padding: 0 1rem }}
pre {{ overflow-x: auto }}</style></head>
<body><main>
<h1>Throughline</h1>
<p>The API is at <code>/graphql</code>. This program was built without the console. To add it, with Node 20.19 or newer:</p>
<pre>make web
cargo build --release</pre>
<p>Until then, a first query:</p>
<pre>curl --silent http://{at}/graphql --header 'content-type: application/json' \
  --data '{{"query": "{{ customers(first: 5) {{ nodes {{ displayName activity {{ lastSeenAt }} }} }} }}"}}'</pre>
</main></body></html>
"#
    )
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[derive(RustEmbed)]
    #[folder = "tests/http/console"]
    struct Sample;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(name.clone(), HeaderValue::from_str(value).expect("a header"));
        }
        headers
    }

    fn answer(path: &str, headers: &HeaderMap) -> Option<HttpResponse> {
        Some(find(headers, path, Sample::get)?.answer(headers))
    }

    fn header(answer: &HttpResponse, name: HeaderName) -> &str {
        answer.headers().get(name).map_or("", |value| value.to_str().expect("text"))
    }

    #[test]
    fn the_smallest_accepted_version_is_sent() {
        let form = |encodings: &str| {
            let answer = answer("assets/a-1.js", &headers(&[(header::ACCEPT_ENCODING, encodings)])).expect("a file");
            header(&answer, header::CONTENT_ENCODING).to_owned()
        };
        assert_eq!(form("gzip, deflate, br"), "br");
        assert_eq!(form("gzip, br;q=0"), "gzip");
        assert_eq!(form("deflate"), "");
        assert_eq!(form(""), "");
    }

    #[test]
    fn a_file_that_the_client_has_is_not_sent_again() {
        let first = answer("index.html", &headers(&[])).expect("a file");
        assert_eq!((first.status(), header(&first, header::CACHE_CONTROL)), (StatusCode::OK, "no-cache"));
        let tag = header(&first, header::ETAG);
        assert!(tag.starts_with('"') && tag.len() == 34, "{tag}");
        let again = |tags: &str| answer("index.html", &headers(&[(header::IF_NONE_MATCH, tags)])).expect("a file");
        assert_eq!(again(&format!("\"other\", W/{tag}")).status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again("\"other\"").status(), StatusCode::OK);
    }

    #[test]
    fn a_file_with_a_hash_in_its_name_is_immutable_and_each_version_has_its_own_tag() {
        let plain = answer("assets/a-1.js", &headers(&[])).expect("a file");
        let compressed = answer("assets/a-1.js", &headers(&[(header::ACCEPT_ENCODING, "br")])).expect("a file");
        assert_eq!(header(&plain, header::CACHE_CONTROL), "public, max-age=31536000, immutable");
        assert_eq!(header(&plain, header::CONTENT_TYPE), "text/javascript; charset=utf-8");
        assert_ne!(header(&plain, header::ETAG), header(&compressed, header::ETAG));
    }

    #[test]
    fn without_a_console_the_page_says_how_to_build_it_and_has_a_query_that_works() {
        let page = page_without_console(([127, 0, 0, 1], 8099).into());
        assert!(page.contains("make web") && page.contains("http://127.0.0.1:8099/graphql"), "{page}");
        let (_, rest) = page.split_once("--data '").expect("a body");
        let body: serde_json::Value = serde_json::from_str(rest.split('\'').next().expect("an end")).expect("JSON");
        let query = async_graphql::parser::parse_query(body["query"].as_str().expect("a query"));
        assert!(query.is_ok(), "{query:?}");
    }

    #[test]
    fn a_page_of_the_console_is_its_front_file() {
        for path in ["", "desk", "greet", "journeys", "live", "playground", "segments", "customers/YzowMWEy"] {
            assert_eq!(file_of(path), FRONT, "{path}");
        }
        for path in ["assets/a-1.js", "greet/x", "customers", "customers/", "customers/a/b", "customers/a.js"] {
            assert_eq!(file_of(path), path);
        }
    }

    #[test]
    fn other_paths_are_not_found() {
        for path in ["assets/a-1.js.br", "assets", "nothing.js", "../Cargo.toml", "/etc/passwd"] {
            assert!(answer(path, &headers(&[])).is_none(), "{path}");
        }
    }
}
