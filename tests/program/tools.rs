//! An invented shop, and the files that eleven exports of its tools would be, with the habits of each tool. Everything
//! is made from numbers, so it is the same each time.

use std::collections::BTreeMap;
use std::path::Path;

/// The people of the shop.
pub(crate) const PEOPLE: u64 = 48;
/// The people who are customers in the web shop.
const IN_SHOP: u64 = 38;
const ORDERS: u64 = 50;
const SALES: u64 = 30;
const TICKETS: u64 = 20;
/// Visitors of the website whom nobody knows.
pub(crate) const VISITORS: u64 = 5;

/// A person.
#[derive(Clone, Copy)]
pub(crate) struct Person(pub(crate) u64);

impl Person {
    pub(crate) fn all() -> impl Iterator<Item = Person> {
        (0..PEOPLE).map(Person)
    }

    fn first(self) -> &'static str {
        ["José", "Ada", "Zoë", "Ben", "Chloé", "Dan", "Eve"][(self.0 % 7) as usize]
    }

    fn last(self) -> String {
        format!("{} {}", ["Núñez", "Ash", "Brown", "Cole", "Dean"][(self.0 % 5) as usize], self.0)
    }

    pub(crate) fn name(self) -> String {
        format!("{} {}", self.first(), self.last())
    }

    pub(crate) fn email(self) -> String {
        format!("person{}@shop.example", self.0)
    }

    /// As people type it.
    fn loud_email(self) -> String {
        format!("Person{}@Shop.Example", self.0)
    }

    fn phone(self) -> String {
        format!("+4477009001{:02}", self.0)
    }

    /// The shop's own reference, which GA4, Zendesk and Square know.
    pub(crate) fn user(self) -> String {
        format!("u-{}", self.0)
    }

    fn shopify_id(self) -> String {
        format!("60000000{:05}", self.0)
    }

    pub(crate) fn is_in_shop(self) -> bool {
        self.0 < IN_SHOP
    }

    pub(crate) fn has_user(self) -> bool {
        self.0.is_multiple_of(4)
    }

    /// A square customer without the shop's reference is nobody else's.
    pub(crate) fn is_square_alone(self) -> bool {
        self.0.is_multiple_of(6) && !self.has_user()
    }

    /// The status in Mailchimp, which is in the name of the file.
    pub(crate) fn mailchimp(self) -> Option<&'static str> {
        let status = ["subscribed", "unsubscribed", "cleaned", "nonsubscribed"][(self.0 / 2 % 4) as usize];
        self.0.is_multiple_of(2).then_some(status)
    }

    fn klaviyo(self) -> Option<&'static str> {
        let status = ["SUBSCRIBED", "UNSUBSCRIBED", "NEVER_SUBSCRIBED"][(self.0 / 3 % 3) as usize];
        self.0.is_multiple_of(3).then_some(status)
    }

    fn accepts_email(self) -> bool {
        self.0.is_multiple_of(3)
    }

    fn accepts_sms(self) -> bool {
        self.0.is_multiple_of(5)
    }

    /// The status of the last decision on marketing by e-mail.
    pub(crate) fn email_consent(self) -> Option<&'static str> {
        let mut said = Vec::new();
        if self.is_in_shop() {
            said.push(("2000-01-01", if self.accepts_email() { "GRANTED" } else { "DENIED" }));
        }
        match self.mailchimp() {
            Some("subscribed") => said.push(("2023-04-01", "GRANTED")),
            Some("unsubscribed") => said.push(("2024-05-02", "REVOKED")),
            _ => {}
        }
        match self.klaviyo() {
            Some("SUBSCRIBED") => said.push(("2024-02-03", "GRANTED")),
            Some("UNSUBSCRIBED") => said.push(("2024-02-03", "REVOKED")),
            _ => {}
        }
        said.into_iter().max().map(|(_, status)| status)
    }

    /// The same by SMS, which the web shop alone asks for.
    pub(crate) fn sms_consent(self) -> Option<&'static str> {
        self.is_in_shop().then_some(if self.accepts_sms() { "GRANTED" } else { "DENIED" })
    }
}

/// Hundredths of a currency as `12.50`.
pub(crate) fn major(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}

/// As Square writes it: `-$1,234.50`.
fn dollars(cents: i64) -> String {
    let (whole, rest) = (cents.abs() / 100, cents.abs() % 100);
    let whole = if whole >= 1_000 { format!("{},{:03}", whole / 1_000, whole % 1_000) } else { whole.to_string() };
    format!("{}${whole}.{rest:02}", if cents < 0 { "-" } else { "" })
}

