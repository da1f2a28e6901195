// Operations on the server itself: its clock, its database, its settings and limits, and the policy for its clients.
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { isThere } from '@moult/administration';
import { administrationBounds } from '@moult/administration/bounds';
import { listLimits, listSettings } from '@moult/administration/config';
import { exportPolicy, policyFormats, trustSettings } from '@moult/administration/policy';
import { catalogBounds } from '@moult/catalog/bounds';
import { readOutside } from '@moult/disk';
import { diskBounds } from '@moult/disk/bounds';
import { doctorBounds } from '@moult/doctor/bounds';
import { formatBounds } from '@moult/formats/bounds';
import { protocolBounds } from '@moult/protocol/bounds';
import { releaseBounds } from '@moult/releases/bounds';
import {
  checkDatabase,
  checkInBackground,
  pageOf as cutPage,
  isPostgres,
  sqliteFileOf,
  withoutPassword,
} from '@moult/store';
import { storeTables } from '@moult/store/bounds';
import { acceptClock, clockNotice, inspectClock } from '@moult/store/clock';
import { ServerError } from '@moult/store/errors';
import * as z from 'zod';
import { apiBounds, serverBounds } from '../../../bounds.ts';
import { issueCertificate, shownCertificate } from '../../../tls/shown-certificate.ts';
import { route } from '../route.ts';
import { instant, listDocument, listQuery, pageOf, serverAddress, someText } from '../shapes.ts';

const clock = z.looseObject({
  ...{ now: instant, state: z.enum(['right', 'behind-program', 'behind-data', 'ahead']) },
  ...{ headline: z.string().optional(), cause: z.string().optional(), remedy: z.string().optional() },
});
const certificate = z.looseObject({
  ...{ port: z.union([z.int(), z.literal('off')]), source: z.enum(['own', 'files', 'pfx', 'off']) },
  ...{ names: z.string().optional(), issuer: z.string().optional(), validTo: instant.optional() },
});
const scalar = z.union([z.string(), z.number(), z.boolean()]).optional();
const origin = z.enum(['flag', 'environment', 'file', 'machine', 'default', 'unknown']).optional();
const topic = 'Server';

/** Of all that a server does. Those of agents and commands are in docs/limits.md. */
const tables = [
  ...[...formatBounds, ...diskBounds, ...catalogBounds, ...protocolBounds, ...releaseBounds, ...storeTables],
  ...[...administrationBounds, ...serverBounds, ...doctorBounds],
];

