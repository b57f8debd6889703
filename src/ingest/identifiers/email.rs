//! E-mail addresses: checks a text and gives its one form.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use super::text::without_invisible;
use crate::domain::unicode::lower_case;

/// The address in lower case, without invisible characters and without `mailto:`, the domain in Unicode by IDNA 2008
/// (UTS 46, nontransitional: straße.example is not strasse.example). `None` for a text that is not an address. An
/// address has no white space and none of `: ; , < >`. It has exactly one `@`, with something before it and a domain
/// after it. The domain has two labels or more, each of at most 63 bytes, together at most 253 (RFC 1035). No label
/// begins or ends with a hyphen, and the last is not only digits (RFC 3696).
pub(super) fn normalise(text: &str) -> Option<String> {
    const SCHEME: &str = "mailto:";
    let text = without_invisible(text);
    let text = text.trim();
    let bare = match text.get(..SCHEME.len()) {
        Some(scheme) if scheme.eq_ignore_ascii_case(SCHEME) => text[SCHEME.len()..].trim_start(),
        _ => text,
    };
    if bare.contains(|c: char| c.is_whitespace() || matches!(c, ':' | ';' | ',' | '<' | '>')) {
        return None;
    }
    let (name, domain) = bare.split_once('@')?;
    if name.is_empty() || domain.contains('@') {
        return None;
    }
    let (rules, deny, hyphens) = (Uts46::new(), AsciiDenyList::URL, Hyphens::CheckFirstLast);
    let (domain, fine) = rules.to_unicode(domain.as_bytes(), deny, hyphens);
    fine.ok()?;
    // A joiner from Punycode is invisible.
    let domain = without_invisible(&domain);
    // In the form for DNS: no label is empty or too long.
    let asked = rules.to_ascii(domain.as_bytes(), deny, hyphens, DnsLength::Verify).ok()?;
    let (_, last) = asked.rsplit_once('.')?;
    if last.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(lower_case(&format!("{name}@{domain}")).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_has_one_form() {
        for (written, form) in [
            ("Ada@Example.COM", "ada@example.com"),
            ("mailto:ada@example.com", "ada@example.com"),
            ("MailTo: ada@example.com", "ada@example.com"),
            ("\u{200b}ada\u{feff}@exa\u{200f}mple.com\u{2060}", "ada@example.com"),
            ("ame\u{301}lie@example.com", "am\u{e9}lie@example.com"),
            ("AME\u{301}LIE@example.com", "am\u{e9}lie@example.com"),
            ("ame\u{200d}\u{301}lie@example.com", "am\u{e9}lie@example.com"),
            ("info@xn--strae-oqa.example", "info@straße.example"),
            ("info@XN--STRAE-OQA.example", "info@straße.example"),
            ("info@STRAßE.example", "info@straße.example"),
            ("info@strasse.example", "info@strasse.example"),
            ("info@bu\u{308}cher.example", "info@bücher.example"),
            ("info@xn--bcher-kva.example", "info@bücher.example"),
            ("info@例え。テスト", "info@例え.テスト"),
            ("info@ｅｘａｍｐｌｅ.com", "info@example.com"),
            ("o'brien+tag@mail_1.example.co.uk", "o'brien+tag@mail_1.example.co.uk"),
            ("a@r3---sn.example.com", "a@r3---sn.example.com"),
        ] {
            assert_eq!(normalise(written).as_deref(), Some(form), "{written:?}");
            assert_eq!(normalise(form).as_deref(), Some(form), "{form}, again");
        }
    }

    #[test]
    fn what_is_no_address_is_none() {
        for text in [
            "n/a",
            "none",
            "abc",
            "",
            "@",
            "a@",
            "@example.com",
            "a@b",
            "a@localhost",
            "a@b@example.com",
            "a b@example.com",
            "a\u{a0}b@example.com",
            "Ada <ada@example.com>",
            "ada@example.com, bob@example.com",
            "ada@example.com;bob@example.com",
            "https://example.com/@ada",
            "https://ada@example.com/",
            "a@example..com",
            "a@.example.com",
            "a@example.com.",
            "a@[127.0.0.1]",
            "a@exa%mple.com",
            "a@xn--\u{e9}.com",
            "a@xn--a.com",
            "a@-example.com",
            "a@example-.com",
            "a@www.-example.com",
            "a@example.com-",
            "a@example.-com",
            "a@-b\u{fc}cher.example",
            "a@127.0.0.1",
            "lodash@4.17.21",
            "a@\u{ff11}.\u{ff12}",
            "5f4dcc3b5aa765d61d8327deb882cf99",
            "\u{200b}@\u{200b}.\u{200b}",
        ] {
            assert_eq!(normalise(text), None, "{text:?}");
        }
        let of_labels =
            |length: usize, labels: usize| format!("a@{}com", format!("{}.", "x".repeat(length)).repeat(labels));
        for (length, labels, is_one) in [(63, 1, true), (64, 1, false), (49, 5, true), (61, 4, true), (62, 4, false)] {
            assert_eq!(normalise(&of_labels(length, labels)).is_some(), is_one, "{labels} labels of {length}");
        }
        assert_eq!(normalise(&format!("a@{}.com", "\u{fc}".repeat(60))), None, "63 bytes as servers are asked for it");
    }
}
