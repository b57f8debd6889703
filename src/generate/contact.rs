//! Contacts by telephone, chat and in the store; and the traits that other systems send.

use std::sync::Arc;

use super::{
    event::{Context, Event},
    payload::{About, Properties, Traits},
    shop::{self, QUESTIONS},
    simulator::Simulator,
    timestamp::{DAY, HOUR, MINUTE, SECOND, Timestamp},
};

impl Simulator<'_, '_> {
    /// A call to customer service, a chat, or a question that becomes a ticket.
    pub(super) fn contact(&mut self, at: Timestamp) {
        let about = Contact { topic: self.random.pick::<&str>(&QUESTIONS), seconds: self.random.between(40, 1_500) };
        let soon = at.after(self.random.between(2 * HOUR, 3 * DAY));
        match self.random.below(10) {
            0..=5 => {
                self.ask("Call Received", at, "telephone", about);
                if self.maybe(300) {
                    self.answer("Call Made", soon, "telephone", about);
                }
            }
            6 | 7 => {
                self.ask("Live Chat Conversation Started", at, "customer_service", about);
                if self.has_room() {
                    let end = at.after(about.seconds * SECOND);
                    self.ask("Live Chat Conversation Ended", end, "customer_service", about);
                }
            }
            _ => {
                self.ask("Ticket Created", at, "customer_service", about);
                if self.has_room() {
                    self.answer("Ticket Answered", soon, "customer_service", about);
                }
                if self.maybe(800) {
                    self.answer("Ticket Solved", soon.after(HOUR), "customer_service", about);
                }
            }
        }
    }

    /// A visit to the store with the loyalty card.
    pub(super) fn store_visit(&mut self, at: Timestamp) {
        let properties = Properties {
            channel: Some("store"),
            loyalty_card: self.person.card,
            ..Properties::about(About::Visit { store: self.person.city.store })
        };
        self.touch(Event::track("Store Visited", at, Context::of("stores"), properties));
    }

    /// Fills in the form for a loyalty card at the till.
    pub(super) fn join_in_store(&mut self, at: Timestamp) {
        self.joined = true;
        let person = self.person;
        let (mailed, phoned) = (self.random.chance(600), self.random.chance(500));
        let born = self.random.chance(400);
        self.can_be_mailed = mailed && self.random.chance(700);
        let traits = Traits {
            loyalty_card: person.card,
            name: Some(person.name().into()),
            first_name: Some(person.first_name),
            last_name: Some(Arc::clone(&person.last_name)),
            birth_date: born.then_some(person.birth_date),
            email: mailed.then(|| person.typed_email(self.random)),
            phone: phoned.then(|| person.typed_phone(self.random)),
            city: Some(person.city.name),
            ..Traits::default()
        };
        let event = Event::identify(at.before(2 * MINUTE), Context::of("stores"), traits);
        self.recorder.record(self.random, event);
    }

    /// Traits of an account that another system assumes or computed.
    pub(super) fn infer_traits(&mut self, at: Timestamp) {
        let (provenance, traits) = if self.random.chance(500) {
            let household_size = Some(self.random.between(1, 5));
            ("ASSUMED", Traits { household_size, ..Traits::default() })
        } else {
            let favourite_category = Some(shop::shelf_name(self.person.favourite));
            ("REALISED", Traits { favourite_category, ..Traits::default() })
        };
        let context = Context { provenance: Some(provenance), ..Context::of("crm") };
        let event = Event::identify(at.after(DAY), context, traits);
        let event = event.by(self.account(), None);
        self.recorder.record(self.random, event);
    }

    /// The customer contacts the shop.
    fn ask(&mut self, name: &'static str, at: Timestamp, channel: &'static str, about: Contact) {
        let event = self.about_contact(name, at, channel, about);
        self.touch(event);
    }

    /// The shop contacts the customer.
    fn answer(&mut self, name: &'static str, at: Timestamp, channel: &'static str, about: Contact) {
        let mut event = self.about_contact(name, at, channel, about);
        if let Some(properties) = &mut event.properties {
            properties.direction = Some("OUTBOUND");
        }
        self.touch(event);
    }

    fn about_contact(&mut self, name: &'static str, at: Timestamp, channel: &'static str, about: Contact) -> Event {
        let duration_seconds = (!name.starts_with("Ticket")).then_some(about.seconds);
        let mut properties = Properties {
            channel: Some(channel),
            ..Properties::about(About::Contact { topic: about.topic, duration_seconds })
        };
        if !self.signed_up {
            properties.email = Some(Arc::clone(&self.person.email));
        } else if channel == "telephone" && self.random.chance(400) {
            properties.phone = Some(self.person.typed_phone(self.random));
        }
        Event::track(name, at, Context::of("crm"), properties).by(self.account(), None)
    }
}

/// The topic and the duration of a contact.
#[derive(Clone, Copy)]
struct Contact {
    topic: &'static str,
    seconds: u64,
}