/// An order of the web shop.
#[derive(Clone, Copy)]
pub(crate) struct Order(u64);

impl Order {
    pub(crate) fn all() -> impl Iterator<Item = Order> {
        (0..ORDERS).map(Order)
    }

    pub(crate) fn number(self) -> String {
        format!("#{}", 1_001 + self.0)
    }

    pub(crate) fn buyer(self) -> Person {
        Person(self.0 * 7 % IN_SHOP)
    }

    /// Quantity and price in pence.
    fn lines(self) -> Vec<(i64, i64)> {
        (0..1 + self.0 % 3)
            .map(|l| (1 + ((self.0 + l) % 3) as i64, 500 + ((self.0 * 137 + l * 61) % 4_000) as i64))
            .collect()
    }

    fn gross(self) -> i64 {
        self.lines().iter().map(|(quantity, price)| quantity * price).sum()
    }

    fn discount(self) -> i64 {
        if self.0.is_multiple_of(5) { self.gross() / 10 } else { 0 }
    }

    fn subtotal(self) -> i64 {
        self.gross() - self.discount()
    }

    fn shipping(self) -> i64 {
        if self.0.is_multiple_of(3) { 395 } else { 0 }
    }

    fn taxes(self) -> i64 {
        self.subtotal() / 5
    }

    /// Prices of every second order contain the taxes.
    pub(crate) fn total(self) -> i64 {
        self.subtotal() + self.shipping() + if self.0.is_multiple_of(2) { self.taxes() } else { 0 }
    }

    pub(crate) fn is_cancelled(self) -> bool {
        self.0 % 17 == 6
    }

    pub(crate) fn refunded(self) -> i64 {
        match self.0 {
            _ if self.is_cancelled() => 0,
            n if n % 13 == 5 => self.total(),
            n if n % 9 == 4 => self.total() / 3,
            _ => 0,
        }
    }

    fn day(self) -> String {
        format!("2024-{:02}-{:02}", 3 + self.0 / 25, 1 + self.0 % 25)
    }

    /// Whether GA4 saw it: only of people who sign in.
    fn is_in_ga4(self) -> bool {
        self.buyer().has_user()
    }
}

/// A sale in the store.
#[derive(Clone, Copy)]
pub(crate) struct Sale(u64);

impl Sale {
    pub(crate) fn all() -> impl Iterator<Item = Sale> {
        (0..SALES).map(Sale)
    }

    /// Nobody for a walk-in.
    pub(crate) fn buyer(self) -> Option<Person> {
        (!self.0.is_multiple_of(3)).then_some(Person(self.0 * 6 % PEOPLE))
    }

    fn number(self) -> String {
        format!("sq{:04}", self.0)
    }

    /// Gross, discount and tax of each line, in cents.
    fn lines(self) -> Vec<(i64, i64, i64)> {
        (0..1 + self.0 % 2)
            .map(|l| {
                let gross = 2 * (450 + ((self.0 * 7_919 + l * 311) % 90_000) as i64);
                let discount = if self.0.is_multiple_of(4) { gross / 20 } else { 0 };
                (gross, discount, (gross - discount) * 8 / 100)
            })
            .collect()
    }

    pub(crate) fn total(self) -> i64 {
        self.lines().iter().map(|(gross, discount, tax)| gross - discount + tax).sum()
    }

    /// Of some sales the first line came back.
    pub(crate) fn refunded(self) -> i64 {
        let (gross, discount, tax) = self.lines()[0];
        if self.0 % 7 == 2 { gross - discount + tax } else { 0 }
    }
}

/// A file in the form of a preset.
pub(crate) struct ToolFile {
    pub(crate) preset: &'static str,
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// The touchpoints that it tells of.
    pub(crate) touchpoints: u64,
}

impl ToolFile {
    /// Its records, the head first, with their line ends. A record may have several lines.
    pub(crate) fn records(&self) -> Vec<String> {
        let text = match self.encoding() {
            Encoding::Utf8 => String::from_utf8(self.bytes.clone()).expect("UTF-8"),
            Encoding::Windows1252 => self.bytes.iter().map(|byte| char::from(*byte)).collect(),
            Encoding::Utf16 => {
                let units = self.bytes.chunks(2).skip(1).map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
                String::from_utf16(&units.collect::<Vec<_>>()).expect("UTF-16")
            }
        };
        let (mut records, mut quoted) = (vec![String::new()], false);
        for c in text.chars() {
            quoted ^= c == '"' && self.format() == "csv";
            let last = records.len() - 1;
            records[last].push(c);
            if c == '\n' && !quoted {
                records.push(String::new());
            }
        }
        records.retain(|record| !record.is_empty());
        records
    }

