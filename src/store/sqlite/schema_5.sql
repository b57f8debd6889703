-- Version 5: what a file of version 4 gets added. Run once, in one transaction.

-- Who was refused in a message.
CREATE INDEX identity_event_refused ON identity_event (message_id) WHERE kind = 'REFUSED';
