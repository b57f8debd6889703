//! One form of a text, so that texts that look equal are equal.

use std::borrow::Cow;

use icu_normalizer::ComposingNormalizerBorrowed;

/// In NFC.
pub fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { ComposingNormalizerBorrowed::new_nfc().normalize(text) }
}

/// In lower case, and in NFC again.
pub fn lower_case(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            Cow::Owned(text.to_ascii_lowercase())
        } else {
            Cow::Borrowed(text)
        }
    } else {
        let lower = text.to_lowercase();
        match nfc(&lower) {
            Cow::Borrowed(_) => Cow::Owned(lower),
            Cow::Owned(composed) => Cow::Owned(composed),
        }
    }
}
