//! The meanings of events' names: one table, from Segment's specs for commerce, e-mail, mobile, support and accounts,
//! and from the events that Google Analytics 4 recommends. docs/events.md has it as [`table`] prints it. `[[event]]` of
//! the settings comes before this table.
//!
//! To add a name: write it into its row. Upper and lower case, `snake_case` and `camelCase` make no difference. `*`
//! stands for any run of characters. A name without `*` comes before a name with `*`.

use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use rustc_hash::FxHashMap;

use super::channels;
use crate::domain::pattern::{Pattern, name_words};
pub use crate::domain::touchpoint::KINDS;

/// Kinds with the names of their events. `page` and `screen` are `view`; a name that is in no row is `other`.
const NAMES: &[(&str, &[&str])] = &[
    (
        "view",
        &[
            "Promotion Viewed",
            "Promotion Clicked",
            "Experiment Viewed",
            "Page Viewed",
            "Screen Viewed",
            "page_view",
            "screen_view",
            "view_promotion",
            "select_promotion",
            "select_content",
        ],
    ),
    (
        "search",
        &["Products Searched", "Product Searched", "Search Performed", "Searched", "search", "view_search_results"],
    ),
    (
        "product",
        &[
            "Product Viewed",
            "Product Clicked",
            "Product List Viewed",
            "Product List Filtered",
            "Product Shared",
            "Product Reviewed",
            "Viewed Product",
            "Viewed Product Category",
            "view_item",
            "view_item_list",
            "select_item",
            "share",
        ],
    ),
    (
        "cart",
        &[
            "Product Added",
            "Product Removed",
            "Cart Viewed",
            "Cart Shared",
            "Wishlist Product Added to Cart",
            "Checkout Started",
            "Checkout Step Viewed",
            "Checkout Step Completed",
            "Payment Info Entered",
            "Coupon Entered",
            "Coupon Applied",
            "Coupon Denied",
            "Coupon Removed",
            "Added Product",
            "Removed Product",
            "Order Started",
            "add_to_cart",
            "remove_from_cart",
            "view_cart",
            "begin_checkout",
            "add_shipping_info",
            "add_payment_info",
        ],
    ),
    ("wishlist", &["Product Added to Wishlist", "Product Removed from Wishlist", "Wishlist Viewed", "add_to_wishlist"]),
    (
        "order",
        &[
            "Order Completed",
            "Order Updated",
            "Order Cancelled",
            "Order Canceled",
            "Completed Order",
            "purchase",
            "in_app_purchase",
        ],
    ),
    ("return", &["Order Refunded", "Return Requested", "Return Received", "refund"]),
    (
        "message_sent",
        &[
            "Email Sent",
            "Email Delivered",
            "SMS Sent",
            "SMS Delivered",
            "Push Notification Sent",
            "Push Notification Delivered",
            "Push Notification Received",
            "Push Sent",
            "Push Delivered",
        ],
    ),
    ("message_opened", &["Email Opened", "SMS Opened", "Push Notification Opened", "Push Opened"]),
    (
        "message_clicked",
        &[
            "Email Link Clicked",
            "Email Clicked",
            "SMS Link Clicked",
            "SMS Link Tapped",
            "SMS Tapped",
            "Push Notification Tapped",
            "Push Notification Clicked",
            "Push Tapped",
        ],
    ),
    (
        "message_failed",
        &[
            "Email Bounced",
            "Email Failed",
            "Email Dropped",
            "SMS Bounced",
            "SMS Failed",
            "Push Notification Bounced",
            "Push Notification Failed",
            "Push Bounced",
        ],
    ),
    (
        "contact",
        &[
            "Call *",
            "Phone Call *",
            "Live Chat *",
            "Chat *",
            "Ticket *",
            "Complaint *",
            "SMS Replied",
            "Email Replied",
            "generate_lead",
        ],
    ),
    (
        "visit",
        &[
            "Store Visited",
            "Store Visit",
            "Application Installed",
            "Application Opened",
            "Application Updated",
            "Application Foregrounded",
            "Application Backgrounded",
            "Application Crashed",
            "Install Attributed",
            "Deep Link Opened",
            "Deep Link Clicked",
            "first_open",
            "first_visit",
            "session_start",
        ],
    ),
    (
        "delivery",
        &[
            "Delivery *",
            "Shipment *",
            "Parcel *",
            "Package *",
            "Order Shipped",
            "Order Dispatched",
            "Order Delivered",
            "Order Fulfilled",
        ],
    ),
    ("sign_up", &["Signed Up", "User Signed Up", "Sign Up", "Account Created", "User Registered", "Registered"]),
    ("sign_in", &["Signed In", "User Signed In", "Sign In", "Logged In", "User Logged In", "Login"]),
    ("like", &["Product Liked"]),
    ("dislike", &["Product Disliked", "Email Marked as Spam"]),
    (
        "consent",
        &[
            "Consent Given",
            "Consent Denied",
            "Consent Withdrawn",
            "Unsubscribed",
            "Email Unsubscribed",
            "SMS Unsubscribed",
        ],
    ),
];

