import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { isOrderDue } from './next-order.ts';

const day = 86_400_000;
const at = (days: number) => new Date(Date.UTC(2026, 0, 1) + days * day);
const certificate = { validFrom: at(0), validTo: at(90), names: ['updates.example.org'] };
const names = ['updates.example.org'];
const calm = { failures: 0 };

describe('an order of a certificate is due', () => {
  it('when there is none', () =>
    assert.equal(isOrderDue({ certificate: undefined, names, tries: calm, now: at(0) }), true));

  it('when less than a third of its life is left, whatever its length', () => {
    assert.equal(isOrderDue({ certificate, names, tries: calm, now: at(59) }), false);
    assert.equal(isOrderDue({ certificate, names, tries: calm, now: at(61) }), true);
    const short = { ...certificate, validTo: at(6) };
    assert.equal(isOrderDue({ certificate: short, names, tries: calm, now: at(3.9) }), false);
    assert.equal(isOrderDue({ certificate: short, names, tries: calm, now: at(4.1) }), true);
  });

  it('when it lacks a name', () =>
    assert.equal(isOrderDue({ certificate, names: [...names, 'wsus.example.org'], tries: calm, now: at(1) }), true));

  it('after failures only when a pause is over, which doubles up to a day', () => {
    const after = (failures: number, minutes: number) =>
      isOrderDue({
        certificate: undefined,
        names,
        tries: { failures, failedAt: at(1).toISOString() },
        now: new Date(at(1).getTime() + minutes * 60_000),
      });
    assert.deepEqual([after(1, 14), after(1, 16), after(3, 59), after(3, 61)], [false, true, false, true]);
    assert.deepEqual([after(60, 1439), after(60, 1441)], [false, true]);
  });

  it('at once when the failure was written under a clock that was ahead', () =>
    assert.equal(
      isOrderDue({
        certificate: undefined,
        names,
        tries: { failures: 9, failedAt: at(900).toISOString() },
        now: at(1),
      }),
      true,
    ));
});
