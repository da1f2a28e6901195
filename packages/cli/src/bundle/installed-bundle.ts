// The bundle that this program was installed from: its own folder, when it is the moult-agent of a bundle.
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readOutside, repositoryFile } from '@moult/disk';
import { type Brand, parseBrand } from '@moult/protocol/self-update';

export interface InstalledBundle {
  /** The folder of the program and its runtime. */
  folder: string;
  /** The package manager that owns the files. Other formats have no owner. */
  format: string;
  brand: Brand;
  operatorCertificate: string;
  trustRoot: string;
  releases: string;
  server: string | undefined;
  group: string | undefined;
}

/** Undefined for a program of an installation or a checkout. Throws PROTOCOL_RELEASE_MALFORMED and SyntaxError for a damaged one. */
export function installedBundle(program = process.argv[1]): InstalledBundle | undefined {
  if (program === undefined || !existsSync(program)) return undefined;
  const folder = dirname(realpathSync(program));
  const description = join(folder, 'bundle.json');
  if (!existsSync(description) || !existsSync(join(folder, 'releases'))) return undefined;
  const { brand, format, server, group } = JSON.parse(readOutside(description).toString('utf8'));
  return {
    folder,
    format: typeof format === 'string' ? format : '',
    brand: parseBrand(brand),
    operatorCertificate: join(folder, 'operator-ca.cer'),
    trustRoot: join(folder, 'trust-root.json'),
    releases: join(folder, 'releases'),
    server: typeof server === 'string' ? server : undefined,
    group: typeof group === 'string' ? group : undefined,
  };
}

/** As the build makes it. */
export const serviceHostFile = 'packages/agent/dist/windows/agent-service.exe';

/** The program that answers the Service Control Manager of Windows, of the bundle or of the build. Undefined without one. */
export function serviceHostProgram(): string | undefined {
  if (process.platform !== 'win32') return undefined;
  const bundle = installedBundle();
  const file = bundle ? join(bundle.folder, 'runtime', 'agent-service.exe') : repositoryFile(serviceHostFile);
  return existsSync(file) ? file : undefined;
}

/** The agent releases that `install` takes: those of the bundle, or those that the build made. */
export function agentReleaseFolder(): string {
  return installedBundle()?.releases ?? repositoryFile('packages/agent/dist');
}
