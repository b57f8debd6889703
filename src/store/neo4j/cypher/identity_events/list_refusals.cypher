// The identifiers that were refused in these messages, and the rules.
UNWIND $messages AS message
MATCH (e:IdentityEvent {message_id: message})
USING INDEX SEEK e:IdentityEvent(message_id)
WHERE e.kind = 'REFUSED' AND e.rule IS NOT NULL
RETURN message, e.rule AS rule, e.identifiers AS identifiers
