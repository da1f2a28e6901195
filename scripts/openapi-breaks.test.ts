// Clients of the last release go on working: a break of the API needs a line in the changelog.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { repositoryFile } from '@moult/disk';
import { openApiDocument } from '../packages/server/src/sites/api/document.ts';
import { findBreaks, keptDocument } from './openapi-breaks.ts';

const now = () => JSON.parse(openApiDocument());

describe('the API', () => {
  it('breaks no client of the last release, unless CHANGELOG.md says "API break: " and the sentence', () => {
    const before = JSON.parse(readFileSync(keptDocument, 'utf8'));
    const changes = readFileSync(repositoryFile('CHANGELOG.md'), 'utf8').replace(/\n {2,}/g, ' ');
    assert.ok(Object.keys(before.paths).length > 50);
    assert.deepEqual(
      findBreaks(before, now()).filter((one) => !changes.includes(`API break: ${one}`)),
      [],
    );
  });

  it('may gain operations, fields of answers and things that a client may leave out', () => {
    const after = now();
    after.paths['/more'] = { get: { operationId: 'more', responses: {} } };
    after.paths['/groups'].post.requestBody.content['application/json'].schema.properties.more = { type: 'string' };
    after.paths['/groups'].get.parameters.push({ in: 'query', name: 'more', schema: { type: 'string' } });
    after.paths['/groups'].get.responses['200'].content['application/json'].schema.properties.more = {};
    assert.deepEqual(findBreaks(now(), after), []);
  });

  for (const [what, change, expected] of breaks())
    it(`says when ${what}`, () => {
      const after = now();
      change(after.paths);
      assert.deepEqual(findBreaks(now(), after), expected);
    });
});

// biome-ignore lint/suspicious/noExplicitAny: parts of a document of JSON
type Paths = any;

function breaks(): [what: string, change: (paths: Paths) => void, expected: string[]][] {
  const body = (paths: Paths) => paths['/groups'].post.requestBody.content['application/json'].schema;
  const answer = (paths: Paths) => paths['/groups/{group}'].get.responses['200'].content['application/json'].schema;
  return [
    ['an operation is gone', (paths) => delete paths['/groups'].post, ['addGroup: the operation is gone']],
    [
      'an address changes',
      (paths) => {
        paths['/teams'] = { post: paths['/groups'].post };
        delete paths['/groups'].post;
      },
      ['addGroup: its address was POST /groups'],
    ],
    ['a field must be given', (paths) => body(paths).required.push('parent'), ['addGroup: body/parent must be given']],
    [
      'a field is not taken any more',
      (paths) => delete body(paths).properties.parent,
      ['addGroup: body/parent is not taken any more'],
    ],
    [
      'a field of an answer is gone',
      (paths) => delete answer(paths).properties.name,
      ['showGroup: answer/name is gone'],
    ],
    [
      'a field of an answer may be missing',
      (paths) => {
        answer(paths).required = ['groupId'];
      },
      ['showGroup: answer/name may be missing'],
    ],
    [
      'a field has another type',
      (paths) => {
        answer(paths).properties.name.type = 'integer';
      },
      ['showGroup: answer/name is integer in place of string'],
    ],
    [
      'a role may not use it any more',
      (paths) => {
        paths['/groups'].get['x-moult-roles'] = ['administrator'];
      },
      [
        'listGroups: approver may not use it',
        'listGroups: auditor may not use it',
        'listGroups: reporter may not use it',
      ],
    ],
  ];
}
