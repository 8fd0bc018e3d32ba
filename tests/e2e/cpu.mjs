// What the machine's processors did, by /proc: how much of them was left to the page. Linux only.

import { readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';

/** Clock ticks a second in /proc: the same on every Linux. */
const TICKS = 100;

/** Seconds of processor time of the whole machine so far, but for what it idled. */
async function machine() {
  const [line] = (await readFile('/proc/stat', 'utf8')).split('\n', 1);
  const [user, nice, system, , , irq, softirq] = line.trim().split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq) / TICKS;
}

/** Parent, and seconds of processor time so far. */
async function ofProcess(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The name, in parentheses, may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return { parent: fields[1], seconds: (Number(fields[11]) + Number(fields[12])) / TICKS };
}

/** Seconds of processor time of the pages that a browser below this process shows. */
async function pages() {
  const known = new Map();
  for (const pid of (await readdir('/proc')).filter(name => /^\d+$/.test(name))) {
    try {
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8');
      known.set(pid, { ...(await ofProcess(pid)), isPage: command.includes('--type=renderer') });
    } catch {
      // It has ended meanwhile.
    }
  }
  const isOurs = pid => pid === String(process.pid) || (known.has(pid) && isOurs(known.get(pid).parent));
  let seconds = 0;
  for (const [pid, { isPage, seconds: own }] of known) if (isPage && isOurs(pid)) seconds += own;
  return seconds;
}

/**
 * Begins to measure. The function returned tells how many cores were left to the page since then, busy or idle: all of
 * them but what everything else on the machine used.
 */
export async function coresLeft() {
  const look = async () => ({ machine: await machine(), pages: await pages(), at: performance.now() });
  const before = await look();
  return async () => {
    const after = await look();
    const seconds = (after.at - before.at) / 1000;
    const others = after.machine - before.machine - (after.pages - before.pages);
    return { left: availableParallelism() - others / seconds, used: (after.pages - before.pages) / seconds };
  };
}
