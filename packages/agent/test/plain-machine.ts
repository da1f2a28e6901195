// Machines with an agent that is whole and does nothing: for tests of everything around a running agent.
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createOperatorCa, type SigningIdentity } from '@moult/formats/authenticode';
import { encodeRelease, releaseFileName } from '@moult/protocol/self-update';
import { type InstallOptions, installAgent } from '../src/install-agent.ts';
import { type MachineRoot, machineRoot } from '../src/machine/machine-root.ts';

export interface PlainAgents {
  releases: string;
  ca: SigningIdentity;
  /** Installs on the machine in `folder`. Nothing listens at its server. */
  install(folder: string, options?: Partial<InstallOptions>): Promise<MachineRoot>;
}

/** Makes the releases below `folder`. */
export async function makePlainAgents(folder: string): Promise<PlainAgents> {
  const releases = join(folder, 'releases');
  placeRelease(join(releases, 'wsus', '7.9.0.2'), 'moult-agent', '7.9.0.2');
  placeRelease(join(releases, 'host', '7.9.0.2'), 'moult-host', '7.9.0.2');
  const ca = await createOperatorCa({ commonName: 'Plain operator', now: new Date() });
  const operatorCertificate = Buffer.from(ca.certificatePem);
  return {
    releases,
    ca,
    async install(machine, options = {}) {
      const root = machineRoot(machine);
      const server = 'http://127.0.0.1:9';
      await installAgent(root, {
        server,
        generation: 'wsus',
        releaseFolder: releases,
        operatorCertificate,
        ...options,
      });
      return root;
    },
  };
}

/** A release of one program that ends at once. */
export function placeRelease(folder: string, product: string, version: string): void {
  mkdirSync(folder, { recursive: true });
  const entry = product === 'moult-host' ? 'host.mjs' : 'agent.mjs';
  const program = `// ${product} ${version}\n`;
  writeFileSync(join(folder, entry), program);
  const sha256 = createHash('sha256').update(program).digest('hex');
  const files = [{ name: entry, sizeBytes: program.length, sha256 }];
  writeFileSync(join(folder, releaseFileName), encodeRelease({ product, generation: 'wsus', version, entry, files }));
}
