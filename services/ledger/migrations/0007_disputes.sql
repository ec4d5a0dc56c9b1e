-- Disputes by where a tenant's feed first tells of them: they are few, so this costs other events nothing.
CREATE INDEX feed_dispute ON ledger.feed (tenant_id, position) WHERE event_type = 'DisputeRaised';
