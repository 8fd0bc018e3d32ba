// What the machine's processors did, by /proc: how much of them was left to the client's workers. Linux only.

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

/** The name of a process or thread, its parent, and seconds of processor time so far. */
async function task(path) {
  const stat = await readFile(`${path}/stat`, 'utf8');
  // The name, in parentheses, may hold spaces.
  const [from, to] = [stat.indexOf('('), stat.lastIndexOf(')')];
  const fields = stat.slice(to + 2).split(' ');
  return {
    name: stat.slice(from + 1, to),
    parent: fields[1],
    seconds: (Number(fields[11]) + Number(fields[12])) / TICKS,
  };
}

/** What could be read of each; a process or thread may have ended meanwhile. */
async function each(names, read) {
  const found = await Promise.allSettled(names.map(read));
  return found.filter(({ status }) => status === 'fulfilled').map(({ value }) => value);
}

/** Seconds of processor time of all workers of pages that a browser below this process shows. */
async function workers() {
  const processes = await each(
    (await readdir('/proc')).filter(name => /^\d+$/.test(name)),
    async pid => [pid, await task(`/proc/${pid}`), await readFile(`/proc/${pid}/cmdline`, 'utf8')],
  );
  const parents = new Map(processes.map(([pid, { parent }]) => [pid, parent]));
  const isBelow = pid => pid === String(process.pid) || (parents.has(pid) && isBelow(parents.get(pid)));
  let seconds = 0;
  for (const [pid, , command] of processes) {
    if (!command.includes('--type=renderer') || !isBelow(pid)) continue;
    const threads = await each(await readdir(`/proc/${pid}/task`), id => task(`/proc/${pid}/task/${id}`));
    for (const thread of threads) if (thread.name.startsWith('DedicatedWorker')) seconds += thread.seconds;
  }
  return seconds;
}

/**
 * Begins to measure. The function returned tells how many cores were left to workers of pages since then, busy or idle:
 * all of them but what everything else on the machine used; and how many those workers used.
 */
export async function coresLeft() {
  const look = async () => ({ machine: await machine(), workers: await workers(), at: performance.now() });
  const before = await look();
  return async () => {
    const after = await look();
    const seconds = (after.at - before.at) / 1000;
    const ours = after.workers - before.workers;
    const others = after.machine - before.machine - ours;
    return { left: availableParallelism() - others / seconds, used: ours / seconds };
  };
}
