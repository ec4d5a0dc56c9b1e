-- Looking at views beside the service. Whoever asks how far they are, or whether they still are what
-- the events make of them, writes nothing: a role that may read, one tenant's rows and events at a
-- time like any reader, and across tenants only what carries no content.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'trellis_inspector') THEN
    CREATE ROLE trellis_inspector LOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;
END $$;

DO $$
DECLARE
  item record;
BEGIN
  GRANT USAGE ON SCHEMA ledger TO trellis_inspector;
  FOR item IN
    SELECT * FROM (VALUES
      ('tenant', 'true'), ('view_checkpoint', 'true'), ('view_parked', 'true'), ('view_skip', 'true'),
      ('view_row', 'tenant_id = (SELECT ledger.current_tenant())'),
      ('view_figure', 'tenant_id = (SELECT ledger.current_tenant())'),
      ('feed', 'tenant_id = (SELECT ledger.current_tenant())'),
      ('event', '(SELECT ledger.current_tenant()) = ANY (parties)')
    ) AS tables (name, seen)
  LOOP
    EXECUTE format('CREATE POLICY inspector ON ledger.%I FOR SELECT TO trellis_inspector USING (%s)',
                   item.name, item.seen);
    EXECUTE format('GRANT SELECT ON ledger.%I TO trellis_inspector', item.name);
  END LOOP;
  GRANT SELECT ON ledger.view_build TO trellis_inspector;
END $$;
