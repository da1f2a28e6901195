import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { offerOf } from '../../test/offer-of.ts';
import { DeploymentSet } from '../deployment/index.ts';
import { deriveCore } from '../fragments/index.ts';
import { CatalogIndex } from '../graph/index.ts';
import type { RevisionId } from '../ids.ts';
import { parseUpdateDocument } from '../metadata/index.ts';
import { sampleDocuments, sampleIds } from '../sample/index.ts';
import { explainUpdate, simulateScan } from './index.ts';

const digest = (bytes: number) => Buffer.alloc(bytes, 7).toString('base64');
const documents = sampleDocuments({ sha1: digest(20), sha256: digest(32), sizeBytes: 1, modified: new Date(0) }).map(
  (xml) => parseUpdateDocument(xml),
);
const index = new CatalogIndex();
for (const [at, document] of documents.entries()) index.add((at + 1) as RevisionId, document, 1);
const cores = new Map(documents.map((document, at) => [at + 1, deriveCore(document)]));
const coresOf = async () => cores;

function deployed(): DeploymentSet {
  const set = new DeploymentSet({ unapproved: 'hide' });
  const update = index.latest(sampleIds.update);
  assert.ok(update);
  set.set(update.revisionId, { deploymentId: 1, action: 'Install', lastChangeTime: 2 });
  return set;
}

const absent = { folder: () => 'C:\\Program Files', file: () => null };

describe('simulateScan', () => {
  it('opens round after round what the facts say is installed', async () => {
    const scan = await simulateScan(offerOf(index, deployed()), absent, coresOf);
    assert.equal(scan.rounds, 4);
    assert.deepEqual([scan.request.installedNonLeaf.toSorted(), scan.request.otherCached], [[1, 2, 3], [4]]);
    assert.deepEqual(scan.undecided, []);
  });

  it('gives explainUpdate what it needs to say the whole story', async () => {
    const { request } = await simulateScan(offerOf(index, deployed()), absent, coresOf);
    const core = cores.get(4) ?? '';
    const { outcome, applicability } = explainUpdate(
      offerOf(index, deployed()),
      { request, facts: absent },
      sampleIds.update,
      core,
    );
    assert.deepEqual([outcome, applicability], ['cached', 'installable']);
    const hidden = new DeploymentSet({ unapproved: 'hide' });
    const withheld = explainUpdate(offerOf(index, hidden), { request }, sampleIds.update);
    assert.deepEqual(
      [withheld.outcome, withheld.because],
      ['not-offered', 'No administrator deployed it, and nothing that is deployed depends on it.'],
    );
    const fresh = { installedNonLeaf: [], otherCached: [], filterCategoryIds: [], needTwoGroupOutOfScope: false };
    const early = explainUpdate(offerOf(index, deployed()), { request: fresh }, sampleIds.update);
    assert.match(early.because, /2 of 2 are open/);
  });

  it('leaves open what hangs on a rule that the facts do not decide, however far below', async () => {
    const id = (number: number) => `00000000-0000-0000-0000-00000000000${number}`;
    const update = (number: number, type: string, rule: string, requires?: number) =>
      parseUpdateDocument(
        `<u:Update xmlns:u="http://schemas.microsoft.com/msus/2002/12/Update"><u:UpdateIdentity UpdateID="${id(number)}" RevisionNumber="1"/>` +
          `<u:Properties UpdateType="${type}" ExplicitlyDeployable="${type === 'Software'}"/>${requires ? `<u:Relationships><u:Prerequisites><u:UpdateIdentity UpdateID="${id(requires)}"/></u:Prerequisites></u:Relationships>` : ''}` +
          `<u:ApplicabilityRules><u:IsInstalled><l:${rule} xmlns:l="http://schemas.microsoft.com/msus/2002/12/LogicalApplicabilityRules"/></u:IsInstalled></u:ApplicabilityRules></u:Update>`,
      );
    const chain = [
      ...[update(1, 'Detectoid', 'Unheard'), update(2, 'Category', 'True', 1), update(3, 'Software', 'False', 2)],
      ...[update(4, 'Detectoid', 'False'), update(5, 'Software', 'False', 4)],
    ];
    const own = new CatalogIndex();
    for (const [at, document] of chain.entries()) own.add((at + 1) as RevisionId, document, 1);
    const set = new DeploymentSet({ unapproved: 'hide' });
    for (const at of [3, 5]) set.set(at as RevisionId, { deploymentId: at, action: 'Install', lastChangeTime: 2 });
    const ownCores = new Map(chain.map((document, at) => [at + 1, deriveCore(document)]));
    const { request, undecided } = await simulateScan(offerOf(own, set), {}, async () => ownCores);
    assert.deepEqual(undecided, [1]);
    const explained = [2, 3, 5].map((number) =>
      explainUpdate(
        offerOf(own, set),
        { request, undecided },
        chain[number - 1]?.identity.updateId ?? sampleIds.update,
      ),
    );
    assert.deepEqual(
      explained.map(({ outcome }) => outcome),
      ['undecided', 'undecided', 'not-offered'],
    );
    assert.match(explained[1]?.because ?? '', /1 of 1 are not decided/);
  });
});
