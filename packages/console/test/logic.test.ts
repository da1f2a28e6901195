// The console without a browser: what keys do, which rows are drawn, what an address asks for, what is to do, and what can be
// taken back.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HomeDocument } from '@moult/server/home-document';
import { callForCsv, Refusal } from '../src/console/api/call.ts';
import type { UpdateDetails } from '../src/console/api/documents.ts';
import { restAfter, spread } from '../src/console/api/pace.ts';
import { sizeIn } from '../src/console/kit/numbers.ts';
import { createReader, shortcuts } from '../src/console/kit/shortcuts.ts';
import { ageOf, spanOf } from '../src/console/kit/spans.ts';
import {
  approvalsBefore,
  type Deciding,
  isStillSo,
  keepUndoable,
  putBack,
  undoables,
  undoOfApproval,
  undoOfDecline,
} from '../src/console/kit/undo.ts';
import { filterOf } from '../src/console/list/bulk-filter.ts';
import { type ListDefinition, queryOf, selectionIn, shownColumns } from '../src/console/list/definition.ts';
import { afterKey, rowsIn } from '../src/console/list/rows.ts';
import { joinedCsv, shellLines } from '../src/console/list/shell-lines.ts';
import { placeRelations } from '../src/console/views/relation-layout.ts';
import { stepsOf } from '../src/console/views/steps.ts';
import { tasksOf } from '../src/console/views/to-do.ts';
import { de } from '../src/console/words/de.ts';
import { en } from '../src/console/words/en.ts';

describe('a decision on a whole list', () => {
  it('has the filter of the list with the types of JSON, and without its order', () => {
    const asked = { sort: 'title', order: 'asc', search: 'true', superseded: 'false', expired: 'true', needed: 'true' };
    assert.deepEqual(filterOf({ ...asked, failed: 'true', newDays: '7', severity: 'critical' }), {
      ...{ search: 'true', superseded: false, expired: true, needed: true, failed: true, newDays: 7 },
      severity: ['critical'],
    });
    assert.deepEqual(filterOf({ severity: ['critical', 'low'] }), { severity: ['critical', 'low'] });
  });
});

describe('a table of 100,000 rows', () => {
  it('draws the rows that can be seen, and a few beyond', () => {
    const { first, end } = rowsIn({ top: 2_000_000, height: 600, rowHeight: 40, rows: 100_000 });
    assert.ok(first <= 50_000 && end >= 50_015 && end - first < 40, `${first} to ${end}`);
    assert.deepEqual(rowsIn({ top: 0, height: 600, rowHeight: 40, rows: 3 }), { first: 0, end: 3 });
    assert.deepEqual(rowsIn({ top: 9_999_999, height: 600, rowHeight: 40, rows: 0 }), { first: 0, end: 0 });
  });

  it('keys never lead out of it', () => {
    const where = { last: 99_999, page: 14, isControl: false };
    assert.equal(afterKey('ArrowUp', 0, where), 0);
    assert.equal(afterKey('PageDown', 99_990, where), 99_999);
    assert.equal(afterKey('Home', 500, where), 0);
    assert.equal(afterKey('End', 500, { ...where, isControl: true }), 99_999);
    assert.equal(afterKey('ArrowDown', 5, { ...where, isControl: true }), undefined);
    assert.equal(afterKey('x', 5, where), undefined);
  });
});

describe('shortcuts', () => {
  it('are told apart: none is the beginning of another, and each has words in both languages', () => {
    const all = shortcuts.map(({ keys }) => keys);
    assert.equal(new Set(all).size, all.length);
    for (const keys of all) assert.ok(!all.some((other) => other.startsWith(`${keys} `)), keys);
    for (const { name } of shortcuts) assert.ok(en.shortcuts[name] && de.shortcuts[name]);
  });

  it('of two keys count within a second and a half', () => {
    let now = 0;
    const read = createReader(() => now);
    assert.equal(read('g', false), undefined);
    now = 1_000;
    assert.equal(read('c', false)?.name, 'computers');
    read('g', false);
    now = 3_000;
    assert.equal(read('c', false), undefined);
    assert.equal(read('k', true)?.name, 'palette');
    assert.equal(read('K', true)?.name, 'palette');
  });
});

