//! The documented settings file, and the errors of others.

use std::path::Path;

use super::*;
use crate::domain::Duration;
use crate::domain::blocked::BlockedValues;
use crate::domain::claim::TraitPolicy;

fn read(text: &str, environment: &[(&str, &str)]) -> Result<Settings, String> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::read(Some((Path::new("t.toml"), text)), environment).map_err(|fault| fault.to_string())
}

fn fault(text: &str) -> String {
    read(text, &[]).expect_err("settings with a fault")
}

/// The documented settings file.
const DEFAULTS: &str = include_str!("defaults.toml");

#[test]
fn the_documented_file_holds_the_defaults() {
    let (written, built_in) = (read(DEFAULTS, &[]).expect("settings"), Settings::default());
    assert_eq!(format!("{written:?}"), format!("{built_in:?}"));
    assert_eq!(built_in.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(built_in.identity.session_gap, Duration::from_secs(1_800));
}

#[test]
fn the_rules_have_the_kinds_in_their_order() {
    let rules = Settings::default().identity_rules();
    assert_eq!((rules.version, rules.max_identifiers), (1, 200));
    let limits: Vec<_> = rules.kinds.iter().map(|k| (&*k.name, k.limit, k.device, k.merges)).collect();
    assert_eq!(limits[0], ("user_id", Some(1), false, true));
    assert_eq!(limits[4], ("mailchimp_id", None, false, true));
    assert_eq!(limits[11], ("name_and_birth", Some(2), false, true));
    assert_eq!(limits[12], ("anonymous_id", None, true, true));
}

#[test]
fn an_unknown_key_is_named_with_its_file_and_line() {
    assert_eq!(
        fault("[server]\nlisten = \"127.0.0.1:1\"\nport = 1\n"),
        "t.toml:3: unknown key server.port (known keys are listen, max_sockets, allowed_origins, trusted_proxies, tls)"
    );
    assert!(fault("[sever]\n").starts_with("t.toml:1: unknown key sever"));
    assert!(fault("top = 1").starts_with("t.toml:1: unknown key top"));
    let kind = fault("[[identity.kind]]\nname = \"a\"\nform = [\"userId\"]\n");
    assert!(kind.starts_with("t.toml:3: unknown key identity.kind.form"), "{kind}");
    let secret = fault("[store]\npassword = \"x\"\n");
    assert!(secret.contains("THROUGHLINE_STORE_PASSWORD") && !secret.contains('x'), "{secret}");
}

#[test]
fn an_invalid_value_is_named_with_its_file_line_and_key() {
    for (text, start) in [
        ("[server]\nlisten = \"nowhere\"", "t.toml:2: server.listen: not an address"),
        ("[server]\nlisten = 8080", "t.toml:2: server.listen: a number where a text"),
        ("access = true", "t.toml:1: access: true or false where a table is expected"),
        ("[access]\nrotation_overlap = \"P1M\"", "t.toml:2: access.rotation_overlap: years and months"),
        ("[access]\nlog_days = 365", "t.toml:2: unknown key access.log_days"),
        ("[server]\nmax_sockets = 0", "t.toml:2: server.max_sockets: not a whole number from 1"),
        ("[server]\nmax_sockets = 1.5", "t.toml:2: server.max_sockets: not a whole number from 1"),
        ("[server]\nallowed_origins = \"*\"", "t.toml:2: server.allowed_origins: text where a list is expected"),
        (
            "[server]\nallowed_origins = [\"*\"]",
            "t.toml:2: server.allowed_origins: not the origin of a page: write it as",
        ),
        (
            "[server]\nallowed_origins = [\"https://a.example\",\n\"https://b.example/\"]",
            "t.toml:3: server.allowed_origins: not the origin of a page",
        ),
        ("[server]\ntrusted_proxies = [\"nginx\"]", "t.toml:2: server.trusted_proxies: not an address or a network"),
        (
            "[server]\ntrusted_proxies = [\"10.0.0.7/8\"]",
            "t.toml:2: server.trusted_proxies: the address has bits after",
        ),
        ("[server]\ntrusted_proxies = [\"0.0.0.0/0\"]", "t.toml:2: server.trusted_proxies: every address is in it"),
        ("[server]\ntls = true", "t.toml:2: server.tls: true or false where a table is expected"),
        ("[server.tls]\ncert = \"a\"", "t.toml:1: server.tls: key is missing"),
        ("[server.tls]\nkey = \"a\"", "t.toml:1: server.tls: cert is missing"),
        ("[server.tls]\ncert = \" \"\nkey = \"a\"", "t.toml:2: server.tls.cert: the name of the file is empty"),
        (
            "[server.tls]\ncert = \"a\"\nkey = \"b\"\nca = \"c\"",
            "t.toml:4: unknown key server.tls.ca (known keys are cert",
        ),
        ("server = 1", "t.toml:1: server: a number where a table is expected"),
        ("[store]\nurl = \"postgres://x\"", "t.toml:2: store.url: not a store"),
        ("[store]\nurl = \"bolt://\"", "t.toml:2: store.url: bolt:// without an address"),
        ("[store]\nurl = \"bolt://me:secret@host\"", "t.toml:2: store.url: the address has no user and password"),
        ("[store]\nsynchronous = \"off\"", "t.toml:2: store.synchronous: neither normal nor full"),
        ("\n\n[identity]\nphone_country = \"ZZ\"", "t.toml:4: identity.phone_country: not a country"),
        ("[identity]\nsession_gap = \"P1M\"", "t.toml:2: identity.session_gap: years and months"),
        ("[identity]\nsession_gap = \"PT0S\"", "t.toml:2: identity.session_gap: a gap of zero"),
        ("[identity]\nmax_identifiers = 1", "t.toml:2: identity.max_identifiers: not a whole number from 2"),
        ("[identity]\nblocked = [\"a\",\n \"/[/\"]", "t.toml:3: identity.blocked: /[/ is not a regular expression"),
        ("[identity]\nblocked = \"a\"", "t.toml:2: identity.blocked: text where a list is expected"),
        ("[identity]\nkind = []", "t.toml:2: identity.kind: the list is empty"),
        ("[[identity.kind]]\nlimit = 1", "t.toml:1: identity.kind: name is missing"),
        ("[[identity.kind]]\nname = \"a:b\"", "t.toml:2: identity.kind.name: not the name of a kind"),
        ("[[identity.kind]]\nname = \"a\"\nlimit = 0", "t.toml:3: identity.kind.limit: not a whole number"),
        ("[[identity.kind]]\nname = \"a\"\nfrom = [\"user\"]", "t.toml:3: identity.kind.from: not a path"),
        ("[[identity.kind]]\nname = \"a\"\nnormalise = \"x\"", "t.toml:3: identity.kind.normalise: neither email"),
        ("[[identity.kind]]\nname = \"a\"\nmerges = \"x\"", "t.toml:3: identity.kind.merges: neither true nor false"),
        (
            "[[identity.kind]]\nname = \"a\"\nparts = [\"traits.x\"]",
            "t.toml:3: identity.kind.parts: a composite needs two",
        ),
        (
            "[[identity.kind]]\nname = \"a\"\nparts = [\"userId\", \"traits.x\"]",
            "t.toml:3: identity.kind.parts: the parts of a composite are",
        ),
        (
            "[[identity.kind]]\nname = \"a\"\n[[identity.kind]]\nname = \"a\"",
            "t.toml:1: identity.kind: the kind a occurs twice",
        ),
        ("[traits]\nemail = \"best\"", "t.toml:2: traits.email: neither newest"),
        ("[traits]\nemail = []", "t.toml:2: traits.email: the list is empty"),
        ("[[channel]]\nwhen = { type = \"page\" }", "t.toml:1: channel: is is missing"),
        ("[[channel]]\nis = \"kiosk\"\nwhen = { }", "t.toml:3: channel.when: a rule without conditions"),
        ("[[channel]]\nis = \"kiosk\"\nwhen = { platform = \"x\" }", "t.toml:3: channel.when.platform: neither type"),
        ("[[event]]\nkind = \"cart\"", "t.toml:1: event: name is missing"),
        ("[[event]]\nname = \"a\"", "t.toml:1: event: kind is missing"),
        ("[[event]]\nname = \" \"\nkind = \"cart\"", "t.toml:2: event.name: the name is empty"),
        ("[[event]]\nname = \"a\"\nkind = \"basket\"", "t.toml:3: event.kind: not a kind: use one of view, search"),
        ("[[event]]\nname = \"a\"\nkind = \"cart\"\nsort = 1", "t.toml:4: unknown key event.sort (known keys are name"),
        (
            "[[event]]\nname = \"a\"\nkind = \"cart\"\norder = { number = \"n\" }",
            "t.toml:4: event.order: only an event of kind order or return",
        ),
        (
            "[[event]]\nname = \"a\"\nkind = \"order\"\norder = { receipt = \"n\" }",
            "t.toml:4: unknown key event.order.receipt (known keys are number, total",
        ),
        (
            "[[event]]\nname = \"a\"\nkind = \"return\"\norder = { sku = \"a..b\" }",
            "t.toml:4: event.order.sku: not a property",
        ),
        (
            "[[event]]\nname = \"a\"\nkind = \"order\"\norder = { sku = [] }",
            "t.toml:4: event.order.sku: the list is empty",
        ),
        ("[privacy]\nunsubscribe = \"\"", "t.toml:2: privacy.unsubscribe: the name of the purpose is empty"),
        ("[journeys]\nmemory_mb = 0", "t.toml:2: journeys.memory_mb: not a whole number from 1"),
        ("[journeys]\nfolder = \" \"", "t.toml:2: journeys.folder: the name of the folder is empty"),
        ("[journeys]\ndimensions = [\"platform\"]", "t.toml:2: journeys.dimensions: not a dimension"),
        ("[privacy]\npersonal = [\"e-mail\"]", "t.toml:2: privacy.personal: neither a kind"),
        ("[privacy]\npersonal = [\"properties.\"]", "t.toml:2: privacy.personal: neither a kind"),
        ("[privacy]\npurposes = \"ads\"", "t.toml:2: privacy.purposes: text where a list is expected"),
        ("[privacy]\npurposes = [\"ads\",\n\"ads\"]", "t.toml:3: privacy.purposes: ads is listed twice"),
        ("[privacy]\npurposes = [\"our ads\"]", "t.toml:2: privacy.purposes: a purpose has 1 to 64"),
        ("[privacy]\npurposes = [\"\"]", "t.toml:2: privacy.purposes: a purpose has 1 to 64"),
        ("[privacy]\npurposes = [{ basis = \"contract\" }]", "t.toml:2: privacy.purposes: name is missing"),
        (
            "[privacy]\npurposes = [{ name = \"a\", basis = \"law\" }]",
            "t.toml:2: privacy.purposes.basis: neither \"consent\"",
        ),
        ("[privacy]\npurposes = [{ name = \"a\", why = \"law\" }]", "t.toml:2: unknown key privacy.purposes.why"),
        ("[access.reader]\nsees = [\"E-Mail\"]", "t.toml:2: access.reader.sees: neither a kind"),
        ("[access.reader]\npeople = true", "t.toml:2: unknown key access.reader.people"),
        ("[access.analyst]\nedits = \"maybe\"", "t.toml:2: access.analyst.edits:"),
        ("[access.analyst]\nsees = []", "t.toml:2: unknown key access.analyst.sees"),
        ("[server\n", "t.toml:1: not TOML"),
    ] {
        let message = fault(text);
        assert!(message.starts_with(start), "{text}: {message}");
    }
}

#[test]
fn a_given_list_replaces_the_default_list() {
    let text = "[identity]\nblocked = [\"Nobody\"]\n[[identity.kind]]\nname = \"member\"\nmerges = false\n";
    let settings = read(text, &[]).expect("settings");
    assert_eq!(settings.identity.blocked.len(), 1);
    let blocked: BlockedValues = settings.identity.blocked.iter().collect();
    assert!(blocked.blocks("NOBODY") && !blocked.blocks("null"), "the list replaces the default list");
    assert_eq!(settings.identity.kinds.len(), 1);
    assert!(!settings.identity_rules().kinds[0].merges);
}

#[test]
fn the_environment_wins_over_the_file() {
    let environment = [
        ("THROUGHLINE_SERVER_LISTEN", "127.0.0.1:9"),
        ("THROUGHLINE_SERVER_TRUSTED_PROXIES", "[\"10.0.0.0/8\", \"::1\"]"),
        ("THROUGHLINE_SERVER_ALLOWED_ORIGINS", "[\"https://CRM.example:443\"]"),
        ("THROUGHLINE_IDENTITY_PHONE_COUNTRY", "de"),
        ("THROUGHLINE_IDENTITY_BLOCKED", "[\"x\", \"/^y/\"]"),
        ("THROUGHLINE_IDENTITY_KIND", "[{ name = \"member\", from = [\"userId\"], device = true }]"),
        ("THROUGHLINE_CHANNEL", "[{ is = \"kiosk\", when = { properties.platform = \"booth\" } }]"),
        ("THROUGHLINE_EVENT", "[{ name = \"Basket *\", kind = \"cart\" }]"),
        ("THROUGHLINE_PRIVACY_UNSUBSCRIBE", "offers"),
        ("THROUGHLINE_TRAITS_FIRST_NAME", "oldest"),
        ("THROUGHLINE_TRAITS_CITY", "[\"crm\"]"),
        ("THROUGHLINE_STORE_URL", "bolt://h:7687"),
        ("THROUGHLINE_STORE_USER", "neo4j"),
        ("THROUGHLINE_STORE_PASSWORD", "secret"),
        ("THROUGHLINE_STORE_SYNCHRONOUS", ""),
        ("THROUGHLINE_TEST_NEO4J", "x"),
        ("THROUGHLINE_TO_USER", "x"),
        ("THROUGHLINE_URL", "x"),
        ("PATH", "x"),
    ];
    let settings = read("[server]\nlisten = \"127.0.0.1:1\"\nmax_sockets = 5", &environment).expect("settings");
    assert_eq!((settings.server.listen.port(), settings.server.max_sockets), (9, 5));
    assert!(settings.server.trusted_proxies[1].contains([0, 0, 0, 0, 0, 0, 0, 1].into()));
    assert_eq!(settings.server.allowed_origins[0].to_string(), "https://crm.example");
    assert_eq!(settings.identity.phone_country, phonenumber::country::DE);
    assert!(BlockedValues::from_iter(&settings.identity.blocked[1..2]).blocks("yes"));
    assert_eq!(&*settings.identity.kinds[0].name, "member");
    assert!(settings.identity.kinds[0].device);
    assert_eq!(&*settings.channels[0].is, "kiosk");
    assert!(settings.events[0].name.fits("basket opened") && &*settings.events[0].kind == "cart");
    assert_eq!(&*settings.privacy.unsubscribe, "offers");
    assert_eq!(settings.traits.policy("first_name"), &TraitPolicy::Oldest);
    assert_eq!(settings.traits.policy("city"), &TraitPolicy::Sources(vec!["crm".into()]));
    assert_eq!(settings.store.url, "bolt://h:7687");
    assert_eq!(settings.store.password.as_ref().map(Secret::reveal), Some("secret"));
    assert!(!format!("{settings:?}").contains("secret"));
}

#[test]
fn a_table_within_a_section_has_variables_of_its_own() {
    let tls = |text: &str, environment: &[(&str, &str)]| read(text, environment).map(|settings| settings.server.tls);
    let files = |cert: &str, key: &str| Some(TlsSettings { cert: cert.into(), key: key.into() });
    let both = [("THROUGHLINE_SERVER_TLS_CERT", "a.pem"), ("THROUGHLINE_SERVER_TLS_KEY", "b.pem")];
    assert_eq!(tls("", &both), Ok(files("a.pem", "b.pem")));
    let text = "[server.tls]\ncert = \"c.pem\"\nkey = \"d.pem\"\n";
    assert_eq!(tls(text, &both[..1]), Ok(files("a.pem", "d.pem")));
    let one = tls("", &both[..1]).expect_err("half of it");
    assert!(one.starts_with("THROUGHLINE_SERVER_TLS_CERT: server.tls: key is missing"), "{one}");
    let unknown = tls("", &[("THROUGHLINE_SERVER_TLS_CA", "x")]).expect_err("unknown");
    assert!(unknown.starts_with("THROUGHLINE_SERVER_TLS_CA: "), "{unknown}");
}

#[test]
fn an_invalid_variable_is_named() {
    let fault = |name: &str, value: &str| read("", &[(name, value)]).expect_err("settings with a fault");
    let unknown = fault("THROUGHLINE_SERVER_PORT", "1");
    assert!(unknown.starts_with("THROUGHLINE_SERVER_PORT: unknown key server.port"), "{unknown}");
    let bad = fault("THROUGHLINE_SERVER_MAX_SOCKETS", "many");
    assert!(bad.starts_with("THROUGHLINE_SERVER_MAX_SOCKETS: server.max_sockets: not a whole"), "{bad}");
    let list = fault("THROUGHLINE_IDENTITY_BLOCKED", "[oops");
    assert!(list.starts_with("THROUGHLINE_IDENTITY_BLOCKED: identity.blocked: not TOML"), "{list}");
    assert!(fault("THROUGHLINE_SERVER", "x").starts_with("THROUGHLINE_SERVER: unknown key server."));
}

#[test]
fn a_password_can_come_from_a_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("password");
    std::fs::write(&path, "from a file\n").expect("a file");
    let path = path.to_str().expect("a path in UTF-8");
    let settings = read("", &[("THROUGHLINE_STORE_PASSWORD_FILE", path)]).expect("settings");
    assert_eq!(settings.store.password.as_ref().map(Secret::reveal), Some("from a file"));
    let both = [("THROUGHLINE_STORE_PASSWORD_FILE", path), ("THROUGHLINE_STORE_PASSWORD", "x")];
    assert!(read("", &both).expect_err("two passwords").contains("give one of them"));
    let none = read("", &[("THROUGHLINE_STORE_PASSWORD_FILE", "/nowhere/at/all")]).expect_err("no file");
    assert!(none.contains("/nowhere/at/all cannot be read"), "{none}");
}