export const serverRoutes = [
  route(['listSettings', 'GET', '/settings', 'administer', topic], {
    isList: true,
    summary: 'List the settings of the server, their defaults, and where the values are from. A restart changes them',
    querySchema: listQuery({}),
    answer: pageOf(
      z.looseObject({
        ...{ name: z.string(), value: scalar, default: scalar, origin, variable: z.string() },
        ...{ group: z.string(), description: z.string() },
      }),
    ),
    refusals: { 409: 'The cursor is of another list' },
    handle: async ({ administration: { server }, query }) =>
      listDocument(cutPage('settings', listSettings(server), query, ({ name }) => name)),
  }),
  route(['listLimits', 'GET', '/limits', 'read', topic], {
    isList: true,
    summary: 'List the limits of the server: value, default, range, and where the value is from',
    querySchema: listQuery({}),
    answer: pageOf(
      z.looseObject({
        ...{ name: z.string(), value: z.string(), default: z.string(), origin },
        ...{ range: z.array(z.string()).optional(), what: z.string() },
      }),
    ),
    refusals: { 409: 'The cursor is of another list' },
    handle: async ({ administration: { server }, query }) =>
      listDocument(cutPage('limits', listLimits(server, tables), query, ({ name }) => name)),
  }),
  route(['readClock', 'GET', '/clock', 'read', topic], {
    summary: 'Compare the clock of the server with its data directory',
    answer: clock,
    handle: async ({ administration: { server, author } }) => clockOf(server.dataDir, author.at),
  }),
  route(['acceptClock', 'POST', '/clock', 'administer', topic], {
    summary: 'Confirm that the clock of the server is right, and forget contradicting times',
    bodySchema: z.strictObject({
      now: z.iso.datetime().describe('The time that you saw. Within 10 minutes of the clock'),
    }),
    answer: clock,
    refusals: { 409: 'The clock shows another time than you saw' },
    async handle({ administration: { store, server, author }, body }) {
      if (Math.abs(Date.parse(body.now) - author.at.getTime()) > clockSeenMs)
        throw new ServerError('SERVER_REFUSED', `The clock shows ${author.at.toISOString()} now, and not ${body.now}.`);
      acceptClock(server.dataDir, author.at);
      await store.recordChange(author, { action: 'accept clock', subject: 'clock', after: { now: author.at } });
      return clockOf(server.dataDir, author.at);
    },
  }),
  route(['checkDatabase', 'POST', '/database/check', 'administer', topic], {
    summary: 'Read and check the whole database. It changes nothing',
    bodySchema: z.strictObject({}),
    answer: z.looseObject({
      ...{ database: z.string(), engine: z.enum(['sqlite', 'postgres']) },
      problems: z.array(z.string()).describe('None when everything is in order'),
    }),
    refusals: { 409: 'The check did not come to an end' },
    isLong: true,
    async handle({ administration: { server }, course }) {
      const { database } = server;
      const shown = withoutPassword(database);
      if (isPostgres(database)) return { database: shown, ...(await checkDatabase(database)) };
      return { database: shown, engine: 'sqlite', problems: await checkAside(sqliteFileOf(database), course.signal) };
    },
  }),
  route(['readTls', 'GET', '/tls', 'read', topic], {
    summary: 'Show the port of HTTPS and its certificate, by the settings',
    answer: certificate,
    handle: async ({ administration: { server } }) => shownCertificate(server),
  }),
  route(['issueCertificate', 'POST', '/tls', 'administer', topic], {
    summary: 'Make a new certificate of the own authority. The server uses it within a minute',
    bodySchema: z.strictObject({}),
    answer: certificate,
    async handle({ administration: { server, store, author } }) {
      const issued = await issueCertificate(server, author.at);
      const after = { names: issued.names, validTo: issued.validTo };
      await store.recordChange(author, { action: 'issue certificate', subject: 'tls', after });
      return issued;
    },
  }),
  route(['exportPolicy', 'GET', '/policy', 'read', topic], {
    summary: 'Make the policy that points computers at a server, as files',
    querySchema: z.strictObject({
      format: z.enum(policyFormats),
      server: serverAddress,
      group: someText().optional().describe('Target group. Several: with a semicolon between them'),
      undo: z.boolean().optional().describe('Remove the policy (reg, pol, gpo, ps1)'),
      trust: z.boolean().optional().describe('Also accept updates that the operator of this server signed (the same)'),
    }),
    answer: z.looseObject({
      files: z.array(z.looseObject({ name: z.string(), base64: z.string() })),
    }),
    refusals: { 409: 'This format cannot undo or bring trust, or the server has no keys yet' },
    async handle({ administration: { server: own, author }, query: { format, server, group, undo = false, trust } }) {
      if ((undo || trust) && (format === 'admx' || format === 'intune'))
        throw new ServerError('SERVER_REFUSED', `The format ${format} cannot do that. Use reg, pol, gpo or ps1.`);
      const certificates = trust ? operatorCertificates(own.dataDir) : [];
      const options = { isUndo: undo, now: author.at, newGuid: randomUUID, trust: trustSettings(certificates) };
      const files = exportPolicy(format, { server, group }, options);
      return { files: files.map(({ name, bytes }) => ({ name, base64: Buffer.from(bytes).toString('base64') })) };
    },
  }),
];

const clockSeenMs = 600_000;

function clockOf(dataDir: string, now: Date) {
  const state = inspectClock(dataDir, now);
  const { headline, cause, remedy } = clockNotice(state) ?? {};
  return { now, state: state.kind, headline, cause, remedy };
}

function operatorCertificates(dataDir: string) {
  return ['operator-ca.cer.pem', 'operator-signing.cer.pem'].map((name) => {
    const file = join(dataDir, 'keys', name);
    if (isThere(file)) return { name, bytes: readOutside(file) };
    throw new ServerError('SERVER_REFUSED', `This server has no ${name} yet.`);
  });
}

/** In a process of its own: SQLite's check takes as long as reading everything. Throws SERVER_REFUSED without an end. */
function checkAside(file: string, signal: AbortSignal): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const end = (why: string) => reject(new ServerError('SERVER_REFUSED', `The database was not checked: ${why}`));
    const check = checkInBackground({
      ...{ file, limitMs: apiBounds.databaseCheckMs, undecided: end },
      damaged: (problem) => resolve([problem]),
      done: () => resolve([]),
    });
    signal.addEventListener('abort', () => {
      check.close();
      end('the job was cancelled');
    });
  });
}
