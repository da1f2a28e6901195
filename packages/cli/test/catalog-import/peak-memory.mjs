// Loaded into a command by --import: leaves the most memory that the process ever took, in KiB, in the file PEAK_MEMORY.
import { writeFileSync } from 'node:fs';

process.on('exit', () => writeFileSync(process.env.PEAK_MEMORY, String(process.resourceUsage().maxRSS)));
