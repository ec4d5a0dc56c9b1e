// A client of Trellis made by Node's ordinary tools: @grpc/proto-loader reads proto/, @grpc/grpc-js calls.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import grpc from '@grpc/grpc-js';
import protoLoader from '@grpc/proto-loader';

const PROTO = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../../proto');
const OPTIONS = { keepCase: true, longs: String, enums: String, defaults: true, oneofs: true, includeDirs: [PROTO] };

const definition = protoLoader.loadSync(
  fs.readdirSync(path.join(PROTO, 'trellis/v1')).sort().map((file) => `trellis/v1/${file}`),
  OPTIONS,
);

// What google.rpc packs into grpc-status-details-bin, as far as Trellis uses it.
const details = protoLoader.fromJSON({
  nested: {
    google: {
      nested: {
        rpc: {
          nested: {
            Any: { fields: { type_url: { type: 'string', id: 1 }, value: { type: 'bytes', id: 2 } } },
            Status: {
              fields: {
                code: { type: 'int32', id: 1 },
                message: { type: 'string', id: 2 },
                details: { rule: 'repeated', type: 'Any', id: 3 },
              },
            },
            ErrorInfo: {
              fields: {
                reason: { type: 'string', id: 1 },
                domain: { type: 'string', id: 2 },
                metadata: { keyType: 'string', type: 'string', id: 3 },
              },
            },
          },
        },
      },
    },
  },
}, { keepCase: true, defaults: true });

/** A refused call, as the rich error details tell it. */
export class Refused extends Error {
  constructor(error) {
    super(error.details);
    this.code = error.code;
    this.reason = '';
    this.domain = '';
    const [packed] = error.metadata?.get('grpc-status-details-bin') ?? [];
    if (!packed) return;
    for (const detail of details['google.rpc.Status'].deserialize(packed).details) {
      if (!detail.type_url.endsWith('/google.rpc.ErrorInfo')) continue;
      const info = details['google.rpc.ErrorInfo'].deserialize(Buffer.from(detail.value));
      Object.assign(this, { reason: info.reason, domain: info.domain, metadata: info.metadata });
    }
  }
}

/** Every service under proto/, by its full name. */
export const services = Object.entries(definition)
  .filter(([, defined]) => !('format' in defined))
  .map(([name]) => name);

/** A running service, called as one sign-in. */
export class Trellis {
  constructor(connection, token) {
    this.connection = connection;
    this.metadata = new grpc.Metadata();
    this.metadata.set('authorization', `Bearer ${token}`);
  }

  static method(rpc) {
    const [service, method] = rpc.split('/');
    return definition[`trellis.v1.${service}`][method];
  }

  /** Calls `Service/Method`: the answer and its bytes as they came, or of a stream all messages. */
  async call(rpc, request = {}) {
    const method = Trellis.method(rpc);
    const options = { deadline: Date.now() + 60_000 };
    const keep = (bytes) => bytes;
    if (method.responseStream) {
      const stream = this.connection.makeServerStreamRequest(
        method.path, method.requestSerialize, method.responseDeserialize, request, this.metadata, options,
      );
      const messages = [];
      try {
        for await (const message of stream) messages.push(message);
      } catch (error) {
        throw new Refused(error);
      }
      return { messages };
    }
    const raw = await new Promise((resolve, reject) => {
      this.connection.makeUnaryRequest(
        method.path, method.requestSerialize, keep, request, this.metadata, options,
        (error, bytes) => (error ? reject(new Refused(error)) : resolve(bytes)),
      );
    });
    return { answer: method.responseDeserialize(raw), raw };
  }
}

/** The list of sign-ins a demonstration writes: where to call, and as whom. */
export class SignIns {
  constructor(file) {
    const known = JSON.parse(fs.readFileSync(file, 'utf8'));
    this.byFile = new Map(known.sign_ins.map((signIn) => [signIn.file, signIn]));
    this.connection = new grpc.Client(known.address, grpc.credentials.createInsecure());
  }

  named(file) {
    return new Trellis(this.connection, this.byFile.get(file).token);
  }

  actsFor(file) {
    return this.byFile.get(file).acts_for;
  }
}
