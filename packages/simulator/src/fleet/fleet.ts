// A fleet of computers under a virtual clock, an update that goes through rings, and how far it came. Everything follows
// from the seed.
import {
  type Advance,
  advance,
  afterGap,
  countExposure,
  countPresence,
  intervene,
  missedAfter,
  noControls,
  noCounts,
  type RingEvidence,
  type RingPlan,
  type RolloutState,
  ringOf,
  startRollout,
  type Transition,
} from '@moult/catalog/rings';
import { dayMs, hourMs, type Machine, makeMachine, nextContactOf } from './machine.ts';
import { seededRandom } from './random.ts';

export interface FleetOptions {
  seed: number;
  computers: number;
  plan: RingPlan;
  /** Parts of all computers, 0 to 1. */
  fails: number;
  crashes: number;
  rarelyOn: number;
  /** Failures that have nothing to do with the update. */
  usualFailures: number;
  /** The kind of thing that goes through the rings: an agent release is for every computer, and goes back by a signed recall. */
  kind: 'update' | 'release';
  /** The simulation ends after this number of virtual days. */
  days: number;
}

interface FleetResult {
  state: RolloutState;
  transitions: Transition[];
  waitsFor: Advance['waitsFor'];
  /** Of the ring with this index, computers that were offered it. */
  reached: number[];
  /** Computers that the update broke or crashed. */
  harmed: number;
  /** Computers that still have a release after its recall. */
  notReturned: number;
  /** From the start to the last transition. */
  hours: number;
}

/** Runs one fleet to the end of its rollout, or of its days. */
export function runFleet(options: FleetOptions): FleetResult {
  return new Fleet(options).run();
}

const thrownAway = Number.MAX_VALUE;