/// The same for names that are in no row above, on a channel with messages ([`channels::carries_messages`]): a letter,
/// a catalogue, a "Newsletter Sent".
const ON_MESSAGE_CHANNELS: &[(&str, &[&str])] = &[
    ("message_sent", &["* Sent", "* Delivered"]),
    ("message_opened", &["* Opened"]),
    ("message_clicked", &["* Clicked", "* Tapped"]),
    ("message_failed", &["* Bounced", "* Failed"]),
    ("contact", &["* Replied"]),
];

/// The tables, prepared for look-ups of names.
struct Names {
    exact: FxHashMap<String, Arc<str>>,
    patterns: Vec<(Pattern, Arc<str>)>,
    on_message_channels: Vec<(Pattern, Arc<str>)>,
    view: Arc<str>,
    other: Arc<str>,
}

static READY: LazyLock<Names> = LazyLock::new(|| {
    let mut ready = Names {
        exact: FxHashMap::default(),
        patterns: Vec::new(),
        on_message_channels: Vec::new(),
        view: "view".into(),
        other: "other".into(),
    };
    for (kind, names) in NAMES {
        let kind: Arc<str> = (*kind).into();
        for name in *names {
            if name.contains('*') {
                ready.patterns.push((Pattern::of_names(name), kind.clone()));
            } else {
                ready.exact.insert(squash(&name_words(name)), kind.clone());
            }
        }
    }
    for (kind, names) in ON_MESSAGE_CHANNELS {
        let kind: Arc<str> = (*kind).into();
        ready.on_message_channels.extend(names.iter().map(|name| (Pattern::of_names(name), kind.clone())));
    }
    ready
});

/// The kind of a page or a screen.
pub(crate) fn of_view() -> Arc<str> {
    READY.view.clone()
}

/// The kind of a track event: by its name in [words](name_words) and [squashed](squash), and its channel.
pub(crate) fn of_track(words: &str, squashed: &str, channel: &str) -> Arc<str> {
    let names = &*READY;
    let fitting = |patterns: &[(Pattern, Arc<str>)]| {
        patterns.iter().find(|(pattern, _)| pattern.fits(words)).map(|(_, kind)| kind.clone())
    };
    let found = names.exact.get(squashed).cloned().or_else(|| fitting(&names.patterns));
    let found =
        found.or_else(|| if channels::carries_messages(channel) { fitting(&names.on_message_channels) } else { None });
    found.unwrap_or_else(|| names.other.clone())
}

/// Words without blanks, so that `WishList` and `Wishlist` are one.
pub(crate) fn squash(words: &str) -> String {
    words.chars().filter(|c| *c != ' ').collect()
}

