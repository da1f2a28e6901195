// npm run faults: the built agent updates itself while power, disk, clock, network or release fail. After each fault the
// machine is started again and must come to the good version by itself. Exits 1 when one does not.
//   (nothing)         every run of the plan. Goes on where it was broken off. Writes docs/fault-injection.md
//   --only KIND       power, kill, service, error, disk, clock, network, proxy or release. May be given again
//   --runs N          only the first N of the plan, which is a fair sample of it
//   --sample SECONDS  as many as the time allows, for npm test
//   --replay SEED     one run, and all that the machine said in it
//   --seed TEXT       another order of the plan
//   --lanes N         runs at once (default: processors + 1)
//   --fresh           forget earlier results
//   --document        write the page also after fewer than 10,000 runs
//   --walks           every step of the walks of which npm test takes a sample (packages/agent/test/sample.ts)
import { runFaults } from './faults/command.ts';

try {
  process.exitCode = await runFaults(process.argv.slice(2), console.log);
} catch (error) {
  console.error(error);
  process.exitCode = 1;
}
// Servers that were asked by programs that no longer live may keep connections.
process.exit();
