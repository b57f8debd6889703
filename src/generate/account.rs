//! Accounts: signing up, signing in on another device, consents and groups.

use std::sync::Arc;

use super::{
    event::{Context, Event, EventKind, ExternalId},
    ids::Id,
    payload::{About, Traits},
    simulator::Simulator,
    timestamp::DAY,
    visit::Visit,
};

impl Simulator<'_, '_> {
    /// Opens an account, which links this device to it.
    pub(super) fn sign_up(&mut self, visit: &mut Visit) {
        let method = *self.random.pick(&["email", "email", "google", "apple"]);
        let before = self.devices[visit.device].cookie();
        self.devices[visit.device].signed_in = true;
        self.signed_up = true;
        self.can_be_mailed = self.random.chance(800);
        let at = self.next(visit);
        if self.random.chance(30) {
            let mut alias = Event::new(EventKind::Alias, at, Context::of("shop"));
            alias.user_id = Some(self.person.user_id);
            alias.previous_id = Some(before);
            self.recorder.record(self.random, alias);
        }
        let mut traits = self.sign_up_traits();
        let mut context = Context::of("shop");
        match self.person.card {
            Some(card) => {
                self.joined = true;
                if self.random.chance(500) {
                    context.external_ids = Some([ExternalId::new("loyalty_card", card)]);
                } else {
                    traits.loyalty_card = Some(card);
                }
            }
            None if method != "email" => {
                let login = Id::social_login(self.seed, self.person.number);
                context.external_ids = Some([ExternalId::new("social_login", login)]);
            }
            None => {}
        }
        let identify = self.seen_on(visit, Event::identify(at, context, traits));
        self.recorder.record(self.random, identify);
        if self.has_room() {
            self.act(visit, "Signed Up", About::Sign { method });
        }
        if self.can_be_mailed && self.maybe(600) {
            self.consent(visit);
        }
        if self.random.chance(20) {
            self.join_group(visit);
        }
        if self.random.chance(60) {
            self.infer_traits(visit.now);
        }
    }

    /// The traits of the sign-up form: always the address, the rest at random.
    fn sign_up_traits(&mut self) -> Traits {
        let person = self.person;
        let named = self.random.chance(850);
        let born = named && self.random.chance(450);
        let phoned = self.random.chance(450);
        let placed = self.random.chance(600);
        Traits {
            email: Some(person.typed_email(self.random)),
            name: named.then(|| person.name().into()),
            first_name: named.then_some(person.first_name),
            last_name: named.then(|| Arc::clone(&person.last_name)),
            birth_date: born.then_some(person.birth_date),
            phone: phoned.then(|| person.typed_phone(self.random)),
            city: placed.then_some(person.city.name),
            country: placed.then_some(person.city.country),
            preferred_channel: self.random.chance(150).then(|| *self.random.pick(&["email", "sms", "push"])),
            ..Traits::default()
        }
    }

    /// Gives an address for the newsletter, without an account.
    pub(super) fn subscribe(&mut self, visit: &mut Visit) {
        self.can_be_mailed = true;
        let traits = Traits { email: Some(self.person.typed_email(self.random)), ..Traits::default() };
        let at = self.next(visit);
        let identify = self.seen_on(visit, Event::identify(at, Context::of("shop"), traits));
        self.recorder.record(self.random, identify);
        if self.maybe(600) {
            self.consent(visit);
        }
    }

    /// Signs in on a device that is not signed in.
    pub(super) fn sign_in(&mut self, visit: &mut Visit) {
        self.devices[visit.device].signed_in = true;
        let by_phone = self.random.chance(150);
        let traits = Traits {
            email: (!by_phone).then(|| self.person.typed_email(self.random)),
            phone: by_phone.then(|| self.person.typed_phone(self.random)),
            ..Traits::default()
        };
        let at = self.next(visit);
        let identify = self.seen_on(visit, Event::identify(at, Context::of("shop"), traits));
        self.recorder.record(self.random, identify);
        if self.maybe(600) {
            let method = if by_phone { "phone" } else { "email" };
            self.act(visit, "Signed In", About::Sign { method });
        }
    }

    /// Consents to messages, without end or for two years.
    fn consent(&mut self, visit: &mut Visit) {
        let channel = *self.random.pick(&["email", "email", "sms", "push"]);
        let expires_at = self.random.chance(300).then(|| visit.now.after(730 * DAY));
        let about = About::Consent { purpose: "marketing", expires_at };
        let mut event = self.act_of(visit, "Consent Given", about);
        if let Some(properties) = &mut event.properties {
            properties.channel = Some(channel);
        }
        self.touch(event);
    }

    /// Joins a group, which has its own traits.
    fn join_group(&mut self, visit: &mut Visit) {
        let at = self.next(visit);
        let mut group = Event::new(EventKind::Group, at, Context::of("shop"));
        group.group_id = Some(Id::group(self.seed, 1 + self.random.below(40)));
        group.traits = Some(Box::new(Traits {
            plan: Some(*self.random.pick(&["trade", "family", "staff"])),
            ..Traits::default()
        }));
        let group = self.seen_on(visit, group);
        self.recorder.record(self.random, group);
    }
}
