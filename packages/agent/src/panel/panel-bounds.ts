// Bounds of the Automatic Updates panel. bounds.ts lists them with the others of the agent.
import { declareBounds } from '@moult/bounds';

export const panelBounds = declareBounds('panel', {
  idleMs: {
    what: 'Time without a person at the panel (`moult agent panel`)',
    fallback: 15 * 60_000,
    range: [10_000, 86_400_000],
    client: 'nothing',
    administrator: 'the panel ends. Run the command again',
  },
  /** A page is three requests, and asks for news every three seconds. */
  maxRequestsAMinute: {
    what: 'Requests to the panel in a minute',
    fallback: 300,
    range: [30, 60_000],
    client: 'nothing',
    administrator: 'HTTP 429 in the browser',
  },
  maxBodyBytes: {
    what: 'A form that is sent to the panel',
    fallback: 4096,
    range: [512, 65_536],
    client: 'nothing',
    administrator: 'HTTP 413 in the browser',
  },
  maxConnections: {
    what: 'Connections to the panel at the same time',
    fallback: 20,
    range: [2, 1000],
    client: 'nothing',
    administrator: 'no answer for further connections',
  },
  maxHistory: {
    what: 'Lines of the history in the panel',
    fallback: 50,
    range: [1, 10_000],
    client: 'nothing',
    administrator: 'the newest lines',
  },
  maxHistoryBytes: {
    what: 'The part of each log that the panel reads for its history',
    fallback: 262_144,
    range: [4096, 67_108_864],
    client: 'nothing',
    administrator: 'the newest lines',
  },
});