    /// The file with other records.
    pub(crate) fn with(&self, records: &[String]) -> Vec<u8> {
        let text = records.concat();
        match self.encoding() {
            Encoding::Utf8 => text.into(),
            Encoding::Windows1252 => windows_1252(&text),
            Encoding::Utf16 => utf_16(&text),
        }
    }

    /// The file with a byte sequence of another encoding in one of its records, in UTF-8 when it was UTF-16.
    pub(crate) fn mixed(&self, record: usize) -> Vec<u8> {
        let records = self.records();
        let mut bytes = Vec::new();
        for (i, text) in records.iter().enumerate() {
            let is_1252 = matches!(self.encoding(), Encoding::Windows1252);
            let begin = bytes.len();
            bytes.extend(if is_1252 { windows_1252(text) } else { text.clone().into_bytes() });
            if i == record {
                let odd: &[u8] = if is_1252 { "é".as_bytes() } else { b"\xe9" };
                bytes.splice(begin + 2..begin + 2, odd.iter().copied());
            }
        }
        bytes
    }

    fn encoding(&self) -> Encoding {
        match self.preset {
            "mailchimp-audience" => Encoding::Windows1252,
            "zendesk-tickets" => Encoding::Utf16,
            _ => Encoding::Utf8,
        }
    }

    pub(crate) fn format(&self) -> &'static str {
        if self.name.ends_with(".json") { "ndjson" } else { "csv" }
    }

    pub(crate) fn write(&self, folder: &Path) {
        let path = folder.join(&self.name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(path, &self.bytes).expect("a file");
    }
}

enum Encoding {
    Utf8,
    Windows1252,
    Utf16,
}

/// Rows of cells as CSV; cells that need it are quoted.
fn csv(delimiter: char, end: &str, head: &str, rows: &[Vec<String>]) -> String {
    let cell = |text: &str| match text.contains([delimiter, '"', '\n']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    };
    let mut text = String::new();
    let head: Vec<String> = head.split(", ").map(str::to_owned).collect();
    for row in std::iter::once(&head).chain(rows) {
        assert_eq!(row.len(), head.len(), "{row:?}");
        text.push_str(&row.iter().map(|text| cell(text)).collect::<Vec<_>>().join(&delimiter.to_string()));
        text.push_str(end);
    }
    text
}

fn texts<const N: usize>(cells: [&str; N]) -> Vec<String> {
    cells.map(str::to_owned).to_vec()
}

/// Each character of these texts is one byte of Windows-1252, as in Latin-1.
fn windows_1252(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).expect("a letter of Latin-1")).collect()
}

