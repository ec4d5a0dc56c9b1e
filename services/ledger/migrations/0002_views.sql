-- Views, reactions and timers. One set of tables carries every view, so that a new view needs no
-- migration: rows are JSON by stream, figures are named sums.

-- A build is one run of a view's code over the feeds. At most one build of a view is read at a time.
CREATE TABLE ledger.view_build (
  build      bigint      PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
  view       text        NOT NULL,
  version    integer     NOT NULL CHECK (version > 0),
  state      text        NOT NULL CHECK (state IN ('building', 'live', 'retired')),
  started_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX view_build_one_live ON ledger.view_build (view) WHERE state = 'live';
CREATE UNIQUE INDEX view_build_one_building ON ledger.view_build (view, version) WHERE state = 'building';

-- How far a build has folded a tenant's feed. It moves by compare-and-swap in the transaction that
-- writes the rows: that, and nothing else, makes a view exactly-once.
CREATE TABLE ledger.view_checkpoint (
  build      bigint      NOT NULL REFERENCES ledger.view_build,
  tenant_id  uuid        NOT NULL,
  position   bigint      NOT NULL CHECK (position >= 0),
  moved_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, build)
) WITH (fillfactor = 50);

-- One row per stream the view shows; `thread` groups the rows of one trainee's life.
CREATE TABLE ledger.view_row (
  build      bigint NOT NULL,
  tenant_id  uuid   NOT NULL,
  stream     uuid   NOT NULL,
  thread     uuid,
  row        json   NOT NULL,
  PRIMARY KEY (tenant_id, build, stream)
) WITH (fillfactor = 80);
CREATE INDEX view_row_thread ON ledger.view_row (tenant_id, build, thread, stream) WHERE thread IS NOT NULL;

-- The sums of what the rows contribute.
CREATE TABLE ledger.view_figure (
  build      bigint NOT NULL,
  tenant_id  uuid   NOT NULL,
  figure     text   NOT NULL,
  part       text   NOT NULL DEFAULT '',
  value      bigint NOT NULL,
  PRIMARY KEY (tenant_id, build, figure, part)
) WITH (fillfactor = 50);

-- Streams a build has stopped at: the event that did not fold; it and all later ones wait.
CREATE TABLE ledger.view_parked (
  build      bigint      NOT NULL,
  tenant_id  uuid        NOT NULL,
  stream     uuid        NOT NULL,
  position   bigint      NOT NULL,
  sequence   bigint      NOT NULL,
  reason     text        NOT NULL,
  parked_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, build, stream)
);

-- Events an operator has set aside for a view, in every build of it; kept for the auditor.
CREATE TABLE ledger.view_skip (
  view       text        NOT NULL,
  tenant_id  uuid        NOT NULL,
  stream     uuid        NOT NULL,
  sequence   bigint      NOT NULL,
  skipped_by text        NOT NULL,
  reason     text        NOT NULL,
  skipped_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (tenant_id, view, stream, sequence)
);

-- How far reactions to a tenant's own events have run.
CREATE TABLE ledger.reaction_checkpoint (
  tenant_id  uuid   PRIMARY KEY,
  position   bigint NOT NULL CHECK (position >= 0)
) WITH (fillfactor = 50);

-- Reactions that were refused: the event, which of its reactions, and why.
CREATE TABLE ledger.reaction_parked (
  request_id uuid        PRIMARY KEY,
  tenant_id  uuid        NOT NULL,
  position   bigint,
  stream     uuid        NOT NULL,
  sequence   bigint      NOT NULL,
  action     text        NOT NULL,
  reason     text        NOT NULL,
  message    text        NOT NULL,
  parked_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX reaction_parked_tenant ON ledger.reaction_parked (tenant_id, parked_at);

-- What is to happen at an instant. The id derives from the event that asked for it, and is the
-- request id of the command that fires it, so that firing twice writes once.
CREATE TABLE ledger.timer (
  timer_id    uuid        PRIMARY KEY,
  tenant_id   uuid        NOT NULL,
  due         timestamptz NOT NULL,
  timer       json        NOT NULL,
  stream      uuid        NOT NULL,
  sequence    bigint      NOT NULL,
  correlation uuid,
  traceparent text,
  state       text        NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'fired', 'refused')),
  settled_at  timestamptz
);
CREATE INDEX timer_due ON ledger.timer (due, timer_id) WHERE state = 'waiting';

-- Isolation. What a tenant sees of a view is its own; the projector too reaches rows and figures
-- of the one tenant it is folding for. Checkpoints and what is parked carry no content and are
-- worked on across tenants.
DO $$
DECLARE
  item record;
BEGIN
  FOR item IN
    SELECT * FROM (VALUES
      ('view_checkpoint', true), ('view_row', false), ('view_figure', false), ('view_parked', true),
      ('view_skip', true), ('reaction_checkpoint', true), ('reaction_parked', true), ('timer', true)
    ) AS tables (name, across)
  LOOP
    EXECUTE format('ALTER TABLE ledger.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', item.name);
    EXECUTE format(
      'CREATE POLICY projector ON ledger.%I TO trellis_projector USING (%s)', item.name,
      CASE WHEN item.across THEN 'true' ELSE 'tenant_id = (SELECT ledger.current_tenant())' END);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON ledger.%I TO trellis_projector', item.name);
  END LOOP;
  FOR item IN SELECT unnest(ARRAY['view_checkpoint', 'view_row', 'view_figure']) AS name LOOP
    EXECUTE format(
      'CREATE POLICY reader ON ledger.%I FOR SELECT TO trellis_reader
         USING (tenant_id = (SELECT ledger.current_tenant()))', item.name);
    EXECUTE format('GRANT SELECT ON ledger.%I TO trellis_reader', item.name);
  END LOOP;
END $$;
GRANT SELECT, INSERT, UPDATE ON ledger.view_build TO trellis_projector;
GRANT SELECT ON ledger.view_build TO trellis_reader;
