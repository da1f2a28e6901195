// The plot of a report: bars of its first lines. The list below has the numbers, so the plot is one picture with one name.

import type { ReactNode } from 'react';
import { useAnswer } from '../api/cached.ts';
import type { Query } from '../api/call.ts';
import type { Page } from '../api/documents.ts';
import type { OperationName } from '../api/operations.ts';

export interface Part {
  amount: number;
  className: string;
}

interface Props<Item> {
  operation: OperationName;
  query: Query;
  label: string;
  /** From the bottom to the top. */
  partsOf(item: Item): readonly Part[];
  /** Each bar is as high as the others: shares of a whole. */
  isShare?: boolean;
}

const mostBars = 200;
const [step, width, height] = [24, 16, 100];

export function ReportPlot<Item>({ operation, query, label, partsOf, isShare = false }: Props<Item>): ReactNode {
  const { document } = useAnswer<Page<Item>>(operation, { query: { ...query, limit: mostBars } });
  const bars = (document?.items ?? []).map(partsOf);
  const sums = bars.map((parts) => parts.reduce((sum, { amount }) => sum + amount, 0));
  const highest = Math.max(...sums, 0);
  // One bar says nothing.
  if (highest === 0 || bars.length < 2) return null;
  return (
    <svg
      className="report-plot"
      role="img"
      aria-label={label}
      viewBox={`0 0 ${Math.max(bars.length, 6) * step} ${height + 1}`}
      preserveAspectRatio="xMinYMax meet"
    >
      <rect className="meter-ground" x="0" y={height} width={bars.length * step} height="1" />
      {bars.map((parts, at) => {
        const whole = isShare ? (sums[at] ?? 0) : highest;
        let top = height;
        return parts.map(({ amount, className }) => {
          const size = whole === 0 ? 0 : (amount / whole) * height;
          top -= size;
          return (
            <rect key={`${at} ${className}`} className={className} x={at * step} y={top} {...{ width }} height={size} />
          );
        });
      })}
    </svg>
  );
}

/** The list begins with the oldest day. The plot has room for the newest ones, of all groups that were chosen. */
export function newestDays({ days = 90, group: groups, ...query }: Query): Query {
  const shown = Math.max(1, Math.floor(mostBars / Math.max(1, [groups ?? []].flat().length)));
  return { ...query, group: groups, days: Math.min(Number(days), shown) };
}
