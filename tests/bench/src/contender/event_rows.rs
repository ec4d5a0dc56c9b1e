//! How far any other layout of what is stored could come: the service as it is, in front of a database
//! that stores the event rows of each batch and nothing else of it.
//!
//! Commands are decided, sealed, hashed, sent and committed as always, and what is sent is received
//! whole. No receipt, feed, head, key or stream is written, and nothing is compared, so that none of
//! what the ledger promises holds there.

use crate::{Fault, cluster::Database};

pub(crate) const NAME: &str = "trellis, event rows alone";

/// In one table, which is faster than the partitions of the ledger's own.
const APPEND: &str = r#"
CREATE TABLE ledger.event_alone (LIKE ledger.event);
ALTER TABLE ledger.event_alone ADD PRIMARY KEY (aggregate_id, aggregate_type, sequence);
GRANT INSERT ON ledger.event_alone TO trellis_append;
DO $do$
BEGIN
    EXECUTE format(
        'CREATE OR REPLACE FUNCTION ledger.append(%s) RETURNS %s
         LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS %L',
        pg_get_function_arguments('ledger.append'::regproc),
        pg_get_function_result('ledger.append'::regproc),
        $fn$
BEGIN
    INSERT INTO ledger.event_alone (aggregate_type, aggregate_id, sequence, event_type, event_version,
                                    payload, metadata, home_tenant, parties, hash, recorded_at)
    SELECT e.aggregate_type, e.aggregate_id, e.sequence, e.event_type, e.event_version,
           e.payload, e.metadata, e.home_tenant, e.parties, e.hash, e.recorded_at
      FROM unnest(p_events) AS e;
    RETURN array_fill(0::bigint, ARRAY[cardinality(p_tenants)]);
END
        $fn$
    );
END $do$;
"#;

/// Makes a migrated database such a one.
pub(crate) async fn alone(database: &Database) -> Result<(), Fault> {
    database.run(APPEND).await
}