const list: ListDefinition<{ id: string }> = {
  ...{ operation: 'listComputers', title: () => '', empty: () => '', idOf: ({ id }) => id },
  columns: [
    { name: 'name', label: () => '', width: '1fr', cell: () => null, sort: 'name' },
    { name: 'failed', label: () => '', width: '1fr', cell: () => null, sort: 'failed' },
    { name: 'id', label: () => '', width: '1fr', cell: () => null, isExtra: true },
  ],
  filters: [
    { name: 'search', kind: 'text', label: () => '' },
    { name: 'since', kind: 'day', label: () => '' },
    { name: 'until', kind: 'day', isEnd: true, label: () => '' },
  ],
  sort: { name: 'name', order: 'asc' },
};

describe('the address of a list', () => {
  it('asks for its own filters and sorts, and for nothing else that somebody wrote into it', () => {
    const query = queryOf(list, new URLSearchParams('search=a%26b&limit=9&cursor=x&sort=password&order=desc'));
    assert.deepEqual(query, { search: 'a&b', sort: 'name', order: 'asc' });
    assert.deepEqual(queryOf(list, new URLSearchParams('sort=failed&order=desc')), { sort: 'failed', order: 'desc' });
  });

  it('a day is its first moment by the clock of the person; what is no day is left out', () => {
    const since = queryOf(list, new URLSearchParams('since=2026-12-01')).since;
    assert.deepEqual(since, new Date('2026-12-01T00:00:00').toISOString());
    const until = queryOf(list, new URLSearchParams('until=2026-12-01')).until;
    assert.deepEqual(until, new Date('2026-12-02T00:00:00').toISOString(), 'the day itself counts');
    assert.deepEqual('since' in queryOf(list, new URLSearchParams('since=yesterday')), false);
  });

  it('names columns and what is chosen, and the first column always stays', () => {
    const names = (text: string) => shownColumns(list, new URLSearchParams(text)).map(({ name }) => name);
    assert.deepEqual(names(''), ['name', 'failed']);
    assert.deepEqual(names('columns=id'), ['name', 'id']);
    assert.deepEqual(selectionIn(new URLSearchParams('selected=a,b,a')), ['a', 'b']);
    const many = Array.from({ length: 500 }, (_, at) => at).join();
    assert.equal(selectionIn(new URLSearchParams(`selected=${many}`)).length, 200);
  });
});

describe('a list to take away', () => {
  it('as CSV is what the server wrote, page after page, with the names of the columns once', async (test) => {
    const pages = ['name,needed\r\n"\'=cmd|x",1\r\n', 'name,needed\r\nb,2\r\n'];
    assert.equal(joinedCsv(pages), 'name,needed\r\n"\'=cmd|x",1\r\nb,2\r\n');
    const asked: string[] = [];
    test.mock.method(globalThis, 'fetch', async (address: string, { headers }: { headers: { accept: string } }) => {
      asked.push(`${headers.accept} ${address}`);
      const link = asked.length === 1 ? { link: '</api/v1/computers?cursor=a%2Fb>; rel="next"' } : {};
      return new Response(pages[asked.length - 1] ?? '', {
        headers: { 'content-type': 'text/csv; charset=utf-8', ...link },
      });
    });
    const first = await callForCsv('listComputers', {});
    assert.deepEqual(first, { text: pages[0], next: 'a/b' });
    assert.deepEqual(await callForCsv('listComputers', { query: { cursor: first.next } }), {
      text: pages[1],
      next: undefined,
    });
    assert.deepEqual(asked, ['text/csv /api/v1/computers', 'text/csv /api/v1/computers?cursor=a%2Fb']);
  });

  it('as shell lines quotes what somebody wrote into a filter', () => {
    const lines = shellLines('http://wsus', "/api/v1/computers?search='$(reboot)'", false);
    assert.match(lines, /'http:\/\/wsus\/api\/v1\/computers\?search='\\''\$\(reboot\)'\\'''$/);
    assert.match(shellLines('http://wsus', '/api/v1/computers', true), /^next='\/api\/v1\/computers'\nwhile/);
  });
});

