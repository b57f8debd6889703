// Constraints and indexes. Each has IF NOT EXISTS, so a second run of the file, or a run by several servers at once,
// changes nothing. Each statement ends at a semicolon.

// A customer's id is unique over all customers, also merged ones: both have the label :CustomerId. A merged customer
// has :MergedCustomer instead of :Customer, so it is not in the indexes of lists.
CREATE CONSTRAINT customer_id IF NOT EXISTS
FOR (c:CustomerId)
REQUIRE c.id IS UNIQUE;

CREATE CONSTRAINT identifier_key IF NOT EXISTS
FOR (i:Identifier)
REQUIRE i.key IS UNIQUE;

CREATE CONSTRAINT identifier_id IF NOT EXISTS
FOR (i:Identifier)
REQUIRE i.id IS UNIQUE;

CREATE CONSTRAINT message_id IF NOT EXISTS
FOR (m:Message)
REQUIRE m.id IS UNIQUE;

CREATE CONSTRAINT order_key IF NOT EXISTS
FOR (o:Order)
REQUIRE o.key IS UNIQUE;

CREATE CONSTRAINT device_key IF NOT EXISTS
FOR (d:Device)
REQUIRE d.key IS UNIQUE;

CREATE CONSTRAINT product_sku IF NOT EXISTS
FOR (p:Product)
REQUIRE p.sku IS UNIQUE;

CREATE CONSTRAINT campaign_key IF NOT EXISTS
FOR (k:Campaign)
REQUIRE k.key IS UNIQUE;

CREATE CONSTRAINT trait_arrival IF NOT EXISTS
FOR (t:Trait)
REQUIRE t.arrival IS UNIQUE;

CREATE CONSTRAINT consent_arrival IF NOT EXISTS
FOR (k:Consent)
REQUIRE k.arrival IS UNIQUE;

CREATE CONSTRAINT change_seq IF NOT EXISTS
FOR (n:Change)
REQUIRE n.seq IS UNIQUE;

CREATE CONSTRAINT counter_name IF NOT EXISTS
FOR (n:Counter)
REQUIRE n.name IS UNIQUE;

CREATE CONSTRAINT schema_name IF NOT EXISTS
FOR (s:Schema)
REQUIRE s.name IS UNIQUE;

CREATE CONSTRAINT spend_key IF NOT EXISTS
FOR (s:Spend)
REQUIRE (s.customer, s.currency) IS UNIQUE;

CREATE CONSTRAINT segment_version IF NOT EXISTS
FOR (s:SegmentVersion)
REQUIRE (s.segment, s.version) IS UNIQUE;

// Lists of customers, by key; `born` breaks ties.
CREATE INDEX customer_born IF NOT EXISTS
FOR (c:Customer)
ON (c.born);

CREATE INDEX customer_last_seen IF NOT EXISTS
FOR (c:Customer)
ON (c.last_seen_at, c.born);

CREATE INDEX customer_size IF NOT EXISTS
FOR (c:Customer)
ON (c.identifier_count, c.born);

CREATE INDEX spend_net IF NOT EXISTS
FOR (s:Spend)
ON (s.currency, s.net, s.born);

// Histories, by owner; `arrival` breaks ties.
CREATE INDEX touchpoint_place IF NOT EXISTS
FOR (t:Touchpoint)
ON (t.owner, t.at, t.arrival);

// The journey projection reads them in order of arrival.
CREATE INDEX touchpoint_arrival IF NOT EXISTS
FOR (t:Touchpoint)
ON (t.arrival);

CREATE INDEX order_place IF NOT EXISTS
FOR (o:Order)
ON (o.owner, o.placed_at, o.placed_arrival);

CREATE INDEX order_number IF NOT EXISTS
FOR (o:Order)
ON (o.number);

CREATE INDEX identity_event_place IF NOT EXISTS
FOR (e:IdentityEvent)
ON (e.customer, e.arrival);

CREATE INDEX identity_event_arrival IF NOT EXISTS
FOR (e:IdentityEvent)
ON (e.arrival);

CREATE INDEX identity_event_message IF NOT EXISTS
FOR (e:IdentityEvent)
ON (e.message_id);

CREATE INDEX evidence_set IF NOT EXISTS
FOR (e:Evidence)
ON (e.set);

CREATE CONSTRAINT decision_arrival IF NOT EXISTS
FOR (d:Decision)
REQUIRE d.arrival IS UNIQUE;

CREATE CONSTRAINT rules_version IF NOT EXISTS
FOR (r:Rules)
REQUIRE r.version IS UNIQUE;

CREATE INDEX evidence_arrival IF NOT EXISTS
FOR (e:Evidence)
ON (e.arrival);

// The commits that are not completely visible yet, at most one.
CREATE INDEX writing_store IF NOT EXISTS
FOR (w:Writing)
ON (w.store);

