// Runs the interop scenario against a server of its own with a client made by Node's tools.
//
// run.mjs <trellis binary>; the last line is `N passed, N failed`, and the exit code says the same.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import { Refused, SignIns, Trellis } from './client.mjs';

const SCENARIO = JSON.parse(
  fs.readFileSync(path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../scenario.json'), 'utf8'),
);
const STARTS_WITHIN_MS = 120_000;
const CONSEQUENCES_WITHIN_MS = 60_000;

const report = { passed: 0, failed: 0 };

function check(what, holds, instead = '') {
  if (holds) {
    report.passed += 1;
    return;
  }
  report.failed += 1;
  console.log(`FAILED: ${what}`, instead);
}

/** The value at a path such as `offer.checks.0.result`. */
const at = (value, where) => where.split('.').reduce((inner, part) => inner?.[part], value);

const stamped = (step, request) => ({ request_id: randomUUID(), effective: step.on, ...request });

/** The steps, with the names of what earlier steps made. */
class Scenario {
  names = new Map();
  sent = new Map();

  constructor(signIns) {
    this.signIns = signIns;
  }

  /** The request with `$name` replaced by what it stands for. */
  filled(value) {
    if (Array.isArray(value)) return value.map((inner) => this.filled(inner));
    if (value !== null && typeof value === 'object') {
      return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, this.filled(inner)]));
    }
    if (typeof value !== 'string' || !value.startsWith('$')) return value;
    const [kind, file] = value.slice(1).split(':');
    return kind === 'acts_for' ? this.signIns.actsFor(file) : this.names.get(kind);
  }

  async play(step) {
    const client = this.signIns.named(step.by);
    if (step.finds) return this.find(step, client);
    const request = this.filled(step.with);
    if (step.shows) return this.read(step, client, request);
    if (step.refused) return this.refused(step, client, stamped(step, request));
    return this.write(step, client, stamped(step, request));
  }

  async write(step, client, request) {
    const { answer, raw } = await client.call(step.call, request);
    const { receipt } = answer;
    check(
      `${step.step}: a receipt`,
      receipt.name.includes('/') && Number(receipt.version) >= 1 && Number(receipt.recorded_time.seconds) > 0,
      answer,
    );
    this.sent.set(step.step, { client, call: step.call, request, raw });
    if (step.names) this.names.set(step.names, receipt.name);
  }

  /** Waits until the caller's own feed tells of a record that nobody asked for. */
  async find(step, client) {
    const deadline = Date.now() + CONSEQUENCES_WITHIN_MS;
    for (let after = '0'; Date.now() < deadline; await sleep(50)) {
      const { answer } = await client.call('FeedService/ListFeed', { after_position: after, page_size: 1000 });
      const found = answer.items.find((item) => item.name.startsWith(step.finds));
      if (found) {
        this.names.set(step.names, found.name);
        return check(step.step, true);
      }
      after = answer.next_position;
    }
    throw new Error(`${step.step}: nothing of ${step.finds} came`);
  }

  async refused(step, client, request) {
    try {
      const { answer } = await client.call(step.call, request);
      check(`${step.step}: refused with ${step.refused}`, false, answer);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      check(`${step.step}: refused with ${step.refused}`, error.reason === step.refused && error.domain === 'trellis', error);
    }
  }

  /** Reads until it shows what is expected: consequences follow within moments. */
  async read(step, client, request) {
    const deadline = Date.now() + CONSEQUENCES_WITHIN_MS;
    for (;;) {
      let seen;
      try {
        ({ answer: seen } = await client.call(step.call, request));
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        seen = { refused: error.reason };
      }
      const holds = Object.entries(step.shows).every(([where, value]) => at(seen, where) === value);
      if (holds || Date.now() > deadline) {
        return check(`${step.step}: ${JSON.stringify(step.shows)}`, holds, JSON.stringify(seen));
      }
      await sleep(50);
    }
  }
}

/** A repeat of a request is answered with the first answer, byte for byte, whatever came since. */
async function checkRepeats(scenario) {
  const { client, call, request, raw } = scenario.sent.get(SCENARIO.repeat);
  const again = await client.call(call, request);
  check('a repeated request is answered with identical bytes', Buffer.compare(raw, again.raw) === 0);
  try {
    await client.call(call, { ...request, effective: '2025-11-11' });
    check('a reused request id is refused', false);
  } catch (error) {
    check('a reused request id is refused', error.reason === 'REQUEST_ID_REUSED', error);
    check('and is an INVALID_ARGUMENT', error.code === grpc.status.INVALID_ARGUMENT, error);
  }
  const operation = await client.call('OperationService/GetOperation', { request_id: request.request_id });
  check('the lost answer can be asked for', operation.answer.receipt.name === again.answer.receipt.name, operation.answer);
}

