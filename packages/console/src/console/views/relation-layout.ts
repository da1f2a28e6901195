// Places of updates in the picture of their relations: older ones at the left, newer ones at the right, bundles above the
// update and its parts below. A pure computation: the picture draws it, and a test looks at it.
import type { RelatedUpdate, UpdateRelations } from '../api/documents.ts';

export interface PlacedUpdate {
  update: RelatedUpdate;
  x: number;
  y: number;
}

interface Line {
  kind: 'supersedes' | 'bundles';
  /** As the attribute d of a path. It ends at the update that is superseded, or at the part. */
  path: string;
}

interface RelationPicture {
  width: number;
  height: number;
  placed: PlacedUpdate[];
  lines: Line[];
  /** Updates that have no room. The table has them. */
  left: number;
}

export const box = { width: 264, height: 52 };
const gap = { x: 70, y: 16 };
const margin = 24;
const mostInColumn = 8;
const mostColumns = 9;

/** Steps of supersedence from the first update: below 0 for older ones, above it for newer ones. */
function stepsFrom({ updates, relations }: UpdateRelations): Map<string, number> {
  const start = updates[0]?.updateId ?? '';
  const steps = new Map([[start, 0]]);
  // A map that grows while it is walked: each update gets its shortest way.
  for (const [id, step] of steps) {
    for (const { kind, from, to } of relations) {
      if (kind !== 'supersedes') continue;
      if (from === id && !steps.has(to)) steps.set(to, step - 1);
      if (to === id && !steps.has(from)) steps.set(from, step + 1);
    }
  }
  return steps;
}

export function placeRelations(known: UpdateRelations): RelationPicture {
  const { updates, relations } = known;
  const steps = stepsFrom(known);
  const [start] = updates;
  const bundles = relations.filter(({ kind }) => kind === 'bundles');
  const isAbove = ({ updateId }: RelatedUpdate) => bundles.some(({ from }) => from === updateId);
  const inside = updates.filter((one) => one !== start && !steps.has(one.updateId));
  const middle = [
    ...inside.filter(isAbove).slice(-3),
    ...(start ? [start] : []),
    ...inside.filter((one) => !isAbove(one)),
  ];
  const columns = new Map<number, RelatedUpdate[]>([[0, middle]]);
  for (const update of updates) {
    const step = steps.get(update.updateId);
    if (step === undefined || update === start) continue;
    columns.set(step, [...(columns.get(step) ?? []), update]);
  }
  const half = Math.floor(mostColumns / 2);
  const shown = [...columns].filter(([step]) => Math.abs(step) <= half).sort(([one], [other]) => one - other);
  const placed = shown.flatMap(([, column], at) =>
    column.slice(0, mostInColumn).map(
      (update, row): PlacedUpdate => ({
        update,
        x: margin + at * (box.width + gap.x),
        y: margin + row * (box.height + gap.y),
      }),
    ),
  );
  const places = new Map(placed.map((one) => [one.update.updateId, one]));
  const lines = relations.flatMap(({ kind, from, to }): Line[] => {
    const [one, other] = [places.get(from), places.get(to)];
    return one && other ? [{ kind, path: pathOf(kind, one, other) }] : [];
  });
  const rows = Math.max(1, ...shown.map(([, column]) => Math.min(mostInColumn, column.length)));
  return {
    width: 2 * margin + shown.length * box.width + Math.max(0, shown.length - 1) * gap.x,
    height: 2 * margin + rows * box.height + (rows - 1) * gap.y,
    ...{ placed, lines, left: updates.length - placed.length },
  };
}

function pathOf(kind: Line['kind'], from: PlacedUpdate, to: PlacedUpdate): string {
  const middle = ({ y }: PlacedUpdate) => y + box.height / 2;
  // A bracket at the left of both.
  if (kind === 'bundles' || from.x <= to.x)
    return `M${from.x},${middle(from)} H${from.x - 14} V${middle(to)} H${to.x - 2}`;
  const [start, end] = [from.x, to.x + box.width + 2];
  const bend = (start + end) / 2;
  return `M${start},${middle(from)} C${bend},${middle(from)} ${bend},${middle(to)} ${end},${middle(to)}`;
}