// Words made by `domain::search`: only blanks separate them, in both stores.
CREATE FULLTEXT INDEX search IF NOT EXISTS
FOR (n:Identifier|Trait)
ON EACH [n.search]
OPTIONS {indexConfig: {`fulltext.analyzer`: 'whitespace'}};

// Letters inside a word: these indexes have every three letters.
CREATE TEXT INDEX identifier_text IF NOT EXISTS
FOR (n:Identifier)
ON (n.search);

CREATE TEXT INDEX trait_text IF NOT EXISTS
FOR (n:Trait)
ON (n.search);

// Present claims by name and value. `hash` is the hash of the value, and only present claims have it.
CREATE INDEX trait_present IF NOT EXISTS
FOR (t:Trait)
ON (t.owner, t.name, t.hash);

// For views of the past: the last change by a time, and replaced rows.
CREATE INDEX change_at IF NOT EXISTS
FOR (n:Change)
ON (n.at, n.seq);

CREATE INDEX past_link IF NOT EXISTS
FOR (p:PastLink)
ON (p.from, p.to, p.until);

CREATE INDEX seen_alone IF NOT EXISTS
FOR (s:SeenAlone)
ON (s.identifier);

CREATE INDEX past_device IF NOT EXISTS
FOR (p:PastDevice)
ON (p.device, p.until);

CREATE INDEX device_seen_alone IF NOT EXISTS
FOR (s:DeviceSeenAlone)
ON (s.device);

CREATE INDEX past_product IF NOT EXISTS
FOR (p:PastProduct)
ON (p.sku, p.until);

// Visits on devices that several people share: touchpoints of signed-in people on a device, former owners of
// touchpoints, and ranges still to be assigned.
CREATE INDEX touchpoint_carrier IF NOT EXISTS
FOR (t:Touchpoint)
ON (t.carrier, t.at, t.arrival);

CREATE INDEX past_owner_place IF NOT EXISTS
FOR (p:PastOwner)
ON (p.owner, p.at, p.touchpoint);

CREATE INDEX past_owner_touchpoint IF NOT EXISTS
FOR (p:PastOwner)
ON (p.touchpoint, p.until);

CREATE INDEX past_owner_until IF NOT EXISTS
FOR (p:PastOwner)
ON (p.until, p.touchpoint);

CREATE INDEX pending_visits IF NOT EXISTS
FOR (p:PendingVisits)
ON (p.device, p.from_at);

CREATE INDEX identifier_shared IF NOT EXISTS
FOR (i:Identifier)
ON (i.shared_since);

// The keys of callers: the SHA-256 of each, never the key.
CREATE CONSTRAINT access_key_hash IF NOT EXISTS
FOR (k:AccessKey)
REQUIRE k.hash IS UNIQUE;

CREATE INDEX access_key_name IF NOT EXISTS
FOR (k:AccessKey)
ON (k.name);

// Secrets that all servers of the store share.
CREATE CONSTRAINT secret_name IF NOT EXISTS
FOR (s:Secret)
REQUIRE s.name IS UNIQUE;

// What stays of erased persons: the ids of their customers, and salted hashes of their messages and identifiers.
CREATE CONSTRAINT erased_customer_id IF NOT EXISTS
FOR (e:ErasedCustomer)
REQUIRE e.id IS UNIQUE;

CREATE CONSTRAINT erased_message_hash IF NOT EXISTS
FOR (e:ErasedMessage)
REQUIRE e.hash IS UNIQUE;

CREATE CONSTRAINT erased_identifier_hash IF NOT EXISTS
FOR (e:ErasedIdentifier)
REQUIRE e.hash IS UNIQUE;

// Erasures whose messages are not all replaced by their hashes yet.
CREATE CONSTRAINT unclean_erasure_change IF NOT EXISTS
FOR (e:UncleanErasure)
REQUIRE e.change IS UNIQUE;

// The customers of saved segments, in order, and the segments of a customer.
CREATE CONSTRAINT segment_membership IF NOT EXISTS
FOR (m:SegmentMembership)
REQUIRE (m.segment, m.customer) IS UNIQUE;

CREATE INDEX segment_membership_born IF NOT EXISTS
FOR (m:SegmentMembership)
ON (m.segment, m.born);

CREATE INDEX segment_membership_customer IF NOT EXISTS
FOR (m:SegmentMembership)
ON (m.customer);

// Who is to be judged: who was touched by a change, and who falls due.
CREATE CONSTRAINT judgement_customer IF NOT EXISTS
FOR (j:Judgement)
REQUIRE j.customer IS UNIQUE;

CREATE INDEX judgement_touched IF NOT EXISTS
FOR (j:Judgement)
ON (j.touched_at);

CREATE INDEX judgement_due IF NOT EXISTS
FOR (j:Judgement)
ON (j.due_at);

CREATE CONSTRAINT sweep_segment IF NOT EXISTS
FOR (s:Sweep)
REQUIRE s.segment IS UNIQUE;
