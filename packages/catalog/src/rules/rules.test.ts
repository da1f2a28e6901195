// Rules without a store: conditions, order, deadlines, titles that attack, and declines that nobody may miss.
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readYaml } from '../yaml/index.ts';
import { applyRules, type ComputerEvidence, deadlineAt, planDeclines, type SupersededUpdate } from './index.ts';
import type { Rule, RuleConditions, RuleEffect, RuleFacts } from './rule.ts';
import { fitsTitle } from './title-pattern.ts';

const day = 86_400_000;
const now = Date.UTC(2026, 11, 2);

const none: RuleConditions = {
  ...{ classifications: [], products: [], severities: [], articles: [], cves: [], types: [] },
  ...{ title: undefined, minAgeDays: undefined, maxAgeDays: undefined, neededBy: undefined, superseded: undefined },
};

function rule(name: string, effect: Partial<RuleEffect>, when: Partial<RuleConditions> = {}): Rule {
  const whole = { action: 'install' as const, groupIds: ['g1'], delayDays: 0, deadline: undefined, acceptLicenses: [] };
  return { ruleId: name, name, isEnabled: true, when: { ...none, ...when }, effect: { ...whole, ...effect } };
}

const facts: RuleFacts = {
  ...{ updateId: 'u', title: '2026-11 Cumulative Update (KB5000001)', updateType: 'Software', isExpired: false },
  ...{ isSuperseded: false, severity: 'critical', categories: new Set(['c1', 'p1']), articles: ['5000001'] },
  ...{ cves: ['CVE-2026-1234'], arrivedAt: now - 10 * day, needed: 5 },
};

const approvalsOf = (rules: Rule[], about: RuleFacts = facts) =>
  applyRules(rules, about, now).approvals.map((one) => [one.rule.name, one.groupId, one.action]);

describe('rules', () => {
  const conditions: [Partial<RuleConditions>, boolean][] = [
    [{}, true],
    [{ classifications: ['c1'] }, true],
    [{ classifications: ['c2'] }, false],
    [{ products: ['p2', 'p1'] }, true],
    [{ severities: ['important'] }, false],
    [{ articles: ['5000001'] }, true],
    [{ cves: ['CVE-2026-1234'] }, true],
    [{ cves: ['CVE-2026-9999'] }, false],
    [{ title: '*cumulative*' }, true],
    [{ title: 'cumulative' }, false],
    [{ minAgeDays: 10, maxAgeDays: 10 }, true],
    [{ minAgeDays: 11 }, false],
    [{ maxAgeDays: 9 }, false],
    [{ neededBy: 5 }, true],
    [{ neededBy: 6 }, false],
    [{ types: ['driver'] }, false],
    [{ types: ['driver', 'software'] }, true],
    [{ types: ['definition'] }, false],
    [{ superseded: true }, false],
    [{ classifications: ['c1'], severities: ['low'] }, false],
  ];
  for (const [when, fits] of conditions)
    it(`${JSON.stringify(when)} ${fits ? 'fits' : 'does not fit'}`, () => {
      assert.equal(approvalsOf([rule('one', {}, when)]).length, fits ? 1 : 0);
    });

  it('the first that matches decides for its groups, and what contradicts it later is named', () => {
    const first = rule('first', { groupIds: ['g1'], action: 'detect-only' });
    const second = rule('second', { groupIds: ['g1', 'g2'] });
    assert.deepEqual(approvalsOf([first, second]), [
      ['first', 'g1', 'PreDeploymentCheck'],
      ['second', 'g2', 'Install'],
    ]);
    const third = rule('third', { groupIds: ['g1'] });
    const decline = rule('decline', { action: 'decline', groupIds: [] });
    const { overruled, declinedBy } = applyRules([first, third, decline], facts, now);
    assert.equal(declinedBy, undefined);
    assert.deepEqual(
      overruled.map((one) => [one.rule.name, one.by.name]),
      [
        ['third', 'first'],
        ['decline', 'first'],
      ],
    );
    assert.deepEqual(approvalsOf([decline, first]), []);
    assert.deepEqual(approvalsOf([rule('hold', { action: 'hold', groupIds: [] }), first]), []);
  });

  it('a rule that waits keeps its place: a later one is not faster', () => {
    const patient = rule('patient', { delayDays: 11 });
    const verdict = applyRules([patient, rule('hasty', {})], facts, now);
    assert.deepEqual([verdict.approvals, verdict.waiting[0]?.until], [[], facts.arrivedAt + 11 * day]);
    assert.equal(applyRules([patient], facts, now + day).approvals.length, 1);
  });

  it('leaves expired updates alone, and rules that are switched off', () => {
    assert.deepEqual(approvalsOf([rule('one', {})], { ...facts, isExpired: true }), []);
    assert.deepEqual(approvalsOf([{ ...rule('one', {}), isEnabled: false }]), []);
  });
});