fn utf_16(text: &str) -> Vec<u8> {
    [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
}

/// All files, in the order in which they are imported.
pub(crate) fn files() -> Vec<ToolFile> {
    let mut files =
        vec![shopify_customers(), shopify_orders(), klaviyo(), hubspot(), zendesk_users(), zendesk_tickets()];
    files.extend(mailchimp_audience());
    files.extend(mailchimp_activity());
    files.extend([stripe(true), stripe(false), square()]);
    files.extend(ga4());
    files
}

fn shopify_customers() -> ToolFile {
    let head = "Customer ID, First Name, Last Name, Email, Accepts Email Marketing, Default Address Company, \
            Default Address Phone, Phone, Accepts SMS Marketing, Total Spent, Total Orders, Note, Tax Exempt, \
            Tags";
    let yes = |so: bool| if so { "yes" } else { "no" };
    let rows = Person::all().filter(|one| one.is_in_shop()).map(|one| {
        // Spreadsheets take an id for a number, so it begins with a quote. The address has the phone of a neighbour.
        let (id, phone) = (format!("'{}", one.shopify_id()), format!("'{}", one.phone()));
        let (last, email) = (one.last(), one.email());
        texts([
            &id,
            one.first(),
            &last,
            &email,
            yes(one.accepts_email()),
            "",
            "'+447700900999",
            &phone,
            yes(one.accepts_sms()),
            "0.00",
            "0",
            "two\nlines",
            "no",
            "vip, loyal",
        ])
    });
    let text = csv(',', "\n", head, &rows.collect::<Vec<_>>());
    ToolFile { preset: "shopify-customers", name: "customers_export.csv".into(), bytes: text.into(), touchpoints: 0 }
}

fn shopify_orders() -> ToolFile {
    let head = "Name, Email, Financial Status, Paid at, Currency, Subtotal, Shipping, Taxes, Total, Discount Code, \
            Discount Amount, Created at, Lineitem quantity, Lineitem name, Lineitem price, Lineitem sku, \
            Billing Name, Shipping Name, Shipping Phone, Cancelled at, Refunded Amount, Id, Phone";
    let mut rows = Vec::new();
    let mut touchpoints = 0;
    for order in Order::all() {
        touchpoints += 1 + u64::from(order.is_cancelled()) + u64::from(order.refunded() > 0);
        for (l, (quantity, price)) in order.lines().into_iter().enumerate() {
            let first = l == 0;
            let only = |text: String| if first { text } else { String::new() };
            rows.push(vec![
                order.number(),
                // Later rows have Name alone, and some the e-mail too.
                if first || order.0.is_multiple_of(2) { order.buyer().email() } else { String::new() },
                only("paid".into()),
                only(format!("{} 10:30:00 +0100", order.day())),
                only("GBP".into()),
                only(major(order.subtotal())),
                only(major(order.shipping())),
                only(major(order.taxes())),
                only(major(order.total())),
                only(if order.discount() > 0 { "TEN".into() } else { String::new() }),
                only(major(order.discount())),
                only(format!("{} 10:22:31 +0100", order.day())),
                quantity.to_string(),
                format!("Thing {l}, \"red\""),
                major(price),
                format!("SKU-{}-{l}", order.0 % 9),
                only(order.buyer().name()),
                // A present: the receiver is not the buyer.
                only(Person((order.0 + 1) % PEOPLE).name()),
                only(Person((order.0 + 1) % PEOPLE).phone()),
                only(if order.is_cancelled() { format!("{} 12:00:00 +0100", order.day()) } else { String::new() }),
                only(major(order.refunded())),
                only(format!("58000000{:04}", order.0)),
                only(if order.0.is_multiple_of(2) { order.buyer().phone() } else { String::new() }),
            ]);
        }
    }
    let text = csv(',', "\n", head, &rows);
    ToolFile { preset: "shopify-orders", name: "orders_export_1.csv".into(), bytes: text.into(), touchpoints }
}

fn klaviyo() -> ToolFile {
    let head = "Email, Klaviyo ID, First Name, Last Name, Phone Number, City, Email Marketing Consent, \
            Email Marketing Consent Timestamp, Profile Created On, Last Active, Email Suppressions";
    let rows = Person::all().filter_map(|one| {
        let consent = one.klaviyo()?;
        let at = if consent == "NEVER_SUBSCRIBED" { "" } else { "2024-02-03 08:00:00" };
        let (email, id, last, phone) = (one.loud_email(), format!("01H{:05}", one.0), one.last(), one.phone());
        Some(texts([
            &email,
            &id,
            one.first(),
            &last,
            &phone,
            "Leeds",
            consent,
            at,
            "2023-01-05 09:00:00",
            "2024-06-01 10:00:00",
            "[]",
        ]))
    });
    let text = format!("\u{feff}{}", csv(',', "\r\n", head, &rows.collect::<Vec<_>>()));
    ToolFile { preset: "klaviyo-profiles", name: "klaviyo_list.csv".into(), bytes: text.into(), touchpoints: 0 }
}

fn hubspot() -> ToolFile {
    let head = "Record ID, First Name, Last Name, Email, Phone Number, Lead Status, Create Date, Lifecycle Stage, \
            Country/Region, Additional email addresses";
    let rows = Person::all().filter(|one| one.0 >= 40 || one.0.is_multiple_of(5)).map(|one| {
        // Two forms of a time in one file.
        let at = if one.0.is_multiple_of(2) { "2024-03-12 09:14" } else { "3/15/2024 2:30 PM" };
        let (id, last, email, more) = (format!("{}", 900 + one.0), one.last(), one.email(), second_email(one));
        texts([&id, one.first(), &last, &email, "", "New", at, "lead", "Spain", &more])
    });
    let text = csv(';', "\r\n", head, &rows.collect::<Vec<_>>());
    ToolFile { preset: "hubspot-contacts", name: "hubspot-crm.csv".into(), bytes: text.into(), touchpoints: 0 }
}

/// Another e-mail address of some people, which HubSpot alone knows.
pub(crate) fn second_email(one: Person) -> String {
    if one.0.is_multiple_of(10) { format!("other{}@mail.example", one.0) } else { String::new() }
}

fn zendesk_users() -> ToolFile {
    let head = "id, name, email, phone, external_id, created_at, tags, organization";
    let rows = Person::all().filter(|one| one.has_user()).map(|one| {
        let (id, name, email, user) = (format!("{}", 7_000 + one.0), one.name(), one.email(), one.user());
        texts([&id, &name, &email, &one.phone(), &user, "2023-02-01T08:00:00Z", "vip eu", ""])
    });
    let text = csv(',', "\n", head, &rows.collect::<Vec<_>>());
    ToolFile { preset: "zendesk-users", name: "zendesk_users.csv".into(), bytes: text.into(), touchpoints: 0 }
}

/// The person of each ticket, whether it was solved, and its rating.
pub(crate) fn tickets() -> impl Iterator<Item = (u64, Person, bool, Option<&'static str>)> {
    (0..TICKETS).map(|t| {
        let solved = !t.is_multiple_of(3);
        let rating = match t % 4 {
            1 => Some("Good"),
            3 => Some("Bad"),
            _ => None,
        };
        (t, Person(4 * (t % 12)), solved, rating.filter(|_| solved))
    })
}

fn zendesk_tickets() -> ToolFile {
    let head = "Summation column, Id, Requester, Requester id, Requester external id, Requester email, Subject, \
            Tags, Status, Priority, Via, Ticket type, Created at, Updated at, Solved at, Satisfaction Score";
    let mut touchpoints = 0;
    let rows = tickets().map(|(t, one, solved, rating)| {
        touchpoints += 1 + u64::from(solved) + u64::from(rating.is_some());
        let (id, requester) = (format!("{}", 300 + t), format!("{}", 7_000 + one.0));
        let (name, user, email) = (one.name(), one.user(), one.email());
        let created = format!("2024-04-{:02} 09:15", 1 + t);
        let updated = format!("2024-04-{:02} 17:40", 2 + t);
        let solved_at = if solved { updated.as_str() } else { "" };
        texts([
            "1",
            &id,
            &name,
            &requester,
            &user,
            &email,
            "Where is it? Señor",
            "late parcel",
            if solved { "Solved" } else { "Open" },
            "High",
            "Web",
            "Problem",
            &created,
            &updated,
            solved_at,
            rating.unwrap_or("Not Offered"),
        ])
    });
    let text = csv(',', "\r\n", head, &rows.collect::<Vec<_>>());
    ToolFile { preset: "zendesk-tickets", name: "tickets.csv".into(), bytes: utf_16(&text), touchpoints }
}

fn mailchimp_audience() -> Vec<ToolFile> {
    let file = |status: &'static str| {
        let mut head = "Email Address, First Name, Last Name, MEMBER_RATING, OPTIN_TIME, CONFIRM_TIME, LAST_CHANGED, EUID, NOTES, TAGS".to_owned();
        match status {
            // A name that is there twice.
            "unsubscribed" => head.push_str(", UNSUB_TIME, UNSUB_CAMPAIGN_ID, UNSUB_CAMPAIGN_ID"),
            "cleaned" => head.push_str(", CLEAN_TIME, CLEAN_CAMPAIGN_TITLE"),
            _ => {}
        }
        let people: Vec<Person> = Person::all().filter(|one| one.mailchimp() == Some(status)).collect();
        let rows = people.iter().map(|one| {
            let (email, last, id) = (one.loud_email(), one.last(), format!("e{:08x}", one.0 * 7_919));
            let confirmed = if status == "nonsubscribed" { "" } else { "2023-04-01 07:30:00" };
            let changed = "2024-05-02 14:40:47";
            let mut row =
                texts([&email, one.first(), &last, "2", confirmed, confirmed, changed, &id, "", "\"VIP\",\"Blog\""]);
            match status {
                "unsubscribed" => row.extend(texts([changed, "c1", ""])),
                "cleaned" => row.extend(texts([changed, "Spring sale"])),
                _ => {}
            }
            row
        });
        let bytes = windows_1252(&csv(',', "\r\n", &head, &rows.collect::<Vec<_>>()));
        let touchpoints = if status == "cleaned" { people.len() as u64 } else { 0 };
        ToolFile { preset: "mailchimp-audience", name: format!("{status}_members_export_ab1.csv"), bytes, touchpoints }
    };
    ["subscribed", "unsubscribed", "cleaned", "nonsubscribed"].map(file).into()
}

