/** What this page calls its watches: a watch itself has an id alone. Kept in the browser for each network and name. */

import type { Label } from './wallet-view.ts';

const MAX_LABELS = 1_000;

export class Labels {
  readonly #key: string;
  #labels: Map<string, Label>;

  constructor(network: string, namespace: string) {
    this.#key = `dash-spv-wasm-demo/labels/${network}/${namespace}`;
    this.#labels = read(this.#key);
  }

  get(id: string): Label | null {
    return this.#labels.get(id) ?? null;
  }

  set(id: string, label: Label): void {
    this.#labels.set(id, label);
    const [oldest] = this.#labels.keys();
    if (this.#labels.size > MAX_LABELS && oldest !== undefined) this.#labels.delete(oldest);
    this.#write();
  }

  delete(id: string): void {
    this.#labels.delete(id);
    this.#write();
  }

  clear(): void {
    this.#labels = new Map();
    this.#write();
  }

  #write(): void {
    try {
      localStorage.setItem(this.#key, JSON.stringify([...this.#labels]));
    } catch {
      // Without storage they last as long as the page.
    }
  }
}

function read(key: string): Map<string, Label> {
  try {
    const kept = JSON.parse(localStorage.getItem(key) ?? '[]') as [string, Partial<Label>][];
    const label = ({ kind, text }: Partial<Label>): Label => ({ kind: String(kind), text: String(text) });
    return new Map(kept.map(([id, of]) => [String(id), label(of)]));
  } catch {
    return new Map();
  }
}
