//! Mapping files: what they say, what is wrong in them, and the events that they make.

use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Mapping;
use super::events::{Group, MappedFile, Step, Unread};
use super::rows::FileFormat;
use crate::ingest::event::Orders;
use crate::ingest::lines::Input;

fn parse(text: &str) -> Result<Mapping, String> {
    Mapping::parse("till", Path::new("till.toml"), text).map_err(|fault| fault.to_string())
}

/// The groups of a file, and the rejected rows as groups.
fn groups(mapping: &str, format: FileFormat, file: &str) -> Vec<Group> {
    let mapping = Arc::new(parse(mapping).expect("a mapping"));
    let input = Input::new(Cursor::new(file.as_bytes().to_vec()), None);
    let mut file = MappedFile::open(input, format, mapping, "in/till.csv".into()).expect("it fits");
    let mut groups = Vec::new();
    while let Some(step) = file.next().expect("it can be read") {
        groups.push(match step {
            Step::Group(group) => group,
            Step::Reject(row, problem) => Group { first_row: row, events: vec![Err(problem)], ..Group::default() },
        });
    }
    groups
}

fn events(groups: &[Group]) -> Vec<Value> {
    let made = groups.iter().flat_map(|group| &group.events).filter_map(|made| made.as_ref().ok());
    made.map(|made| serde_json::from_str(&made.json).expect("JSON")).collect()
}

const SALES: &str = r#"
group_by = "No"
carry_down = ["Email", "Day"]
[[event]]
type = "track"
name = "Order Completed"
time = "Day"
message_id = ["No"]
identifiers = { email = "Email" }
properties = { order_id = "No", currency = "'GBP'", total = "sum(money(Amount))" }
lines = { sku = "Item", price = "money(Amount)", by = "Email" }
[[event]]
when = { Back = "!" }
type = "track"
name = "Order Refunded"
time = "Day"
message_id = ["No"]
identifiers = { email = "Email" }
properties = { order_id = "No", currency = "'GBP'", total = "money(Back)" }
[[check]]
name = "sum"
made = ["sum(money(Amount))", "sum(money(Amount), money(Tax))"]
stated = "money(Total)"
[[check]]
name = "order"
earlier = "Day"
later = "Paid"
"#;

#[test]
fn the_rows_of_a_group_make_one_event_for_each_rule() {
    let file = "No,Email,Day,Item,Amount,Tax,Total,Paid,Back\n\
                1,a@b.example,2024-03-01,hat,1.10,0.20,3.50,2024-03-02,\n\
                1,,,cap,2.20,,,,0.50\n\
                2,,2024-03-02,hat,4,,4,,\n\
                3,c@b.example,2024-03-03,hat,5,,6,2024-03-01,\n\
                3,c@b.example,2024-03-03,hat,5,,6,2024-03-01,\n\
                1,a@b.example,2024-03-01,hat,9,,9,,\n\
                4,d@b.example,2024-03-32,hat,1,,1,,1\n\
                5,e@b.example,2024-03-04,hat,free,,,,1\n";
    let groups = groups(SALES, FileFormat::Csv, file);
    let all = events(&groups);
    assert_eq!(all[0]["properties"]["total"], json!(3.3));
    let lines =
        json!([{"sku": "hat", "price": 1.1, "by": "a@b.example"}, {"sku": "cap", "price": 2.2, "by": "a@b.example"}]);
    assert_eq!(all[0]["properties"]["products"], lines, "what is carried down is in each line");
    assert_eq!((&all[0]["messageId"], &all[1]["messageId"]), (&json!("till:1"), &json!("till:1:2")), "two ids");
    assert_eq!(all[1]["properties"]["total"], json!(0.5));
    let seen: Vec<_> =
        groups.iter().map(|group| (group.first_row, group.rows, group.walk_ins.len(), group.agreed)).collect();
    assert_eq!(seen, [(2, 2, 0, 2), (4, 1, 1, 1), (5, 2, 0, 0), (7, 0, 0, 0), (8, 1, 0, 1), (9, 1, 0, 0)]);
    let differ: Vec<_> = groups[2].differences.iter().map(|one| (one.first_row, one.last_row, &*one.what)).collect();
    let order = "order: 2024-03-01T00:00:00.000Z is before 2024-03-03T00:00:00.000Z";
    let sum = "sum: 10.00 or 10.00, the file states 6.00";
    assert_eq!(differ, [(6, 6, "the same as row 5"), (5, 6, sum), (5, 6, order)]);
    let refused = |group: &Group| -> Vec<String> {
        group.events.iter().filter_map(|made| made.as_ref().err().map(ToString::to_string)).collect()
    };
    assert!(refused(&groups[3])[0].contains("sort the file"), "row 7 comes too late");
    assert_eq!(refused(&groups[4]).len(), 2, "both events need the time");
    assert!(refused(&groups[5]) == ["BAD_MONEY properties.total: not an amount: it is read as 1,234.50, by `decimal`"]);
    assert!(groups[5].events[1].is_ok(), "one event that cannot be made does not cost the other");
}

