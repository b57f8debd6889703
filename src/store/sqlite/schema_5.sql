-- Version 5: added to a file of version 4. Run once, in one transaction.

-- The identifiers that were refused in a message.
CREATE INDEX identity_event_refused ON identity_event (message_id) WHERE kind = 'REFUSED';
