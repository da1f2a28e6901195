// The command table: name → module. A command's file exports register(program), and nothing runs before it is asked
// for.
import type { Command } from 'commander';

export interface CommandModule {
  register(program: Command): void;
}

export const commands = {
  catalog: () => import('./catalog.ts'),
  publish: () => import('./publish.ts'),
  cab: () => import('./cab.ts'),
  xpress: () => import('./xpress.ts'),
  doctor: () => import('./doctor.ts'),
  explain: () => import('./explain.ts'),
  agent: () => import('./agent-bundle.ts'),
  policy: () => import('./policy.ts'),
  demo: () => import('./demo.ts'),
  serve: () => import('./serve.ts'),
  status: () => import('./status.ts'),
  computers: () => import('./computers.ts'),
  groups: () => import('./groups.ts'),
  updates: () => import('./updates.ts'),
  approve: () => import('./approve.ts'),
  decline: () => import('./decline.ts'),
  rules: () => import('./rules.ts'),
  apply: () => import('./apply.ts'),
  rings: () => import('./rings.ts'),
  holds: () => import('./holds.ts'),
  stop: () => import('./stop.ts'),
  requests: () => import('./requests.ts'),
  reports: () => import('./reports.ts'),
  events: () => import('./events.ts'),
  users: () => import('./users.ts'),
  tokens: () => import('./tokens.ts'),
  notices: () => import('./notices.ts'),
  tls: () => import('./tls.ts'),
  login: () => import('./login.ts'),
  logout: () => import('./login.ts'),
  content: () => import('./content.ts'),
  cleanup: () => import('./cleanup.ts'),
  sync: () => import('./sync.ts'),
  export: () => import('./export.ts'),
  import: () => import('./import.ts'),
  migrate: () => import('./migrate.ts'),
  shadow: () => import('./shadow.ts'),
  downstream: () => import('./downstream.ts'),
  networks: () => import('./networks.ts'),
  simulate: () => import('./simulate.ts'),
  limits: () => import('./limits.ts'),
  clock: () => import('./clock.ts'),
  database: () => import('./database.ts'),
  backup: () => import('./backup.ts'),
  restore: () => import('./backup.ts'),
  tree: () => import('./tree.ts'),
  release: () => import('./release.ts'),
  sign: () => import('./sign.ts'),
  verify: () => import('./verify.ts'),
  completion: () => import('./completion.ts'),
} as const satisfies Record<string, () => Promise<CommandModule>>;

/** The command that is called so. */
export function commandNamed(name: string): (() => Promise<CommandModule>) | undefined {
  return isCommand(name) ? commands[name] : undefined;
}

function isCommand(name: string): name is keyof typeof commands {
  return Object.hasOwn(commands, name);
}