describe('a title pattern', () => {
  it('means what a slow reading of it means', () => {
    const slow = (pattern: string, title: string): boolean => {
      if (pattern === '') return title === '';
      if (pattern[0] === '*') return slow(pattern.slice(1), title) || (title !== '' && slow(pattern, title.slice(1)));
      return title !== '' && (pattern[0] === '?' || pattern[0] === title[0]) && slow(pattern.slice(1), title.slice(1));
    };
    const letters = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 8 });
    const patterns = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 });
    fc.assert(fc.property(patterns, letters, (pattern, title) => fitsTitle(pattern, title) === slow(pattern, title)));
  });

  it('that attacks costs its length times that of the title, and not more', () => {
    const pattern = `${'*a'.repeat(99)}b`;
    const started = performance.now();
    for (let turn = 0; turn < 20; turn++) assert.equal(fitsTitle(pattern, 'a'.repeat(20_000)), false);
    // Backtracking over 99 stars would not end. The bound is far above what a loaded machine takes.
    assert.ok(performance.now() - started < 30_000);
    assert.equal(fitsTitle('*(KB5000001)[x]+', 'Update (KB5000001)[x]+'), true);
  });
});

describe('a deadline', () => {
  it('is the time of day in the zone of the group, also where clocks change', () => {
    const at = (zone: string, approved: string, days: number, minutes: number) =>
      deadlineAt({ days, minutes }, new Date(approved), zone).toISOString();
    assert.equal(at('UTC', '2026-12-02T10:00:00Z', 3, 22 * 60), '2026-12-05T22:00:00.000Z');
    assert.equal(at('Europe/Berlin', '2026-12-02T10:00:00Z', 3, 22 * 60), '2026-12-05T21:00:00.000Z');
    assert.equal(at('Asia/Kolkata', '2026-12-02T23:00:00Z', 0, 22 * 60), '2026-12-03T16:30:00.000Z');
    // From 2:00 to 3:00 there is no such time on that day: it becomes 3:30.
    assert.equal(at('Europe/Berlin', '2027-03-27T10:00:00Z', 1, 150), '2027-03-28T01:30:00.000Z');
    assert.equal(at('America/New_York', '2026-10-31T12:00:00Z', 1, 22 * 60), '2026-11-02T03:00:00.000Z');
  });

  it('is never over when it is set', () => {
    const zones = fc.constantFrom('UTC', 'Europe/Berlin', 'Pacific/Apia', 'America/St_Johns', 'Australia/Lord_Howe');
    fc.assert(
      fc.property(
        zones,
        fc.integer({ min: 0, max: 3 * 365 * 1440 }),
        fc.nat(1439),
        fc.nat(3),
        (zone, at, minutes, days) => {
          const approved = new Date(Date.UTC(2026, 0, 1) + at * 60_000);
          const found = deadlineAt({ days, minutes }, approved, zone);
          assert.ok(found > approved);
          assert.ok(found.getTime() - approved.getTime() <= (days + 2) * day);
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('YAML', () => {
  it('is read document by document, and says what is wrong', () => {
    assert.deepEqual(readYaml('a: 1\n---\n- b\n'), { documents: [{ a: 1 }, ['b']] });
    assert.ok('problem' in readYaml('a: [1'));
    assert.ok('problem' in readYaml('a: &x [1]\nb: [*x, *x, *x]\n'), 'an alias can multiply a text');
  });
});

// A world of few computers and updates: later updates supersede earlier ones. What is true of a computer is known to the
// test alone; rules see what was reported.
interface Event {
  kind: 'approve' | 'unapprove' | 'report' | 'install' | 'add' | 'run';
  computer: number;
  update: number;
}

const events = fc.array(
  fc.record<Event>({
    kind: fc.constantFrom('approve', 'unapprove', 'report', 'report', 'install', 'add', 'run', 'run'),
    computer: fc.nat(3),
    update: fc.nat(3),
  }),
  { minLength: 6, maxLength: 30 },
);

type State = ComputerEvidence['successors'][number]['state'];

class World {
  readonly fits: boolean[][];
  readonly installed = new Set<string>();
  readonly reported = new Map<string, State>();
  readonly approved = new Set<string>();
  readonly declined = new Map<string, { at: number; known: string[] }>();
  readonly here = new Map<number, number>();
  turn = 0;

  constructor(fits: boolean[][]) {
    this.fits = fits;
    this.here.set(0, 0);
  }

  report(computer: number): void {
    for (let update = 0; update < 4; update++) {
      // A declined update is sent to no computer: nothing is said of it.
      if (this.declined.has(String(update))) this.reported.delete(`${computer} ${update}`);
      else this.reported.set(`${computer} ${update}`, this.truth(computer, update));
    }
  }

  truth(computer: number, update: number): State {
    if (!this.fits[computer]?.[update]) return 'not-applicable';
    for (let later = update; later < 4; later++)
      if (this.installed.has(`${computer} ${later}`) && this.fits[computer]?.[later]) return 'installed';
    return 'needed';
  }

  async run(): Promise<void> {
    const updates: SupersededUpdate[] = [0, 1, 2].map((update) => {
      const declined = this.declined.get(String(update));
      return { updateId: String(update), declined: declined && { at: new Date(declined.at), known: declined.known } };
    });
    const evidenceOf = async ({ updateId, declined }: SupersededUpdate, gone: ReadonlySet<string>) =>
      [...this.here].map(([computer, since]): ComputerEvidence => {
        const update = Number(updateId);
        const said = this.reported.get(`${computer} ${update}`);
        const isNew = declined !== undefined && since > declined.at.getTime();
        const knows = {
          unknown: 'unknown',
          'not-applicable': 'not-needed',
          needed: 'needed',
          installed: 'not-needed',
        } as const;
        const known = declined?.known ?? [];
        const mayNeed = isNew || known.includes(`?${computer}`);
        const before = known.includes(String(computer)) ? 'needed' : mayNeed ? 'unknown' : 'not-needed';
        const successors = [1, 2, 3].filter((later) => later > update);
        const offered = successors.filter((later) => !this.declined.has(String(later)) && !gone.has(String(later)));
        return {
          computerId: String(computer),
          state: declined ? before : knows[said ?? 'unknown'],
          successors: offered.map((later) => ({
            state: this.reported.get(`${computer} ${later}`) ?? 'unknown',
            isApproved: this.approved.has(`${computer} ${later}`),
          })),
        };
      });
    const { decline, reinstate } = await planDeclines(updates, evidenceOf, { maxEvidence: 100 });
    for (const { updateId } of reinstate) this.declined.delete(updateId);
    for (const { updateId, evidence } of decline) this.declined.set(updateId, { at: this.turn, known: evidence });
  }

  /** Computers whose reports are true and that have lost the last fix for something. */
  losses(): string[] {
    const lost: string[] = [];
    for (const updateId of this.declined.keys())
      for (const computer of this.here.keys()) {
        const update = Number(updateId);
        if (this.truth(computer, update) !== 'needed') continue;
        const rest = [1, 2, 3].filter((later) => later > update && !this.declined.has(String(later)));
        const isFixed = rest.some((later) => {
          const state = this.truth(computer, later);
          const isKnown = (this.reported.get(`${computer} ${later}`) ?? 'unknown') !== 'unknown';
          return this.approved.has(`${computer} ${later}`) && (state === 'needed' || !isKnown);
        });
        if (!isFixed) lost.push(`computer ${computer} lost update ${update}`);
      }
    return lost;
  }
}

describe('the decline of superseded updates', () => {
  it('takes the last applicable fix from no computer, in 10,000 random histories', async () => {
    let declines = 0;
    const fits = fc.array(fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }), { minLength: 4, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(fits, events, async (machines, history) => {
        const world = new World(machines);
        for (const { kind, computer, update } of history) {
          world.turn++;
          if (kind === 'add' && !world.here.has(computer)) world.here.set(computer, world.turn);
          if (kind === 'approve') world.approved.add(`${computer} ${update}`);
          if (kind === 'unapprove') world.approved.delete(`${computer} ${update}`);
          const isOffered = world.approved.has(`${computer} ${update}`) && !world.declined.has(String(update));
          if (kind === 'install' && world.here.has(computer) && isOffered && machines[computer]?.[update])
            world.installed.add(`${computer} ${update}`);
          if (kind === 'report' && world.here.has(computer)) world.report(computer);
          if (kind !== 'run') continue;
          await world.run();
          declines += world.declined.size;
          assert.deepEqual(world.losses(), []);
          // One that comes back can cover another: after a few runs nothing changes any more.
          for (let again = 0; again < 3; again++) await world.run();
          const declined = [...world.declined.keys()].sort();
          await world.run();
          assert.deepEqual([...world.declined.keys()].sort(), declined, 'a further run changes nothing');
        }
      }),
      { numRuns: 10_000 },
    );
    assert.ok(declines > 1000, `only ${declines} declines were looked at`);
  });
});
