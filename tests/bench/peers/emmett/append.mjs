// emmett on PostgreSQL, as its documentation has it: a command handler over one pool, one process.
// node append.mjs append WRITERS EVENTS_A_COMMIT WARM_MS SLICE_MS
// node append.mjs load STREAMS EVENTS WARM_MS SLICE_MS
import { CommandHandler } from '@event-driven-io/emmett';
import { getPostgreSQLEventStore } from '@event-driven-io/emmett-postgresql';
import { randomUUID } from 'node:crypto';
import pg from 'pg';

const [work, ...numbers] = process.argv.slice(2);
const [first, second, warm, slice] = numbers.map(Number);
const STREAM_EVENTS = 20;

const metadata = {
  correlation_id: '0192f1c2-7d3b-7a11-9c55-0c8f7b1d2e3f',
  causation_id: '0192f1c2-7d3b-7a11-9c55-0c8f7b1d2e40',
  user_id: 'user-000123',
  source: 'rota-service',
};
const shift = (rota, n) => ({
  type: 'ShiftWorked',
  data: {
    rota,
    ward: `WARD-${String((n * 7919) % 99999999).padStart(8, '0')}`,
    activity: 'guided self-help by telephone',
    quarters: (n % 9) + 1,
    pence: (n * 37) % 10000,
    currency: 'GBP',
    remark: 'covered at short notice, handover written, next week unchanged',
    tags: ['nights', 'priority'],
    site: { street: 'Long Street 123', town: 'Rotherham', postcode: 'S60 1AA', country: 'GB' },
    recorded: '2026-11-20T10:24:31.123456Z',
  },
  metadata,
});
const initialState = () => ({ shifts: 0, quarters: 0, pence: 0 });
const evolve = (state, { data }) => ({
  shifts: state.shifts + 1,
  quarters: state.quarters + data.quarters,
  pence: state.pence + data.quarters * data.pence,
});

const pool = new pg.Pool({ max: work === 'append' ? first : 1 });
const url = `postgresql://${process.env.PGUSER}@localhost/${process.env.PGDATABASE}`;
const store = getPostgreSQLEventStore(url, { connectionOptions: { pool } });
await store.schema.migrate();

const handle = CommandHandler({ evolve, initialState });

// How each writer's next command is done.
function appending() {
  let rota;
  let worked = STREAM_EVENTS;
  return async () => {
    if (worked + second > STREAM_EVENTS) {
      rota = `rota-${randomUUID()}`;
      worked = 0;
    }
    await handle(store, rota, ({ shifts }) =>
      Array.from({ length: second }, (_, n) => shift(rota, shifts + n)),
    );
    worked += second;
  };
}

async function loading() {
  const rotas = Array.from({ length: first }, () => `rota-${randomUUID()}`);
  for (const rota of rotas) {
    await store.appendToStream(rota, Array.from({ length: second }, (_, n) => shift(rota, n)));
  }
  let nth = 0;
  return async () => {
    nth = (nth + 1) % rotas.length;
    const { state } = await store.aggregateStream(rotas[nth], { evolve, initialState });
    if (state.shifts !== second) throw new Error('a rota of another length');
  };
}

const commands =
  work === 'append' ? Array.from({ length: first }, appending) : [await loading()];
const micros = [];
let errors = 0;
let counting = false;
let over = false;
const writers = commands.map(async (command) => {
  while (!over) {
    const begun = performance.now();
    try {
      await command();
      if (counting) micros.push(Math.round((performance.now() - begun) * 1000));
    } catch (error) {
      if (errors++ === 0) console.error(error);
    }
  }
});
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
await sleep(warm);
console.log('begin');
counting = true;
const begun = performance.now();
await sleep(slice);
counting = false;
over = true;
const seconds = (performance.now() - begun) / 1000;
console.log(JSON.stringify({ seconds, errors, micros }));
await Promise.all(writers);
process.exit(0);
