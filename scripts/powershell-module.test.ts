// The module of PowerShell, read by a parser: its commands against those of UpdateServices 2.0, its calls against the API. Nothing
// here runs PowerShell.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import type { Node } from '@vscode/tree-sitter-wasm';
import { routes } from '../packages/server/src/sites/api/table.ts';
import { openParser, unknownIn } from './powershell-parser.ts';

const textOf = (name: string) => readFileSync(new URL(`../powershell/Moult/${name}`, import.meta.url), 'utf8');

/** Commands of UpdateServices 2.0 that the module has, with all their parameters. `!`: mandatory. */
const updateServices: Readonly<Record<string, readonly string[]>> = {
  'Get-WsusServer': ['Name!', 'PortNumber!', 'UseSsl'],
  'Get-WsusUpdate': ['UpdateServer', 'UpdateId!', 'RevisionNumber', 'Classification', 'Approval', 'Status'],
  'Approve-WsusUpdate': ['Update!', 'Action!', 'TargetGroupName!'],
  'Deny-WsusUpdate': ['Update!'],
  'Get-WsusComputer': [
    ...['UpdateServer', 'All', 'NameIncludes', 'ComputerTargetGroups', 'IncludeSubgroups', 'ComputerUpdateStatus'],
    ...['ExcludedInstallationStates', 'IncludedInstallationStates', 'FromLastSyncTime', 'ToLastSyncTime'],
    ...['FromLastReportedStatusTime', 'ToLastReportedStatusTime', 'IncludeDownstreamComputerTargets'],
    'RequestedTargetGroupNames',
  ],
  'Add-WsusComputer': ['Computer!', 'TargetGroupName!'],
  'Get-WsusProduct': ['UpdateServer', 'TitleIncludes'],
  'Set-WsusProduct': ['Product!', 'Disable'],
  'Get-WsusClassification': ['UpdateServer', 'TitleIncludes'],
  'Set-WsusClassification': ['Classification!', 'Disable'],
  'Invoke-WsusServerCleanup': [
    ...['UpdateServer', 'CleanupObsoleteComputers', 'CleanupObsoleteUpdates', 'CleanupUnneededContentFiles'],
    ...['CompressUpdates', 'DeclineExpiredUpdates', 'DeclineSupersededUpdates'],
  ],
};

/** Parameters of ours: docs/powershell.md names them. */
const ours = ['Get-WsusServer -Token'];

/** What Windows PowerShell 5.1 documents and the module uses. */
const known: Readonly<Record<string, readonly string[]>> = {
  'add-member': ['-InputObject', '-MemberType', '-Name', '-Value'],
  'convertfrom-json': ['-InputObject'],
  'convertto-json': ['-InputObject', '-Depth', '-Compress'],
  // Its parameters are in a table, which a case below reads.
  'invoke-restmethod': [],
  'new-object': [],
  'out-null': [],
  'set-strictmode': ['-Version'],
  'where-object': [],
  'write-debug': [],
  'write-warning': [],
};
const restMethod = [
  ...['Uri', 'Method', 'Headers', 'UseBasicParsing', 'TimeoutSec', 'MaximumRedirection', 'ErrorAction', 'Body'],
  'ContentType',
];