fn mailchimp_activity() -> Vec<ToolFile> {
    let people: Vec<Person> = Person::all().filter(|one| one.mailchimp() == Some("subscribed")).collect();
    let opens = people.iter().map(|one| texts([&one.email(), &format!("2024-05-03 08:{:02}:07", one.0)]));
    let clicks = people.iter().step_by(2).map(|one| {
        texts([&one.loud_email(), &format!("2024-05-03 09:{:02}:07", one.0), "https://shop.example/été?a=1,2"])
    });
    let file = |what: &str, head: &str, rows: Vec<Vec<String>>| ToolFile {
        preset: "mailchimp-activity",
        name: format!("granular_activity/{what}/4711_Spring sale é.csv"),
        bytes: csv(',', "\n", head, &rows).into(),
        touchpoints: rows.len() as u64,
    };
    vec![file("opens", "Email, Timestamp", opens.collect()), file("clicks", "Email, Timestamp, URL", clicks.collect())]
}

/// Orders with an even number are in the newer form of the export, the others in the older one.
fn stripe(newer: bool) -> ToolFile {
    let created = if newer { "Created date (UTC)" } else { "Created (UTC)" };
    let head = format!(
        "id, {created}, Amount, Amount Refunded, Currency, Decline Reason, Description, Fee, Refunded date (UTC), \
            Status, Seller Message, Customer ID, Customer Email, order_id (metadata)"
    );
    let mut rows = Vec::new();
    let mut touchpoints = 0;
    for order in Order::all().filter(|order| order.0.is_multiple_of(2) == newer) {
        let one = order.buyer();
        let (at, customer) = (format!("{} 09:22", order.day()), format!("cus_{:04}", one.0));
        let mut row = |id: String, refunded: i64, declined: &str, status: &str| {
            let refunded_at = if refunded > 0 { format!("{} 11:00", order.day()) } else { String::new() };
            rows.push(texts([
                &id,
                &at,
                &major(order.total()),
                &major(refunded),
                "gbp",
                declined,
                "Été",
                "0.50",
                &refunded_at,
                status,
                "",
                &customer,
                &one.email(),
                &order.number(),
            ]));
            touchpoints += 1 + u64::from(refunded > 0);
        };
        if order.0 % 10 == 3 {
            row(format!("ch_f{:04}", order.0), 0, "insufficient_funds", "Failed");
        }
        // A part that was paid back does not change the status.
        let whole = order.refunded() == order.total();
        row(format!("ch_{:04}", order.0), order.refunded(), "", if whole { "Refunded" } else { "Paid" });
    }
    if newer {
        // Yen have no smaller unit.
        for id in ["ch_yen1", "ch_yen2"] {
            rows.push(texts([
                id,
                "2024-06-01 03:00",
                "1980",
                "0",
                "jpy",
                "",
                "",
                "0",
                "",
                "Paid",
                "",
                "cus_0001",
                &Person(1).email(),
                "",
            ]));
            touchpoints += 1;
        }
    }
    let name = if newer { "unified_payments.csv" } else { "payments_old.csv" };
    let bytes = csv(',', "\n", &head, &rows).into();
    ToolFile { preset: "stripe-payments", name: name.into(), bytes, touchpoints }
}