#[test]
fn flags_override_everything() {
    let mut settings = read("", &[("THROUGHLINE_SERVER_LISTEN", "127.0.0.1:9")]).expect("settings");
    settings.set_listen("0.0.0.0:80").expect("an address");
    settings.set_store_url("sqlite:other.db").expect("a store");
    assert_eq!((settings.server.listen.port(), &*settings.store.url), (80, "sqlite:other.db"));
    let wrong = settings.set_store_url("mysql://x").expect_err("no store").to_string();
    assert!(wrong.starts_with("--store: store.url: not a store"), "{wrong}");
}

#[test]
fn a_given_file_must_exist() {
    let fault = Settings::load(Some(Path::new("/nowhere/t.toml")), []).expect_err("no file").to_string();
    assert!(fault.starts_with("/nowhere/t.toml: cannot be read"), "{fault}");
}

#[test]
fn access_is_asked_for_when_the_section_is_there_even_empty() {
    let access = |text: &str, environment: &[(&str, &str)]| read(text, environment).expect("settings").access;
    assert_eq!(access("", &[]), None);
    assert_eq!(access("[access]\n", &[]), Some(AccessSettings::default()));
    let hour = Some(AccessSettings { rotation_overlap: Duration::from_secs(3_600), ..AccessSettings::default() });
    assert_eq!(access("[access]\nrotation_overlap = \"PT1H\"\n", &[]), hour);
    assert_eq!(access("", &[("THROUGHLINE_ACCESS_ROTATION_OVERLAP", "PT1H")]), hour);
}

#[test]
fn what_readers_and_analysts_may_do_more_is_in_tables_of_their_own() {
    let access = |text: &str, environment: &[(&str, &str)]| read(text, environment).expect("settings").access;
    let sees = vec!["email".into(), "traits.first_name".into(), "properties.delivery.street".into()];
    let expected = AccessSettings {
        reader: ReaderSettings { sees, edits: true },
        analyst: AnalystSettings { people: true, edits: false },
        ..AccessSettings::default()
    };
    let text = "[access.reader]\nsees = [\"email\", \"traits.first_name\", \"properties.delivery.street\"]\nedits = true\n\
                [access.analyst]\npeople = true\n";
    assert_eq!(access(text, &[]), Some(expected.clone()));
    let environment = [
        ("THROUGHLINE_ACCESS_READER_SEES", "[\"email\", \"traits.first_name\", \"properties.delivery.street\"]"),
        ("THROUGHLINE_ACCESS_READER_EDITS", "true"),
        ("THROUGHLINE_ACCESS_ANALYST_PEOPLE", "true"),
    ];
    assert_eq!(access("", &environment), Some(expected));
}
