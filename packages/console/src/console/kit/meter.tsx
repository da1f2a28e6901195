// A share as a bar of SVG: shapes, and no styles that a policy refuses. Its numbers are in the text beside it.
import type { ReactNode } from 'react';

interface Part {
  amount: number;
  className: string;
}

export function Meter({ parts, label }: { parts: readonly Part[]; label: string }): ReactNode {
  const total = parts.reduce((sum, { amount }) => sum + amount, 0);
  let at = 0;
  return (
    <svg className="meter" role="img" aria-label={label} viewBox="0 0 1000 10" preserveAspectRatio="none">
      <rect className="meter-ground" x="0" y="0" width="1000" height="10" />
      {total > 0 &&
        parts.map(({ amount, className }) => {
          const x = at;
          at += (amount / total) * 1000;
          return <rect key={className} className={className} x={x} y="0" width={Math.max(0, at - x)} height="10" />;
        })}
    </svg>
  );
}
