// Whether this server has groups and decisions of its own, or takes those of its upstream server.
import { recordAudit } from './audit.ts';
import { saveSetting } from './configuration.ts';
import type { Author, RoleStore, ServerRole } from './contract/index.ts';
import type { Database } from './database.ts';
import { takeStamp } from './stamps.ts';
import { transact } from './transact.ts';
import { forgetUpstreamDeployments } from './upstream-decisions.ts';

const roleName = 'role';

export function roleStore(database: Database): RoleStore {
  const { tables, engine } = database;
  const loadFrom = async (executor: typeof tables): Promise<ServerRole> => {
    const row = executor.selectFrom('configuration').select('value').where('name', '=', roleName);
    return (await row.executeTakeFirst())?.value === 'replica' ? 'replica' : 'autonomous';
  };
  return {
    loadRole: () => loadFrom(tables),

    async changeRole(role: ServerRole, author: Author): Promise<ServerRole> {
      return transact(database, async (transaction) => {
        await takeStamp(transaction, engine, author.at.getTime());
        const before = await loadFrom(transaction);
        if (before === role) return before;
        await saveSetting(transaction, roleName, role);
        await forgetUpstreamDeployments(transaction);
        await transaction.deleteFrom('sync_anchors').where('list', '=', 'deployments').execute();
        const change = { before: { role: before }, after: { role } };
        await recordAudit(transaction, author, { action: 'change role', subject: 'server', ...change });
        return before;
      });
    },
  };
}