const details = (parts: Partial<UpdateDetails>): UpdateDetails =>
  ({ updateId: 'u', title: 'T', isDeclined: false, decisions: [], ...parts }) as UpdateDetails;
const decision = (groupId: string, action: 'Install' | 'Block', deadline?: string) => ({
  ...{ groupId, group: groupId, action, changedAt: '', administrator: '' },
  ...(deadline !== undefined && { deadline }),
});

describe('to take back', () => {
  it('an approval puts back what each group had, with its deadline', () => {
    const before = details({ isDeclined: true, decisions: [decision('g1', 'Block'), decision('g2', 'Install', 'D')] });
    const undoable = undoOfApproval(before, ['g1', 'g2', 'g3', 'g4'], 'Install', 0);
    assert.deepEqual(approvalsBefore(undoable), [
      { groups: ['g1'], action: 'Block' },
      { groups: ['g2'], action: 'Install', deadline: 'D' },
      { groups: ['g3', 'g4'], action: 'Inherit' },
    ]);
    assert.deepEqual([undoable.wasDeclined, undoable.isDeclined], [true, false]);
  });

  it('is kept for ten minutes, and for 200 updates at most', (test) => {
    const place = new Map<string, string>();
    const sessionStorage = {
      getItem: (name: string) => place.get(name) ?? null,
      setItem: (name: string, text: string) => void place.set(name, text),
    };
    Object.assign(globalThis, { sessionStorage });
    test.after(() => Reflect.deleteProperty(globalThis, 'sessionStorage'));
    const at = Date.now();
    const many = Array.from({ length: 250 }, (_, number) =>
      undoOfDecline(details({ updateId: `u${number}` }), true, at),
    );
    keepUndoable(many);
    assert.equal(undoables(at + 599_000).length, 200);
    assert.deepEqual(undoables(at + 600_000), []);
    place.set('moult-undo', '{"not":"a list"}');
    assert.deepEqual(undoables(at), [], 'whatever somebody wrote there');
  });

  it('is refused when somebody else decided since', () => {
    const undoable = undoOfApproval(details({}), ['g1'], 'Install', 0);
    assert.ok(isStillSo(undoable, details({ decisions: [decision('g1', 'Install'), decision('g9', 'Block')] })));
    assert.ok(!isStillSo(undoable, details({ decisions: [decision('g1', 'Block')] })));
    assert.ok(!isStillSo(undoable, details({})));
    assert.ok(!isStillSo(undoable, details({ isDeclined: true, decisions: [decision('g1', 'Install')] })));
    assert.ok(isStillSo(undoOfDecline(details({}), true, 0), details({ isDeclined: true })));
  });
});