/** Positions are 1, 2, 3, ... without holes, and the other party's seals are in nobody else's feed. */
async function checkFeed(signIns, file) {
  const client = signIns.named(file);
  const items = [];
  for (let after = '0', more = true; more;) {
    const { answer } = await client.call('FeedService/ListFeed', { after_position: after, page_size: 100 });
    items.push(...answer.items);
    ({ next_position: after, more } = answer);
  }
  check(`${file}: the feed has no holes`, items.every((item, index) => Number(item.position) === index + 1));
  check(`${file}: the feed holds events`, items.length > 0);
  const foreign = items.filter((item) => item.name.startsWith('seals/') && item.acting_tenant !== signIns.actsFor(file));
  check(`${file}: no seal of another party is in the feed`, foreign.length === 0, foreign);
}

/** The auditor's replay: every chain verifies and the order is the order of life. */
async function checkHistory(signIns) {
  const person = signIns.actsFor(SCENARIO.history.person);
  const { messages } = await signIns.named('meridian.auditor').call('AuditService/ReplayHistory', { person });
  const events = messages.filter((message) => message.event).map((message) => message.event);
  const { summary } = messages.at(-1);
  check('the replay verifies', summary.verified && events.every((event) => event.chain_verified), summary);
  check('the replay is whole', events.length > 0 && Number(summary.events) === events.length, summary);
  const order = events.map((event) => event.event_type);
  let from = 0;
  const inOrder = SCENARIO.history.events.every((expected) => {
    const found = order.indexOf(expected, from);
    from = found + 1;
    return found >= 0;
  });
  check('the replay is in order', inOrder, order);
}

async function checkToken(signIns) {
  try {
    await new Trellis(signIns.connection, 'not-a-token').call('FeedService/ListFeed');
    check('a bad token is refused', false);
  } catch (error) {
    check('a bad token is refused', error.code === grpc.status.UNAUTHENTICATED, error);
  }
}

/** The list of sign-ins is written when everything serves. */
async function ready(server, file, log) {
  for (const deadline = Date.now() + STARTS_WITHIN_MS; !fs.existsSync(file);) {
    if (server.exitCode !== null || Date.now() > deadline) {
      throw new Error(`the server did not start:\n${fs.readFileSync(log, 'utf8')}`);
    }
    await sleep(50);
  }
  return file;
}

async function run(binary) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'trellis-node-'));
  // the database server may run as a user of its own, which has to get in
  fs.chmodSync(folder, 0o711);
  const [data, log] = ['data', 'log'].map((name) => path.join(folder, name));
  const output = fs.openSync(log, 'w');
  const listen = ['--listen', '127.0.0.1:0', '--web-listen', '127.0.0.1:0'];
  const server = spawn(binary, ['demo', '--empty', '--data-dir', data, ...listen], {
    stdio: ['ignore', output, output],
  });
  const ended = once(server, 'exit');
  try {
    const signIns = new SignIns(await ready(server, path.join(data, 'sign-ins', 'all.json'), log));
    const scenario = new Scenario(signIns);
    await checkToken(signIns);
    for (const step of SCENARIO.steps) await scenario.play(step);
    await checkRepeats(scenario);
    for (const file of SCENARIO.feeds) await checkFeed(signIns, file);
    await checkHistory(signIns);
    signIns.connection.close();
  } finally {
    if (server.exitCode === null) server.kill('SIGTERM');
    await ended;
    check('the server stops when asked', server.exitCode === 0, server.exitCode);
    if (report.failed) console.log(fs.readFileSync(log, 'utf8').slice(-4000));
    fs.closeSync(output);
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

if (process.argv.length !== 3) {
  console.error('run.mjs <trellis binary>');
  process.exit(2);
}
try {
  await run(process.argv[2]);
} catch (error) {
  console.error(error);
  report.failed += 1;
}
console.log(`${report.passed} passed, ${report.failed} failed`);
process.exitCode = report.failed ? 1 : 0;
