export { type MigratedWsus, migrateWsus } from './migrate-wsus.ts';