describe('putting back several', () => {
  const approved = (updateId: string, before: Parameters<typeof decision>[1]) =>
    undoOfApproval(details({ updateId, decisions: [decision('g1', before)] }), ['g1'], 'Uninstall', 0);
  const deciding = (parts: Partial<Deciding>): Deciding => ({
    show: async (ids) =>
      ids.map((updateId) => details({ updateId, decisions: [{ ...decision('g1', 'Block'), action: 'Uninstall' }] })),
    approve: async () => undefined,
    decline: async () => undefined,
    ...parts,
  });

  it('never accepts license terms, and leaves an update that needs them as it is', async () => {
    const bodies: object[] = [];
    const approve = async (body: Parameters<Deciding['approve']>[0]) => {
      bodies.push(body);
      if (body.updates.includes('terms')) throw new Refusal(409, 'ADMINISTRATION_LICENSE_TERMS', '');
    };
    const all = [approved('terms', 'Install'), approved('free', 'Install')];
    const found = await putBack(all, deciding({ approve }));
    assert.deepEqual([found.done, found.needTerms, found.error], [[all[1]], [all[0]], undefined]);
    for (const body of bodies) assert.ok(!('acceptLicense' in body));
  });

  it('asks and writes once for all that had the same before, however many', async () => {
    const asked: number[] = [];
    const bodies: string[] = [];
    const approve = async ({ updates, ...rest }: Parameters<Deciding['approve']>[0]) =>
      void bodies.push(`${updates.length} ${JSON.stringify(rest)}`);
    const { show } = deciding({});
    const all = Array.from({ length: 200 }, (_, at) => approved(`u${at}`, at % 2 ? 'Install' : 'Block'));
    const found = await putBack(
      all,
      deciding({ approve, show: (ids) => show(ids).finally(() => asked.push(ids.length)) }),
    );
    assert.deepEqual([found.done.length, asked], [200, [200]]);
    assert.deepEqual(bodies, ['100 {"groups":["g1"],"action":"Block"}', '100 {"groups":["g1"],"action":"Install"}']);
  });

  it('goes on after one that somebody else decided on, and ends at the first one that fails, telling what is done', async () => {
    const show = async (ids: string[]) =>
      ids.map((updateId) =>
        details({
          updateId,
          decisions: [{ ...decision('g1', 'Block'), action: updateId === 'moved' ? 'Block' : 'Uninstall' }],
        }),
      );
    const approve = async ({ updates }: Parameters<Deciding['approve']>[0]) => {
      if (updates[0] === 'away') throw new Error('away');
    };
    const all = [
      ...['moved', 'fine'].map((id) => approved(id, 'Install')),
      ...['away', 'never'].map((id) => approved(id, 'Block')),
    ];
    const found = await putBack(all, deciding({ show, approve }));
    assert.deepEqual([found.movedOn, found.done], [[all[0]], [all[1]]]);
    assert.match(String(found.error), /away/);
  });
});

describe('what a tab asks for by itself', () => {
  it('is one page each four seconds at most, and a tenth of the time of a server that is slow', () => {
    assert.equal(restAfter(50, 1), 4_000);
    assert.equal(restAfter(250, 5), 20_000, 'a thousand rows are five pages');
    assert.equal(restAfter(2_000, 1), 18_000);
    assert.equal(restAfter(3_600_000, 1), 120_000);
  });

  it('comes back after an outage at a moment of its own', () => {
    assert.deepEqual([spread(3_000, 0), spread(3_000, 0.5), spread(3_000, 1)], [1_500, 3_000, 4_500]);
  });
});

describe('the to-do list', () => {
  const none = { computers: 0, first: [] };
  const home = (parts: object) =>
    ({
      ...{ notices: [], selfUpdate: { ports: [], releases: [] } },
      computers: {
        ...{ generations: [], identities: { shared: 0, changed: 0 } },
        attention: { needing: none, failing: none, silent: none, silentDays: 30, neverReported: 0, ...parts },
      },
    }) as unknown as HomeDocument;
  const others = { status: undefined, waiting: undefined, unassigned: 0, files: undefined };

  it('is empty when nothing is to do, and begins with what is broken', () => {
    assert.deepEqual(tasksOf(home({}), others), []);
    const silent = { computers: 3, first: [{ lastContactAt: '2026-11-01T00:00:00Z' }] };
    const sum = (files: number) => ({ files, bytes: files * 1000 });
    const files = { present: sum(9), missing: sum(2), damaged: sum(1) };
    const found = tasksOf(home({ silent, failing: { computers: 2, first: [] } }), { ...others, unassigned: 1, files });
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ['failing', 'files', 'unassigned', 'silent'],
    );
    assert.equal(found[1]?.amount, 3, 'files as the server sums them up');
    assert.equal(found[3]?.since, '2026-11-01T00:00:00Z');
  });

  it('has a sentence and a button for each kind, in both languages', () => {
    for (const words of [en, de]) {
      for (const kind of Object.keys(words.home.tasks) as (keyof typeof en.home.tasks)[]) {
        assert.ok(words.home.tasks[kind]('1', 1).length > 0 && words.home.mend[kind].length > 0, kind);
        const isCounted = !['port', 'notice', 'sync'].includes(kind);
        assert.ok(!isCounted || words.home.tasks[kind]('2', 2) !== words.home.tasks[kind]('2', 1), kind);
      }
    }
  });
});