#[test]
fn json_has_paths_and_lists_of_keys() {
    let mapping = r##"
        times = "unix-micros"
        [[event]]
        type = "track"
        name = "column(what)"
        time = "at"
        message_id = ["at", "note", "#occurrence"]
        identifiers = { user_id = "who.id", email = ["who.mail", "more"] }
        properties = { page = "param(page)", n = "param(params, n)" }
        order = "shop"
    "##;
    let line = |note: &str| {
        format!(
            r#"{{"what":"Seen","at":"1709288551123456","who":{{"id":9007199254740993,"mail":"a@b.example"}},"more":["c@d.example","e@f.example"],"note":"{note}","params":[{{"key":"page","value":{{"string_value":null,"int_value":"7"}}}},{{"key":"n","value":2}}]}}"#
        )
    };
    let file = [line("a"), line("a"), line(&"long ".repeat(60)), line("two\\nlines"), "[1]".into()].join("\n");
    let groups = groups(mapping, FileFormat::Ndjson, &file);
    let all = events(&groups);
    assert_eq!(all[0]["userId"], "9007199254740993", "all digits");
    assert_eq!(all[0]["timestamp"], "2024-03-01T10:22:31.123Z");
    assert_eq!(all[0]["properties"], json!({"page": "7", "n": 2}));
    assert_eq!(all[0]["context"]["externalIds"].as_array().map(Vec::len), Some(3));
    let ids: Vec<&str> = all.iter().map(|event| event["messageId"].as_str().expect("an id")).collect();
    assert_eq!(ids[..2], ["till:1709288551123456:a:1", "till:1709288551123456:a:2"]);
    assert!(ids[2..].iter().all(|id| id.len() < 70 && !id.contains(char::is_control)), "{ids:?}");
    let made = groups[0].events[0].as_ref().expect("an event");
    assert!(made.orders == Orders::ToldBy("shop".into()) && made.has_id);
    let last = groups.iter().find(|group| group.first_row == 5).expect("the last line");
    assert!(last.events[0].is_err(), "a list is no row");
}

#[test]
fn two_times_that_both_fit_are_an_error_of_the_mapping() {
    let text = "times = [\"%d/%m/%Y\", \"%m/%d/%Y\"]\n[[event]]\ntype = \"identify\"\ntime = \"Day\"\nidentifiers = { email = \"Email\" }";
    let input = Input::new(Cursor::new(b"Day,Email\n13/04/2024,a@b.example\n03/04/2024,b@b.example\n".to_vec()), None);
    let mapping = Arc::new(parse(text).expect("a mapping"));
    let mut file = MappedFile::open(input, FileFormat::Csv, mapping, String::new()).expect("it fits");
    assert!(matches!(file.next(), Ok(Some(Step::Group(group))) if group.events[0].is_ok()));
    let Err(Unread::Mapping(fault)) = file.next() else { panic!("both formats fit") };
    let words = "till.toml:1: times: in row 3, \"03/04/2024\" is one time by \"%d/%m/%Y\" and another by \"%m/%d/%Y\"";
    assert!(fault.to_string().starts_with(words), "{fault}");
}

#[test]
fn a_mistake_in_a_mapping_is_named_with_line_and_key() {
    let event = "[[event]]\ntype = \"identify\"\n";
    for (text, words) in [
        (String::new(), "till.toml:1: event: there is no [[event]]"),
        ("[[event]]\ntype = \"track\"".into(), "till.toml:1: event: name is missing"),
        ("[[event]]\nname = \"x\"".into(), "till.toml:1: event: type is missing"),
        (format!("{event}order = 1"), "till.toml:3: event.order: true, false or the source"),
        (
            format!("{event}consent = {{ purpose = \"p\", status = \"yes\" }}"),
            "till.toml:3: event.consent.status: \"yes\" where one of",
        ),
        (format!("{event}[[check]]\nname = \"x\"\nmade = \"a\""), "till.toml:3: check: a check has made and stated"),
        (format!("encoding = \"ebcdic\"\n{event}"), "till.toml:1: encoding: \"ebcdic\" where one of"),
        (format!("delimiter = \";;\"\n{event}"), "till.toml:1: delimiter: one sign is expected"),
        (format!("colour = 1\n{event}"), "till.toml:1: unknown key colour (known keys are"),
    ] {
        let fault = parse(&text).expect_err(&text);
        assert!(fault.starts_with(words), "{text}: {fault}");
    }
    assert_eq!(&*parse(&format!("name = \"a\"\n{event}")).expect("a mapping").name, "a");
    assert_eq!(&*parse(event).expect("a mapping").source, "till");
}
