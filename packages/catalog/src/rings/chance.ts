// Whether figures of a small group can be chance. Plain binomial sums: no table, and no approximation that fails for few.

/** The chance of `least` or more among `of`, when each happens with chance `each` (0 to 1). */
export function chanceOfAtLeast(least: number, of: number, each: number): number {
  if (least <= 0) return 1;
  if (least > of || each <= 0) return 0;
  if (each >= 1) return 1;
  // Below what is expected the sum is long, and the answer is never a small number.
  if (least <= of * each) return 1 - chanceBelow(least, of, each);
  return sumFrom(least, of, each);
}

/**
 * A share that the true one hardly exceeds, from `found` of `of`. One and one are added: where nothing was seen of few, a
 * share of nothing is not known.
 */
export function highShare(found: number, of: number): number {
  const share = (found + 1) / (of + 2);
  return Math.min(1, share + 2 * Math.sqrt((share * (1 - share)) / (of + 2)));
}

/**
 * The weight of the evidence that more than `usual` (0 to 1) fail, against `usual`: a logarithm of a ratio of likelihoods.
 * It may be asked after every single computer. If no more than `usual` fail, it ever passes ln(1 / x) with a chance below
 * x (Ville). Failures may be told late, and `of` may count computers without an outcome.
 */
export function weightOfHarm(failed: number, of: number, usual: number): number {
  const shares = harmfulShares.filter((share) => share > usual);
  const weights = shares.map(
    (share) => failed * Math.log(share / usual) + Math.max(0, of - failed) * Math.log((1 - share) / (1 - usual)),
  );
  const most = Math.max(...weights);
  if (!Number.isFinite(most)) return failed > 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY;
  const sum = weights.reduce((total, weight) => total + Math.exp(weight - most), 0);
  return most + Math.log(sum / shares.length);
}

/** Shares of failures that an update may have. Each gets the same weight. */
const harmfulShares = [0.02, 0.03, 0.05, 0.1, 0.25, 0.5, 0.9];

/**
 * The chance of `least` or more in a group of `ours`. Chance spreads `all` over `ours` and `others` (Fisher's exact test).
 * It needs no usual number: at a weekend there are many in both.
 */
export function chanceInGroup(least: number, ours: number, all: number, others: number): number {
  const from = Math.max(least, all - others);
  if (least <= Math.max(0, all - others)) return 1;
  if (least > Math.min(ours, all)) return 0;
  let term = Math.exp(logChoices(ours, from) + logChoices(others, all - from) - logChoices(ours + others, all));
  let sum = 0;
  for (let number = from; number <= Math.min(ours, all); number++) {
    sum += term;
    term *= ((ours - number) / (number + 1)) * ((all - number) / (others - all + number + 1));
    if (term < sum * 1e-12 && number > (ours * all) / (ours + others)) break;
  }
  return Math.min(1, sum);
}

function sumFrom(from: number, of: number, each: number): number {
  let term = Math.exp(logTerm(from, of, each));
  let sum = 0;
  for (let number = from; number <= of; number++) {
    sum += term;
    if (term < sum * 1e-12) break;
    term *= ((of - number) / (number + 1)) * (each / (1 - each));
  }
  return Math.min(1, sum);
}

function chanceBelow(least: number, of: number, each: number): number {
  let term = Math.exp(logTerm(least - 1, of, each));
  let sum = 0;
  for (let number = least - 1; number >= 0; number--) {
    sum += term;
    if (term < sum * 1e-12) break;
    term *= (number / (of - number + 1)) * ((1 - each) / each);
  }
  return Math.min(1, sum);
}

function logTerm(number: number, of: number, each: number): number {
  return logChoices(of, number) + number * Math.log(each) + (of - number) * Math.log1p(-each);
}

function logChoices(of: number, number: number): number {
  return logFactorial(of) - logFactorial(number) - logFactorial(of - number);
}

/** Stirling's series from 10 on: right to 12 digits. */
function logFactorial(number: number): number {
  if (number < 10) {
    let product = 1;
    for (let factor = 2; factor <= number; factor++) product *= factor;
    return Math.log(product);
  }
  const x = number + 1;
  return (
    (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + 1 / (12 * x) - 1 / (360 * x ** 3) + 1 / (1260 * x ** 5)
  );
}
