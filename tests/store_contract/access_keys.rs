//! The keys of callers: stored once, replaced, revoked, used.

use throughline::domain::Timestamp;
use throughline::domain::access_key::{AccessKey, KeyHash, MaskingSecret, Role};

use crate::common::facts::minute;
use crate::common::world::World;
use crate::fixture::cases;

cases! {
    a_key_comes_back_as_it_was_stored,
    a_name_has_one_key_until_it_is_revoked_or_has_expired,
    of_two_keys_of_a_name_at_the_same_time_one_is_stored,
    a_next_key_ends_those_in_force_at_the_end_of_the_overlap,
    revoking_a_name_revokes_all_keys_in_force_once,
    the_last_use_never_goes_back,
    the_secret_that_was_stored_first_stays,
}

fn key(name: &str, n: u8, at: i64) -> AccessKey {
    AccessKey {
        hash: KeyHash(std::array::from_fn(|i| n.wrapping_mul(37).wrapping_add(i as u8))),
        name: name.into(),
        role: Role::Admin,
        source: None,
        purposes: Vec::new(),
        created_at: minute(at),
        expires_at: None,
        revoked_at: None,
        used_at: None,
    }
}

async fn insert(world: &World, key: &AccessKey) -> bool {
    world.store.insert_access_key(key).await.expect("an answer")
}

async fn list(world: &World) -> Vec<AccessKey> {
    world.store.list_access_keys().await.expect("the keys")
}

async fn a_key_comes_back_as_it_was_stored(world: World) {
    assert!(list(&world).await.is_empty());
    let before = world.store.status().await.expect("a status");
    let shop = AccessKey {
        role: Role::Service,
        source: Some("shop".into()),
        purposes: vec!["marketing".into(), "a \"b\"".into()],
        expires_at: Some(minute(99)),
        ..key("shop", 1, 2)
    };
    let others = [Role::Reader, Role::Analyst, Role::Admin].map(|role| AccessKey { role, ..key(role.name(), 2, 1) });
    assert!(insert(&world, &shop).await);
    for (n, other) in others.iter().enumerate() {
        let other = AccessKey { hash: KeyHash([n as u8; 32]), ..other.clone() };
        assert!(insert(&world, &other).await);
    }
    let kept = list(&world).await;
    let names: Vec<&str> = kept.iter().map(|key| &*key.name).collect();
    assert_eq!(names, ["admin", "analyst", "reader", "shop"], "by name");
    assert_eq!(kept[3], shop);
    assert_eq!(kept[1].role, Role::Analyst);
    assert_eq!(world.store.status().await.expect("a status"), before, "keys are no change");
}

async fn a_name_has_one_key_until_it_is_revoked_or_has_expired(world: World) {
    let first = AccessKey { expires_at: Some(minute(10)), ..key("ada", 1, 1) };
    assert!(insert(&world, &first).await);
    assert!(!insert(&world, &key("ada", 2, 9)).await, "the first is in force");
    assert!(insert(&world, &key("ben", 3, 9)).await, "another name");
    assert!(insert(&world, &key("ada", 4, 10)).await, "the first has expired");
    assert!(!insert(&world, &key("ada", 5, 11)).await);
    assert_eq!(world.store.revoke_access_keys("ada", minute(12)).await.expect("an answer"), 1);
    assert!(insert(&world, &key("ada", 6, 13)).await);
    assert_eq!(list(&world).await.len(), 4, "keys that have ended stay in the list");
}

async fn of_two_keys_of_a_name_at_the_same_time_one_is_stored(world: World) {
    let (one, other) = (key("ada", 1, 1), key("ada", 2, 1));
    let (a, b) = tokio::join!(world.store.insert_access_key(&one), world.store.insert_access_key(&other));
    let stored = [a.expect("an answer"), b.expect("an answer")];
    assert_eq!(stored.iter().filter(|stored| **stored).count(), 1);
    assert_eq!(list(&world).await.len(), 1);
}

