// The simulator's faults, each alone and in pairs: what does the doctor name first? The figures are printed here and
// written in docs/doctor.md.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createOperatorCa, createOperatorSigner } from '@moult/formats/authenticode';
import { createSusServer, type Fault, type Listening, listen, type SusServer } from '@moult/simulator';
import { defaultProbeLimits } from '../bounds.ts';
import { findRoots } from '../root-cause.ts';
import type { FindingCode } from '../words/codes.ts';
import { defaultClientKinds } from './client-kind.ts';
import { collectServerFacts } from './collect.ts';
import { observeServer } from './rungs.ts';

interface Case {
  name: string;
  paths: RegExp;
  fault: Fault;
  /** Codes that name this fault. Without web services (SUS has none) a missing wuident makes it a SUS server. */
  expected: FindingCode[];
}

const places: { name: string; paths: RegExp; missing: FindingCode[] }[] = [
  { name: 'iuident', paths: /^\/iuident\.cab$/, missing: ['DOCTOR_IUIDENT_MISSING', 'DOCTOR_TREE_MISSING'] },
  {
    name: 'wuident',
    paths: /^\/selfupdate\/wuident\.cab$/,
    missing: ['DOCTOR_WUIDENT_MISSING', 'DOCTOR_TREE_MISSING', 'DOCTOR_SUS_SERVER'],
  },
  { name: 'package', paths: /wuaucomp\.cab$/, missing: ['DOCTOR_TREE_INCOMPLETE'] },
  { name: 'tree', paths: /^\/selfupdate\//, missing: ['DOCTOR_TREE_MISSING'] },
  { name: 'everything', paths: /(ident|wuaucomp)\.cab$/, missing: ['DOCTOR_TREE_MISSING'] },
];
const faults: { name: string; fault: Fault; code: FindingCode | 'missing' }[] = [
  { name: '404', fault: { kind: 'status', status: 404 }, code: 'missing' },
  { name: '401', fault: { kind: 'status', status: 401 }, code: 'DOCTOR_ANONYMOUS_OFF' },
  { name: '403', fault: { kind: 'status', status: 403 }, code: 'DOCTOR_FORBIDDEN' },
  { name: '500', fault: { kind: 'status', status: 500 }, code: 'DOCTOR_SERVER_ERROR' },
  { name: '503', fault: { kind: 'status', status: 503 }, code: 'DOCTOR_SERVICE_UNAVAILABLE' },
  { name: 'cut', fault: { kind: 'cut', afterBytes: 100 }, code: 'DOCTOR_CONNECTION_CUT' },
  { name: 'cut before any answer', fault: { kind: 'cut', afterBytes: 0 }, code: 'DOCTOR_CONNECTION_CUT' },
  { name: 'slow', fault: { kind: 'slow', bytesPerSecond: 3000 }, code: 'DOCTOR_SLOW' },
  { name: 'truncated', fault: { kind: 'truncated' }, code: 'DOCTOR_CABINET_TRUNCATED' },
  { name: 'altered', fault: { kind: 'altered' }, code: 'DOCTOR_CABINET_ALTERED' },
  { name: 'wrong signature', fault: { kind: 'wrong-signature' }, code: 'DOCTOR_CABINET_WRONG_SIGNER' },
  { name: 'page', fault: { kind: 'html' }, code: 'DOCTOR_HTML_FOR_CABINET' },
];

const cases: Case[] = places.flatMap(({ name, paths, missing }) =>
  faults
    // A slow everything only takes long: the three slow places before it say the same.
    .filter(({ fault }) => !(fault.kind === 'slow' && (name === 'everything' || name === 'tree')))
    .map(({ name: what, fault, code }) => ({
      name: `${what} for ${name}`,
      paths,
      fault,
      expected: code === 'missing' ? missing : [code],
    })),
);
const quick = cases.filter(({ fault, name }) => fault.kind !== 'slow' && !name.endsWith('everything'));

describe("the simulator's faults", () => {
  let server: SusServer;
  let port: Listening;
  let ca: string;

  before(async () => {
    const now = new Date();
    const authority = await createOperatorCa({ commonName: 'Matrix CA', now });
    const signer = await createOperatorSigner(authority, { commonName: 'Matrix', now });
    const release = {
      generation: 'wsus' as const,
      version: '7.9.0.1',
      entry: 'agent.mjs',
      files: [{ name: 'agent.mjs', bytes: Buffer.alloc(4000, 'x') }],
    };
    server = await createSusServer({ signer, now, release, wuident: true });
    port = await listen(server);
    ca = authority.certificatePem;
  });

  after(() => port.close());

  it('name no root for a server without fault, apart from what SUS never had', async () => {
    server.clearFaults();
    assert.deepEqual(await rootsNow(), ['DOCTOR_WEB_SERVICES', 'DOCTOR_RANGES_REFUSED']);
  });

  it('are named first in at least 95 % of single faults', async () => {
    const missed: string[] = [];
    for (const { name, paths, fault, expected } of cases) {
      server.clearFaults();
      server.setFault(paths, fault);
      const [first] = await rootsNow();
      if (!first || !expected.includes(first)) missed.push(`${name}: ${first}`);
    }
    const right = ((cases.length - missed.length) / cases.length) * 100;
    console.log(`single faults: root cause named first in ${right.toFixed(1)} % of ${cases.length}`, ...missed);
    assert.ok(right >= 95, missed.join('\n'));
  });

  it('are named first in at least 85 % of pairs, and both are named', async () => {
    const missed: string[] = [];
    const silent: string[] = [];
    let pairs = 0;
    for (const [index, one] of quick.entries()) {
      for (const other of quick.slice(index + 1)) {
        // The same place can only fail in one way at a time.
        if (one.paths.source === other.paths.source || overlap(one, other)) continue;
        pairs++;
        server.clearFaults();
        server.setFault(one.paths, one.fault);
        server.setFault(other.paths, other.fault);
        const roots = await rootsNow();
        const wanted = [...one.expected, ...other.expected];
        if (!roots[0] || !wanted.includes(roots[0])) missed.push(`${one.name} and ${other.name}: ${roots[0]}`);
        if (
          !roots.some((code) => one.expected.includes(code)) ||
          !roots.some((code) => other.expected.includes(code))
        ) {
          silent.push(`${one.name} and ${other.name}: ${roots.join(' ')}`);
        }
      }
    }
    const right = ((pairs - missed.length) / pairs) * 100;
    const both = ((pairs - silent.length) / pairs) * 100;
    console.log(
      `pairs of faults: a root cause named first in ${right.toFixed(1)} % of ${pairs}, both named in ${both.toFixed(1)} %`,
      ...missed,
    );
    assert.ok(right >= 85, missed.slice(0, 20).join('\n'));
    assert.ok(both >= 85, silent.slice(0, 20).join('\n'));
  });

  async function rootsNow(): Promise<FindingCode[]> {
    const facts = await collectServerFacts({
      url: new URL(port.url),
      clients: defaultClientKinds.slice(0, 1),
      selfUpdatePort: undefined,
      ca: [ca],
      limits: { ...defaultProbeLimits, firstByteMs: 8_000, stallMs: 8_000 },
      now: () => new Date(),
      progress: () => {},
    });
    return findRoots(observeServer(facts))
      .filter(({ root }) => root.verdict === 'fail')
      .map(({ root }) => root.code);
  }
});

/** The tree holds wuident and package. */
function overlap(one: Case, other: Case): boolean {
  const isTree = ({ name }: Case) => name.endsWith('for tree');
  const isInside = ({ name }: Case) => /for (wuident|package)$/.test(name);
  return (isTree(one) && isInside(other)) || (isTree(other) && isInside(one));
}