describe('what people read', () => {
  it('times and sizes are in their language', () => {
    const now = Date.parse('2026-12-02T12:00:00Z');
    assert.equal(ageOf('2026-12-02T09:00:00Z', now, 'en'), '3 hours ago');
    assert.equal(ageOf('2026-12-02T09:00:00Z', now, 'de'), 'vor 3 Stunden');
    assert.equal(spanOf('2026-11-29T09:00:00Z', now, 'en'), '3 days');
    assert.equal(sizeIn(1_610_612_736, 'de'), '1,5 GB');
    assert.equal(sizeIn(512, 'en'), '512 B');
  });

  it('the steps of a computer are in the order of its clock, and a failure shows its code', () => {
    const report = {
      ...{ eventId: 1, receivedAt: '', timeAtTarget: '2026-12-02T10:00:00Z', computerId: '', dnsName: '' },
      ...{ eventNumber: 182, win32HResult: -2145124318, updateTitle: 'T', updateId: 'u', appName: '' },
      ...({ replacementStrings: [] as string[], kind: 'install', outcome: 'failed' } as const),
    };
    const ping = {
      ...{ eventId: 2, receivedAt: '', occurredAt: '2026-12-02T11:00:00Z', dnsName: '', address: '' },
      ...{ component: 'au', activity: 's', status: 's', resultCode: '00000000', message: '' },
    };
    const kinds = ['n', 's', 'd', 'i', '?'].map((activity) => stepsOf([], [{ ...ping, activity }])[0]?.kind);
    assert.deepEqual(
      kinds,
      ['start', 'selfUpdate', 'check', 'install', 'other'],
      'no ping says that it updated itself by the way',
    );
    const steps = stepsOf([report], [ping]);
    assert.deepEqual(
      steps.map(({ kind, tone, code }) => [kind, tone, code]),
      [
        ['selfUpdate', 'good', ''],
        ['install', 'bad', '0x80240022'],
      ],
    );
  });

  it('no two texts of the languages are the same by oversight: German is not English', () => {
    const texts = (words: object): string[] =>
      Object.values(words).flatMap((value) =>
        typeof value === 'string' ? [value] : typeof value === 'object' ? texts(value as object) : [],
      );
    const [english, german] = [texts(en), texts(de)];
    assert.equal(english.length, german.length);
    const same = english.filter((text, at) => text === german[at] && / /.test(text));
    assert.deepEqual(same, []);
  });
});

describe('the picture of relations', () => {
  const related = (updateId: string) => ({
    updateId,
    title: updateId,
    isHere: true,
    isDeclined: false,
    isExpired: false,
  });
  const placesOf = (ids: string, relations: string) => {
    const known = {
      updates: [...ids].map(related),
      relations: relations.split(' ').map((one) => ({
        kind: one[1] === '>' ? ('supersedes' as const) : ('bundles' as const),
        ...{ from: one[0] ?? '', to: one[2] ?? '' },
      })),
      isCut: false,
    };
    return placeRelations(known);
  };

  it('has older updates at the left, newer ones at the right, bundles above and parts below', () => {
    const { placed, lines, left } = placesOf('mabcdp', 'm>a a>b c>m d:m m:p');
    const at = new Map(placed.map(({ update, x, y }) => [update.updateId, { x, y }]));
    const xOf = (id: string) => at.get(id)?.x ?? Number.NaN;
    const yOf = (id: string) => at.get(id)?.y ?? Number.NaN;
    assert.ok(xOf('b') < xOf('a') && xOf('a') < xOf('m') && xOf('m') < xOf('c'));
    assert.ok(yOf('d') < yOf('m') && yOf('m') < yOf('p') && xOf('d') === xOf('p'));
    assert.deepEqual([lines.length, left], [5, 0]);
  });

  it('draws a ring of supersedence, and leaves what has no room to the table', () => {
    const ring = placesOf('mab', 'm>a a>b b>m');
    assert.deepEqual([ring.placed.length, ring.lines.length], [3, 3]);
    const many = 'abcdefghijkl';
    const { placed, left, lines } = placesOf(`m${many}`, [...many].map((one) => `m>${one}`).join(' '));
    assert.deepEqual([placed.length, left, lines.length], [9, 4, 8]);
  });
});
