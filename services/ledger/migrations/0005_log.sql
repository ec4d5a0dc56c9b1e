-- Each feed is also a Merkle log (RFC 6962): the leaf at index position - 1 is the hash of the event
-- there. Kept of it are the roots of its complete subtrees of 256, 256^2, .. leaves, so that no
-- checkpoint and no proof reads more than 256 hashes a level. They follow from the feed: whoever needs
-- one that is missing works it out and keeps it. Nothing here is ever changed; a subtree that no longer
-- follows from its leaves shows in every proof through it.
CREATE TABLE ledger.log_subtree (
    tenant_id uuid NOT NULL,
    level smallint NOT NULL CHECK (level IN (8, 16, 24, 32, 40, 48, 56)),
    index bigint NOT NULL CHECK (index >= 0),
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),
    PRIMARY KEY (tenant_id, level, index)
);
ALTER TABLE ledger.log_subtree ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY command ON ledger.log_subtree TO trellis_command USING (true) WITH CHECK (true);
GRANT SELECT, INSERT ON ledger.log_subtree TO trellis_command;
