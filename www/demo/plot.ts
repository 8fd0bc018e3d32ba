/** A live line of one figure over time, on a canvas. Holds the samples of its window only. */

import { short } from './format.ts';

const WINDOW_MS = 90_000;
const SAMPLE_MS = 250;
/** How fast the line follows a change. */
const SMOOTH_MS = 900;

interface Sample {
  at: number;
  value: number;
}

export class RatePlot {
  readonly #canvas: HTMLCanvasElement;
  readonly #counter: () => number | null;
  #samples: Sample[] = [];
  #last: Sample | null = null;
  #scale = 10;
  now = 0;
  peak = 0;
  total = 0;

  /** `counter` grows with each item; null while nothing is known. */
  constructor(canvas: HTMLCanvasElement, counter: () => number | null) {
    this.#canvas = canvas;
    this.#counter = counter;
    setInterval(() => this.#sample(), SAMPLE_MS);
    const draw = () => {
      this.#draw();
      requestAnimationFrame(draw);
    };
    requestAnimationFrame(draw);
  }

  #sample(): void {
    const at = performance.now();
    const value = this.#counter();
    const last = this.#last;
    this.#last = value === null ? null : { at, value };
    if (last && value !== null) {
      // The counter starts again with a new run.
      const grown = Math.max(0, value - last.value);
      const elapsed = Math.max(1, at - last.at);
      const weight = 1 - Math.exp(-elapsed / SMOOTH_MS);
      this.now += ((grown * 1_000) / elapsed - this.now) * weight;
      if (this.now < 0.05) this.now = 0;
      this.total += grown;
      this.peak = Math.max(this.peak, this.now);
    }
    this.#samples.push({ at, value: this.now });
    const begin = at - WINDOW_MS - 2 * SAMPLE_MS;
    while ((this.#samples[0]?.at ?? at) < begin) this.#samples.shift();
  }

  #draw(): void {
    const canvas = this.#canvas;
    const { clientWidth: width, clientHeight: height } = canvas;
    const ratio = devicePixelRatio || 1;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext('2d');
    if (!context || width === 0) return;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);

    const style = getComputedStyle(canvas);
    const color = (name: string) => style.getPropertyValue(name).trim();
    const highest = this.#samples.reduce((most, { value }) => Math.max(most, value), 0);
    this.#scale += (ceiling(highest) - this.#scale) * 0.15;
    const box = { left: 40, right: width - 2, top: 8, bottom: height - 20 };
    const end = performance.now();
    const x = (at: number) => box.right - ((end - at) / WINDOW_MS) * (box.right - box.left);
    const y = (value: number) => box.bottom - (value / this.#scale) * (box.bottom - box.top);

    context.font = `11px ${style.fontFamily}`;
    context.lineWidth = 1;
    context.textBaseline = 'middle';
    context.textAlign = 'right';
    for (let line = 0; line <= 4; line += 1) {
      const value = (ceiling(highest) * line) / 4;
      const at = Math.round(y(value)) + 0.5;
      if (at < box.top - 4) continue;
      context.strokeStyle = color('--line');
      context.setLineDash(line === 0 ? [] : [3, 4]);
      context.beginPath();
      context.moveTo(box.left, at);
      context.lineTo(box.right, at);
      context.stroke();
      context.fillStyle = color('--soft');
      context.fillText(short(value), box.left - 8, at);
    }
    context.setLineDash([]);
    context.textBaseline = 'alphabetic';
    context.textAlign = 'center';
    for (const seconds of [75, 60, 45, 30, 15]) {
      context.fillText(`−${seconds} s`, x(end - seconds * 1_000), height - 4);
    }
    context.textAlign = 'right';
    context.fillText('now', box.right, height - 4);

    this.#line(context, box, x, y, color('--dash'));
  }

  #line(
    context: CanvasRenderingContext2D,
    box: { left: number; right: number; top: number; bottom: number },
    x: (at: number) => number,
    y: (value: number) => number,
    stroke: string,
  ): void {
    const [first, ...rest] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last) return;
    context.save();
    context.beginPath();
    context.rect(box.left, 0, box.right - box.left, box.bottom + 1);
    context.clip();
    context.beginPath();
    context.moveTo(x(first.at), y(first.value));
    let from = first;
    for (const sample of rest) {
      // Through the middles, so that the line has no corners.
      context.quadraticCurveTo(
        x(from.at),
        y(from.value),
        x((from.at + sample.at) / 2),
        y((from.value + sample.value) / 2),
      );
      from = sample;
    }
    context.lineTo(x(last.at), y(last.value));
    context.lineTo(box.right, y(last.value));
    context.lineJoin = 'round';
    context.lineWidth = 2;
    context.strokeStyle = stroke;
    context.stroke();
    context.lineTo(box.right, box.bottom);
    context.lineTo(x(first.at), box.bottom);
    context.closePath();
    const fill = context.createLinearGradient(0, box.top, 0, box.bottom);
    fill.addColorStop(0, `color-mix(in srgb, ${stroke} 40%, transparent)`);
    fill.addColorStop(1, `color-mix(in srgb, ${stroke} 2%, transparent)`);
    context.fillStyle = fill;
    context.fill();
    context.restore();
    context.fillStyle = stroke;
    context.beginPath();
    context.arc(box.right - 3, y(last.value), 3.5, 0, 2 * Math.PI);
    context.fill();
  }
}

/** The next round figure whose quarters are round, too. */
function ceiling(value: number): number {
  if (value <= 4) return 4;
  const power = 10 ** Math.floor(Math.log10(value));
  for (const step of [1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8]) if (value <= step * power * 0.98) return step * power;
  return 10 * power;
}
