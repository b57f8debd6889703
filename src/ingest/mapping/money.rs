//! Money in files: signs, thousands and decimals become exact digits.

use crate::domain::Amount;
use crate::domain::money::Currency;

/// The amount of a text such as `$1,234.50`, `-€ 3,00`, `(12.00)` or `12.50 GBP`. `comma` says that `,` is the decimal
/// sign. `minor` is the currency whose smallest units the text counts.
pub(crate) fn amount(text: &str, comma: bool, minor: Option<&Currency>) -> Option<Amount> {
    let text = text.trim();
    let (mut negative, text) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (true, inner),
        None => (false, text),
    };
    let mut digits = String::with_capacity(text.len());
    // Letters and signs stand before the digits or behind them, so an exponent is none.
    let mut ended = false;
    for c in text.chars() {
        match c {
            '0'..='9' | '.' | ',' | '\'' | '’' if ended => return None,
            '0'..='9' | '.' | ',' => digits.push(c),
            // Swiss thousands.
            '\'' | '’' => digits.push('\''),
            '-' | '−' if !negative => negative = true,
            '-' | '−' => return None,
            '+' if digits.is_empty() => {}
            _ if c.is_whitespace() => {}
            _ if c.is_alphabetic() || is_sign(c) => ended = !digits.is_empty(),
            _ => return None,
        }
    }
    let (thousands, point) = if comma { ('.', ',') } else { (',', '.') };
    let (whole, part) = digits.split_once(point).unwrap_or((&digits, ""));
    if whole.is_empty() && part.is_empty() || part.contains(|c: char| !c.is_ascii_digit()) {
        return None;
    }
    let mut plain = String::with_capacity(digits.len() + 2);
    for (i, group) in whole.split([thousands, '\'']).enumerate() {
        // 1,234,567: groups of three after the first. `12,50` is not 1250.
        if i > 0 && group.len() != 3 || !group.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        if i == 0 && group.is_empty() && whole.len() > 1 {
            return None;
        }
        plain.push_str(group);
    }
    if plain.is_empty() {
        plain.push('0');
    }
    if !part.is_empty() {
        plain.push('.');
        plain.push_str(part);
    }
    if let Some(currency) = minor {
        plain.push_str(&format!("e-{}", currency.digits()));
    }
    let (amount, exact) = Amount::read(&plain).ok()?;
    exact.then_some(if negative { Amount(-amount.0) } else { amount })
}

/// The currency of a money's sign or code: `$` is USD, `US$` and `USD 3` too.
pub(crate) fn currency(text: &str) -> Option<&'static str> {
    let letters: String = text.chars().filter(|c| c.is_alphabetic() || is_sign(*c)).collect();
    SIGNS.iter().find(|(sign, _)| letters.eq_ignore_ascii_case(sign)).map(|(_, code)| *code).or_else(|| {
        let codes = SIGNS.iter().map(|(_, code)| *code);
        codes.into_iter().find(|code| letters.eq_ignore_ascii_case(code))
    })
}

fn is_sign(c: char) -> bool {
    matches!(c, '$' | '£' | '€' | '¥' | '￥' | '₹' | '₩' | '₽' | '₺' | '₫' | '₪' | '฿' | '₱' | '₴' | '₦' | '₿')
}

const SIGNS: &[(&str, &str)] = &[
    ("$", "USD"),
    ("US$", "USD"),
    ("£", "GBP"),
    ("€", "EUR"),
    ("¥", "JPY"),
    ("￥", "JPY"),
    ("CA$", "CAD"),
    ("C$", "CAD"),
    ("A$", "AUD"),
    ("AU$", "AUD"),
    ("NZ$", "NZD"),
    ("HK$", "HKD"),
    ("S$", "SGD"),
    ("R$", "BRL"),
    ("MX$", "MXN"),
    ("CN¥", "CNY"),
    ("₹", "INR"),
    ("₩", "KRW"),
    ("₽", "RUB"),
    ("₺", "TRY"),
    ("₫", "VND"),
    ("₪", "ILS"),
    ("฿", "THB"),
    ("₱", "PHP"),
    ("₴", "UAH"),
    ("₦", "NGN"),
    ("zł", "PLN"),
    ("Kč", "CZK"),
    ("Ft", "HUF"),
    ("Fr", "CHF"),
    ("R", "ZAR"),
    ("CHF", "CHF"),
    ("SEK", "SEK"),
    ("NOK", "NOK"),
    ("DKK", "DKK"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_keeps_its_digits() {
        for (text, comma, digits) in [
            ("$45.00", false, Some("45")),
            ("-$3.00", false, Some("-3")),
            ("$-3.00", false, Some("-3")),
            ("(12.50)", false, Some("-12.5")),
            ("1,234,567.89", false, Some("1234567.89")),
            ("1.234.567,89 €", true, Some("1234567.89")),
            ("1'234.50 CHF", false, Some("1234.5")),
            ("1 234,50", true, Some("1234.5")),
            ("900719925474099.13", false, Some("900719925474099.13")),
            (".5", false, Some("0.5")),
            ("12,50", false, None),
            ("12.50", true, None),
            ("1.2.3", false, None),
            ("--3", false, None),
            ("free", false, None),
            ("", false, None),
            ("1e5", false, None),
            ("12.50 GBP", false, Some("12.5")),
        ] {
            assert_eq!(amount(text, comma, None).map(|a| a.to_text(0)).as_deref(), digits, "{text}");
        }
    }

    #[test]
    fn smallest_units_depend_on_the_currency() {
        let minor = |text: &str, code: &str| {
            amount(text, false, Some(&code.parse().expect("a currency"))).map(|a| a.to_text(0))
        };
        assert_eq!(minor("1250", "GBP").as_deref(), Some("12.5"));
        assert_eq!(minor("1250", "JPY").as_deref(), Some("1250"));
        assert_eq!(minor("1250", "KWD").as_deref(), Some("1.25"));
    }

    #[test]
    fn a_sign_is_a_currency() {
        for (text, code) in [("$45.00", "USD"), ("-£3", "GBP"), ("CA$ 1", "CAD"), ("3 USD", "USD"), ("2 kr.", "")] {
            assert_eq!(currency(text).unwrap_or(""), code, "{text}");
        }
    }
}
