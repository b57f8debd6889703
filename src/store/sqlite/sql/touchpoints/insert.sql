INSERT INTO touchpoint (arrival, message_id, at, owner, kind, name, channel, direction, source,
                        session_id, campaign, device, order_source, order_number, properties, carrier)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)