fn square() -> ToolFile {
    let head = "Date, Time, Time Zone, Category, Item, Qty, Price Point Name, SKU, Gross Sales, Discounts, \
            Net Sales, Tax, Transaction ID, Payment ID, Event Type, Location, Customer ID, Customer Name, \
            Customer Reference ID";
    let mut rows = Vec::new();
    let mut touchpoints = 0;
    for sale in Sale::all() {
        let row = |l: usize, (gross, discount, tax): (i64, i64, i64), kind: &str| {
            let sign = if kind == "Refund" { -1 } else { 1 };
            let buyer = sale.buyer();
            let customer = buyer.map_or_else(String::new, |one| format!("SQ{:04}", one.0));
            let reference = buyer.filter(|one| one.has_user()).map_or_else(String::new, Person::user);
            let day = 1 + sale.0 % 28 + u64::from(sign < 0);
            texts([
                &format!("03/{day:02}/24"),
                &format!("{:02}:15:07", 9 + l),
                "Eastern Time (US & Canada)",
                "Café",
                &format!("Cake {l}"),
                &format!("{}", 2 * sign),
                "Regular",
                &format!("C-{l}"),
                &dollars(sign * gross),
                &dollars(-sign * discount),
                &dollars(sign * (gross - discount)),
                &dollars(sign * tax),
                &sale.number(),
                &format!("p{}{}", sale.number(), if sign < 0 { "r" } else { "" }),
                kind,
                "High Street",
                &customer,
                &buyer.map_or_else(String::new, Person::name),
                &reference,
            ])
        };
        for (l, line) in sale.lines().into_iter().enumerate() {
            rows.push(row(l, line, "Payment"));
        }
        if sale.refunded() > 0 {
            rows.push(row(0, sale.lines()[0], "Refund"));
        }
        touchpoints += u64::from(sale.buyer().is_some()) * (1 + u64::from(sale.refunded() > 0));
    }
    let bytes = csv(',', "\n", head, &rows).into();
    ToolFile { preset: "square-items", name: "items-2024-03.csv".into(), bytes, touchpoints }
}

