// Defaults that a small machine or container cannot hold are made smaller. A setting that somebody gave stays as it is.
import { readFileSync } from 'node:fs';
import { totalmem } from 'node:os';
import type { ServerConfig, SettingName } from './settings.ts';
import { tlsPortOf } from './tls-settings.ts';

export interface Machine {
  memoryBytes: number;
  /** How many files and connections one process may have open. */
  openFiles: number;
}

/** Memory of this machine, or of the container that this process is in, and its limit of open files. */
export function thisMachine(): Machine {
  return { memoryBytes: memoryOfProcess(totalmem(), process.constrainedMemory()), openFiles: openFilesLimit() };
}

/** A container without a limit says 0, or more than there is. */
export function memoryOfProcess(total: number, constrained: number): number {
  return constrained > 0 && constrained < total ? constrained : total;
}

/** Of a small machine garbage is collected sooner, see heap.ts. */
export const smallMemoryBytes = 1_073_741_824;

/** The program itself, with a small catalog. */
const programBytes = 201_326_592;
/** Open files without the connections: content, logs, database. */
const filesBesideConnections = 500;
/** The memory of a connection while its request comes: the largest head, and its share of everything else. */
const connectionBytes = 20_480;

/** The configuration with those of its values, as far as they are defaults, that fit `machine`. */
export function fitToMachine(
  config: ServerConfig,
  isDefault: (name: SettingName) => boolean,
  { memoryBytes, openFiles }: Machine,
): ServerConfig {
  const spare = Math.max(0, memoryBytes - programBytes);
  const spareMib = spare / mebibyte;
  const ports =
    1 +
    Number(config.selfUpdatePort !== 'off') +
    Number(tlsPortOf(config).port !== 'off') +
    Number(config.adminPort !== 'off');
  const maxConnections = Math.max(
    fewestConnections,
    Math.min(spare / 4 / connectionBytes, (openFiles - filesBesideConnections) / ports),
  );
  const fitted = { ...config };
  const isSmall = memoryBytes < smallMemoryBytes;
  const lower = (name: MemorySetting, most: number) => {
    if (isDefault(name)) fitted[name] = Math.min(fitted[name], Math.floor(most));
  };
  if (isSmall) lower('maxRequestMib', Math.max(1, spareMib / spareOfRequest));
  lower('requestMemoryMib', Math.max(2 * fitted.maxRequestMib, 8, spareMib / 8));
  lower('answerMemoryMib', Math.max(config.maxAnswerMib, spareMib / 6));
  lower('fragmentCacheMib', Math.max(8, spareMib / 8));
  lower('maxConnections', maxConnections);
  lower('maxConnectionsPerAddress', Math.max(1, fitted.maxConnections * addressShare));
  if (isSmall) lower('maxConnectionsPerAddress', Math.max(fewestConnections, spareMib * connectionsPerMib));
  return fitted;
}

type MemorySetting =
  | 'maxRequestMib'
  | 'requestMemoryMib'
  | 'answerMemoryMib'
  | 'fragmentCacheMib'
  | 'maxConnections'
  | 'maxConnectionsPerAddress';

const mebibyte = 1_048_576;
const fewestConnections = 100;
const addressShare = 0.75;
/**
 * Of one address on a small machine. Each connection that sends without a pause keeps all others waiting: with 614 of
 * them in 256 MiB honest clients waited 9 s, with 128 of them 2 s.
 */
const connectionsPerMib = 2;
/** A request of 4 MiB becomes some 60 MiB of text and elements. Other clients wait while they are collected. */
const spareOfRequest = 64;

/** Node has raised its limit to the highest that it may have. Elsewhere than on Linux no limit is known. */
function openFilesLimit(): number {
  try {
    const limit = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return limit === undefined ? Number.POSITIVE_INFINITY : Number(limit);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