/// The table in Markdown, for docs/events.md; a test compares the two.
pub fn table() -> String {
    let mut text = String::from("| kind | events |\n|---|---|\n| view | every `page` and `screen`; ");
    for (i, (kind, names)) in NAMES.iter().enumerate() {
        let on_channel = ON_MESSAGE_CHANNELS.iter().find(|(other, _)| other == kind);
        let names = names.join(", ");
        let more = on_channel.map_or(String::new(), |(_, more)| {
            format!("; on a channel of messages also {}", more.join(", ").replace('*', "…"))
        });
        let row = if i == 0 { String::new() } else { format!("| {kind} | ") };
        let _ = writeln!(text, "{row}{}{more} |", names.replace('*', "…"));
    }
    text.push_str("| other | everything else |\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, channel: &str) -> Arc<str> {
        let words = name_words(name);
        of_track(&words, &squash(&words), channel)
    }

    #[test]
    fn the_names_of_the_contract_mean_what_it_says() {
        for (name, expected) in [
            ("Product Viewed", "product"),
            ("Products Searched", "search"),
            ("Product Added", "cart"),
            ("Product Removed", "cart"),
            ("Cart Viewed", "cart"),
            ("Product Added to Wishlist", "wishlist"),
            ("Order Completed", "order"),
            ("Order Updated", "order"),
            ("Order Cancelled", "order"),
            ("Order Refunded", "return"),
            ("Email Sent", "message_sent"),
            ("SMS Sent", "message_sent"),
            ("Push Notification Sent", "message_sent"),
            ("Email Opened", "message_opened"),
            ("Push Notification Opened", "message_opened"),
            ("Email Link Clicked", "message_clicked"),
            ("Push Notification Tapped", "message_clicked"),
            ("Email Bounced", "message_failed"),
            ("Signed Up", "sign_up"),
            ("Signed In", "sign_in"),
            ("Product Liked", "like"),
            ("Product Disliked", "dislike"),
            ("Consent Given", "consent"),
            ("Consent Denied", "consent"),
            ("Call Received", "contact"),
            ("Live Chat Conversation Started", "contact"),
            ("Store Visited", "visit"),
            ("Application Opened", "visit"),
            ("Shipment Delivered", "delivery"),
            ("Loyalty Card Issued", "other"),
            ("Email Delivered", "message_sent"),
            ("Push Notification Received", "message_sent"),
            ("Order Started", "cart"),
            ("Order Delivered", "delivery"),
            ("Application Installed", "visit"),
            ("Email Marked as Spam", "dislike"),
            ("Email Unsubscribed", "consent"),
        ] {
            let channel = if name.starts_with("Email") { "email" } else { "other" };
            assert_eq!(&*kind(name, channel), expected, "{name}");
        }
    }

    #[test]
    fn the_names_that_ga4_recommends_mean_something() {
        for (name, expected) in [
            ("page_view", "view"),
            ("view_promotion", "view"),
            ("search", "search"),
            ("view_search_results", "search"),
            ("view_item", "product"),
            ("view_item_list", "product"),
            ("select_item", "product"),
            ("add_to_cart", "cart"),
            ("remove_from_cart", "cart"),
            ("view_cart", "cart"),
            ("begin_checkout", "cart"),
            ("add_shipping_info", "cart"),
            ("add_payment_info", "cart"),
            ("add_to_wishlist", "wishlist"),
            ("purchase", "order"),
            ("refund", "return"),
            ("sign_up", "sign_up"),
            ("login", "sign_in"),
            ("generate_lead", "contact"),
            ("first_open", "visit"),
            ("level_up", "other"),
        ] {
            assert_eq!(&*kind(name, "website"), expected, "{name}");
        }
    }

    #[test]
    fn a_name_means_the_same_however_it_is_written() {
        for name in ["order_completed", "orderCompleted", "ORDER COMPLETED", "Order completed"] {
            assert_eq!(&*kind(name, "other"), "order", "{name}");
        }
        assert_eq!(&*kind("productAddedToWishList", "other"), "wishlist");
        assert_eq!(&*kind("sms_sent", "sms"), "message_sent");
        assert_eq!(&*kind("call_received", "telephone"), "contact");
    }

    #[test]
    fn only_a_channel_of_messages_makes_any_sent_a_message() {
        assert_eq!(&*kind("Catalogue Sent", "direct_mail"), "message_sent");
        assert_eq!(&*kind("Catalogue Sent", "other"), "other");
        assert_eq!(&*kind("Catalogue Delivered", "direct_mail"), "message_sent");
        assert_eq!(&*kind("Sofa Delivered", "store"), "other");
        assert_eq!(&*kind("Newsletter Opened", "email"), "message_opened");
        assert_eq!(&*kind("Drawer Opened", "store"), "other");
    }

    #[test]
    fn the_table_has_every_kind_and_no_name_twice() {
        let text = table();
        for kind in KINDS {
            assert!(text.contains(&format!("| {kind} | ")), "{kind}");
        }
        let names: Vec<_> = NAMES.iter().flat_map(|(_, names)| names.iter()).collect();
        let distinct: std::collections::BTreeSet<_> = names.iter().map(|n| squash(&name_words(n))).collect();
        assert_eq!(names.len(), distinct.len());
        assert_eq!(READY.exact.len() + READY.patterns.len(), names.len());
    }
}
