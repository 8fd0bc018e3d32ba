/** Figures for people. */

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export function count(value: number): string {
  return whole.format(value);
}

/** With a thousands suffix, for axes. */
export function short(value: number): string {
  if (value >= 1e6) return `${trim(value / 1e6)}M`;
  if (value >= 1e3) return `${trim(value / 1e3)}k`;
  return trim(value);
}

function trim(value: number): string {
  return value.toFixed(value < 10 && value % 1 !== 0 ? 1 : 0);
}

export function bytes(value: number): string {
  const units = ['B', 'KB', 'MB', 'GB'];
  let size = value;
  let unit = 0;
  while (size >= 1_000 && unit < units.length - 1) {
    size /= 1_000;
    unit += 1;
  }
  return `${unit === 0 || size >= 100 ? whole.format(size) : size.toFixed(1)} ${units[unit]}`;
}

const DUFFS_PER_DASH = 100_000_000n;

/** Duffs as DASH, to the last digit that is not zero, with two decimals at least. */
export function dash(duffs: bigint): string {
  const sign = duffs < 0n ? '−' : '';
  const size = duffs < 0n ? -duffs : duffs;
  const decimals = (size % DUFFS_PER_DASH)
    .toString()
    .padStart(8, '0')
    .replace(/0{1,6}$/, '');
  return `${sign}${whole.format(size / DUFFS_PER_DASH)}.${decimals}`;
}

/** With its sign in any case. */
export function change(duffs: bigint): string {
  return duffs > 0n ? `+${dash(duffs)}` : dash(duffs);
}

/** The ends of something long. */
export function ends(text: string, head = 8, tail = 4): string {
  return text.length <= head + tail + 1 ? text : `${text.slice(0, head)}…${text.slice(-tail)}`;
}

/** The two largest units: `3 h 12 min`, `45 s`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (ms < 950) return `${Math.max(0, Math.round(ms))} ms`;
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours} h ${minutes % 60} min`;
  return `${whole.format(Math.floor(hours / 24))} d ${hours % 24} h`;
}

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
});
const date = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

export function timeOfDay(at: Date): string {
  return clock.format(at);
}

export function dateTime(at: Date): string {
  return date.format(at);
}
