// The relations of an update as a picture, and as a table of the same: supersedence, its parts and its bundles.
import { type MouseEvent, type ReactNode, useId } from 'react';
import { useAnswer } from '../api/cached.ts';
import type { RelatedUpdate, UpdateRelations } from '../api/documents.ts';
import { go, hrefOf } from '../kit/address.ts';
import { DataTable } from '../kit/data-table.tsx';
import { Link } from '../kit/link.tsx';
import { Asked } from '../kit/states.tsx';
import { useWords, type Words } from '../kit/words.tsx';
import { box, type PlacedUpdate, placeRelations } from './relation-layout.ts';

export function Relations({ updateId }: { updateId: string }): ReactNode {
  const words = useWords();
  const relations = useAnswer<UpdateRelations>(
    'showUpdateRelations',
    { path: { update: updateId } },
    { everyMs: 300_000 },
  );
  return (
    <section className="card" aria-labelledby="relations">
      <h2 id="relations">{words.relations.title}</h2>
      <Asked kept={relations}>
        {(known) =>
          known.relations.length === 0 ? (
            <p className="empty">{words.relations.none}</p>
          ) : (
            <>
              <Picture known={known} />
              {known.isCut && <p className="dim">{words.relations.cut(known.updates.length)}</p>}
              <details>
                <summary>{words.relations.table}</summary>
                <Table known={known} />
              </details>
            </>
          )
        }
      </Asked>
    </section>
  );
}

const nameOf = ({ title, updateId }: RelatedUpdate) => title || updateId;

function stateOf({ isHere, isDeclined, isExpired }: RelatedUpdate, words: Words): string {
  if (!isHere) return words.relations.notHere;
  return [isDeclined ? words.approvals.declined : '', isExpired ? words.updates.expired : '']
    .filter(Boolean)
    .join(', ');
}

function Picture({ known }: { known: UpdateRelations }): ReactNode {
  const words = useWords();
  const arrow = useId();
  const { width, height, placed, lines, left } = placeRelations(known);
  return (
    <>
      <p className="dim">{words.relations.legend}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <div className="scroll" tabIndex={0}>
        <svg className="relations" width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
          <title>{words.relations.title}</title>
          <defs>
            <marker id={arrow} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto">
              <path d="M0,0 L8,4 L0,8 z" />
            </marker>
          </defs>
          {lines.map(({ kind, path }) => (
            <path key={path} className={`relation relation-${kind}`} d={path} markerEnd={`url(#${arrow})`} />
          ))}
          {placed.map((one) => (
            <Box key={one.update.updateId} placed={one} isFirst={one.update === known.updates[0]} />
          ))}
        </svg>
      </div>
      {left > 0 && <p className="dim">{words.relations.left(left)}</p>}
    </>
  );
}

const lineLength = 31;

function Box({ placed: { update, x, y }, isFirst }: { placed: PlacedUpdate; isFirst: boolean }): ReactNode {
  const words = useWords();
  const name = nameOf(update);
  const state = stateOf(update, words);
  const [first, second] = linesOf(name);
  const drawn = (
    <>
      <title>{state === '' ? name : `${name}, ${state}`}</title>
      <rect x={x} y={y} width={box.width} height={box.height} rx="8" />
      {/* It cuts off what is wider than the box: letters of some scripts are. */}
      <svg x={x} y={y} width={box.width - 4} height={box.height} aria-hidden>
        <text x="10" y="20">
          {first}
        </text>
        <text x="10" y="38">
          {state || second}
        </text>
      </svg>
    </>
  );
  if (isFirst || !update.isHere) return <g className={isFirst ? 'relation-own' : 'relation-gone'}>{drawn}</g>;
  const href = hrefOf(`updates/${update.updateId}`);
  const follow = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    go(href);
  };
  return (
    <a href={href} onClick={follow}>
      {drawn}
    </a>
  );
}

/** Two lines of a box, cut between words where that can be. */
function linesOf(name: string): [string, string] {
  if (name.length <= lineLength) return [name, ''];
  if (!name.includes(' ')) return [`${name.slice(0, lineLength - 1)}…`, ''];
  const cut = name.lastIndexOf(' ', lineLength);
  const at = cut > 8 ? cut : lineLength;
  const rest = name.slice(at).trim();
  return [name.slice(0, at), rest.length <= lineLength ? rest : `…${rest.slice(1 - lineLength)}`];
}

function Table({ known: { updates, relations } }: { known: UpdateRelations }): ReactNode {
  const words = useWords();
  const byId = new Map(updates.map((one) => [one.updateId, one]));
  const named = (id: string) => {
    const found = byId.get(id);
    if (!found?.isHere) return <code>{id}</code>;
    return (
      <Link href={hrefOf(`updates/${id}`)}>
        <bdi>{nameOf(found)}</bdi>
      </Link>
    );
  };
  return (
    <DataTable
      rows={relations}
      keyOf={({ kind, from, to }) => `${kind} ${from} ${to}`}
      empty={words.relations.none}
      columns={[
        { label: words.relations.from, cell: ({ from }) => named(from) },
        { label: words.relations.kind, cell: ({ kind }) => words.relations.kinds[kind] },
        { label: words.relations.to, cell: ({ to }) => named(to) },
        {
          label: words.relations.state,
          cell: ({ to }) => {
            const found = byId.get(to);
            return (found && stateOf(found, words)) || '–';
          },
        },
      ]}
    />
  );
}
