// A fleet of computers under a virtual clock, an update that goes through rings, and how far it came. Everything follows
// from the seed.
import {
  type Advance,
  advance,
  afterGap,
  countExposure,
  countPresence,
  intervene,
  noControls,
  noCounts,
  presenceOf,
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
  readonly #transitions: Transition[] = [];
  #state: RolloutState = startRollout(0);
  /** The start of the ring that was reached last. */
  #ringSince = 0;
  #since = 0;
  #waitsFor: Advance['waitsFor'];

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#random = seededRandom(options.seed);
    this.#machines = Array.from({ length: options.computers }, () => this.#makeMachine());
  }

  run(): FleetResult {
    // Any hour of any day of the week, after five weeks in which the server learnt everybody's rhythm.
    const start = 35 * dayMs + Math.floor(this.#random() * 7 * 24) * hourMs;
    let now = 0;
    for (; now < start; now += hourMs) this.#checkIns(now, false);
    this.#state = startRollout(now);
    this.#ringSince = now;
    this.#since = now;
    const end = now + this.#options.days * dayMs;
    let last = now;
    for (; now < end && (this.#state.status === 'running' || this.#isReturning(now, last)); now += hourMs) {
      this.#checkIns(now, true);
      const before = this.#transitions.length;
      this.#step(now);
      if (this.#transitions.length > before) last = now;
    }
    return this.#result(last - start);
  }

  #makeMachine(): Machine {
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
    machine.nextContact = nextContactOf(machine, random() * 7 * dayMs, random);
    return machine;
  }

  /** The acts of computers up to `now`. */
  #checkIns(now: number, isOffering: boolean): void {
    for (const machine of this.#machines) {
      while (machine.nextContact <= now) {
        const at = machine.nextContact;
        if (machine.lastContact > 0) machine.rhythm = afterGap(machine.rhythm, at - machine.lastContact);
        machine.lastContact = at;
        machine.nextContact = nextContactOf(machine, at, this.#random);
        // Computers are thrown away, too: about one of ten in a year.
        if (this.#random() < 0.0003) machine.nextContact = thrownAway;
        if (isOffering) this.#answer(machine, at);
      }
    }
  }

  /** The server offers to the rings that were reached. Computers install it in the next hours. */
  #answer(machine: Machine, at: number): void {
    const { status, ring } = this.#state;
    if (status === 'rolledBack') machine.hasRelease = false;
    if (status !== 'running' || machine.ring > ring || machine.offeredAt !== undefined) return;
    machine.offeredAt = at;
    machine.connectedAtOffer = machine.rhythm.connectedMs;
    const doneAt = at + hourMs * (0.2 + 2.8 * this.#random());
    machine.hasRelease = machine.fate === 'good' || machine.fate === 'crashes';
    if (machine.fate === 'crashes') {
      machine.nextContact = Number.POSITIVE_INFINITY;
      return;
    }
    const outcome = machine.fate === 'good' ? 'installed' : machine.fate === 'fails' ? 'failed' : 'notNeeded';
    machine.outcome = outcome;
    // Somebody who goes home first finishes tomorrow, and reports then.
    machine.outcomeAt = this.#random() < 0.8 ? doneAt : machine.nextContact;
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
        machine.nextContact = now + dayMs * (0.2 + this.#random());
    }
  }

  #evidence(now: number): RingEvidence {
    const { ring } = this.#state;
    const connectedHours = this.#options.plan.rings[ring]?.policy.connectedHours ?? 0;
    const found = { ring: { ...noCounts }, reached: { ...noCounts }, members: 0 };
    const controls = { later: { ...noControls }, earlier: { ...noControls }, always: { ...noControls } };
    for (const machine of this.#machines) {
      if (machine.ring === ring) found.members++;
      if (machine.offeredAt !== undefined) {
        const exposure = {
          outcome: machine.outcomeAt <= now ? machine.outcome : ('none' as const),
          outcomeAt: machine.outcomeAt <= now ? machine.outcomeAt : machine.offeredAt,
          ...{ connectedAtOffer: machine.connectedAtOffer, lastContact: machine.lastContact, rhythm: machine.rhythm },
        };
        countExposure(found.reached, exposure, now, connectedHours);
        if (machine.ring === ring) countExposure(found.ring, exposure, now, connectedHours);
      }
      const presence = presenceOf(machine.rhythm, now - machine.lastContact);
      if (machine.ring > ring && machine.lastContact >= this.#since) countPresence(controls.always, presence);
      if (machine.ring === ring || machine.lastContact < this.#ringSince) continue;
      countPresence(machine.ring > ring ? controls.later : controls.earlier, presence);
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