async fn a_next_key_ends_those_in_force_at_the_end_of_the_overlap(world: World) {
    let replace =
        async |key: &AccessKey, until: Timestamp| world.store.replace_access_key(key, until).await.expect("an answer");
    assert!(!replace(&key("ada", 1, 1), minute(9)).await, "there is no key of this name");
    assert!(list(&world).await.is_empty());
    assert!(insert(&world, &key("ada", 1, 1)).await);
    assert!(insert(&world, &key("ben", 9, 1)).await);
    assert!(replace(&key("ada", 2, 5), minute(20)).await);
    assert!(replace(&key("ada", 3, 6), minute(30)).await);
    let ends = async || {
        let kept = list(&world).await;
        kept.iter().map(|key| (key.name.to_string(), key.created_at, key.expires_at)).collect::<Vec<_>>()
    };
    let expected = |name: &str, at, end: Option<i64>| (name.to_owned(), minute(at), end.map(minute));
    assert_eq!(
        ends().await,
        [
            expected("ada", 1, Some(20)),
            expected("ada", 5, Some(30)),
            expected("ada", 6, None),
            expected("ben", 1, None)
        ],
        "a key that ends earlier keeps its end"
    );
    world.store.revoke_access_keys("ada", minute(7)).await.expect("an answer");
    assert!(!replace(&key("ada", 4, 8), minute(40)).await, "all are revoked");
    assert_eq!(list(&world).await.len(), 4);
}

async fn revoking_a_name_revokes_all_keys_in_force_once(world: World) {
    let revoke = async |name: &str, at| world.store.revoke_access_keys(name, minute(at)).await.expect("an answer");
    assert_eq!(revoke("ada", 1).await, 0);
    assert!(insert(&world, &key("ada", 1, 1)).await);
    assert!(world.store.replace_access_key(&key("ada", 2, 2), minute(9)).await.expect("an answer"));
    assert!(insert(&world, &key("ben", 3, 1)).await);
    assert_eq!(revoke("ada", 10).await, 1, "the first has ended at minute 9");
    assert_eq!(revoke("ada", 11).await, 0);
    let revoked: Vec<_> = list(&world).await.iter().map(|key| key.revoked_at).collect();
    assert_eq!(revoked, [None, Some(minute(10)), None]);
}

async fn the_last_use_never_goes_back(world: World) {
    let (ada, ben) = (key("ada", 1, 1), key("ben", 2, 1));
    assert!(insert(&world, &ada).await && insert(&world, &ben).await);
    let note = async |uses: &[(KeyHash, Timestamp)]| {
        world.store.note_access_key_uses(uses).await.expect("recorded");
        list(&world).await.iter().map(|key| key.used_at).collect::<Vec<_>>()
    };
    assert_eq!(note(&[]).await, [None, None]);
    assert_eq!(note(&[(ada.hash, minute(5)), (KeyHash([9; 32]), minute(5))]).await, [Some(minute(5)), None]);
    assert_eq!(note(&[(ada.hash, minute(4)), (ben.hash, minute(6))]).await, [Some(minute(5)), Some(minute(6))]);
}

async fn the_secret_that_was_stored_first_stays(world: World) {
    let before = world.store.status().await.expect("a status");
    let (one, other) = (MaskingSecret([1; 32]), MaskingSecret([255; 32]));
    let (a, b) = tokio::join!(world.store.masking_secret(&one), world.store.masking_secret(&other));
    let (a, b) = (a.expect("a secret"), b.expect("a secret"));
    assert_eq!(a, b, "of two servers one makes it");
    assert!(a == one || a == other);
    let third = world.store.masking_secret(&MaskingSecret([7; 32])).await.expect("a secret");
    assert_eq!(third, a);
    assert_eq!(world.store.status().await.expect("a status"), before, "it is no change");
}
