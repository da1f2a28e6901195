// The content folder of a Moult server: is every file what its name says, and is every approved update's file there?

import { createHash } from 'node:crypto';
import { createReadStream, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { counted } from '@moult/formats/text';
import type { Store } from '@moult/store';
import { type Observation, observe } from '../finding.ts';
import { observeUnreadable, reachOf } from './reach.ts';

interface ContentFacts {
  folder: string;
  exists: boolean;
  /** Files and folders that this user may not read. */
  unreadable: string[];
  checked: number;
  bytes: number;
  /** Files whose SHA-1 is not their name. */
  altered: { path: string; found: string }[];
  /** Digests that are there and right. */
  present: Set<string>;
  /** Files of approved updates that are not there. */
  missing: { sha1: string; fileName: string }[];
}

/** Hashes every file of the content folder. */
export async function collectContent(folder: string, progress: (text: string) => void): Promise<ContentFacts> {
  const facts: ContentFacts = {
    folder,
    exists: reachOf(folder) === 'there',
    unreadable: reachOf(folder) === 'not-readable' ? [folder] : [],
    checked: 0,
    bytes: 0,
    altered: [],
    present: new Set(),
    missing: [],
  };
  if (!facts.exists) return facts;
  for (const shard of readdirSync(folder, { withFileTypes: true })) {
    if (!shard.isDirectory() || !/^[0-9a-f]{2}$/i.test(shard.name)) continue;
    const inner = join(folder, shard.name);
    if (reachOf(inner) !== 'there') {
      facts.unreadable.push(inner);
      continue;
    }
    for (const name of readdirSync(inner)) {
      const sha1 = /^([0-9a-f]{40})(\.\w+)?$/i.exec(name)?.[1]?.toLowerCase();
      const path = join(inner, name);
      if (!sha1 || !statSync(path).isFile()) continue;
      if (reachOf(path) !== 'there') {
        facts.unreadable.push(path);
        continue;
      }
      progress(path);
      const found = await sha1Of(path);
      facts.checked++;
      facts.bytes += statSync(path).size;
      if (found === sha1) facts.present.add(sha1);
      else facts.altered.push({ path, found });
    }
  }
  return facts;
}

/** Adds what approved updates need and the folder lacks. */
export async function collectMissing(
  facts: ContentFacts,
  store: Pick<Store, 'loadDeployments' | 'findRevisions' | 'loadFilesOf'>,
): Promise<void> {
  const wanted = new Set(['Install', 'OptionalInstall', 'Uninstall']);
  const updates = new Set(
    (await store.loadDeployments()).filter(({ action }) => wanted.has(action)).map(({ updateId }) => updateId),
  );
  for (const updateId of updates) {
    const revisions = await store.findRevisions(updateId);
    const files = await store.loadFilesOf(revisions.map(({ revisionId }) => revisionId));
    for (const file of files) {
      const sha1 = file.sha1.toLowerCase();
      const known = facts.present.has(sha1) || facts.missing.some((each) => each.sha1 === file.sha1);
      // It may be behind what this user cannot read, and then it is not called missing.
      const shard = join(facts.folder, sha1.slice(-2).toUpperCase());
      const hidden = facts.unreadable.some(
        (path) =>
          path === facts.folder || path.toLowerCase() === shard.toLowerCase() || path.toLowerCase().includes(sha1),
      );
      if (!known && !hidden) facts.missing.push(file);
    }
  }
}

/** The findings of the folder. Pure. */
export function observeContent(facts: ContentFacts): Observation[] {
  const { folder } = facts;
  const subject = ['server', 'content'];
  const values = { server: 'this server', message: folder, found: folder, product: 'moult' };
  const unreadable = observeUnreadable(facts.unreadable);
  if (facts.unreadable.includes(folder)) return unreadable;
  if (!facts.exists)
    return [
      observe('DOCTOR_CONTENT_FOLDER', 'fail', subject, { ...values, message: `${folder} is not there` }, [
        { source: folder, text: 'no such folder' },
      ]),
    ];
  const found = facts.altered.map(({ path, found: actual }) =>
    observe('DOCTOR_CONTENT_ALTERED', 'fail', [...subject, path], { ...values, file: path }, [
      { source: path, text: `its SHA-1 is ${actual}` },
    ]),
  );
  found.push(...unreadable);
  if (facts.missing.length > 0) {
    const message = `${facts.missing.length} file${facts.missing.length === 1 ? '' : 's'} of approved updates`;
    const evidence = facts.missing
      .slice(0, 6)
      .map(({ sha1, fileName }) => ({ source: folder, text: `${fileName} (SHA-1 ${sha1}) is not there` }));
    found.push(observe('DOCTOR_CONTENT_MISSING', 'fail', subject, { ...values, message }, evidence));
  }
  if (found.length === 0)
    found.push(
      observe(
        'DOCTOR_SERVER_HEALTHY',
        'pass',
        subject,
        { server: `The content folder (${counted(facts.checked, 'file')})` },
        [],
      ),
    );
  return found;
}

async function sha1Of(path: string): Promise<string> {
  const hash = createHash('sha1');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