describe('the module Moult of PowerShell', async () => {
  const parser = await openParser();
  const read = (text: string) => parser.parse(text)?.rootNode ?? assert.fail();
  const source = textOf('Moult.psm1');
  const root = read(source);
  const functions = new Map(
    root
      .descendantsOfType('function_statement')
      .filter((one) => one !== null)
      .map((one) => [one.descendantsOfType('function_name')[0]?.text ?? '', one] as const),
  );

  it('is read without an error, and exports the functions that it has', () => {
    assert.ok(!root.hasError, root.toString());
    const manifest = textOf('Moult.psd1');
    assert.ok(!read(manifest).hasError);
    const exported = [...manifest.matchAll(/'(\w+-Wsus\w+)'/g)].map(([, name]) => name);
    assert.deepEqual(
      exported,
      [...functions.keys()].filter((name) => name.includes('-Wsus')),
    );
    assert.ok(read(source.slice(0, source.lastIndexOf('}'))).hasError);
  });

  it('has commands and parameters of UpdateServices, and mandatory ones are mandatory', () => {
    assert.deepEqual(
      [...functions.keys()].filter((name) => name.includes('-Wsus')).sort(),
      Object.keys(updateServices).sort(),
    );
    for (const [name, theirs] of Object.entries(updateServices)) {
      const found = parametersOf(functions.get(name) ?? assert.fail(name));
      const foreign = found.filter(({ name: one }) => !theirs.some((other) => other.replace('!', '') === one));
      assert.deepEqual(
        foreign.map((one) => `${name} -${one.name}`),
        ours.filter((one) => one.startsWith(`${name} `)),
      );
      for (const one of theirs.filter((other) => other.endsWith('!')))
        assert.ok(
          found.find(({ name: own, isMandatory }) => `${own}!` === one && isMandatory),
          `${name} ${one}`,
        );
      for (const { name: own, isMandatory } of found)
        assert.equal(isMandatory, theirs.includes(`${own}!`), `${name} ${own}`);
    }
  });

  it('changes nothing with -WhatIf: each command that changes something asks ShouldProcess before', () => {
    const changing = new Set<string>();
    for (const [name, { text }] of functions) {
      if (!name.includes('-Wsus')) continue;
      const first = text.search(/Invoke-Change|Set-Choice|Deny-Matching|Invoke-Operation \S+ 'addToGroup'/);
      if (first < 0) continue;
      changing.add(name);
      assert.match(text, /SupportsShouldProcess = \$true/, name);
      const asked = text.indexOf('$PSCmdlet.ShouldProcess(');
      assert.ok(asked > 0 && asked < first, name);
    }
    assert.deepEqual(
      [...changing].sort(),
      Object.keys(updateServices)
        .filter((name) => !name.startsWith('Get-'))
        .sort(),
    );
  });

  it('calls commands and parameters that are there', () => {
    const own = [...functions].map(([name, node]) => {
      const given = node
        .descendantsOfType('script_parameter')
        .map((one) => one?.descendantsOfType('variable')[0]?.text);
      return [name.toLowerCase(), given.map((one) => one?.replace('$', '-') ?? '')] as const;
    });
    assert.deepEqual(unknownIn(root, { ...known, ...Object.fromEntries(own) }), []);
    const invoked = functions.get('Invoke-Operation')?.text ?? '';
    const table = invoked.slice(invoked.indexOf('$request = @{'), invoked.indexOf('\n    }\n'));
    const keys = [...table.matchAll(/^ {8}(\w+) +=/gm), ...invoked.matchAll(/\$request\.(\w+) =/g)];
    assert.deepEqual(keys.map(([, key]) => key).sort(), [...restMethod].sort());
    // Nothing sends the token over a redirection.
    assert.match(table, /MaximumRedirection = 0\n/);
  });

  it('calls operations of the API, with fields that they take', () => {
    const head = source.slice(source.indexOf('$script:Operations = @{'), source.indexOf('\n}\n'));
    const table = [...head.matchAll(/^ {4}(\w+) += '(\w+) (\/\S+)'$/gm)].map(([, id = '', method, path]) => ({
      id,
      method,
      path,
    }));
    for (const { id, method, path } of table) {
      const route = routes.find((one) => one.id === id) ?? assert.fail(`${id} is not an operation`);
      assert.deepEqual([method, path], [route.method, route.path], id);
      assert.equal([...source.matchAll(new RegExp(`'${id}'`, 'g'))].length > 0, true, `nothing calls ${id}`);
    }
    const called = [...source.matchAll(/(?:Invoke-Operation|Invoke-Change|Read-Pages) \$\w+(?:\.\w+)? '(\w+)'/g)];
    assert.deepEqual([...new Set(called.map(([, id]) => id))].sort(), table.map(({ id }) => id).sort());

    /** What is put into `$query` or `$body` in a function. */
    const fieldsOf = (name: string, variable: string) => {
      const text = functions.get(name)?.text ?? assert.fail(name);
      const literals = [...text.matchAll(new RegExp(`\\$${variable} = @\\{([^}]*)\\}`, 'g'))].flatMap(
        ([, inner = '']) => [...inner.matchAll(/(?:^|;)\s*(\w+) =/g)].map(([, key = '']) => key),
      );
      return [
        ...literals,
        ...[...text.matchAll(new RegExp(`\\$${variable}\\.(\\w+) =`, 'gi'))].map(([, key = '']) => key),
      ];
    };
    const takes = (id: string, part: 'querySchema' | 'bodySchema') =>
      Object.keys(routes.find((one) => one.id === id)?.[part]?.shape ?? assert.fail(`${id} takes none`));
    for (const [name, variable, id] of [
      ['Get-WsusUpdate', 'query', 'listUpdates'],
      ['Get-WsusComputer', 'query', 'listComputers'],
      ['Read-Pages', 'Query', 'listUpdates'],
      ['Read-Pages', 'Query', 'listComputers'],
      ['Approve-WsusUpdate', 'body', 'approveUpdates'],
      ['Deny-WsusUpdate', 'body', 'declineUpdates'],
      ['Set-Choice', 'body', 'changeSyncChoices'],
      ['Deny-Matching', 'body', 'declineMatchingUpdates'],
      ['Invoke-WsusServerCleanup', 'body', 'runCleanup'],
    ] as const) {
      const given = fieldsOf(name, variable);
      assert.ok(given.length > 0, name);
      const taken = takes(id, variable === 'body' ? 'bodySchema' : 'querySchema');
      for (const field of given) assert.ok(taken.includes(field), `${name}: ${id} does not take ${field}`);
    }
    // The values too.
    const schema = (id: string) => routes.find((one) => one.id === id)?.bodySchema ?? assert.fail(id);
    for (const action of ['Install', 'Uninstall', 'PreDeploymentCheck'])
      schema('approveUpdates').parse({ updates: ['x'], groups: ['y'], action });
    const tasks = [...source.matchAll(/\$tasks \+= '([\w-]+)'/g)].map(([, task]) => task);
    schema('runCleanup').parse({ tasks, computerDays: 30 });
    for (const [, filter = ''] of source.matchAll(/Deny-Matching \$server @\{ ([^}]+) \}/g)) {
      const pairs = filter.split('; ').map((pair) => pair.split(' = '));
      const value = (text = '') => (text.startsWith('$') ? text === '$true' : text.replaceAll("'", ''));
      const made = Object.fromEntries(pairs.map(([name = '', text]) => [name, value(text)]));
      schema('declineMatchingUpdates').parse({ filter: made, expected: 1, skipRefused: true });
    }
  });
});

function parametersOf(node: Node): { name: string; isMandatory: boolean }[] {
  return node
    .descendantsOfType('script_parameter')
    .filter((one) => one !== null)
    .map((one) => ({
      name: [...one.text.matchAll(/\$(\w+)/g)].map(([, name = '']) => name).find((name) => name !== 'true') ?? '',
      isMandatory: /Mandatory = \$true/.test(one.text),
    }));
}
