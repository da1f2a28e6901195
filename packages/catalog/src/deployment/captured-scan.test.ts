// The scan of a real Windows 11 agent against a real WSUS (fixtures/captures/wsus-m0-native/scan), replayed over
// plain values: same updates, same rounds. Revision ids are the real server's own, so updates are matched by identity.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { childNamed, childrenNamed, readXml, readXmlFragment, textOf, type XmlElement } from '@moult/formats/xml';
import { deriveCore } from '../fragments/index.ts';
import { CatalogIndex } from '../graph/index.ts';
import { parseUpdateId, type RevisionId, toRevisionId } from '../ids.ts';
import { parseUpdateDocument, type UpdateDocument } from '../metadata/index.ts';
import { sampleDocuments } from '../sample/index.ts';
import { DeploymentSet, decideSync } from './index.ts';

const captures = new URL('../../../../fixtures/captures/', import.meta.url);
const documents = new Map<RevisionId, UpdateDocument>();
const index = new CatalogIndex();
const docs = new URL('wsus-m0-wsusss/docs/', captures);
const digest = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64');
const sample = sampleDocuments({ sha1: digest(20), sha256: digest(32), sizeBytes: 1, modified: new Date(0) });
for (const xml of [...readdirSync(docs).map((file) => readFileSync(new URL(file, docs), 'utf8')), ...sample]) {
  const id = toRevisionId(documents.size + 1);
  documents.set(id, parseUpdateDocument(xml));
  index.add(id, parseUpdateDocument(xml));
}

/** What the real server knew under its own ids. */
const realIds = new Map<number, string>();

describe('the captured scan', () => {
  for (const unapproved of ['report', 'hide'] as const) {
    const deployments = new DeploymentSet({ unapproved });
    if (unapproved === 'hide') {
      // Nothing is deployed by itself then: the administrator deploys the category's own document.
      const zdp = index.latest(parseUpdateId('dd78b8a1-0b20-45c1-add6-4da72e9364cf'));
      assert.ok(zdp);
      deployments.set(zdp.revisionId, { deploymentId: 1, action: 'PreDeploymentCheck', lastChangeTime: 1 });
    }
    let anchor: number | undefined;
    for (const exchange of ['000006', '000007', '000008']) {
      it(`${exchange} (${unapproved}) offers what the real server offered, with its Core, action and IsLeaf`, () => {
        const decision = decideSync(index, deployments, {
          ...requestOf(exchange),
          ...(anchor === undefined ? {} : { anchor }),
          maxNew: 200,
        });
        anchor = decision.anchor;
        const offered = decision.newRevisions.map(({ revisionId, deployment, isLeaf }) => ({
          core: deriveCore(documents.get(revisionId) as UpdateDocument),
          action: deployment.action,
          isLeaf: String(isLeaf),
        }));
        assert.deepEqual(offered, offeredByRealServer(exchange));
        assert.deepEqual(
          { ...decision, newRevisions: [], anchor: 0 },
          {
            newRevisions: [],
            changed: [],
            outOfScope: [],
            deployedOutOfScope: [],
            truncated: false,
            anchor: 0,
            driverSyncNotNeeded: true,
          },
        );
      });
    }
  }
});

function requestOf(exchange: string) {
  const parameters = find(readBody(exchange, 'request'), 'parameters');
  const ids = (name: string) => childrenOf(parameters, name).map((item) => ourId(Number(textOf(item))));
  return {
    installedNonLeaf: ids('InstalledNonLeafUpdateIDs'),
    otherCached: ids('OtherCachedUpdateIDs'),
    filterCategoryIds: childrenOf(parameters, 'FilterCategoryIds').map((item) =>
      parseUpdateId(textOf(find(item, 'Id'))),
    ),
    needTwoGroupOutOfScope: textOf(find(parameters, 'NeedTwoGroupOutOfScopeUpdates')) === 'true',
  };
}

function offeredByRealServer(exchange: string) {
  const result = find(readBody(exchange, 'response'), 'SyncUpdatesResult');
  return childrenOf(result, 'NewUpdates').map((update) => {
    const core = textOf(find(update, 'Xml'));
    const identity = readXmlFragment(core)[0] as XmlElement;
    realIds.set(Number(textOf(find(update, 'ID'))), identity.attributes[0]?.value.toLowerCase() ?? '');
    return { core, action: textOf(find(find(update, 'Deployment'), 'Action')), isLeaf: textOf(find(update, 'IsLeaf')) };
  });
}

function ourId(realId: number): RevisionId {
  const revision = index.latest(parseUpdateId(realIds.get(realId) ?? ''));
  assert.ok(revision);
  return revision.revisionId;
}

function readBody(exchange: string, what: 'request' | 'response'): XmlElement {
  const envelope = readXml(readFileSync(new URL(`wsus-m0-native/scan/${exchange}/${what}.body`, captures), 'utf8'));
  return find(envelope, 'Body').children.find((child) => child.kind === 'element') as XmlElement;
}

function find(element: XmlElement, name: string): XmlElement {
  const child = childNamed(element, name);
  assert.ok(child, `<${element.local}> has <${name}>`);
  return child;
}

function childrenOf(element: XmlElement, name: string): XmlElement[] {
  const list = childrenNamed(element, name)[0];
  return list ? (list.children.filter((child) => child.kind === 'element') as XmlElement[]) : [];
}
