// Operations of the doctor on files that somebody sends in, and on this server. Nothing of the files is kept.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inWorkingFolder } from '@moult/administration/vendors';
import type { AgentMachine } from '@moult/doctor/client';
import { RequestError } from '@moult/doctor/errors';
import type { DoctorReport } from '@moult/doctor/report';
import * as z from 'zod';
import { ApiError, onInput } from '../errors.ts';
import { route } from '../route.ts';
import { doctorReport, shownReport } from './explain.ts';

const file = z.strictObject({
  name: z
    .string()
    .max(128)
    .regex(/^[\w(][\w .()+-]*$/)
    .describe('As the computer calls it, without a folder'),
  kind: z.enum(['log', 'settings']).default('log').describe('settings: .reg, the output of reg query, Registry.pol'),
  text: z.string().optional().describe('The content, or'),
  base64: z.base64().optional().describe('the content of a binary file'),
});
const topic = 'Doctor';

export const doctorRoutes = [
  route(['examineFiles', 'POST', '/doctor/files', 'read', topic], {
    summary: 'Find faults in logs and settings of a client, of a proxy or of another server. The files are not kept',
    bodySchema: z.strictObject({
      files: z.array(file).min(1).max(50),
      redact: z.boolean().default(false).describe('Mask names, addresses and ids'),
    }),
    takesFiles: true,
    answer: doctorReport,
    refusals: { 409: 'No file of it can be read' },
    // No Idempotency-Key: the server keeps nothing of the files.
    isSecret: true,
    handle: ({ administration: { server, author }, body: { files, redact } }) =>
      onInput(() =>
        inWorkingFolder(server.dataDir, author.at, async (folder) => {
          // Findings call a computer whose logs do not name it by the folder of the logs.
          const own = join(folder, 'the computer');
          await mkdir(own, { mode: 0o700 });
          const paths = await writeAll(own, files);
          const report = await examine(paths);
          return withoutFolder(await shownReport(report, redact), own);
        }),
      ),
  }),
  route(['examineServer', 'POST', '/doctor/self', 'administer', topic], {
    summary: 'Check this server: process, keys, tree, database, and what it answers',
    bodySchema: z.strictObject({}),
    answer: doctorReport,
    isLong: true,
    async handle({ administration: { server }, tree: { verifyTree } }) {
      const { examineSelf } = await import('@moult/doctor/home');
      return examineSelf(server, { verifyTree, configuredPort: String(server.config.selfUpdatePort) });
    },
  }),
];

type Sent = z.output<typeof file>;

interface Paths {
  log: string[];
  settings: string[];
}

async function writeAll(folder: string, files: readonly Sent[]): Promise<Paths> {
  const paths: Paths = { log: [], settings: [] };
  const known = new Set<string>();
  for (const { name, kind, text, base64 } of files) {
    if ((text === undefined) === (base64 === undefined))
      throw new ApiError('API_BAD_REQUEST', `Give the text of ${name}, or its base64, and not both.`);
    if (known.has(name.toLowerCase()))
      throw new ApiError('API_BAD_REQUEST', `Two files are called ${name}. Give each a name of its own.`);
    known.add(name.toLowerCase());
    const path = join(folder, name);
    await writeFile(path, text ?? Buffer.from(base64 ?? '', 'base64'), { flag: 'wx', mode: 0o600 });
    paths[kind].push(path);
  }
  return paths;
}

async function examine({ log, settings }: Paths): Promise<DoctorReport> {
  const reading = () => undefined;
  if (settings.length === 0) return (await import('@moult/doctor/logs')).examineLogs(log, reading);
  const { examineClient } = await import('@moult/doctor/client');
  try {
    const given = { registry: settings, ...(log.length > 0 && { log }) };
    return await examineClient(given, { reading, asking: reading }, () => noMachine);
  } catch (error) {
    if (error instanceof RequestError) throw new ApiError('API_BAD_REQUEST', error.message);
    throw error;
  }
}

/** Files that were sent in are of no machine here. */
const noMachine: AgentMachine = {
  ...{ folder: '', registryFile: undefined, susLog: '', wsusLog: '', reportingEventsLog: '', urlLog: '' },
  ...{ agentFolder: '', currentFile: '', operatorCertificate: '' },
  status: () => ({
    ...{ running: undefined, intact: false, version: undefined },
    machine: { os: '', architecture: '', language: '' },
  }),
};

/** The report names the files as they were sent. */
function withoutFolder(report: DoctorReport, folder: string): DoctorReport {
  const place = JSON.stringify(join(folder, 'x')).slice(1, -2);
  return JSON.parse(JSON.stringify(report).replaceAll(place, ''));
}