/// Two tables; the second has the first day again, as tables are completed for three days.
fn ga4() -> Vec<ToolFile> {
    let mut days: BTreeMap<bool, Vec<String>> = BTreeMap::new();
    let mut add = |micros: u64, name: &str, user: Option<Person>, visitor: &str, params: &str, more: &str| {
        let user = user.map_or("null".to_owned(), |one| format!("\"{}\"", one.user()));
        let line = format!(
            r#"{{"event_date":"20240301","event_timestamp":"{micros}","event_name":"{name}","event_params":[{{"key":"ga_session_id","value":{{"string_value":null,"int_value":"{}","float_value":null,"double_value":null}}}},{{"key":"page_location","value":{{"string_value":"https://shop.example/é","int_value":null}}}}{params}],"user_id":{user},"user_pseudo_id":"{visitor}","user_properties":[{{"key":"plan","value":{{"string_value":"a"}}}}],"batch_page_id":"1","batch_ordering_id":"2","batch_event_index":"3","event_bundle_sequence_id":"9","collected_traffic_source":{{"manual_source":"news","manual_medium":"email"}},"platform":"WEB"{more}}}"#,
            micros / 1_000_000
        );
        days.entry(!micros.is_multiple_of(2)).or_default().push(line);
    };
    let start = 1_709_288_551_000_000;
    for one in Person::all().filter(|one| one.has_user()) {
        let visitor = format!("{}.77", 1_000 + one.0);
        add(start + one.0 * 60_000_000, "page_view", Some(one), &visitor, "", "");
        let items = r#","items":[{"item_id":"SKU-1","item_name":"Thing","price":5.5,"quantity":"1"}]"#;
        add(start + one.0 * 60_000_001 + 1, "view_item", Some(one), &visitor, "", items);
    }
    for n in 0..VISITORS {
        add(start + n, "page_view", None, &format!("{}.99", 2_000 + n), "", "");
    }
    for order in Order::all().filter(|order| order.is_in_ga4()) {
        let visitor = format!("{}.77", 1_000 + order.buyer().0);
        let value = format!(
            r#",{{"key":"currency","value":{{"string_value":"GBP"}}}},{{"key":"value","value":{{"double_value":{}}}}}"#,
            major(order.total())
        );
        let more = format!(r#","ecommerce":{{"transaction_id":"{}"}},"items":[]"#, order.number());
        add(start + order.0 * 90_000_001, "purchase", Some(order.buyer()), &visitor, &value, &more);
        if order.refunded() > 0 {
            add(start + order.0 * 90_000_001 + 60_000_000, "refund", Some(order.buyer()), &visitor, &value, &more);
        }
    }
    let first = days.remove(&false).unwrap_or_default();
    let second = days.remove(&true).unwrap_or_default();
    let file = |day: u64, lines: &[String], new: usize| ToolFile {
        preset: "ga4",
        name: format!("events_2024030{day}.json"),
        bytes: format!("{}\n", lines.join("\n")).into(),
        touchpoints: new as u64,
    };
    let both = [first.clone(), second.clone()].concat();
    vec![file(1, &first, first.len()), file(2, &both, second.len())]
}
