// The input of one self-update check, and the receiver of its steps.
import type { Release } from '@moult/protocol/self-update';
import type { AgentError } from '../errors.ts';
import type { Generation } from '../host/current.ts';
import type { MachineRoot } from '../machine/machine-root.ts';
import type { Machine } from '../machine/policy.ts';
import type { Registry } from '../machine/registry.ts';
import type { RequestLimits } from '../transport/request.ts';

export interface SelfUpdateSession {
  root: MachineRoot;
  registry: Registry;
  server: string;
  mirrors: readonly string[];
  generation: Generation;
  epoch: number;
  version: string;
  machine: Machine;
  /** SusClientId. */
  clientId: string;
  /** As the policy names them (TargetGroup). */
  groups: readonly string[];
  operatorCaPem: string;
  userAgent: string;
  /** YYMMDDhhmm: one stamp for the whole session. */
  stamp: string;
  limits: RequestLimits;
  /** Try a version again whose trial was lost before. */
  retryFailed: boolean;
  now(): Date;
  /** This version is on trial: it has to show that it can fetch, so no cached copy counts. */
  onTrial: boolean;
  watch: SelfUpdateWatch;
}

/** The log and the screen of a generation, at each step. */
export interface SelfUpdateWatch {
  checking(identUrl: string): void;
  fetched(url: string, sizeBytes: number, fromCache: boolean): void;
  verifying(file: string): void;
  verified(file: string, signer: string): void;
  decided(decision: 'up-to-date' | { path: string; version: string | undefined }): void;
  staged(release: Release): void;
  /** The operator's metadata names this file: the version and the role. */
  covered(file: string, role: string): void;
  /** The metadata is not current: said once a day. */
  alarmed(error: AgentError): void;
  /** The faults that do not keep the check from its end. */
  warned(text: string): void;
  /** The server offers something that the operator's metadata does not name. `isNews`: it was not told before. */
  refused(error: AgentError, version: string, isNews: boolean): void;
}
