/** Small helpers for the page's elements. Everything from the client is set as text, never as markup. */

export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  const element = document.getElementById(id);
  if (!element) throw new Error(`the page has no #${id}`);
  return element as T;
}

/** Sets text and `data-value`, and leaves alone what is so already. */
export function show(id: string, text: string, value?: string | number): void {
  const element = byId(id);
  if (element.textContent !== text) element.textContent = text;
  if (value !== undefined && element.dataset.value !== String(value)) element.dataset.value = String(value);
}

type Child = Node | string;

export function make<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, string>,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

export function terms(id: string, pairs: [string, string][]): void {
  byId(id).replaceChildren(...pairs.map(([term, text]) => make('div', {}, make('dt', {}, term), make('dd', {}, text))));
}
