// Preloaded: the machine's clock is at the instant MOULT_TEST_CLOCK and runs on from there.
const started = Date.now();
const shiftMs = Date.parse(process.env.MOULT_TEST_CLOCK ?? '') - started;
const RealDate = Date;
globalThis.Date = class extends RealDate {
  constructor(...args) {
    if (args.length === 0) super(RealDate.now() + shiftMs);
    else super(...args);
  }
  static now() {
    return RealDate.now() + shiftMs;
  }
};
