//! The messages that the shop sends, and the reactions to them.

use std::sync::Arc;

use super::{
    event::{Context, ContextTraits, Event},
    payload::{About, Properties},
    shop::{Campaign, NEWSLETTERS, TEXTS},
    simulator::Simulator,
    timestamp::{DAY, HOUR, MINUTE, SECOND, Timestamp},
};

impl Simulator<'_, '_> {
    /// Weekly newsletters, until one leads to a visit or the episode may have no more touchpoints.
    pub(super) fn newsletters(&mut self, first: Timestamp) {
        let mut at = first;
        for _ in 0..self.random.between(1, 5) {
            if !self.can_be_mailed || !self.has_room() || self.newsletter(at) {
                return;
            }
            at = at.after(self.random.between(5, 9) * DAY);
        }
    }

    /// One newsletter: sent, delivered or not, sometimes opened. True when it led to a visit.
    fn newsletter(&mut self, at: Timestamp) -> bool {
        let campaign = self.random.pick(&NEWSLETTERS);
        self.mail("Email Sent", at, campaign);
        let mut now = at.after(self.random.between(2 * SECOND, 2 * MINUTE));
        if self.random.chance(20) {
            self.mail("Email Bounced", now, campaign);
            return false;
        }
        if self.has_room() {
            self.mail("Email Delivered", now, campaign);
        }
        if !self.maybe(360) {
            return false;
        }
        now = now.after(self.random.between(MINUTE, DAY));
        self.mail("Email Opened", now, campaign);
        if self.maybe(30) {
            self.unsubscribe(now.after(MINUTE));
            return false;
        }
        if !self.maybe(300) {
            return false;
        }
        now = now.after(self.random.between(5 * SECOND, 2 * MINUTE));
        self.mail("Email Link Clicked", now, campaign);
        if self.has_room() {
            self.visit(now.after(SECOND), false, false, Some(campaign));
        }
        true
    }

    /// A text or a push message, and sometimes a tap on it.
    pub(super) fn text_message(&mut self, at: Timestamp) {
        let app = self.devices.iter().any(|device| device.model.app);
        let push = app && self.random.chance(600);
        let campaign = if push { &TEXTS[2] } else { self.random.pick(&TEXTS[..2]) };
        let (sent, tapped) = match push {
            true => ("Push Notification Sent", "Push Notification Tapped"),
            false => ("SMS Sent", "SMS Link Tapped"),
        };
        self.text(sent, at, campaign);
        if self.maybe(250) {
            let now = at.after(self.random.between(MINUTE, 5 * HOUR));
            self.text(tapped, now, campaign);
            if self.has_room() {
                self.visit(now.after(3 * SECOND), false, false, Some(campaign));
            }
        }
    }

    /// A catalogue by post.
    pub(super) fn letter(&mut self, at: Timestamp) {
        let properties = Properties {
            channel: Some("direct_mail"),
            direction: Some("OUTBOUND"),
            email: (!self.signed_up).then(|| Arc::clone(&self.person.email)),
            ..Properties::about(About::Message { campaign_name: "catalogue", link_url: None })
        };
        let event = Event::track("Catalogue Sent", at, Context::of("crm"), properties);
        self.touch(event.by(self.account(), None));
    }

    /// The account, if there is one.
    pub(super) fn account(&self) -> Option<super::ids::Id> {
        self.signed_up.then_some(self.person.user_id)
    }

    fn mail(&mut self, name: &'static str, at: Timestamp, campaign: &'static Campaign) {
        let link_url = (name == "Email Link Clicked").then_some("https://www.example.com/sale");
        let about = About::Message { campaign_name: campaign.name, link_url };
        let email = Arc::clone(&self.person.email);
        let mut context = Context { campaign: Some(campaign), ..Context::of("mailer") };
        let mut properties = Properties::about(about);
        // A mailer sends the address in one of two fields, with or without the account.
        if self.random.chance(200) {
            context.traits = Some(ContextTraits { email });
        } else {
            properties.email = Some(email);
        }
        let user_id = self.account().filter(|_| self.random.chance(700));
        self.touch(Event::track(name, at, context, properties).by(user_id, None));
    }

    fn text(&mut self, name: &'static str, at: Timestamp, campaign: &'static Campaign) {
        let about = About::Message { campaign_name: campaign.name, link_url: None };
        let context = Context { campaign: Some(campaign), ..Context::of("mailer") };
        let mut properties = Properties::about(about);
        let by_phone = name.starts_with("SMS") && self.signed_up && self.random.chance(500);
        if by_phone {
            properties.phone = Some(self.person.typed_phone(self.random));
        } else if !self.signed_up {
            properties.email = Some(Arc::clone(&self.person.email));
        }
        self.touch(Event::track(name, at, context, properties).by(self.account(), None));
    }

    fn unsubscribe(&mut self, at: Timestamp) {
        self.can_be_mailed = false;
        let properties = Properties {
            channel: Some("email"),
            email: Some(Arc::clone(&self.person.email)),
            ..Properties::about(About::Consent { purpose: "marketing", expires_at: None })
        };
        let event = Event::track("Consent Withdrawn", at, Context::of("mailer"), properties);
        self.touch(event.by(self.account(), None));
    }
}
