//! The statements of both stores. A name has the same meaning in both.

use super::{neo4j, open, sqlite};
use crate::settings::StoreSettings;

/// Every statement of the store of these settings, as name and text, in the order of the names. Statements made from
/// parts are complete.
pub fn statements(settings: &StoreSettings) -> Vec<(&'static str, &'static str)> {
    let mut all = match open::file_of(&settings.url) {
        Some(_) => sqlite::statements(),
        None => neo4j::statements(),
    };
    all.sort_unstable();
    // Several files may use the same statement.
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::settings::Settings;

    const VERBS: [&str; 10] = ["await", "count", "delete", "fetch", "insert", "list", "lock", "ping", "scan", "update"];

    /// Statements of one store only: the reason, the statements of SQLite, the statements of Neo4j.
    const ONLY_IN_ONE: &[(&str, &[&str], &[&str])] = &[
        (
            "a page of SQLite asks for each identifier of a customer; one of Neo4j asks for all and has a form for each way",
            &[
                "devices/list",
                "identifiers/list",
                "links/count_from",
                "links/count_to",
                "links/list_from",
                "links/list_to",
                "memberships/list",
                "orders/count",
                "orders/fetch_by_row",
                "orders/list",
                "orders/list_all",
                "orders/list_all_as_of",
                "spend/list",
                "touchpoints/count",
                "touchpoints/count_in_buckets",
                "touchpoints/list_newest",
                "touchpoints/list_oldest",
            ],
            &[
                "devices/list_of_customer",
                "devices/list_of_identifier",
                "links/count_as_of",
                "links/count_of_customer",
                "links/count_of_identifier",
                "links/list_as_of",
                "links/list_of_customer",
                "links/list_of_identifier",
                "orders/count_of_customer",
                "orders/count_of_identifier",
                "orders/list_of_customer",
                "orders/list_of_identifier",
                "touchpoints/count_of_customer",
                "touchpoints/count_in_buckets_of_customer",
                "touchpoints/count_in_buckets_of_identifier",
                "touchpoints/count_of_identifier",
                "touchpoints/list_newest_of_customer",
                "touchpoints/list_newest_of_identifier",
                "touchpoints/list_oldest_of_customer",
                "touchpoints/list_oldest_of_identifier",
            ],
        ),
        (
            "a customer is one statement in Neo4j, which has no snapshot over several; in SQLite it is several",
            &[
                "customers/fetch",
                "customers/fetch_by_id",
                "customers/fetch_by_identifier",
                "customers/fetch_by_order",
                "customers/list_former",
                "claims/list_of_traits",
                "identifiers/list_without_figures",
            ],
            &[
                "customers/fetch_all_by_id",
                "customers/fetch_all_by_key",
                "customers/fetch_all_by_owner",
                "customers/fetch_name_by_id",
                "customers/fetch_name_by_key",
                "customers/fetch_name_by_owner",
                "customers/fetch_version_and_devices_by_id",
                "customers/fetch_version_and_devices_by_key",
                "customers/fetch_version_by_id",
                "customers/fetch_version_by_key",
                "customers/fetch_card_by_id",
                "customers/fetch_card_by_key",
                "customers/fetch_card_by_owner",
                "customers/fetch_history_by_id",
                "customers/fetch_history_by_key",
                "customers/fetch_history_by_owner",
                "customers/fetch_identity_by_id",
                "customers/fetch_identity_by_key",
                "customers/fetch_identity_by_owner",
                "orders/list_owners",
            ],
        ),
        (
            "what SQLite reads step by step as of a moment is inside one statement of Neo4j",
            &[
                "customers/fetch_id",
                "customers/fetch_merge",
                "customers/fetch_merge_as_of",
                "customers/list_former_as_of",
                "customers/list_with_former",
                "devices/fetch_past",
                "devices/list_carried_as_of",
                "devices/list_identifiers",
                "devices/list_identifiers_as_of",
                "devices/list_owned_as_of",
                "devices/list_seen_alone_as_of",
                "devices/list_seen_alone_by_as_of",
                "devices/list_seen_as_of",
                "identifiers/list_figures_as_of",
                "identifiers/list_seen_alone_as_of",
                "identifiers/list_touched_as_of",
                "links/fetch_past",
                "links/list_all_as_of",
                "messages/fetch_arrival",
                "products/fetch_past",
            ],
            &[
                "consents/list_held_at",
                "customers/list_became",
                "identity_events/count_as_of",
                "identity_events/list_as_of",
                "touchpoints/fetch_by_arrival",
            ],
        ),
        (
            "a write of SQLite touches one table; one of Neo4j writes a node with all that hangs on it",
            &[
                "access_keys/count_in_force",
                "access_keys/update_end",
                "customers/fetch_survivor",
                "customers/insert_past_merge",
                "customers/update_size",
                "customers/update_survivor",
                "customers/update_survivor_restored",
                "devices/fetch_id",
                "devices/insert_past",
                "devices/insert_seen_alone",
                "evidence/insert_identifier",
                "identifiers/update",
                "judgements/fetch_touches",
                "links/insert_past",
                "memberships/update_closed",
                "memberships/update_opened",
                "messages/update_owner",
                "products/insert_past",
                "rules/update_version",
                "segments/count",
                "spend/delete_of_customer",
                "touchpoints/insert_past_owner",
                "visits/list_pending_near",
            ],
            &[
                "access_keys/insert_next",
                "campaigns/insert",
                "links/insert_refused",
                "memberships/update",
                "orders/delete_lines",
                "orders/delete_placed",
                "orders/insert_lines",
                "orders/insert_returns",
                "rules/insert_first",
            ],
        ),
        (
            "the transaction of SQLite locks the file; Neo4j locks nodes, numbers changes and marks commits itself",
            &[
                "changes/fetch_last",
                "changes/update_counter",
                "decisions/count",
                "identifiers/count_shared",
                "memberships/fetch_holder",
                "memberships/list_when_merged",
                "rules/fetch_version",
            ],
            &[
                "changes/delete_commit",
                "changes/delete_stale_commits",
                "changes/insert_commit",
                "changes/insert_counter",
                "changes/list_commits",
                "changes/lock_counter",
                "changes/lock_number",
                "identifiers/delete_placeholders",
                "identifiers/list_keys",
                "identifiers/lock",
                "memberships/list_known",
                "memberships/list_living",
                "orders/delete_placeholders",
                "orders/list_owner_keys",
                "orders/lock",
            ],
        ),
        (
            "search, claims and the chain between two identifiers go by the indexes that each store has",
            &[
                "claims/fetch_last_owner",
                "claims/list_with_value",
                "claims/scan_without_hash",
                "claims/update_hash",
                "customers/count_all",
                "customers/fetch_fitting",
                "customers/scan_created",
                "decisions/list_merged_with",
                "identifiers/list_keys_of_customer",
                "links/list_bound_from",
                "links/list_bound_to",
                "words/fetch",
                "words/insert",
                "words/insert_gram",
                "words/insert_identifier",
                "words/list_beginning",
                "words/list_with_grams",
            ],
            &[
                "customers/list_among",
                "customers/list_fitting",
                "customers/list_searched",
                "links/list_bound",
                "links/list_bound_or_merged",
                "links/list_within",
                "words/list_customers_by_part",
            ],
        ),
        (
            "an erasure of SQLite goes table by table; one of Neo4j deletes nodes with their edges, and messages later",
            &[
                "erasures/count_any",
                "erasures/count_suppressed",
                "erasures/fetch_unclean",
                "erasures/count_word_of",
                "erasures/delete_devices_seen_alone",
                "erasures/delete_evidence_identifier",
                "erasures/delete_gram",
                "erasures/delete_holders",
                "erasures/delete_judgement",
                "erasures/delete_links_from",
                "erasures/delete_links_to",
                "erasures/delete_past_claims",
                "erasures/delete_past_members",
                "erasures/delete_past_memberships",
                "erasures/delete_past_merged",
                "erasures/delete_past_merges",
                "erasures/delete_product_acts",
                "erasures/delete_segment_memberships",
                "erasures/delete_sides",
                "erasures/delete_sides_of_identifiers",
                "erasures/delete_stored_on",
                "erasures/delete_word",
                "erasures/delete_word_of",
                "erasures/fetch_consent_owner",
                "erasures/fetch_device_times",
                "erasures/fetch_overwritten",
                "erasures/list_claims",
                "erasures/list_device_holders",
                "erasures/list_link_messages",
                "erasures/list_past_merged",
                "erasures/list_sides",
                "erasures/list_survivors",
                "erasures/scan_holders",
                "erasures/scan_orders",
                "erasures/scan_skus",
                "erasures/update_gram_secure",
                "erasures/update_overwritten",
            ],
            &[
                "erasures/delete_campaign",
                "erasures/fetch_salt",
                "erasures/list_campaigns",
                "erasures/list_messages",
                "erasures/list_unclean",
                "erasures/update_counter",
                "erasures/update_hashed",
            ],
        ),
        (
            "SQLite is set up by its numbered schemas, which no statement here is",
            &[],
            &[
                "evidence/update_names",
                "health/count",
                "health/count_names",
                "schema/await_indexes",
                "schema/fetch_prepared",
                "schema/fetch_version",
                "schema/insert_tokens",
                "schema/list_indexes",
                "schema/update_version",
                "status/ping",
                "words/update_claims",
                "words/update_identifiers",
            ],
        ),
    ];

    fn of(url: &str) -> Vec<(&'static str, &'static str)> {
        let mut settings = Settings::default();
        settings.set_store_url(url).expect("an address");
        statements(&settings.store)
    }

    #[test]
    fn a_statement_has_one_name_of_a_noun_and_a_verb() {
        for url in ["sqlite:a.db", "bolt://127.0.0.1:1"] {
            let all = of(url);
            assert!(all.len() > 150, "{}", all.len());
            for pair in all.windows(2) {
                assert_ne!(pair[0].0, pair[1].0, "two texts");
            }
            for (name, text) in all {
                let verb = name.split_once('/').expect("a noun").1.split('_').next().unwrap_or_default();
                assert!(VERBS.contains(&verb), "{name}");
                assert!(!text.trim().is_empty(), "{name}");
            }
        }
    }

    #[test]
    fn a_name_that_one_store_has_alone_has_a_reason() {
        let names = |url| of(url).into_iter().map(|(name, _)| name).collect::<BTreeSet<_>>();
        let (sqlite, neo4j) = (names("sqlite:a.db"), names("bolt://127.0.0.1:1"));
        let only_sqlite: BTreeSet<_> = ONLY_IN_ONE.iter().flat_map(|(_, sqlite, _)| *sqlite).copied().collect();
        let only_neo4j: BTreeSet<_> = ONLY_IN_ONE.iter().flat_map(|(_, _, neo4j)| *neo4j).copied().collect();
        assert_eq!(&sqlite - &neo4j, only_sqlite);
        assert_eq!(&neo4j - &sqlite, only_neo4j);
    }
}