class Fleet {
  readonly #options: FleetOptions;
  readonly #random: () => number;
  readonly #machines: Machine[];
  /** Machines by the hour in which they check in next: an hour without a check-in costs nothing. */
  readonly #due = new Map<number, Machine[]>();
  readonly #offered: Machine[] = [];
  /** Of each machine, side by side: the look at all of them, each hour, is most of the work. */
  readonly #looks: { ring: Uint8Array; lastContact: Float64Array; lateMs: Float64Array; silentMs: Float64Array };
  readonly #transitions: Transition[] = [];
  #state: RolloutState = startRollout(0);
  /** The start of the ring that was reached last. */
  #ringSince = 0;
  #since = 0;
  #waitsFor: Advance['waitsFor'];

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    const { computers } = options;
    const times = () => new Float64Array(computers);
    this.#looks = { ring: new Uint8Array(computers), lastContact: times(), lateMs: times(), silentMs: times() };
    this.#machines = Array.from({ length: computers }, (_, at) => this.#makeMachine(at));
  }

  run(): FleetResult {
    // Any hour of any day of the week, after five weeks in which the server learnt everybody's rhythm.
    const start = 35 * dayMs + Math.floor(this.#random() * 7 * 24) * hourMs;
    let now = 0;
    // The hour up to the start is before it: a computer that checked in then is not offered the update, and does not count as control.
    for (; now <= start; now += hourMs) this.#checkIns(now, false);
    this.#state = startRollout(start);
    this.#ringSince = start;
    this.#since = start;
    const end = start + this.#options.days * dayMs;
    let last = now;
    for (; now < end && (this.#state.status === 'running' || this.#isReturning(now, last)); now += hourMs) {
      this.#checkIns(now, true);
      const before = this.#transitions.length;
      this.#step(now);
      if (this.#transitions.length > before) last = now;
    }
    return this.#result(last - start);
  }

  #makeMachine(at: number): Machine {
    const { rarelyOn, fails, crashes, usualFailures, kind, plan } = this.#options;
    const random = this.#random;
    const hex = () =>
      Math.floor(random() * 2 ** 32)
        .toString(16)
        .padStart(8, '0');
    const id = `${hex()}-0000-4000-8000-0000${hex()}`;
    const habit = random() < rarelyOn ? 'rare' : random() < 0.15 ? 'server' : 'desktop';
    const fate = (): Machine['fate'] => {
      if (random() < crashes) return 'crashes';
      if (random() < fails + usualFailures) return 'fails';
      return kind === 'update' && random() < 0.05 ? 'notNeeded' : 'good';
    };
    const machine = makeMachine(id, habit, fate(), ringOf(plan, id, new Set()) ?? plan.rings.length);
    machine.at = at;
    this.#looks.ring[at] = machine.ring;
    this.#plan(machine, nextContactOf(machine, random() * 7 * dayMs, random));
    return machine;
  }

  #plan(machine: Machine, at: number): void {
    machine.nextContact = at;
    if (at >= thrownAway) return;
    const hour = Math.ceil(at / hourMs);
    const due = this.#due.get(hour);
    if (due) due.push(machine);
    else this.#due.set(hour, [machine]);
  }

  /** The acts of computers in the hour up to `now`. */
  #checkIns(now: number, isOffering: boolean): void {
    const hour = now / hourMs;
    for (const machine of this.#due.get(hour) ?? []) {
      const at = machine.nextContact;
      if (machine.lastContact > 0) machine.rhythm = afterGap(machine.rhythm, at - machine.lastContact);
      machine.lastContact = at;
      this.#looks.lastContact[machine.at] = at;
      const missed = missedAfter(machine.rhythm);
      this.#looks.lateMs[machine.at] = missed?.lateMs ?? Number.NaN;
      this.#looks.silentMs[machine.at] = missed?.silentMs ?? Number.NaN;
      // Computers are thrown away, too: about one of ten in a year.
      const next = nextContactOf(machine, at, this.#random);
      const planned = this.#random() < 0.0003 ? thrownAway : Math.max(next, now + 1);
      const isDead = isOffering && this.#answer(machine, at, planned);
      this.#plan(machine, isDead ? Number.POSITIVE_INFINITY : planned);
    }
    this.#due.delete(hour);
  }

  /** The server offers to the rings that were reached. Computers install it in the next hours. True for one that this kills. */
  #answer(machine: Machine, at: number, next: number): boolean {
    const { status, ring } = this.#state;
    if (status === 'rolledBack') machine.hasRelease = false;
    if (status !== 'running' || machine.ring > ring || machine.offeredAt !== undefined) return false;
    this.#offered.push(machine);
    machine.offeredAt = at;
    machine.connectedAtOffer = machine.rhythm.connectedMs;
    const doneAt = at + hourMs * (0.2 + 2.8 * this.#random());
    machine.hasRelease = machine.fate === 'good' || machine.fate === 'crashes';
    if (machine.fate === 'crashes') return true;
    const outcome = machine.fate === 'good' ? 'installed' : machine.fate === 'fails' ? 'failed' : 'notNeeded';
    machine.outcome = outcome;
    // Somebody who goes home first finishes tomorrow, and reports then.
    machine.outcomeAt = this.#random() < 0.8 ? doneAt : next;
    return false;
  }

  #step(now: number): void {
    const { plan, kind } = this.#options;
    if (this.#state.status !== 'running') return;
    const { state, transitions, waitsFor } = advance(this.#state, plan, this.#evidence(now), now);
    if (state.ring !== this.#state.ring) this.#ringSince = now;
    this.#state = state;
    this.#waitsFor = waitsFor;
    this.#transitions.push(...transitions);
    if (state.status !== 'halted' || kind !== 'release') return;
    const recall = intervene(state, plan, this.#evidence(now), { action: 'rollBack' });
    if (!recall) return;
    this.#state = recall.state;
    this.#transitions.push(...recall.transitions);
    // The host of an agent that does not start asks for itself, and finds the recall.
    for (const machine of this.#machines) {
      if (machine.hasRelease && machine.nextContact === Number.POSITIVE_INFINITY)
        this.#plan(machine, now + dayMs * (0.2 + this.#random()));
    }
  }

  #evidence(now: number): RingEvidence {
    const { ring } = this.#state;
    const connectedHours = this.#options.plan.rings[ring]?.policy.connectedHours ?? 0;
    const found = { ring: { ...noCounts }, reached: { ...noCounts }, members: 0 };
    const controls = { later: { ...noControls }, earlier: { ...noControls }, always: { ...noControls } };
    for (const machine of this.#offered) {
      const exposure = {
        outcome: machine.outcomeAt <= now ? machine.outcome : ('none' as const),
        outcomeAt: machine.outcomeAt <= now ? machine.outcomeAt : (machine.offeredAt ?? 0),
        ...{ connectedAtOffer: machine.connectedAtOffer, lastContact: machine.lastContact, rhythm: machine.rhythm },
      };
      countExposure(found.reached, exposure, now, connectedHours);
      if (machine.ring === ring) countExposure(found.ring, exposure, now, connectedHours);
    }
    const looks = this.#looks;
    for (let at = 0; at < this.#machines.length; at++) {
      const own = looks.ring[at] as number;
      if (own === ring) found.members++;
      const lastContact = looks.lastContact[at] as number;
      const isLater = own > ring;
      if (own === ring || lastContact < (isLater ? this.#since : this.#ringSince)) continue;
      const silentMs = looks.silentMs[at] as number;
      // Its rhythm is not known.
      if (Number.isNaN(silentMs)) continue;
      const since = now - lastContact;
      const presence = since > silentMs ? 'silent' : since > (looks.lateMs[at] as number) ? 'late' : 'here';
      if (isLater) countPresence(controls.always, presence);
      if (lastContact >= this.#ringSince) countPresence(isLater ? controls.later : controls.earlier, presence);
    }
    const ofRing = controls.later.watched >= 30 ? controls.later : controls.earlier;
    return { ...found, control: { ring: ofRing, reached: controls.always }, isHeld: false };
  }

  /** After a recall, until every computer had the time to hear of it. */
  #isReturning(now: number, since: number): boolean {
    return this.#state.status === 'rolledBack' && now < since + 15 * dayMs;
  }

  #result(ms: number): FleetResult {
    const { plan } = this.#options;
    const isOffered = (one: Machine) => one.offeredAt !== undefined;
    return {
      ...{ state: this.#state, transitions: this.#transitions, waitsFor: this.#waitsFor, hours: ms / hourMs },
      reached: plan.rings.map((_, at) => this.#machines.filter((one) => one.ring === at && isOffered(one)).length),
      harmed: this.#machines.filter((one) => isOffered(one) && (one.fate === 'crashes' || one.fate === 'fails')).length,
      notReturned: this.#machines.filter((one) => one.hasRelease && one.nextContact !== thrownAway).length,
    };
  }
}
